//! Reading an answer whole: every bad place is told, and one page of several is refused.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A place in the output and what is the matter there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// "results[3].createdAt", "line 7"
    pub at: String,
    pub says: String,
}

impl Problem {
    pub fn new(at: impl Into<String>, says: impl Into<String>) -> Self {
        Self { at: at.into(), says: says.into() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    #[error("{0}")]
    Whole(String),
    #[error("{}", list(.0))]
    Places(Vec<Problem>),
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("{}: {}", p.at, p.says)).collect::<Vec<_>>().join("; ")
}

/// The JSON of a whole answer.
pub fn json(bytes: &[u8]) -> Result<Value, Unread> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(Unread::Whole("it is empty: did the command fail, and say why on stderr?".to_owned()));
    }
    serde_json::from_slice(bytes).map_err(|e| Unread::Whole(format!("it is no JSON: {e}")))
}

/// Marks of an answer that goes on elsewhere: read alone it would look complete.
pub fn whole(value: &Value) -> Result<(), Unread> {
    let told = |name: &str| value.get(name).is_some_and(|v| !v.is_null() && v != &Value::Bool(false) && v != "");
    let next = value.get("links").and_then(Value::as_array).into_iter().flatten();
    let next = next.filter_map(|link| link.get("rel")?.as_str()).any(|rel| rel == "next");
    let page = value.get("pageInfo").and_then(|p| p.get("hasNextPage")) == Some(&Value::Bool(true));
    let marks =
        ["NextToken", "nextToken", "Marker", "NextMarker", "IsTruncated", "more", "nextCursor", "nextPageToken"];
    match marks.into_iter().find(|mark| told(mark)) {
        Some(mark) => Err(Unread::Whole(format!("it is one page of several ({mark}): ask for all of them"))),
        None if next || page => Err(Unread::Whole("it is one page of several: ask for all of them".to_owned())),
        None => Ok(()),
    }
}

/// Each element of a list by itself, so that every bad one is told.
pub fn each<T: DeserializeOwned>(list: &[Value], name: &str) -> Result<Vec<T>, Unread> {
    let (mut read, mut bad) = (Vec::new(), Vec::new());
    for (n, one) in list.iter().enumerate() {
        match T::deserialize(one) {
            Ok(one) => read.push(one),
            Err(e) => bad.push(Problem::new(format!("{name}[{n}]"), e.to_string())),
        }
    }
    if bad.is_empty() { Ok(read) } else { Err(Unread::Places(bad)) }
}

/// The list of this name.
pub fn list_of<'v>(value: &'v Value, name: &str) -> Result<&'v [Value], Unread> {
    match value.get(name).and_then(Value::as_array) {
        Some(list) => Ok(list),
        None => Err(Unread::Whole(format!("it has no list {name}"))),
    }
}
