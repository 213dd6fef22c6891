//! What went wrong between here and Atlas, in a sentence, and whether it may go away by itself.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::{
    Response, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use serde::Deserialize;

use crate::answer::{self, Unread};

/// The most that is read of one answer.
const LIMIT: usize = 8 * 1024 * 1024;

#[derive(Clone, Debug, thiserror::Error)]
#[error("{said}")]
pub struct Fault {
    pub said: String,
    pub status: Option<StatusCode>,
    /// As Atlas names it: CLUSTER_NOT_FOUND.
    pub code: Option<String>,
    /// It may go away by itself.
    pub passing: bool,
    /// When Atlas wants to be asked again.
    pub after: Option<Duration>,
    /// What was asked for may have been done all the same.
    pub perhaps_done: bool,
}

/// Atlas' own account of a refusal.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Error {
    pub error_code: Option<String>,
    pub detail: Option<String>,
    pub reason: Option<String>,
}

impl Fault {
    /// Nothing was sent.
    pub fn here(said: &str) -> Self {
        Self { said: said.to_owned(), status: None, code: None, passing: false, after: None, perhaps_done: false }
    }

    pub fn unanswered(error: &reqwest::Error) -> Self {
        let mut root: &dyn std::error::Error = error;
        while let Some(cause) = root.source() {
            root = cause;
        }
        let said = match () {
            () if error.is_connect() => format!("Atlas cannot be reached: {root}"),
            () if error.is_timeout() => "Atlas does not answer within the time".to_owned(),
            () => format!("the connection to Atlas broke: {root}"),
        };
        Self {
            passing: !error.is_builder(),
            perhaps_done: !error.is_builder() && !error.is_connect(),
            ..Self::here(&said)
        }
    }

    /// It answered, and the answer is of no use.
    pub fn unreadable(what: &str) -> Self {
        let said = format!("{what} does not read as Atlas describes it: is the url that of Atlas?");
        Self { passing: true, perhaps_done: true, ..Self::here(&said) }
    }

    pub fn refused(said: String, status: StatusCode) -> Self {
        Self { status: Some(status), ..Self::here(&said) }
    }

    /// `named`: what to look at when the credentials are not taken.
    pub fn of(status: StatusCode, after: Option<Duration>, error: &Error, named: &str) -> Self {
        let code = error.error_code.as_deref().map(plain);
        let detail = error.detail.as_deref().or(error.reason.as_deref()).map(plain).filter(|text| !text.is_empty());
        let number = status.as_u16();
        let coded = code.as_ref().map_or_else(|| number.to_string(), |code| format!("{number} {code}"));
        let why = detail.map_or_else(|| coded.clone(), |detail| format!("{coded}: {}", detail.trim_end_matches('.')));
        let failed = status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT;
        let said = match status {
            StatusCode::UNAUTHORIZED => format!("Atlas does not take these credentials ({why}): look at {named}"),
            StatusCode::FORBIDDEN => format!(
                "Atlas does not let these credentials do that ({why}): they need the role Project Backup Manager in both projects, and Project Cluster Manager to delete a cluster"
            ),
            StatusCode::NOT_FOUND => format!("Atlas knows no such thing ({why}): look at the ids and names in [atlas]"),
            StatusCode::TOO_MANY_REQUESTS => format!("Atlas wants to be asked less often ({why})"),
            _ if failed => format!("Atlas failed to answer ({why})"),
            _ => format!("Atlas refused ({why})"),
        };
        Self {
            said,
            status: Some(status),
            code,
            passing: failed || status == StatusCode::TOO_MANY_REQUESTS,
            after,
            perhaps_done: failed,
        }
    }
}

/// One line of a length that a record can hold.
fn plain(text: &str) -> String {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(300).collect();
    line.trim().to_owned()
}

/// Seconds, or a date: RFC 9110, 10.2.3.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = DateTime::parse_from_rfc2822(text).ok()?;
    Some((at.with_timezone(&Utc) - Utc::now()).to_std().unwrap_or_default())
}

pub async fn text(answer: Response) -> Result<String, Fault> {
    let bytes = answer::bytes(answer, LIMIT).await.map_err(|unread| match unread {
        Unread::Network(e) => Fault::unanswered(&e),
        Unread::TooLong(_) => {
            let said =
                "Atlas' answer is larger than 8 MiB, and nothing that large was asked for: is the url that of Atlas?";
            Fault { perhaps_done: true, ..Fault::here(said) }
        }
    })?;
    String::from_utf8(bytes).map_err(|_| Fault::unreadable("Atlas' answer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().expect("a value"));
        retry_after(&headers)
    }

    #[test]
    fn when_to_ask_again_is_seconds_or_a_date() {
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        assert!(wait("Wed, 21 Oct 2099 07:28:00 GMT").expect("a date") > Duration::from_secs(86_400));
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn what_atlas_says_is_one_line_that_ends() {
        let error = Error { detail: Some(format!("a\r\nb{}", "c".repeat(1000))), ..Error::default() };
        let said = Fault::of(StatusCode::BAD_REQUEST, None, &error, "").said;
        assert!(said.starts_with("Atlas refused (400: a  bccc") && said.len() < 400, "{said}");
    }
}
