//! The registry of incidents: every loss that was declared, with what it took against what was promised.

use domain::{
    incident::{Incident, Standing, account::Account},
    record::Sealed,
    words,
};
use leptos::prelude::*;

use crate::{
    api::incidents::{IncidentsPage, address, list},
    parts::{Demo, PageHead, SealNote, Section, Shape, StateMark, Statement, When, loaded, plural},
};

#[component]
pub fn Incidents() -> impl IntoView {
    loaded("incidents", list(), |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(page: IncidentsPage) -> impl IntoView {
    let declare = page.works.then(|| view! { <a class="button" href="/emergency">"To the emergency desk"</a> });
    let says = statement(&page);
    let rows = page.incidents.iter().map(|(incident, account)| row(incident, account.as_ref(), &page)).collect_view();
    let table = (!page.incidents.is_empty()).then(|| {
        view! {
            <Section title="Every loss" note="newest first" over_table=true>
                <table class="table incidents">
                    <thead>
                        <tr>
                            <th scope="col"><span class="unseen">"Loss"</span></th>
                            <th scope="col" class="w-15">"Restored"</th>
                            <th scope="col" class="w-15">"Data lost"</th>
                            <th scope="col" class="w-15">"State"</th>
                            <td class="gap"></td>
                            <th class="sl" scope="col"><span class="unseen">"Seal"</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </Section>
        }
    });
    view! {
        <PageHead eyebrow=|| "Losses that were declared, and what became of them" title="Incidents">{declare}</PageHead>
        <Statement>{says}</Statement>
        {table}
    }
}

fn statement(page: &IncidentsPage) -> String {
    let open = page.incidents.iter().filter(|(i, _)| i.standing() == Standing::Open).count();
    let unsigned = page
        .incidents
        .iter()
        .filter(|(i, _)| i.standing() != Standing::Open && !i.demo && !page.signed.contains(&i.id));
    match (page.incidents.len(), open, unsigned.count()) {
        (0, ..) => "No loss was declared in this period.".to_owned(),
        (n, 0, 0) => format!(
            "{} declared; each was accounted for and signed.",
            words::capital(&plural(n, "loss was", "losses were"))
        ),
        (n, 0, left) => format!(
            "{} declared; {} still to be accounted for and signed.",
            words::capital(&plural(n, "loss was", "losses were")),
            plural(left, "is", "are")
        ),
        (_, open, _) => format!("{} open now.", words::capital(&plural(open, "loss is", "losses are"))),
    }
}

/// A standing's shape.
pub fn shape(standing: Standing) -> Shape {
    match standing {
        Standing::Open => Shape::Square,
        Standing::Restored => Shape::Triangle,
        Standing::Over => Shape::Disc,
        Standing::CalledOff => Shape::Ring,
    }
}

fn row(incident: &Incident, account: Option<&Sealed<Account>>, page: &IncidentsPage) -> impl IntoView + use<> {
    let measured = |ms: Option<i64>, promised: Option<i64>, verdict| {
        let of = promised.map(|ms| view! { <span class="second">{format!("of {}", words::duration(ms))}</span> });
        match ms {
            Some(ms) => view! { <StateMark state=Shape::from(verdict) word=words::duration(ms) /> {of} }.into_any(),
            None => view! { <StateMark state=Shape::Ring word="not measured" /> }.into_any(),
        }
    };
    let seal = account.map(|a| a.seal.clone()).or(incident.lines.iter().rev().find_map(|l| l.acted.seal.clone()));
    let standing = incident.standing();
    let signed = match (account, page.signed.contains(&incident.id)) {
        (_, true) => "account signed",
        (Some(_), false) => "account not signed",
        (None, false) if standing == Standing::Open => "",
        (None, false) => "not accounted for",
    };
    let offline = incident.lines.iter().filter(|line| line.acted.act.offline).count();
    let offline = (offline > 0)
        .then(|| view! { <span class="second">{format!("{} written without a connection", plural(offline, "act was", "acts were"))}</span> });
    view! {
        <tr>
            <td>
                <a href=address(&incident.id)>{incident.scenario.title()}</a>
                <span class="second">{incident.what.clone()} " " <Demo demo=incident.demo /></span>
                <span class="second"><span class="mono">{incident.id.clone()}</span> ", declared " <When at=incident.declared_at /> " UTC by " {incident.declared_by.clone()}</span>
                {offline}
            </td>
            <td><span class="phone-only">"Restored in "</span>{measured(incident.restore_ms(), incident.promise.rto_ms, incident.rto())}</td>
            <td><span class="phone-only">"Data lost: "</span>{measured(incident.lost_ms(), incident.promise.rpo_ms, incident.rpo())}</td>
            <td class="state-cell"><StateMark state=shape(standing) word=standing.word() /> <span class="second">{signed}</span></td>
            <td class="gap"></td>
            <td class="sl">{seal.map(|seal| view! { <SealNote seal=seal what=format!("Incident {}", incident.id) /> })}</td>
        </tr>
    }
}
