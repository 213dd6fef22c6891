//! Folds the whole ledger again on the reader's own device and compares the root with the signed one.

use leptos::prelude::*;

/// What the device found.
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "only the browser folds"))]
#[derive(Clone, Debug, Default, PartialEq)]
enum Found {
    #[default]
    Nothing,
    Busy(&'static str),
    /// Entries folded, milliseconds taken.
    Same(u64, u64),
    Differs(String),
    Failed(String),
}

/// A button that fetches every entry and the checkpoint, and folds them here. Hidden until it works.
#[island]
pub fn Refold(
    /// The log's C2SP verifier key, as the page shows it.
    vkey: String,
) -> impl IntoView {
    let found = RwSignal::new(Found::default());
    let ready = RwSignal::new(false);
    Effect::new(move |_| ready.set(true));
    let busy = move || matches!(found.get(), Found::Busy(_));
    let start = move |_| {
        if !busy() {
            fold::start(vkey.clone(), found);
        }
    };
    view! {
        <div class="refold">
            <button type="button" class="button" hidden=move || !ready.get() aria-disabled=move || busy().then_some("true") on:click=start>
                {move || if busy() { "Refolding" } else { "Refold on this device" }}
            </button>
            <p class="refold-says" aria-live="polite">
                {move || match found.get() {
                    Found::Nothing => ().into_any(),
                    Found::Busy(says) => says.into_any(),
                    Found::Same(entries, ms) => view! {
                        <span class="state disc">
                            <svg aria-hidden="true"><use href="#disc" /></svg>
                            "the same root"
                        </span>
                        {format!(
                            " {} entries folded on this device in {}; the root equals the signed checkpoint’s, and the signature is the log’s own.",
                            domain::words::count(i64::try_from(entries).unwrap_or(i64::MAX)),
                            domain::words::duration(i64::try_from(ms).unwrap_or(i64::MAX)),
                        )}
                    }
                    .into_any(),
                    Found::Differs(says) => view! {
                        <span class="state square">
                            <svg aria-hidden="true"><use href="#square" /></svg>
                            "differs"
                        </span>
                        {format!(" {says}")}
                    }
                    .into_any(),
                    Found::Failed(says) => view! {
                        <span class="state ring">
                            <svg aria-hidden="true"><use href="#ring" /></svg>
                            "not checked"
                        </span>
                        {format!(" {says} Nothing is proven either way; try again.")}
                    }
                    .into_any(),
                }}
            </p>
        </div>
    }
}

#[cfg(not(feature = "hydrate"))]
mod fold {
    use super::Found;
    use leptos::prelude::*;

    /// The server never presses the button.
    pub fn start(_vkey: String, _found: RwSignal<Found>) {}
}

#[cfg(feature = "hydrate")]
mod fold {
    use super::Found;
    use domain::{
        draw::hex,
        proof::{
            checkpoint::{VerifierKey, open},
            tree::{Frontier, leaf_hash},
        },
        words,
    };
    use leptos::{prelude::*, task::spawn_local};
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;

    pub fn start(vkey: String, found: RwSignal<Found>) {
        found.set(Found::Busy("Fetching the entries and the checkpoint."));
        spawn_local(async move {
            let answer = refold(&vkey, found).await;
            found.set(answer.unwrap_or_else(Found::Failed));
        });
    }

    /// `Err` says why nothing could be compared.
    async fn refold(vkey: &str, found: RwSignal<Found>) -> Result<Found, String> {
        let began = now();
        // The checkpoint first: entries appended meanwhile then only follow the ones it covers.
        let note = text("/ledger/checkpoint").await?;
        let key = VerifierKey::parse(vkey).map_err(|e| format!("The verifier key cannot be read: {e}."))?;
        let checkpoint = match open(&note, &key) {
            Ok(checkpoint) => checkpoint,
            Err(e) => return Ok(Found::Differs(format!("The checkpoint is not the log’s: {e}."))),
        };
        let mut tree = Frontier::new();
        // A long ledger comes in parts; an answer without a line ends it.
        while tree.size < checkpoint.size {
            let entries = text(&format!("/ledger/entries?from={}", tree.size)).await?;
            found.set(Found::Busy("Folding the entries."));
            let before = tree.size;
            for line in entries.lines().filter(|line| !line.is_empty()) {
                if tree.size == checkpoint.size {
                    break;
                }
                tree.append(leaf_hash(line.as_bytes()));
            }
            if tree.size == before {
                break;
            }
        }
        if tree.size < checkpoint.size {
            return Ok(Found::Differs(format!(
                "The checkpoint counts {} entries, and {} came.",
                checkpoint.size, tree.size
            )));
        }
        let root = tree.root();
        if root != checkpoint.root {
            let (here, signed) = (hex(&root), hex(&checkpoint.root));
            return Ok(Found::Differs(format!(
                "Folded here the root begins {}, and the signed one begins {}. An entry was changed, left out or exchanged.",
                words::short_digest(&here),
                words::short_digest(&signed)
            )));
        }
        Ok(Found::Same(tree.size, (now() - began).max(0.0) as u64))
    }

    fn now() -> f64 {
        web_sys::window().and_then(|w| w.performance()).map_or(0.0, |p| p.now())
    }

    async fn text(path: &str) -> Result<String, String> {
        let failed = |_: JsValue| format!("{path} could not be fetched.");
        let window = web_sys::window().ok_or("This is no browser window.")?;
        let response: web_sys::Response =
            JsFuture::from(window.fetch_with_str(path)).await.map_err(failed)?.dyn_into().map_err(failed)?;
        if !response.ok() {
            return Err(format!("{path} answered {}.", response.status()));
        }
        let body = JsFuture::from(response.text().map_err(failed)?).await.map_err(failed)?;
        body.as_string().ok_or_else(|| format!("{path} is not text."))
    }
}
