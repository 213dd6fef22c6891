//! One audit: its terms, the anchors handed over, what its auditors looked at, and looking as they do.

use domain::{audit::HandedOver, words};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::audits::{AccessState, AuditForm, controls, days};
use crate::{
    api::audits::{AuditPage, one},
    parts::{Empty, ErrorNote, PageHead, SealKind, SealNote, Section, Statement, When, loaded, plural},
    ports::Visited,
};

#[component]
pub fn AuditRecord() -> impl IntoView {
    let (params, query) = (use_params_map().get_untracked(), use_query_map().get_untracked());
    let id = params.get("id").unwrap_or_default();
    loaded("settings", async move { one(id, &query).await }, |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(page: AuditPage) -> impl IntoView {
    let AuditPage { sealed, form, names, visits, visited, overlapping, access, refused, .. } = page;
    let (audit, seal) = (sealed.value, sealed.seal);
    let owner = form.is_some();
    let who = match names.len() {
        0 => "Nobody".to_owned(),
        _ => names.join(", "),
    };
    let verb = if names.len() > 1 { "see" } else { "sees" };
    let says = format!(
        "{who} {verb} what happened from {} to {} and answers {}.",
        words::long_date(audit.period.from),
        words::long_date(audit.period.last_day()),
        controls(&audit.controls)
    );
    let overlaps = (!overlapping.is_empty()).then(|| {
        let others = overlapping.iter().map(|(id, firm)| format!("{firm} ({id})")).collect::<Vec<_>>().join(", ");
        view! { <p class="measure-width second">{format!("Its period overlaps with that of {others}: each firm sees its own controls.")}</p> }
    });
    let preview = owner.then(|| {
        view! {
            <form class="measure-width" method="post" action=format!("/settings/audits/{}/preview", audit.id)>
                <p>
                    <button class="button" type="submit">"Look as its auditors do"</button>
                    " "
                    <span class="second">"You see exactly their pages, lists, counts and downloads, and can change nothing until you leave."</span>
                </p>
            </form>
        }
    });
    let terms = view! {
        <dl class="pairs">
            <dt>"Firm"</dt>
            <dd>{audit.firm.clone()}</dd>
            <dt>"Period"</dt>
            <dd>{days(audit.period.from, audit.period.last_day())} <span class="second">"whole days, UTC"</span></dd>
            <dt>"Controls"</dt>
            <dd>{controls(&audit.controls)}</dd>
            <dt>"Access"</dt>
            <dd><AccessState access=access /></dd>
        </dl>
    };
    let (title, eyebrow) = (audit.firm.clone(), format!("Audit {}", audit.id));
    view! {
        <PageHead eyebrow=move || eyebrow.clone() title=title />
        {refused.map(|problem| view! { <ErrorNote problem=problem /> })}
        <Statement margin=view! {
            <SealNote seal=seal kind=SealKind::Record what=format!("Audit {}", audit.id) />
        }.into_any()>{says}</Statement>
        <Section title="Terms">
            <div class="measure-width">{terms}</div>
            {overlaps}
            {preview}
        </Section>
        <Anchors id=audit.id.clone() handed=audit.anchors.clone() owner=owner />
        <Visits visits=visits visited=visited owner=owner />
        {form.map(|form| view! { <Section title="Change it" id="form"><AuditForm form=form /></Section> })}
    }
}

#[component]
fn Anchors(id: String, handed: Option<HandedOver>, owner: bool) -> impl IntoView {
    let says = match handed {
        Some(handed) => view! {
            <p>
                {format!("Handed over by {}, {}, ", handed.by, handed.how)} <When at=handed.at />
                <span class="second">"SHA-256 of anchors.json then: " <code class="digest">{words::groups(&handed.sha256)}</code></span>
            </p>
        }
        .into_any(),
        None => view! {
            <p>"Not handed over yet. Until the firm holds them from outside, a bundle can only be checked against keys that came with it."</p>
        }
        .into_any(),
    };
    let form = owner.then(|| {
        view! {
            <form class="hand-over" method="post" action=path()>
                <input type="hidden" name="id" value=id />
                <div class="field">
                    <label for="how">"How they were handed over"</label>
                    <input id="how" name="how" maxlength="200" required placeholder="on paper, at the kick-off" />
                </div>
                <button class="button" type="submit">"Seal the hand-over"</button>
            </form>
        }
    });
    view! {
        <Section title="Anchors" id="anchors">
            <div class="measure-width">
                {says}
                <p>
                    <a href="/evidence/anchors.json" download="anchors.json">"anchors.json"</a>
                    ", "
                    <a href="/evidence/anchors.pdf" download="anchors.pdf">"the same as a sheet to print"</a>
                    <span class="second">"The root’s digest, the ledger’s key and the time authorities, to be kept by the firm before the first bundle."</span>
                </p>
                {form}
            </div>
        </Section>
    }
}

fn path() -> &'static str {
    use leptos::server_fn::ServerFn;
    <crate::api::audits::HandOverAnchors as ServerFn>::PATH
}

#[component]
fn Visits(visits: Vec<Visited>, visited: u64, owner: bool) -> impl IntoView {
    let whose = if owner { "What its auditors looked at" } else { "What is written down of your looking" };
    let shown = visits.len();
    let more = (visited > shown as u64 && owner).then(|| {
        view! { <p class="foot">{format!("The last {shown} of {}.", words::count(i64::try_from(visited).unwrap_or(i64::MAX)))}</p> }
    });
    let list = if visits.is_empty() {
        view! { <Empty sentence="Nothing has been looked at yet." detail="Each page read, each download and each bundle made stands here, for the owner and for the auditor." /> }
            .into_any()
    } else {
        let rows = visits
            .into_iter()
            .map(|visit| {
                view! {
                    <tr>
                        <th scope="row"><When at=visit.at show=visit.at.utc().format("%Y-%m-%d %H:%M:%SZ").to_string() /></th>
                        <td>{visit.name}</td>
                        <td>{visit.what.word()}</td>
                        <td><code>{visit.path}</code></td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <div class="measure-width">
                <table class="table visits">
                    <thead>
                        <tr>
                            <th class="w-25" scope="col">"When (UTC)"</th>
                            <th class="w-25" scope="col">"Who"</th>
                            <th class="w-15" scope="col">"What"</th>
                            <th scope="col">"Where"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
                {more}
            </div>
        }
        .into_any()
    };
    let note = if shown == 0 { String::new() } else { plural(shown, "entry", "entries") };
    view! { <Section title=whose note=note>{list}</Section> }
}
