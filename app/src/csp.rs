//! The content security policy of a page: what it may load is what it is known to need.

use leptos::{nonce::use_nonce, prelude::use_context};

/// What a page is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Page {
    Read,
    /// May run WASM and the script that starts it.
    Islands,
    /// May start the verifier's worker, whose answer has its own policy, and connect to nothing.
    Verifier,
}

/// Sets the policy on this answer.
pub fn set(page: Page) {
    let Some(answer) = use_context::<leptos_axum::ResponseOptions>() else { return };
    let scripts = match use_nonce() {
        Some(nonce) if page == Page::Islands => format!("'self' 'nonce-{nonce}' 'wasm-unsafe-eval'"),
        // Leptos writes three short lines of its own into every page.
        Some(nonce) => format!("'self' 'nonce-{nonce}'"),
        None => "'self'".to_owned(),
    };
    let connects = if page == Page::Verifier { "connect-src 'none'; worker-src 'self'" } else { "connect-src 'self'" };
    let policy = format!(
        "default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         {connects}; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = http::HeaderValue::from_str(&policy) {
        answer.insert_header(http::header::CONTENT_SECURITY_POLICY, policy);
    }
}
