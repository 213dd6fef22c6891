//! A problem carried over the redirect after a form, in a cookie that lives a minute: an address that carried it
//! could be forged by whoever sends a link.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, header};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

use crate::problem::{Problem, ProblemKind};

const NAME: &str = "passmuster-refused";
/// Browsers keep cookies up to 4096 bytes; base64 of 2.8 kB stays under that.
const LONGEST: usize = 2800;

/// Leaves the problem for the page below `path`; a program that does not ask for a page gets its status instead.
pub fn leave(path: &str, problem: &Problem) {
    let Some(response) = use_context::<ResponseOptions>() else { return };
    let wants_page = use_context::<http::request::Parts>().is_some_and(|parts| {
        parts.headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|v| v.contains("text/html"))
    });
    if !wants_page {
        if let Ok(status) = http::StatusCode::from_u16(problem.kind.status()) {
            response.set_status(status);
        }
        return;
    }
    if let Some(value) = carrying(path, problem) {
        response.append_header(header::SET_COOKIE, value);
    }
}

/// The cookie that carries it; `None` when it is longer than a cookie may be.
pub fn carrying(path: &str, problem: &Problem) -> Option<HeaderValue> {
    let json = serde_json::to_vec(problem).ok().filter(|json| json.len() <= LONGEST)?;
    let cookie = format!("{NAME}={}; Path={path}; Max-Age=60; HttpOnly; SameSite=Lax", URL_SAFE_NO_PAD.encode(json));
    HeaderValue::from_str(&cookie).ok()
}

/// The problem left for this reader; a plain one that begins with `what` when the cookie has gone.
pub fn read(what: &str) -> Option<Problem> {
    let left = cookie(NAME)
        .and_then(|encoded| URL_SAFE_NO_PAD.decode(encoded).ok())
        .and_then(|json| serde_json::from_slice(&json).ok());
    Some(left.unwrap_or_else(|| {
        Problem::new(
            ProblemKind::Conflict,
            what,
            "What was sealed is still sealed.",
            "Try again; the reason will stand here.",
        )
    }))
}

/// A cookie of this request.
pub fn cookie(name: &str) -> Option<String> {
    let parts = use_context::<http::request::Parts>()?;
    parts
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}
