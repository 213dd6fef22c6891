//! Audits: which firm looks at which period and controls, and when; the form that opens another.

use domain::{
    Moment,
    audit::{Access, Audit},
    control::Control,
    record::Sealed,
    role::Role,
    words,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::audits::{AuditsPage, Form, list},
    parts::{
        Empty, ErrorNote, PageHead, SealKind, SealNote, Section, SettingsPages, Shape, StateMark, Statement, Waiting,
        capital, loaded, plural,
    },
};

#[component]
pub fn Audits() -> impl IntoView {
    let query = use_query_map().get_untracked();
    loaded("settings", async move { list(&query).await }, |page, frame| {
        view! { <Body page=page role=frame.actor.role /> }
    })
}

#[component]
fn Body(page: AuditsPage, role: Role) -> impl IntoView {
    let AuditsPage { audits, form, now, refused } = page;
    let open = audits.iter().filter(|a| a.value.is_open(now)).count();
    let says = match (audits.len(), open) {
        (0, _) => "No audit has been opened. Until one is, no auditor sees anything.".to_owned(),
        (_, 0) => "No audit is open now, so no auditor sees anything.".to_owned(),
        (_, n) => format!("{} open. Its auditors see that period and those controls, and nothing else.", is(n)),
    };
    let margin = match audits.first() {
        Some(audit) => {
            view! { <SealNote seal=audit.seal.clone() kind=SealKind::Record note="Newest audit" what="The newest audit" /> }
                .into_any()
        }
        None => view! { <Waiting why="sealed when opened" /> }.into_any(),
    };
    let list = if audits.is_empty() {
        view! { <Empty sentence="No audit is here yet." /> }.into_any()
    } else {
        view! { <List audits=audits now=now /> }.into_any()
    };
    view! {
        <PageHead eyebrow=|| "Settings" title="Audits" />
        <SettingsPages current="/settings/audits" role=role />
        {refused.map(|problem| view! { <ErrorNote problem=problem /> })}
        <Statement margin=margin>{says}</Statement>
        <Section title="Audits" over_table=true>{list}</Section>
        <Section title="Open another" id="form">
            <AuditForm form=form />
        </Section>
    }
}

fn is(n: usize) -> String {
    let audits = capital(&plural(n, "audit", "audits"));
    if n == 1 { format!("{audits} is") } else { format!("{audits} are") }
}

