//! Fields of the forms in which people write: words, records, files.

use leptos::prelude::*;

use domain::attachment::{AT_ONCE, FileType, LARGEST};

/// What a file field offers first; the server decides by the bytes.
fn accepted() -> String {
    let endings = FileType::ALL.iter().flat_map(|kind| kind.endings());
    endings.map(|ending| format!(".{ending}")).collect::<Vec<_>>().join(",")
}

/// Words, as many as a message may have.
#[component]
pub fn WordsField(#[prop(into)] label: String, #[prop(into)] value: String) -> impl IntoView {
    view! {
        <div class="field">
            <label for="words">{label}</label>
            <textarea id="words" name="words" rows="7" maxlength=domain::request::LONGEST_WORDS.to_string()>{value}</textarea>
        </div>
    }
}

/// Records, one a line.
#[component]
pub fn RecordsField(#[prop(into)] value: String) -> impl IntoView {
    view! {
        <div class="field">
            <label for="records">"Records"</label>
            <textarea id="records" name="records" rows="2" aria-describedby="records-how" spellcheck="false">{value}</textarea>
            <p class="second" id="records-how">
                "One a line: the address of its page, its number in the ledger (№ 1489), or its id (F-006)."
            </p>
        </div>
    }
}

/// Files, several at once.
#[component]
pub fn FilesField() -> impl IntoView {
    let how = format!(
        "Up to {AT_ONCE}, each up to {} MiB: PDF, images, ZIP, Office, or UTF-8 text as .txt, .log, .csv or .json.",
        LARGEST >> 20
    );
    let id = super::unique("files");
    let says = format!("{id}-how");
    view! {
        <div class="field">
            <label for=id.clone()>"Files"</label>
            <input id=id type="file" name="files" multiple accept=accepted() aria-describedby=says.clone() />
            <p class="second" id=says>{how}</p>
        </div>
    }
}
