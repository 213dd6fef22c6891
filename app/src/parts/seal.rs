//! Seals: where a fact stands in the ledger, beside the fact.

use domain::{
    record::{Head, Seal},
    words,
};
use leptos::prelude::*;

use super::{Shape, StateMark, When, unique};

/// How much of a seal is shown before it is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SealKind {
    /// Three lines: who, when, number and digest.
    Record,
    /// Two lines: number and digest; who and when.
    #[default]
    Row,
    /// Number and digest.
    Line,
}

/// The nine-lobed mark.
#[component]
pub fn SealMark(
    /// "seal", "seal-waiting" or "seal-broken"
    #[prop(default = "seal")]
    kind: &'static str,
) -> impl IntoView {
    view! {
        <svg class="seal-mark" aria-hidden="true">
            <use href=format!("#{kind}") />
        </svg>
    }
    .into_any()
}

/// A seal as a button; it opens who, when, where in the ledger and the whole digest, without a script.
#[component]
pub fn SealNote(
    seal: Seal,
    #[prop(optional)] kind: SealKind,
    /// What is sealed, as the opened seal's title: "Drill of 16 November 2026".
    #[prop(optional, into)]
    what: String,
    /// A line above, such as "Record closed"; record variant only.
    #[prop(optional, into)]
    note: String,
    /// The record's own page or bytes.
    #[prop(optional, into)]
    open: Option<String>,
) -> impl IntoView {
    let id = unique("seal");
    let what = if what.is_empty() { "Sealed record".to_owned() } else { what };
    let broken = seal.broken;
    let number = format!("№ {} · {}", seal.seq, words::short_digest(&seal.sha256));
    let by = seal.by.clone();
    let at = seal.at;
    let text = if broken {
        view! {
            <span>"does not match № " {seal.seq}</span>
            <span class="no">{words::short_digest(&seal.sha256)} " was sealed"</span>
        }
        .into_any()
    } else {
        match kind {
            SealKind::Record => view! {
                {(!note.is_empty()).then(|| view! { <span>{note}</span> })}
                <span><b>{by.clone()}</b></span>
                <span><When at=at show=at.utc().format("%Y-%m-%d %H:%M:%SZ").to_string() /></span>
                <span class="no">{number}</span>
            }
            .into_any(),
            SealKind::Row => view! {
                <span class="no">{number}</span>
                <span class="rest">{by.clone()} " " <When at=at show=at.utc().format("%Y-%m-%d %H:%MZ").to_string() /></span>
            }
            .into_any(),
            SealKind::Line => view! { <span class="no">{number}</span> }.into_any(),
        }
    };
    let class = match (kind, broken) {
        (_, true) => "seal broken",
        (SealKind::Record, _) => "seal record",
        (SealKind::Row, _) => "seal row",
        (SealKind::Line, _) => "seal line",
    };
    let spoken = format!("Seal of {what}: ");
    let mark = if broken { "seal-broken" } else { "seal" };
    let lines: Vec<String> =
        seal.sha256.as_bytes().chunks(16).map(|line| words::groups(&String::from_utf8_lossy(line))).collect();
    let state = if broken {
        view! { <StateMark state=Shape::Square word="differs from what was sealed" /> }
    } else {
        view! { <StateMark state=Shape::Disc word="equals what was sealed" /> }
    };
    let title = words::capital(&what);
    view! {
        <button type="button" class=class popovertarget=id.clone()>
            <SealMark kind=mark />
            <span class="seal-text"><span class="unseen">{spoken}</span>{text}</span>
        </button>
        <div class="seal-sheet" id=id popover="" role="dialog" aria-label=format!("Seal of {what}")>
            <p class=if broken { "title broken" } else { "title" }><SealMark kind=mark />{title}</p>
            <dl>
                <dt>"Written by"</dt>
                <dd>{seal.by.clone()}</dd>
                <dt>"Learned"</dt>
                <dd class="mono"><When at=at show=at.utc().format("%Y-%m-%d %H:%M:%SZ").to_string() /></dd>
                <dt>"Ledger"</dt>
                <dd class="mono">"№ " {seal.seq}</dd>
                <dt>"Digest"</dt>
                <dd class="full">{lines.into_iter().map(|l| view! { <span>{l}</span> }).collect_view()}</dd>
                <dt>"Record"</dt>
                <dd>{state}</dd>
            </dl>
            <div class="actions">
                {open.map(|href| view! { <a class="button" href=href>"Open the record"</a> })}
                <a class="button" href=format!("/ledger?around={}", seal.seq)>"See it in the ledger"</a>
                <a class="button" href=format!("/ledger/proofs/{}.tlog-proof", seal.seq) download>"Keep the proof"</a>
            </div>
        </div>
    }
    .into_any()
}

/// No seal, and why: the dashed ring.
#[component]
pub fn Waiting(#[prop(into)] why: String) -> impl IntoView {
    view! {
        <p class="seal still waiting">
            <SealMark kind="seal-waiting" />
            <span class="seal-text"><span>{why}</span></span>
        </p>
    }
    .into_any()
}

/// What stands beside a statement: it was computed, from this state of the ledger.
#[component]
pub fn Computed(head: Option<Head>) -> impl IntoView {
    let Some(head) = head else {
        return view! { <Waiting why="computed; the ledger holds nothing to point to" /> }.into_any();
    };
    let last = head.size.saturating_sub(1);
    view! {
        <a class="seal record computed" href="/ledger">
            <SealMark />
            <span class="seal-text">
                <span><b>"Computed from the ledger"</b></span>
                <span><When at=head.at show=head.at.utc().format("%Y-%m-%d %H:%M:%SZ").to_string() /></span>
                <span class="no">{format!("№ {last} · {}", words::short_digest(&head.root))}</span>
            </span>
        </a>
    }
    .into_any()
}