#[component]
fn List(audits: Vec<Sealed<Audit>>, now: Moment) -> impl IntoView {
    let rows = audits
        .into_iter()
        .map(|sealed| {
            let audit = sealed.value;
            let people = plural(audit.people.len(), "auditor", "auditors");
            view! {
                <tr>
                    <th scope="row">
                        <a href=format!("/settings/audits/{}", audit.id)>{audit.firm.clone()}</a>
                        <span class="second">{format!("{}, {people}", audit.id)}</span>
                    </th>
                    <td>{days(audit.period.from, audit.period.last_day())}</td>
                    <td>{controls(&audit.controls)}</td>
                    <td class="state-cell"><AccessState access=audit.access_at(now) /></td>
                    <td class="gap"></td>
                    <td class="sl"><SealNote seal=sealed.seal kind=SealKind::Row what=format!("Audit {}", audit.id) /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="table">
            <thead>
                <tr>
                    <th scope="col"><span class="unseen">"Firm"</span></th>
                    <th class="w-20" scope="col">"Period (UTC)"</th>
                    <th class="w-15" scope="col">"Controls"</th>
                    <th class="w-15" scope="col">"Access"</th>
                    <th class="gap" scope="col"><span class="unseen">"Between"</span></th>
                    <th class="sl" scope="col"><span class="unseen">"Seal"</span></th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// Open until, to come, or ended: by itself, at midnight UTC.
#[component]
pub fn AccessState(access: Access) -> impl IntoView {
    let (shape, word, says) = match access {
        Access::Open(until) => (Shape::Disc, "open", format!("until {}", words::date(until.plus_millis(-1)))),
        Access::ToCome(from) => (Shape::Ring, "to come", format!("from {}", words::date(from))),
        Access::Ended(at) => (Shape::Dotted, "ended", format!("on {}", words::date(at.plus_millis(-1)))),
    };
    view! { <StateMark state=shape word=word /><span class="second">{says}</span> }
}

pub fn days(from: Moment, last: Moment) -> String {
    format!("{} to {}", words::date(from), words::date(last))
}

pub fn controls(controls: &[Control]) -> String {
    if controls.len() == Control::ALL.len() {
        return "every control".to_owned();
    }
    controls.iter().map(|c| c.id()).collect::<Vec<_>>().join(", ")
}

/// The form that opens an audit or changes one. Each change is another sealed version.
#[component]
pub fn AuditForm(form: Form) -> impl IntoView {
    let Form { id, version, draft, auditors } = form;
    let verb = if id.is_empty() { "Open the audit" } else { "Seal the change" };
    let boxes = Control::ALL
        .into_iter()
        .map(|control| {
            let on = draft.controls.iter().any(|c| c == control.id());
            view! {
                <label class="choice">
                    <input type="checkbox" name="controls[]" value=control.id() checked=on />
                    <span>{control.id()}<span class="second">{control.title()}</span></span>
                </label>
            }
        })
        .collect_view();
    let people = if auditors.is_empty() {
        view! {
            <p>
                "Nobody is an auditor yet. " <a href="/settings/people#invite">"Invite one"</a>
                ", and choose them here; the audit can be opened without."
            </p>
        }
        .into_any()
    } else {
        auditors
            .into_iter()
            .map(|(id, name)| {
                let on = draft.people.contains(&id);
                view! {
                    <label class="choice">
                        <input type="checkbox" name="people[]" value=id checked=on />
                        <span>{name}</span>
                    </label>
                }
            })
            .collect_view()
            .into_any()
    };
    let day = |name: &'static str, label: &'static str, value: String| {
        view! {
            <label class="day-field">
                <span>{label}</span>
                <input class="underlined" type="date" name=name value=value required />
            </label>
        }
    };
    view! {
        <form class="measure-width" method="post" action=save_audit_path() aria-label="Audit">
            <input type="hidden" name="id" value=id />
            <input type="hidden" name="version" value=version.to_string() />
            <ol class="steps bundle-steps audit-steps">
                <li>
                    <h3><label for="firm">"Firm"</label></h3>
                    <div class="field">
                        <input id="firm" name="firm" value=draft.firm maxlength="200" required autocomplete="organization" />
                    </div>
                </li>
                <li>
                    <h3 id="audit-people">"People"</h3>
                    <div role="group" aria-labelledby="audit-people">{people}</div>
                </li>
                <li>
                    <h3 id="audit-period">"Period"</h3>
                    <div role="group" aria-labelledby="audit-period">
                        <div class="days">{day("from", "First day", draft.from)}{day("to", "Last day", draft.to)}</div>
                        <p class="second">
                            "Whole days in UTC. They see what happened in it, and what belongs to it by nature: the runbook and targets in force then, findings opened or still open then."
                        </p>
                    </div>
                </li>
                <li>
                    <h3 id="audit-controls">"Controls"</h3>
                    <div class="control-boxes" role="group" aria-labelledby="audit-controls">{boxes}</div>
                </li>
                <li>
                    <h3 id="audit-access">"Access"</h3>
                    <div role="group" aria-labelledby="audit-access">
                        <div class="days">
                            {day("access_from", "From", draft.access_from)} {day("access_until", "Until", draft.access_until)}
                        </div>
                        <p class="second">"It ends by itself at the end of the last day, UTC."</p>
                    </div>
                </li>
                <li>
                    <h3><span class="unseen">"Seal it"</span></h3>
                    <div><button class="button primary" type="submit">{verb}</button></div>
                </li>
            </ol>
        </form>
    }
}

fn save_audit_path() -> &'static str {
    use leptos::server_fn::ServerFn;
    <crate::api::audits::SaveAudit as ServerFn>::PATH
}
