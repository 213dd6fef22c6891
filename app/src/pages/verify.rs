//! A bundle checked on the reader's own device. Anybody may, signed in or not; nothing is sent.
//!
//! No island: those fetch their WASM, and this page connects to nothing. Its markup and its script are
//! the ones of the page saved as one file, in `app/verifier`.

use domain::proof::layout;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api,
    parts::{Bare, Digest, PageShell, Section},
};

const BODY: &str = include_str!("../../verifier/body.html");

/// What this portal has of the page as one file; `None` where it was built without.
#[derive(Clone, Debug, Default)]
pub struct Saved(pub Option<SavedFile>);

#[derive(Clone, Debug)]
pub struct SavedFile {
    /// Of the file as it is downloaded, 64 hex digits.
    pub sha256: String,
    pub bytes: i64,
}

#[component]
pub fn Verify() -> impl IntoView {
    let saved = use_context::<Saved>().and_then(|saved| saved.0);
    Suspend::new(async move {
        let body = view! {
            <Title text="Check a bundle · Passmuster" />
            <div class="verify">
                <div inner_html=BODY></div>
                <Otherwise saved=saved />
            </div>
            <script src="/pkg/verify.js" defer></script>
        };
        // Who reads decides only about the frame.
        match api::frame().await {
            Ok(frame) => view! { <PageShell current="verify" frame=frame>{body}</PageShell> }.into_any(),
            Err(_) => view! { <Bare>{body}</Bare> }.into_any(),
        }
    })
}

/// The same check without this portal.
#[component]
fn Otherwise(saved: Option<SavedFile>) -> impl IntoView {
    let file = saved.map(|file| {
        view! {
            <p>
                "This page as one file, which needs no portal and no connection: "
                <a href="/verify/passmuster-verify.html" download="passmuster-verify.html">"passmuster-verify.html"</a>
                {format!(" ({}). Its SHA-256, to compare before you open it:", domain::words::bytes(file.bytes))}
            </p>
            <p class="verify-kept" id="verify-sha256"><Digest hex=file.sha256 /></p>
        }
    });
    view! {
        <Section title="Without this page" id="otherwise">
            <div class="checking">
                {file}
                <p>
                    "The program does the same: "
                    <code>"passmuster verify BUNDLE --anchors anchors.json --previous OLDER"</code>
                    "; with "
                    <code>"--json"</code>
                    " it prints the very report this page lets you keep."
                </p>
                <p>
                    "With openssl and coreutils alone, in the unpacked folder, the company’s root certificate beside it, this shows who signed and that no file was altered, added or left out; the ledger and the records it does not follow:"
                </p>
                <pre class="shell-recipe" id="recipe" tabindex="0" aria-label="Shell recipe">{layout::RECIPE}</pre>
                <p><button type="button" class="button" hidden data-copy-from="#recipe">"Copy the recipe"</button></p>
            </div>
        </Section>
    }
}
