//! The emergency desk: the kit it works from, and the incidents that are open.

use domain::{
    Moment,
    bench::bench,
    fact::{Fact, PointState},
    incident::{Incident, Standing, incidents},
    kit::{Contact, Fingerprint, Kit, Path, Point, deadlines},
    role::{Permission, Role, Scope},
    runbook::Runbook,
    target::judge,
    words,
};

use super::{guard, known};
use crate::{
    ports::{PortError, Ports},
    problem::Problem,
};

/// Recovery points a kit names.
const POINTS: usize = 30;

pub struct EmergencyPage {
    /// `None`: no runbook is in force, so there is nothing to work from.
    pub kit: Option<Kit>,
    pub incidents: Vec<Incident>,
    pub now: Moment,
}

pub async fn load() -> Result<EmergencyPage, Problem> {
    let (_, ports) = guard::signed_in(Permission::WorkIncidents).await?;
    let now = ports.clock.now();
    Ok(EmergencyPage { kit: kit(&ports, now).await?, incidents: worked(&ports).await?, now })
}

/// Every incident, the newest first.
pub async fn worked(ports: &Ports) -> Result<Vec<Incident>, PortError> {
    Ok(incidents(ports.incidents.acts(&Scope::EVERYTHING).await?))
}

/// Those a phone has to know: what is open, and what was declared in the last week.
pub fn of_interest(incident: &Incident, now: Moment) -> bool {
    const WEEK_MS: i64 = 7 * 86_400_000;
    matches!(incident.standing(), Standing::Open | Standing::Restored) || now.since(incident.declared_at) < WEEK_MS
}

/// What a phone holds to work without portal and network, made of what the ledger holds now.
pub async fn kit(ports: &Ports, now: Moment) -> Result<Option<Kit>, PortError> {
    let everything = Scope::EVERYTHING;
    let Some(version) = ports.runbooks.versions(&everything).await?.into_iter().next() else { return Ok(None) };
    let read =
        Runbook::parse(&version.value.text).map_err(|e| PortError::Broken(format!("runbook {}: {e}", version.id)))?;
    let drills = ports.drills.all(&everything).await?;
    let (tell_ms, document_ms) = deadlines(&read);
    let bench = bench(&ports.checklists.trainings(&everything).await?, &drills);
    let trained = |name: &str| {
        let mine = bench.iter().filter(|t| t.person == name && t.holds(now));
        mine.map(|t| t.duty.title()).collect::<Vec<_>>().join(", ")
    };
    let people = ports.people.all().await?;
    let people = people.into_iter().filter(|p| p.removed.is_none() && p.actor.role != Role::Auditor);
    let facts = known::facts(ports, &everything, now).await?;
    let mut points: Vec<Point> = facts.all.iter().filter_map(|known| point(&known.fact)).collect();
    points.extend(attested(ports, &everything).await?);
    points.retain(|point| point.taken_at <= now);
    points.sort_by(|a, b| (b.taken_at, &a.id).cmp(&(a.taken_at, &b.id)));
    points.dedup_by(|a, b| a.id == b.id);
    points.truncate(POINTS);
    let root = ports.bundles.root_fingerprint();
    let keys =
        [("The evidence root certificate, SHA-256", words::groups(&root)), ("The ledger’s key", ports.ledger.vkey())];
    Ok(Some(Kit {
        schema: 1,
        company: ports.company.name.clone(),
        made_at: now,
        runbook: ports.runbooks.book(&version).await?,
        paths: read.targets().iter().map(|target| Path::of(&judge(target, &drills, now))).collect(),
        tell_ms,
        document_ms,
        people: people
            .map(|person| Contact {
                trained: trained(&person.actor.name),
                role: person.actor.role.word().to_owned(),
                email: person.email.map(|email| email.as_str().to_owned()),
                name: person.actor.name,
            })
            .collect(),
        points,
        keys: keys.map(|(what, is)| Fingerprint { what: what.to_owned(), is }).to_vec(),
        demo: ports.company.demo,
    }))
}

/// One that is complete and says from when it is.
fn point(fact: &Fact) -> Option<Point> {
    let Fact::Point(point) = fact else { return None };
    if point.state != PointState::Available {
        return None;
    }
    let places = point.region.iter().chain(&point.copies).cloned().collect();
    Some(Point {
        id: point.reference.clone(),
        store: point.resource.clone().unwrap_or_default(),
        taken_at: point.data_as_of.or(point.taken_at)?,
        places,
    })
}

/// Those that the last attestations name.
async fn attested(ports: &Ports, scope: &Scope) -> Result<Vec<Point>, PortError> {
    let last = ports.attestations.page(scope, &Default::default(), None, POINTS as u32).await?;
    let named = last.items.into_iter().map(|sealed| sealed.value.recovery_point);
    let point = |p: domain::attestation::RecoveryPoint| Point {
        id: p.id,
        store: p.cluster,
        taken_at: p.taken_at,
        places: p.regions,
    };
    Ok(named.map(point).collect())
}
