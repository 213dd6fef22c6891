//! One review: what is signed, word by word where it changed, and the sheet it is signed on.

use domain::{
    checklist::{Checklist, Standing as ItemStanding},
    drill::{CheckVerdict, Drill},
    finding::{Finding, Standing as FindingStanding},
    incident::account::Account,
    proof::signoff::Decision,
    record::Sealed,
    review::{
        Mark, Review, Signature, Standing,
        changes::{self, Hunk},
    },
    risk::{Line, Summary},
    verdict::Verdict,
    words,
};
use leptos::prelude::*;
use leptos_meta::Title;

use super::reviews::signed_last;
use crate::{
    api::{
        self,
        reviews::{Hindrance, ReviewPage, Signed, Since, shown},
    },
    parts::{
        Ceremony, Hunks, PasskeyForm, SealKind, SealNote, Section, Shape, StateMark, Waiting, When, capital,
        drill_href, encoded, loaded, param, plural, review_href,
    },
};

#[component]
pub fn ReviewSheet() -> impl IntoView {
    loaded("reviews", api::reviews::one(param("subject")), |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(page: ReviewPage) -> impl IntoView {
    let title = title(&page);
    let document = format!("{title} · Passmuster");
    let mark = page.review.standing.mark(page.now);
    let due = page.review.standing.due().map(|due| format!(", due {}", words::date(due)));
    let what = page.review.document.title();
    let seal = page.review.document.seal.clone();
    let facts = facts(&page);
    let signed = page.review.signatures.clone();
    let hunks = match &page.since {
        Since::Changed(hunks) => Some((hunks.clone(), page.review.before.clone())),
        _ => None,
    };
    let ask = ask(&page);
    let asks = page.asks;
    view! {
        <Title text=document />
        <div class="signoff">
            // On a phone the list lies behind the sheet, and leads back.
            <a class="signoff-behind" href="/reviews">
                <span class="signoff-back">"Reviews"</span>
                // The sheet says the same.
                <span class="signoff-line" aria-hidden="true">
                    <span>{what.clone()} <span class="second">{asks} {due}</span></span>
                    <StateMark state=Shape::of_mark(mark) word=mark.word() />
                </span>
            </a>
            <div class="fact">
                <article class="signoff-sheet" aria-labelledby="signoff-title">
                    <h1 id="signoff-title">{title}</h1>
                    <dl class="signoff-facts">{facts}</dl>
                    {ask}
                </article>
                <aside class="low" role="note">
                    <SealNote seal=seal kind=SealKind::Record note="The document" what=what />
                    {signed.first().map(|s| {
                        let (seal, what) = (s.seal.clone(), format!("sign-off {}", s.id));
                        view! { <SealNote seal=seal kind=SealKind::Record note="Signed" what=what /> }
                    })}
                    {signed.is_empty().then(|| view! { <Waiting why="not signed" /> })}
                </aside>
            </div>
        </div>
        {(!signed.is_empty()).then(|| view! { <Words signatures=signed /> })}
        {hunks.map(|(hunks, before)| view! { <Changes hunks=hunks before=before /> })}
    }
}

/// "Sign off the drill of 16 November 2026"
fn title(page: &ReviewPage) -> String {
    let what = page.review.document.title();
    let what = match &page.signed {
        Signed::Runbook { title, .. } if !title.is_empty() => {
            format!("{title}, version {}", page.review.document.version)
        }
        Signed::Acceptance(_) => what,
        _ => format!("the {}", lower(&what)),
    };
    match page.review.standing {
        Standing::Waiting { .. } | Standing::Returned { .. } | Standing::Altered { .. } => format!("Sign off {what}"),
        _ => capital(&what),
    }
}

fn lower(title: &str) -> String {
    let mut letters = title.chars();
    letters.next().map(|c| c.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// One line of the sheet: label, what it says, and its state at the right.
fn row(label: &'static str, value: impl IntoView + 'static, state: Option<(Shape, String)>) -> AnyView {
    let state =
        state.map(|(shape, word)| view! { <span class="signoff-state"><StateMark state=shape word=word /></span> });
    view! {
        <div>
            <dt>{label}</dt>
            <dd>{state} {value.into_any()}</dd>
        </div>
    }
    .into_any()
}

fn facts(page: &ReviewPage) -> Vec<AnyView> {
    let mut rows = match &page.signed {
        Signed::Runbook { version, next_review, .. } => {
            let value = &version.value;
            let href = format!("/runbook/versions/{}", encoded(&value.version));
            let approved = format!("{} by {}", words::date(value.occurred_at), value.by);
            vec![
                row("Text", view! { <a href=href>{format!("read version {}", value.version)}</a> }, None),
                row("Approved", approved, None),
                row("Next review", next_review.clone(), None),
            ]
        }
        Signed::Drill { drill, findings } => drill_facts(&drill.value, &drill.id, findings, page),
        Signed::Acceptance(acceptance) => vec![
            row("What", acceptance.title.clone(), None),
            row("Why", acceptance.why.clone(), None),
            row("Until", words::date(acceptance.until), None),
            row("Written", format!("{} by {}", words::date(acceptance.occurred_at), acceptance.by), None),
        ],
        Signed::Checklist(checklist) => checklist_facts(checklist),
        Signed::Account(account) => account_facts(account),
        Signed::Risks(summary) => risks_facts(summary),
    };
    rows.extend(changed(page));
    for other in &page.others {
        if let Some(first) = other.signed() {
            let at = first.at();
            let href = review_href(&other.subject);
            let who = first.statement.signer.name.clone();
            let view = view! { <a href=href>{who}</a> <span class="second mono"><When at=at /> " UTC"</span> };
            rows.push(row("First signed", view, None));
        }
    }
    rows.push(record(&page.review));
    rows.push(standing(page));
    rows
}

/// Each standing with the items of it that somebody has to know of, and who took part.
fn checklist_facts(checklist: &Checklist) -> Vec<AnyView> {
    let of = |standing: ItemStanding| {
        let items = checklist.items.iter().filter(|item| item.standing == standing);
        let each = items.map(|item| view! { <li>{item.asks.clone()}</li> }).collect_view();
        let n = checklist.of(standing);
        let (shape, word) = Shape::of_item(standing);
        (n > 0).then(|| {
            let view = view! { {plural(n, "item", "items")} <ul class="signoff-items">{each}</ul> };
            row(if n == 1 { "Item" } else { "Items" }, view, Some((shape, word.to_owned())))
        })
    };
    let left = checklist.carried.iter().filter(|c| !c.closed).count();
    let href = api::checklist::address(&checklist.quarter);
    let read = view! { <a href=href>"read the whole checklist"</a> };
    let closed = format!("{} by {}, version {}", words::date(checklist.occurred_at), checklist.by, checklist.version);
    let mut rows = vec![row("Says", checklist.sentence(), None)];
    rows.extend([ItemStanding::Short, ItemStanding::Open, ItemStanding::ByHand].into_iter().filter_map(of));
    if left > 0 {
        rows.push(row("Carried over", format!("{} still open", plural(left, "finding", "findings")), None));
    }
    if !checklist.people.is_empty() {
        rows.push(row("Read by", checklist.people.join(", "), None));
    }
    rows.extend([row("Closed", closed, None), row("Text", read, None)]);
    rows
}

fn risks_facts(summary: &Summary) -> Vec<AnyView> {
    let href = api::risks::address(&summary.quarter);
    let each = |lines: &[Line]| lines.iter().map(|line| view! { <li>{line.says.clone()}</li> }).collect_view();
    let mut rows = vec![row("Says", summary.sentence(), None)];
    for (label, lines) in [("Missed", &summary.misses), ("Open", &summary.open), ("Accepted", &summary.accepted)] {
        if !lines.is_empty() {
            rows.push(row(label, view! { <ul class="signoff-items">{each(lines)}</ul> }, None));
        }
    }
    for comment in &summary.comments {
        rows.push(row("Comment", format!("{} ({})", comment.says, comment.by), None));
    }
    let sealed = format!("{} by {}, version {}", words::date(summary.occurred_at), summary.by, summary.version);
    rows.extend([
        row("Sealed", sealed, None),
        row("Text", view! { <a href=href>"read the whole assessment"</a> }, None),
    ]);
    rows
}

/// What the account says, with its figures against what was promised.
fn account_facts(account: &Account) -> Vec<AnyView> {
    let of = |ms: Option<i64>, promised: Option<i64>, verdict: Verdict| {
        let promised = promised.map_or(String::new(), |ms| format!(" of {}", words::duration(ms)));
        let said = ms.map_or("not measured".to_owned(), |ms| format!("{}{promised}", words::duration(ms)));
        (said, Some((Shape::from(verdict), verdict.word().to_owned())))
    };
    let achieved = &account.measured;
    let (restored, rto) = of(achieved.restore_ms, achieved.rto_ms, achieved.rto);
    let (lost, rpo) = of(achieved.lost_ms, achieved.rpo_ms, achieved.rpo);
    let mut rows = vec![
        row("Lost", format!("{}: {}", account.scenario.title(), account.what), None),
        row("Restored", restored, rto),
        row("Data lost", lost, rpo),
    ];
    for kept in &account.deadlines {
        let what = if kept.what == "Restore" { continue } else { format!("{}: {}", kept.what, kept.says) };
        rows.push(row("Deadline", what, Some((Shape::from(kept.verdict), kept.verdict.word().to_owned()))));
    }
    let href = api::incidents::address(&account.incident);
    rows.extend([
        row("Root cause", account.root_cause.clone(), None),
        row("What failed", account.failure_mode.title(), None),
        row(
            "To change",
            if account.follow_ups.is_empty() { "nothing".to_owned() } else { account.follow_ups.join("; ") },
            None,
        ),
        row(
            "Written",
            format!("{} by {}, version {}", words::date(account.occurred_at), account.by, account.version),
            None,
        ),
        row("Text", view! { <a href=href>"read the whole incident"</a> }, None),
    ]);
    rows
}

fn drill_facts(drill: &Drill, id: &str, findings: &[Sealed<Finding>], page: &ReviewPage) -> Vec<AnyView> {
    let said = |v: Verdict| Some((Shape::from(v), v.word().to_owned()));
    let of = |measured: Option<i64>, promised: i64| match measured {
        Some(ms) => format!("{} of {}", words::duration(ms), words::duration(promised)),
        None => format!("not measured, of {}", words::duration(promised)),
    };
    let measured = drill.measured.as_ref();
    let failed = drill.checks.iter().filter(|c| c.verdict == CheckVerdict::Fails).count();
    let checks = match (drill.checks.len(), failed) {
        (0, _) => (Shape::Ring, "none ran".to_owned()),
        (n, 0) if drill.passed() == n => (Shape::Disc, "all pass".to_owned()),
        (n, 0) => (Shape::Ring, format!("{} not run", n - drill.passed())),
        (_, n) => (Shape::Square, format!("{n} {}", if n == 1 { "fails" } else { "fail" })),
    };
    let mut rows = vec![
        row("Restored", of(measured.map(|m| m.restore_ms), drill.plan.rto_ms), said(drill.verdict.rto)),
        row("Data lost", of(measured.and_then(|m| m.rpo_ms), drill.plan.rpo_ms), said(drill.verdict.rpo)),
        row("Checks", format!("{} of {}", drill.passed(), drill.checks.len()), Some(checks)),
    ];
    if let Some(why) = &drill.abandoned {
        rows.push(row("Abandoned", why.clone(), None));
    }
    for finding in findings {
        let (shape, word) = Shape::of_standing(finding.value.standing(page.now));
        let word = if finding.value.standing(page.now) == FindingStanding::Closed { "closed" } else { word };
        let link = view! { <a href=format!("/findings#{}", finding.id)>{finding.id.clone()}</a> ", " {finding.value.title.clone()} };
        rows.push(row("Finding", link, Some((shape, word.to_owned()))));
    }
    let people: Vec<String> = drill.people.iter().map(|p| format!("{}, {}", p.name, lower(&p.role))).collect();
    if !people.is_empty() {
        let lines = people.into_iter().map(|p| view! { <span class="signoff-person">{p}</span> }).collect_view();
        rows.push(row("Took part", lines, None));
    }
    let href = drill_href(id);
    rows.push(row("Steps", view! { <a href=href>"read the whole record"</a> }, None));
    rows
}

/// What became of it since the last signature, if there was one.
fn changed(page: &ReviewPage) -> Option<AnyView> {
    let runbook = matches!(page.signed, Signed::Runbook { .. });
    let Some(before) = &page.review.before else {
        return runbook.then(|| row("Changed", "nothing was signed before it", None));
    };
    let version = signed_last(page.review.subject.purpose, &before.statement.document.version);
    let who = format!("{version}, by {} on {}", before.statement.signer.name, words::date(before.at()));
    let view = match &page.since {
        Since::Changed(hunks) => {
            let (gone, new) = changes::count(hunks);
            let lines = match (gone, new) {
                (0, 0) => "no line".to_owned(),
                (gone, 0) => format!("{} gone", plural(gone, "line", "lines")),
                (0, new) => format!("{} new", plural(new, "line", "lines")),
                (gone, new) => format!("{} gone, {} new", plural(gone, "line", "lines"), words::number(new)),
            };
            view! { <a href="#changes">{lines}</a> <span class="second">"since " {who}</span> }.into_any()
        }
        _ => {
            view! { "these bytes are not the ones signed" <span class="second">"signed last: " {who}</span> }.into_any()
        }
    };
    Some(row("Changed", view, None))
}

/// The record's place and digest, whose first words are on the sheet.
fn record(review: &Review) -> AnyView {
    let seal = &review.document.seal;
    let line = |n: usize| words::groups(seal.sha256.get(n * 16..(n + 1) * 16).unwrap_or_default());
    let rest = [2, 3].map(|n| view! { <span class="signoff-digest">{line(n)}</span> }).collect_view();
    let view = view! {
        <span class="mono signoff-digest">{format!("№ {}", seal.seq)}</span>
        <span class="mono signoff-digest">{line(0)}</span>
        <details class="signoff-rest">
            <summary><span class="mono signoff-digest">{line(1)} " …"</span><span class="unseen">" the whole digest"</span></summary>
            <span class="mono">{rest}</span>
        </details>
    };
    let state = seal.broken.then(|| (Shape::Square, "differs from its seal".to_owned()));
    row("Record", view, state)
}

fn standing(page: &ReviewPage) -> AnyView {
    let review = &page.review;
    let mark = review.standing.mark(page.now);
    let says = match &review.standing {
        Standing::Waiting { due, .. } => format!("due {}", words::date(*due)),
        Standing::Returned { by, at, note, .. } => format!("{by} on {}: “{note}”", words::date(*at)),
        Standing::Altered { .. } => "nothing can be signed before that is understood".to_owned(),
        Standing::Signed { until } => {
            let by = review.signatures.first().map(|s| s.statement.signer.name.clone()).unwrap_or_default();
            match until {
                Some(until) => format!("{by}, until {}", words::date(*until)),
                None => by,
            }
        }
        Standing::Lapsed { at } => format!("its day was {}", words::date(*at)),
        Standing::Replaced => "a later version took its place".to_owned(),
    };
    let label = match mark {
        Mark::Signed => "Signed",
        _ => "Signature",
    };
    let asks =
        matches!(review.standing, Standing::Waiting { .. }).then(|| view! { <span class="second">{page.asks}</span> });
    row(label, (says, asks), Some((Shape::of_mark(mark), mark.word().to_owned())))
}

/// The sentence and what signs it; or why nothing can be signed here.
fn ask(page: &ReviewPage) -> AnyView {
    let review = &page.review;
    let open = matches!(review.standing, Standing::Waiting { .. } | Standing::Returned { .. });
    if matches!(review.standing, Standing::Altered { .. }) {
        return view! {
            <p class="signoff-note">
                "The record in the database is not what was sealed, so nothing can be signed. What was sealed is in the "
                <a href="/ledger">"ledger"</a>
                "."
            </p>
        }
        .into_any();
    }
    if !open {
        return ().into_any();
    }
    let purpose = review.subject.purpose;
    match page.hindrance {
        None => {}
        Some(Hindrance::Role) => {
            let who = purpose.waits_for().with_article();
            return view! { <p class="signoff-note">{format!("It waits for {who}, who signs it here with a passkey.")}</p> }
                .into_any();
        }
        Some(Hindrance::NoPasskeysHere) => {
            return view! {
                <p class="signoff-note">"Signing needs a passkey, and browsers offer none on an address of numbers. Open the portal’s own address."</p>
            }
            .into_any();
        }
        Some(Hindrance::NoPasskey) => {
            let to = format!("/settings/passkeys/new?to={}", encoded(&review_href(&review.subject)));
            return view! {
                <p class="signoff-sentence">{purpose.sentence()}</p>
                <p class="signoff-acts"><a class="button primary" href=to>"Register a passkey"</a></p>
                <p class="signoff-note">"A signature is made with a passkey, and you hold none yet. It leads back here."</p>
            }
            .into_any();
        }
    }
    let key = review.subject.key();
    let fields = |decision: &'static str| {
        let key = key.clone();
        view! {
            <input type="hidden" name="subject" value=key />
            <input type="hidden" name="decision" value=decision />
        }
    };
    let approve = fields("approve");
    let back = fields("return");
    view! {
        <p class="signoff-sentence">{purpose.sentence()}</p>
        <div class="signoff-acts">
            <PasskeyForm
                ceremony=Ceremony::Get
                begin="/reviews/statement"
                finish="/reviews/signoffs"
                button="Sign with passkey"
                without="Signing is left to a device with JavaScript on; everything else here reads without."
            >
                {approve}
                <details class="signoff-statement" hidden>
                    <summary>"What is signed, to the letter"</summary>
                    <pre class="shell-recipe" data-passkey-shows></pre>
                </details>
            </PasskeyForm>
            <details class="signoff-back-note">
                <summary class="button">"Send back with a note"</summary>
                <PasskeyForm
                    ceremony=Ceremony::Get
                    begin="/reviews/statement"
                    finish="/reviews/signoffs"
                    button="Sign and send back"
                    without=""
                    second=true
                >
                    {back}
                    <p class="field">
                        <label for="signoff-note">"What must change"</label>
                        <textarea id="signoff-note" name="note" rows="3" maxlength="1000"></textarea>
                    </p>
                </PasskeyForm>
            </details>
        </div>
        <p class="signoff-note">
            "A signature goes into the ledger. It cannot be withdrawn, only followed by another. Your device will name this site and not the document: what it signs is the digest above."
        </p>
    }
    .into_any()
}

/// Every word on these bytes, newest first.
#[component]
fn Words(signatures: Vec<Signature>) -> impl IntoView {
    let rows = signatures
        .into_iter()
        .map(|s| {
            let (shape, word) = match s.statement.decision {
                Decision::Approve => (Shape::Disc, "signed"),
                Decision::Return => (Shape::Square, "sent back"),
            };
            let note = s.statement.note.clone().map(|note| view! { <span class="second">{format!("“{note}”")}</span> });
            let what = format!("sign-off {}", s.id);
            let at = s.at();
            let statement = shown(&s.statement);
            view! {
                <tr>
                    <th scope="row">
                        {s.statement.signer.name.clone()}
                        <span class="second">{s.statement.signer.role.word()}</span>
                        {note}
                    </th>
                    <td class="hide-phone"><When at=at /></td>
                    <td>
                        <details class="signoff-statement">
                            <summary>"the statement"</summary>
                            <pre class="shell-recipe" tabindex="0" aria-label="The statement that was signed">{statement}</pre>
                        </details>
                    </td>
                    <td class="state-cell"><StateMark state=shape word=word /></td>
                    <td class="sl"><SealNote seal=s.seal what=what /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Signed over these bytes" over_table=true>
            <table class="table dated">
                <thead>
                    <tr>
                        <th class="w-25" scope="col"><span class="unseen">"Who"</span></th>
                        <th class="w-18 hide-phone" scope="col">"When, UTC"</th>
                        <th scope="col">"What was signed"</th>
                        <th class="w-15" scope="col"><span class="unseen">"Decision"</span></th>
                        <th class="sl"><span class="unseen">"Seal of the sign-off"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Section>
    }
}

/// The lines that went and came, with the words that differ.
#[component]
fn Changes(hunks: Vec<Hunk>, before: Option<Signature>) -> impl IntoView {
    let since = before.map(|b| b.statement.document.version).unwrap_or_default();
    view! {
        <Section title=format!("What changed since {since}") id="changes">
            <div class="changes measure-width"><Hunks hunks=hunks /></div>
        </Section>
    }
}
