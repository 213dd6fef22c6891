//! The provable draw: the eligible list is sealed first, the seed comes after, anyone can recompute.
//!
//! `seed = SHA-256(root "," public value)` with the ledger's root as 64 hex digits, and an item's
//! rank is `SHA-256(seed "," name)`; the lowest ranks are drawn. All text is UTF-8, all digests are
//! lower-case hex, so that `sha256sum` and `sort` give the same answer.

use sha2::{Digest, Sha256};

/// 64 lower-case hex digits.
pub fn seed(root: &str, public_value: &str) -> String {
    digest(&[root, ",", public_value])
}

/// 64 lower-case hex digits.
pub fn rank(seed: &str, name: &str) -> String {
    digest(&[seed, ",", name])
}

/// The `n` names with the lowest ranks, lowest first. Fewer when there are fewer.
pub fn draw<'a>(seed: &str, names: impl IntoIterator<Item = &'a str>, n: usize) -> Vec<&'a str> {
    let mut ranked: Vec<(String, &str)> = names.into_iter().map(|name| (rank(seed, name), name)).collect();
    ranked.sort();
    ranked.dedup();
    ranked.into_iter().take(n).map(|(_, name)| name).collect()
}

/// SHA-256 over the sorted names, each followed by a newline: what is sealed before the draw.
pub fn list_digest<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_unstable();
    let mut hash = Sha256::new();
    for name in names {
        hash.update(name.as_bytes());
        hash.update(b"\n");
    }
    hex(&hash.finalize())
}

/// The shell line that recomputes the draw from its list, root and public value.
pub fn recipe(names: &[String], root: &str, public_value: &str) -> String {
    format!(
        "seed=$(printf '%s' {} | sha256sum | cut -c1-64)\nfor n in {}; do printf '%s,%s' \"$seed\" \"$n\" | sha256sum | cut -c1-64 | tr '\\n' ' '; echo \"$n\"; done | LC_ALL=C sort | head -n 1",
        quoted(&format!("{root},{public_value}")),
        names.iter().map(|n| quoted(n)).collect::<Vec<_>>().join(" "),
    )
}

/// As one word of the shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize())
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_rank_is_what_sha256sum_says() {
        // printf '%s' 'abc,7' | sha256sum
        assert_eq!(seed("abc", "7"), "34ad933cb6e7a61040fdadd066147b269b2dbb9d10cc5d57e04f75a525c97225");
        // printf '%s,%s' "$seed" x | sha256sum
        assert_eq!(rank(&seed("abc", "7"), "x"), "cfa309b711aed65526e95688d6337d9bf73055abff6f2186ede1d6b64c37fcb0");
    }

    proptest! {
        #[test]
        fn the_order_of_the_list_does_not_matter(mut names in proptest::collection::hash_set("[a-z]{1,8}", 1..20), n in 1usize..20) {
            let forward: Vec<String> = names.drain().collect();
            let backward: Vec<&str> = forward.iter().rev().map(String::as_str).collect();
            let seed = seed("root", "value");
            prop_assert_eq!(draw(&seed, forward.iter().map(String::as_str), n), draw(&seed, backward.iter().copied(), n));
            prop_assert_eq!(list_digest(forward.iter().map(String::as_str)), list_digest(backward));
        }
    }
}
