//! An attached file: what it is called, what it is, and the digest it was sealed under.

use domain::{attachment::Attachment, words};
use leptos::prelude::*;

use super::Digest;

#[component]
pub fn AttachedFile(
    file: Attachment,
    /// Who put it there, where that is not said beside it.
    #[prop(optional, into)]
    by: String,
) -> impl IntoView {
    let href = format!("/attachments/{}", file.sha256);
    let size = words::bytes(i64::try_from(file.bytes).unwrap_or(i64::MAX));
    let says = [format!("{}, {size}", file.kind.word()), by].into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>();
    view! {
        <div class="attached">
            <a href=href download="">{file.name}</a>
            " "
            <span class="what">{says.join(", ")}</span>
            <span class="second"><span class="unseen">"SHA-256 "</span><Digest hex=file.sha256 /></span>
        </div>
    }
    .into_any()
}
