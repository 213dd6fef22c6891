//! What is written in this repository to test with names nobody: no address that a letter could reach, no account that
//! somebody has.

use std::path::{Path, PathBuf};

/// Domains that reach nobody (RFC 2606), and two that are no addresses: an Atlas cluster's host, RFC 2617's own example.
const NOBODY: [&str; 6] = [".example", "example.com", "example.org", "example.net", "cloud.mongodb.com", "host.com"];
/// Amazon's documentation uses these.
const ACCOUNTS: [&str; 2] = ["111122223333", "123456789012"];
const READ: [&str; 8] = ["rs", "mjs", "js", "json", "md", "toml", "html", "txt"];

fn files(dir: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a folder").flatten() {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap_or_default());
        let passed = name.starts_with('.') || ["target", "node_modules", "output", "fuzz"].contains(&name.as_str());
        if path.is_dir() && !passed {
            files(&path, all);
        }
        let locked = name.ends_with("lock.json");
        if path.extension().and_then(|e| e.to_str()).is_some_and(|e| READ.contains(&e)) && !locked {
            all.push(path);
        }
    }
}

/// What stands around each at sign like an e-mail address.
fn addresses(text: &str) -> Vec<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let found = text.match_indices('@').filter_map(|(at, _)| {
        let before: String = text[..at].chars().rev().take_while(|c| word(*c)).collect();
        let after: String = text[at + 1..].chars().take_while(|c| word(*c)).collect();
        let after = after.trim_matches('.').to_lowercase();
        let named =
            after.rsplit_once('.').is_some_and(|(_, end)| end.len() > 1 && end.chars().all(char::is_alphabetic));
        (!before.is_empty() && named).then(|| format!("{}@{after}", before.chars().rev().collect::<String>()))
    });
    found.collect()
}

#[test]
fn no_fixture_holds_a_real_address_or_account() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut all = Vec::new();
    for folder in ["app", "server", "e2e", "migrations", "public"] {
        files(&root.join(folder), &mut all);
    }
    assert!(all.len() > 300, "{} files", all.len());
    let (mut seen, mut wrong) = (0, Vec::new());
    for path in all {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for address in addresses(&text) {
            seen += 1;
            let domain = address.rsplit('@').next().unwrap_or_default();
            if !NOBODY.iter().any(|known| domain == *known || domain.ends_with(known)) {
                wrong.push(format!("{}: {address}", path.display()));
            }
        }
        for account in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
            let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
            // Ends of made-up UUIDs are nobody's account.
            if digits && !account.starts_with("00000000") && !ACCOUNTS.contains(&account) {
                wrong.push(format!("{}: account {account}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen > 50, "{seen} addresses were looked at");
    // Not written out, or it would find itself.
    let text = format!("to ana{at}corp.io, x{at}y, 5{at}6.7 and <bo{at}x.example>.", at = '@');
    assert_eq!(addresses(&text), [format!("ana{}corp.io", '@'), format!("bo{}x.example", '@')]);
}
