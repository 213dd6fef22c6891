//! The content security policy of a page: what it may load is what it is known to need.

use leptos::{nonce::use_nonce, prelude::use_context};

/// Sets the policy on this answer. Only a page with islands may run WASM and the script that starts it.
pub fn set(islands: bool) {
    let Some(answer) = use_context::<leptos_axum::ResponseOptions>() else { return };
    let scripts = match use_nonce() {
        Some(nonce) if islands => format!("'self' 'nonce-{nonce}' 'wasm-unsafe-eval'"),
        // Leptos writes three short lines of its own into every page.
        Some(nonce) => format!("'self' 'nonce-{nonce}'"),
        None => "'self'".to_owned(),
    };
    let policy = format!(
        "default-src 'none'; script-src {scripts}; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = http::HeaderValue::from_str(&policy) {
        answer.insert_header(http::header::CONTENT_SECURITY_POLICY, policy);
    }
}
