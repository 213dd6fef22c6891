//! What a page is told once after a form: carried over the redirect in a cookie that lives a minute. An address that
//! carried it could be forged by whoever sends a link, and would stay in the browser's history.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, header};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use serde::{Serialize, de::DeserializeOwned};

use crate::problem::{Problem, ProblemKind};

/// Browsers keep cookies up to 4096 bytes; base64 of 2.8 kB stays under that.
const LONGEST: usize = 2800;

const REFUSED: &str = "passmuster-refused";

/// Leaves a value for the page at `path`. `secure`: it must never travel without TLS.
pub fn leave<T: Serialize>(name: &str, path: &str, value: &T, secure: bool) {
    if let (Some(response), Some(cookie)) = (use_context::<ResponseOptions>(), cookie(name, path, value, secure)) {
        set(&response, &cookie);
    }
}

/// A problem for the page at `path`, for forms that the server reads itself.
pub fn refusal(path: &str, problem: &Problem) -> Option<HeaderValue> {
    HeaderValue::from_str(&cookie(REFUSED, path, problem, false)?).ok()
}

/// A value for the page at `path`, for forms that the server reads itself.
pub fn cookie_of<T: Serialize>(name: &str, path: &str, value: &T) -> Option<HeaderValue> {
    HeaderValue::from_str(&cookie(name, path, value, false)?).ok()
}

/// `None`: it is longer than a cookie may be.
fn cookie<T: Serialize>(name: &str, path: &str, value: &T, secure: bool) -> Option<String> {
    let json = serde_json::to_vec(value).ok().filter(|json| json.len() <= LONGEST)?;
    let secure = if secure { "; Secure" } else { "" };
    Some(format!("{name}={}; Path={path}; Max-Age=60; HttpOnly; SameSite=Lax{secure}", URL_SAFE_NO_PAD.encode(json)))
}

/// Takes the value left for this page: shown again it is gone.
pub fn take<T: DeserializeOwned>(name: &str, path: &str) -> Option<T> {
    let parts = use_context::<http::request::Parts>()?;
    let lines = parts.headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let encoded = lines.flat_map(|line| line.split(';')).find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name).then(|| value.to_owned())
    })?;
    if let Some(response) = use_context::<ResponseOptions>() {
        set(&response, &format!("{name}=; Path={path}; Max-Age=0; HttpOnly; SameSite=Lax"));
        // It may be a secret.
        response.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

/// Leads a form's reader on: to the address it gives, or back to `path` with the problem. A program gets the problem
/// as JSON with its HTTP status.
pub fn led(done: Result<String, Problem>, path: &str) -> Result<(), Problem> {
    led_back(done, path, &format!("{path}?refused=1"))
}

/// The same, back to an address of one's own at `path`.
pub fn led_back(done: Result<String, Problem>, path: &str, back: &str) -> Result<(), Problem> {
    match done {
        Ok(address) => {
            leptos_axum::redirect(&address);
            Ok(())
        }
        Err(problem) => {
            refuse(&problem, path);
            leptos_axum::redirect(if problem.kind == ProblemKind::NotSignedIn { "/sign-in" } else { back });
            Err(problem)
        }
    }
}

/// Leaves a problem for the page at `path`, or gives a program its status.
fn refuse(problem: &Problem, path: &str) {
    let Some(response) = use_context::<ResponseOptions>() else { return };
    let wants_page = use_context::<http::request::Parts>().is_some_and(|parts| {
        parts.headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("text/html"))
    });
    if wants_page {
        leave(REFUSED, path, problem, false);
    } else if let Ok(status) = http::StatusCode::from_u16(problem.kind.status()) {
        response.set_status(status);
    }
}

/// The problem left for the page at `path`; one that begins with `what` when the page says there was one and the
/// cookie has gone.
pub fn refused(path: &str, what: &str) -> Problem {
    take(REFUSED, path).unwrap_or_else(|| {
        Problem::new(
            ProblemKind::Conflict,
            what,
            "What was sealed is still sealed.",
            "Try again; the reason will stand here.",
        )
    })
}

fn set(response: &ResponseOptions, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.append_header(header::SET_COOKIE, value);
    }
}
