//! What every answer carries, and what every mutation must.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// For answers that set none of their own; pages set theirs with a nonce.
const CSP: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The verifier's worker brings its WASM in its own script, and may reach nothing.
const WORKER: (&str, &str) = (
    "/pkg/verify-worker.js",
    "default-src 'none'; script-src 'wasm-unsafe-eval'; connect-src 'none'; frame-ancestors 'none'; base-uri 'none'",
);

/// The service worker asks the portal, and nobody else.
const SERVICE_WORKER: (&str, &str) =
    ("/sw.js", "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'");

const FIXED: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

pub async fn secure(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut answer = next.run(request).await;
    let headers = answer.headers_mut();
    for (name, value) in FIXED {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    let policy = [WORKER, SERVICE_WORKER].into_iter().find(|(own, _)| *own == path).map_or(CSP, |(_, policy)| policy);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(policy));
    // Fonts never change under their name; everything else is asked for again and mostly answered 304.
    let cache = if path.starts_with("/fonts/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(cache));
    answer
}

/// A mutation must come from a page of this portal.
pub async fn same_origin(request: Request, next: Next) -> Response {
    let reading = [Method::GET, Method::HEAD].contains(request.method());
    if reading || from_here(request.headers()) {
        next.run(request).await
    } else {
        let said = "This was sent from another site and was refused. Nothing was changed. Open the portal and try again there.";
        (StatusCode::FORBIDDEN, said).into_response()
    }
}

fn from_here(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let Some(host) = text(header::HOST) else { return false };
    match text(header::ORIGIN) {
        Some(origin) => origin.split_once("://").is_some_and(|(_, authority)| authority == host),
        // Browsers that leave Origin out of a same-origin form still say where it came from.
        None => text(HeaderName::from_static("sec-fetch-site")) == Some("same-origin"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_of_this_portal_may_change_something() {
        let cases = [
            (&[("host", "p.example"), ("origin", "https://p.example")][..], true),
            (&[("host", "p.example"), ("origin", "https://evil.example")], false),
            (&[("host", "p.example"), ("origin", "https://p.example.evil.example")], false),
            (&[("host", "p.example"), ("origin", "null")], false),
            (&[("host", "p.example"), ("sec-fetch-site", "same-origin")], true),
            (&[("host", "p.example"), ("sec-fetch-site", "cross-site")], false),
            (&[("host", "p.example")], false),
        ];
        for (given, expected) in cases {
            let mut headers = HeaderMap::new();
            for (name, value) in given {
                headers.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(from_here(&headers), expected, "{given:?}");
        }
    }
}
