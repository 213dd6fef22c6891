//! What somebody pastes to name a record: the address of its page, its number in the ledger, or its id.
//!
//! This only reads; whether there is such a record, and who may see it, is asked elsewhere.

/// A record somebody means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pasted {
    /// Its place in the ledger.
    Seq(u64),
    /// A record of that collection.
    Of { collection: &'static str, id: String },
    /// A runbook by its version.
    Runbook(String),
    /// An id, of whatever collection has it.
    Id(String),
}

/// The lines of a field in which something is pasted.
pub fn lines(field: &str) -> impl Iterator<Item = &str> {
    field.lines().map(str::trim).filter(|line| !line.is_empty())
}

impl Pasted {
    /// Reads one line; `None` when it cannot name a record.
    pub fn read(line: &str) -> Option<Self> {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix('№') {
            return number(rest.split('·').next().unwrap_or_default());
        }
        let path = match line.split_once("://") {
            Some((_, rest)) => rest.find('/').map(|at| &rest[at..]).unwrap_or("/"),
            None => line,
        };
        if let Some(path) = path.strip_prefix('/') {
            return address(path);
        }
        if line.chars().all(|c| c.is_ascii_digit()) {
            return number(line);
        }
        let one = !line.is_empty() && line.len() <= 200 && !line.chars().any(char::is_whitespace);
        one.then(|| Pasted::Id(line.to_owned()))
    }
}

fn number(text: &str) -> Option<Pasted> {
    text.trim().parse().ok().map(Pasted::Seq)
}

/// A page of the portal, without its first slash.
fn address(path: &str) -> Option<Pasted> {
    let (path, fragment) = path.split_once('#').unwrap_or((path, ""));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let of = |collection, id: &str| (!id.is_empty()).then(|| Pasted::Of { collection, id: id.to_owned() });
    let fragment = decoded(fragment);
    match parts[..] {
        ["drills", id] | ["drills", id, "record.json"] => of("backup_drill_results", id),
        ["findings"] => of("findings", &fragment),
        ["runbook", "versions", version] => Some(Pasted::Runbook(version.to_owned())),
        ["backups"] if fragment.starts_with("G-") => of("gaps", &fragment),
        ["ledger"] => query.split('&').find_map(|pair| pair.strip_prefix("around=")).and_then(number),
        ["ledger", "proofs", name] => number(name.strip_suffix(".tlog-proof")?),
        _ => None,
    }
}

/// Percent-decoded (RFC 3986); what is not encoded well stays as it is.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_a_number_or_an_id_names_a_record() {
        let of = |collection, id: &str| Some(Pasted::Of { collection, id: id.to_owned() });
        for (line, expected) in [
            ("/drills/D-20261116-140418", of("backup_drill_results", "D-20261116-140418")),
            ("https://evidence.example.com/drills/D-1?x=1#steps", of("backup_drill_results", "D-1")),
            ("http://127.0.0.1:3000/drills/D%2F1/record.json", of("backup_drill_results", "D/1")),
            ("/findings?standing=closed#F-006", of("findings", "F-006")),
            ("/findings", None),
            ("/runbook/versions/1.0", Some(Pasted::Runbook("1.0".into()))),
            ("/backups#G-2026-03-08", of("gaps", "G-2026-03-08")),
            ("/backups", None),
            ("/ledger?before=9&around=1489", Some(Pasted::Seq(1489))),
            ("/ledger/proofs/17.tlog-proof", Some(Pasted::Seq(17))),
            ("https://elsewhere.example.com", None),
            ("№ 1489", Some(Pasted::Seq(1489))),
            ("№ 1489 · a8d0 e011", Some(Pasted::Seq(1489))),
            (" 1489 ", Some(Pasted::Seq(1489))),
            ("99999999999999999999999", None),
            ("F-006", Some(Pasted::Id("F-006".into()))),
            ("two words", None),
            ("", None),
            ("%zz", Some(Pasted::Id("%zz".into()))),
            ("/drills/%E2%82%AC%", of("backup_drill_results", "€%")),
        ] {
            assert_eq!(Pasted::read(line), expected, "{line}");
        }
        assert_eq!(lines(" F-006 \r\n\n№ 7\n").collect::<Vec<_>>(), ["F-006", "№ 7"]);
    }
}
