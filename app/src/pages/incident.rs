//! One incident: its measured figures, its deadlines, everything that was done, and its account.

use domain::{
    finding::Severity,
    incident::{
        Incident, Line, Standing,
        account::{FailureMode, Words},
    },
    words,
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use super::incidents::shape;
use crate::{
    api::incidents::{IncidentPage, one},
    parts::{
        Demo, ErrorNote, Measure, Measures, PageHead, SealKind, SealNote, Section, Shape, StateMark, Statement, When,
        loaded, review_href,
    },
};

#[component]
pub fn IncidentRecord() -> impl IntoView {
    let (params, query) = (use_params_map().get_untracked(), use_query_map().get_untracked());
    let id = params.get("id").unwrap_or_default();
    loaded("incidents", async move { one(id, &query).await }, |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(page: IncidentPage) -> impl IntoView {
    let incident = page.incident.clone();
    let standing = incident.standing();
    let open = matches!(standing, Standing::Open | Standing::Restored);
    let work = (page.works && open).then(|| {
        let href = format!("/emergency?incident={}", crate::parts::encoded(&incident.id));
        view! { <a class="button primary" href=href>"Work on it"</a> }
    });
    let sign = page.review.as_ref().filter(|r| page.works && r.standing.mark(page.now).asks()).map(|r| {
        view! { <a class="button primary" href=review_href(&r.subject)>"Review the account"</a> }
    });
    let says = match &page.account {
        Some(account) => account.value.sentence(),
        None if standing == Standing::Open => {
            format!("{}. It is being worked on.", incident.what.trim_end_matches('.'))
        }
        None => format!(
            "{}. It is {}; nobody has accounted for it yet.",
            incident.what.trim_end_matches('.'),
            standing.word()
        ),
    };
    let seal = page.account.as_ref().map(|a| a.seal.clone());
    let seal = seal.or(incident.lines.iter().rev().find_map(|l| l.acted.seal.clone()));
    let note = if page.account.is_some() { "The account" } else { "The last act" };
    let margin = seal.map(|seal| view! { <SealNote seal=seal kind=SealKind::Record note=note what=note /> }).into_any();
    let id = incident.id.clone();
    let form = (page.works && standing != Standing::Open).then(|| {
        let seen = page.account.as_ref().map(|a| a.seal.seq.to_string()).unwrap_or_default();
        view! { <Form id=incident.id.clone() seen=seen words=page.words.clone() /> }
    });
    view! {
        <PageHead eyebrow=move || view! { <a href="/incidents">"Incidents"</a> " · " <span class="mono">{id.clone()}</span> }.into_any() title=incident.scenario.title().to_owned()>
            {work} {sign}
        </PageHead>
        <Statement margin=margin>{says} " " <Demo demo=incident.demo /></Statement>
        {page.refused.clone().map(|problem| view! { <ErrorNote problem=problem /> })}
        <Figures incident=incident.clone() />
        <Deadlines page=&page />
        <Account page=&page />
        <Section title="What was done" note="in the order it happened, nothing left out">
            <table class="table tight log">
                <thead class="unseen-head">
                    <tr>
                        <th class="w-18" scope="col">"When, UTC"</th>
                        <th scope="col">"What"</th>
                        <td class="sl"></td>
                    </tr>
                </thead>
                <tbody>{incident.lines.iter().map(line).collect_view()}</tbody>
            </table>
        </Section>
        {form}
    }
}

#[component]
fn Figures(incident: Incident) -> impl IntoView {
    let figure = |ms: Option<i64>| ms.map_or("not measured".to_owned(), words::duration);
    let of = |ms: Option<i64>| ms.map_or("nothing promised".to_owned(), |ms| format!("of {}", words::duration(ms)));
    let (rto, rpo) = (incident.rto(), incident.rpo());
    let count = incident.done(domain::incident::Step::Verified).and_then(|done| done.count);
    let standing = incident.standing();
    view! {
        <div class="measure-width">
        <Measures>
            <Measure label="Restored" value=figure(incident.restore_ms()) of=of(incident.promise.rto_ms) state=(Shape::from(rto), rto.word().to_owned()) />
            <Measure label="Data lost" value=figure(incident.lost_ms()) of=of(incident.promise.rpo_ms) state=(Shape::from(rpo), rpo.word().to_owned()) />
            <Measure label="Counted in staging" value=count.map_or("not counted".to_owned(), |n| words::count(n.min(i64::MAX as u64) as i64)) />
            <Measure label="State" value=standing.word() state=(shape(standing), format!("runbook {}", incident.promise.runbook_version)) />
        </Measures>
        </div>
    }
}

#[component]
fn Deadlines<'p>(page: &'p IncidentPage) -> impl IntoView + use<> {
    let now = page.now;
    let rows = page
        .incident
        .clocks(now)
        .into_iter()
        .map(|clock| {
            let (shape, word) = match clock.verdict {
                Some(verdict) => (Shape::from(verdict), verdict.word()),
                None => (Shape::Ring, "running"),
            };
            view! {
                <tr>
                    <td>{clock.what.title()} <span class="second">"by " <When at=clock.due /> " UTC"</span></td>
                    <td>{clock.says(now)}</td>
                    <td class="state-cell"><StateMark state=shape word=word /></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Deadlines">
            <div class="measure-width"><table class="table tight">
                <thead class="unseen-head"><tr><th scope="col">"Deadline"</th><th scope="col">"What became of it"</th><th scope="col" class="w-18">"State"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </Section>
    }
}

#[component]
fn Account<'p>(page: &'p IncidentPage) -> impl IntoView + use<> {
    let signed = page.review.as_ref().and_then(|r| r.signed().cloned());
    page.account.clone().map(|account| {
        let value = account.value;
        let follow = value.follow_ups.iter().map(|line| view! { <li>{line.clone()}</li> }).collect_view();
        let signed = match signed {
            Some(signed) => view! { <StateMark state=Shape::Disc word=format!("signed by {}, {}", signed.statement.signer.name, words::date(signed.at())) /> },
            None => view! { <StateMark state=Shape::Ring word="not signed" /> },
        };
        view! {
            <Section title="The account">
                <dl class="pairs measure-width">
                    <dt>"Root cause"</dt><dd class="said">{value.root_cause}</dd>
                    <dt>"What failed"</dt><dd>{value.failure_mode.title()}</dd>
                    <dt>"To happen again"</dt><dd>{value.again.word()}</dd>
                    <dt>"What is to change"</dt><dd>{if value.follow_ups.is_empty() { "nothing".into_any() } else { view! { <ul>{follow}</ul> }.into_any() }}</dd>
                    <dt>"Written"</dt><dd>{format!("{} UTC by {}, version {}", words::date_time(value.occurred_at), value.by, value.version)}</dd>
                    <dt>"Signature"</dt><dd>{signed}</dd>
                </dl>
            </Section>
        }
    })
}

fn line(line: &Line) -> impl IntoView + use<> {
    let act = line.acted.act.clone();
    let off = act.device_at.since(act.occurred_at);
    let device = (off.abs() > 60_000).then(|| {
        let way = if off > 0 { "ahead" } else { "behind" };
        view! { <span class="second">{format!("The device’s clock said {} UTC: it was {} {way}.", words::date_time(act.device_at), words::duration(off.abs()))}</span> }
    });
    let offline = act.offline.then(|| {
        let learned = line
            .acted
            .seal
            .as_ref()
            .map(|seal| format!("; the portal learned of it on {} UTC", words::date_time(seal.at)));
        view! { <span class="second">{format!("Written without a connection{}.", learned.unwrap_or_default())}</span> }
    });
    let wrong = line.out_of_order.as_ref().map(|why| {
        let says = why.says().0;
        view! { <span class="second"><StateMark state=Shape::Triangle word="out of order" /> " " {says}</span> }
    });
    let by = match &act.brought_by {
        Some(other) => format!("{}, brought by {other}", act.by),
        None => act.by.clone(),
    };
    let seal = line.acted.seal.clone().map(|seal| view! { <SealNote seal=seal kind=SealKind::Line what=act.id() /> });
    view! {
        <tr>
            <td class="w-18"><When at=act.occurred_at show=format!("{} {}Z", words::date(act.occurred_at), words::time(act.occurred_at)) /></td>
            <td class="log-says"><span class="said">{act.says()}</span> <span class="second">{by}</span> {offline} {device} {wrong}</td>
            <td class="sl">{seal}</td>
        </tr>
    }
}

/// What a person adds; the figures are not theirs to write.
#[component]
fn Form(id: String, seen: String, words: Words) -> impl IntoView {
    let chosen = words.failure_mode.clone();
    let modes = FailureMode::ALL
        .into_iter()
        .map(|mode| view! { <option value=mode.id() selected=mode.id() == chosen>{mode.title()}</option> })
        .collect_view();
    let again = words.again.clone();
    let likely = [Severity::Low, Severity::Medium, Severity::High]
        .into_iter()
        .map(|s| view! { <option value=s.word() selected=s.word() == again>{s.word()}</option> })
        .collect_view();
    view! {
        <Section title="Account for it" id="account">
            <form class="accept measure-width" method="post" action="/incidents/account">
                <input type="hidden" name="id" value=id />
                <input type="hidden" name="seen" value=seen />
                <p class="field wide">
                    <label for="root-cause">"Root cause"</label>
                    <textarea id="root-cause" name="root_cause" rows="3" maxlength="2000" required>{words.root_cause}</textarea>
                </p>
                <div class="two">
                    <p class="field"><label for="mode">"What failed"</label><select id="mode" name="failure_mode" required><option value="">"Choose"</option>{modes}</select></p>
                    <p class="field"><label for="again">"How likely to happen again"</label><select id="again" name="again" required><option value="">"Choose"</option>{likely}</select></p>
                </div>
                <p class="field wide">
                    <label for="follow">"What is to change"</label>
                    <textarea id="follow" name="follow_ups" rows="3" aria-describedby="follow-how">{words.follow_ups}</textarea>
                    <span class="second" id="follow-how">"One a line; each opens a finding. Missed deadlines open theirs by themselves."</span>
                </p>
                <p><button class="button primary" type="submit">"Seal the account"</button></p>
                <p class="second">"Times, measured figures and deadlines come from the acts. The account is then signed by the owner."</p>
            </form>
        </Section>
    }
}
