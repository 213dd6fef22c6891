//! Output that is read line by line; every bad line is told.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Problem, Unread};

/// "line 7" and what stood there.
pub type At<T> = (String, T);

/// One JSON value a line; empty lines are nothing.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<(Vec<At<T>>, Vec<Problem>), Unread> {
    let text = std::str::from_utf8(bytes).map_err(|e| Unread::Whole(format!("it is no UTF-8: {e}")))?;
    let (mut read, mut bad) = (Vec::new(), Vec::new());
    for (n, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let at = format!("line {}", n + 1);
        match serde_json::from_str(line) {
            Ok(line) => read.push((at, line)),
            Err(e) => bad.push(Problem::new(at, e.to_string())),
        }
    }
    Ok((read, bad))
}

/// CSV with a head; an empty field is absent.
pub fn csv<T: DeserializeOwned>(bytes: &[u8]) -> (Vec<At<T>>, Vec<Problem>) {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let (mut read, mut bad) = (Vec::new(), Vec::new());
    for (n, line) in reader.deserialize::<BTreeMap<String, String>>().enumerate() {
        let at = format!("line {}", n + 2);
        let line = line.map_err(|e| e.to_string()).and_then(|fields| {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
            let object = Value::Object(fields.map(|(name, value)| (name, Value::String(value))).collect());
            T::deserialize(object).map_err(|e| e.to_string())
        });
        match line {
            Ok(line) => read.push((at, line)),
            Err(says) => bad.push(Problem::new(at, says)),
        }
    }
    (read, bad)
}

/// All of them, or what is the matter with each bad one.
pub fn all_good<T>((read, bad): (Vec<At<T>>, Vec<Problem>)) -> Result<Vec<At<T>>, Unread> {
    if bad.is_empty() { Ok(read) } else { Err(Unread::Places(bad)) }
}
