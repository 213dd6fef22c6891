//! How a page gets its facts: the frame and the page's own in one go, or the problem with its status.

use std::future::Future;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::{Bare, ErrorNote, PageShell};
use crate::{
    api::{self, Frame},
    problem::{Problem, ProblemKind},
};

/// Runs `load`, then shows `page` inside the frame; `current` is the nav entry's key.
///
/// A problem is answered with its own status inside the frame; nobody signed in means a redirect to
/// `/sign-in?to=…`. Use it as a page's whole view, on a route with `SsrMode::Async`, so that the
/// status is known before the first byte leaves.
pub fn loaded<T, W>(
    current: &'static str,
    load: impl Future<Output = Result<T, Problem>> + Send + 'static,
    page: impl FnOnce(T, Frame) -> W + Send + 'static,
) -> impl IntoView
where
    T: Send + 'static,
    W: IntoView + 'static,
{
    Suspend::new(async move {
        let frame = match api::frame().await {
            Ok(frame) => frame,
            Err(problem) => return failed(problem),
        };
        match load.await {
            Ok(value) => {
                let body = page(value, frame.clone()).into_view();
                view! { <PageShell current=current frame=frame>{body}</PageShell> }.into_any()
            }
            Err(problem) => {
                answer(&problem);
                view! {
                    <PageShell current=current frame=frame>
                        <crate::pages::problem::InFrame problem=problem />
                    </PageShell>
                }
                .into_any()
            }
        }
    })
}

/// A problem on a page without a frame, with its status or the redirect to sign in.
pub fn failed(problem: Problem) -> AnyView {
    answer(&problem);
    view! {
        <Title text="Passmuster" />
        <Bare>
            <h1>"This page cannot be shown"</h1>
            <ErrorNote problem=problem />
            <p class="foot"><a href="/">"Go to the overview"</a></p>
        </Bare>
    }
    .into_any()
}

/// Sets the response's status; nobody signed in is sent to sign in, whatever they accept.
fn answer(problem: &Problem) {
    let Some(response) = use_context::<leptos_axum::ResponseOptions>() else { return };
    if problem.kind != ProblemKind::NotSignedIn {
        if let Ok(status) = http::StatusCode::from_u16(problem.kind.status()) {
            response.set_status(status);
        }
        return;
    }
    let here = use_context::<http::request::Parts>()
        .and_then(|parts| parts.uri.path_and_query().map(|p| p.as_str().to_owned()))
        .unwrap_or_else(|| "/".to_owned());
    if let Ok(place) = http::HeaderValue::from_str(&format!("/sign-in?to={}", encoded(&here))) {
        response.insert_header(http::header::LOCATION, place);
        response.set_status(http::StatusCode::SEE_OTHER);
    }
}

/// Percent-encodes what a query value cannot hold as it is (RFC 3986, unreserved characters and "/").
pub fn encoded(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::new(), |mut out, b| {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(b)),
            _ => {
                let _ = write!(out, "%{b:02X}");
            }
        }
        out
    })
}

/// A query parameter of this page; `None` when absent or empty.
pub fn query(name: &str) -> Option<String> {
    use_query_map().read_untracked().get(name).filter(|v| !v.is_empty())
}

/// Only a path of this portal, as a place to go on to; anything else leads to the overview.
pub fn local(to: Option<&str>) -> &str {
    match to {
        Some(path) if path.starts_with('/') && !path.starts_with("//") && !path.contains(['\\', '\r', '\n', '\t']) => {
            path
        }
        _ => "/",
    }
}

/// A parameter of this page's path; empty when absent.
pub fn param(name: &str) -> String {
    use_params_map().read_untracked().get(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_address_survives_the_way_to_sign_in_and_back() {
        assert_eq!(super::encoded("/drills?verdict=met&x=é"), "/drills%3Fverdict%3Dmet%26x%3D%C3%A9");
    }

    #[test]
    fn sign_in_never_leads_away_from_the_portal() {
        for (to, expected) in [
            (Some("/drills"), "/drills"),
            (Some("//evil.example"), "/"),
            (Some("https://evil.example"), "/"),
            (Some("javascript:alert(1)"), "/"),
            (Some("/\\evil.example"), "/"),
            (Some("/\t/evil.example"), "/"),
            (None, "/"),
        ] {
            assert_eq!(super::local(to), expected);
        }
    }
}
