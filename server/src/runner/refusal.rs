//! What a server's refusal may say in a record or a log: its code and its code's name, never its message.
//!
//! Messages quote what they are about: a duplicate key's value, a whole document that has no place on a map.

use mongodb::error::{Error, ErrorKind, WriteFailure};

pub fn refusal(error: Error) -> anyhow::Error {
    anyhow::anyhow!("{}", said(&error))
}

fn said(error: &Error) -> String {
    match &*error.kind {
        ErrorKind::InsertMany(many) => {
            let errors = many.write_errors.as_deref().unwrap_or_default();
            match (errors.first(), &many.write_concern_error) {
                (Some(first), _) => {
                    let n = errors.len();
                    let documents = if n == 1 { "a document".to_owned() } else { format!("{n} documents") };
                    format!("the server refused {documents}: {}", code(first.code, first.code_name.as_deref()))
                }
                (None, Some(concern)) => format!(
                    "the server took the documents and could not say that they are safe: {}",
                    code(concern.code, Some(&concern.code_name))
                ),
                (None, None) => "the server refused the documents".to_owned(),
            }
        }
        ErrorKind::Write(WriteFailure::WriteError(e)) => {
            format!("the server refused a document: {}", code(e.code, e.code_name.as_deref()))
        }
        ErrorKind::Command(c) => format!("the server refused: {}", code(c.code, Some(&c.code_name))),
        ErrorKind::Authentication { .. } => {
            "the server knows no such user, password and authentication database; look at the address given".to_owned()
        }
        ErrorKind::Io(e) => format!("the connection to the server broke: {e}"),
        ErrorKind::ConnectionPoolCleared { .. } => "the connection to the server broke".to_owned(),
        ErrorKind::ServerSelection { .. } => "no server answers at this address within the time".to_owned(),
        ErrorKind::InvalidArgument { message, .. } => message.clone(),
        _ => "the driver could not do it".to_owned(),
    }
}

/// The names of codes that servers leave out when a single write fails.
fn code(code: i32, name: Option<&str>) -> String {
    let known = match code {
        11000 | 11001 => "DuplicateKey",
        121 => "DocumentValidationFailure",
        13 => "Unauthorized",
        18 => "AuthenticationFailed",
        14031 => "OutOfDiskSpace",
        16755 | 16756 => "not a place on a map",
        17280 | 17282 => "KeyTooLong",
        _ => "",
    };
    let name = name.filter(|n| !n.is_empty() && !n.starts_with("Location")).unwrap_or(known);
    let next = match code {
        14031 => {
            "; the target's disk is full: free some room, drop what is left of the staging database, and run it again"
        }
        18 => "; user, password or authentication database of the address are wrong",
        13 => "; the user of the address may not do that",
        _ => "",
    };
    if name.is_empty() { format!("code {code}{next}") } else { format!("{name} (code {code}){next}") }
}
