//! What pages read and forms do. Each function starts at the guard.

pub mod audits;
pub mod backups;
pub mod checklist;
pub mod controls;
pub mod coverage;
pub mod datastores;
pub mod drills;
pub mod emergency;
pub mod evidence;
pub mod findings;
pub mod guard;
pub mod incidents;
pub mod known;
pub mod ledger;
pub mod live;
pub mod once;
pub mod overview;
pub mod people;
pub mod requests;
pub mod reviews;
pub mod risks;
pub mod runbook;
pub mod settings;
pub mod targets;
pub mod theme;
pub mod tokens;

use domain::{
    Moment,
    finding::Standing,
    record::Head,
    role::{Actor, Permission},
};

use crate::{ports::Company, problem::Problem, seat::Seat};

/// What the frame around every page says.
#[derive(Clone, Debug)]
pub struct Frame {
    pub actor: Actor,
    pub company: Company,
    /// `None`: the ledger holds nothing yet, or cannot be read now; pages stay readable without it.
    pub head: Option<Head>,
    /// When all sealed records were last compared with the database.
    pub checked_at: Option<Moment>,
    /// How many sealed records were found changed or deleted.
    pub alarms: usize,
    /// Findings in scope that are not closed.
    pub open_findings: usize,
    /// Requests whose turn is the reader's.
    pub waiting_requests: usize,
    /// Signatures that wait for the reader.
    pub reviews: usize,
    /// Losses in scope that are worked on.
    pub open_incidents: usize,
    /// The drill under way in scope.
    pub live: Option<String>,
    pub now: Moment,
    /// From which audit an auditor looks.
    pub seat: Option<Seat>,
}

pub async fn frame() -> Result<Frame, Problem> {
    // What everybody has, an auditor without an open audit too: the frame then says who they are, and nothing of the
    // evidence.
    let (actor, ports) = guard::signed_in(Permission::KeepOwnSignIn).await?;
    let now = ports.clock.now();
    let findings = ports.findings.all(&actor.scope).await?;
    let alarms = if actor.role.may(Permission::ReadAlarms) { ports.ledger.alarms().await?.len() } else { 0 };
    Ok(Frame {
        company: (*ports.company).clone(),
        head: ports.ledger.head().await.ok().filter(|head| head.size > 0),
        checked_at: ports.ledger.checked_at().await?,
        alarms,
        open_findings: findings.iter().filter(|f| f.value.standing(now) != Standing::Closed).count(),
        open_incidents: incidents::open(&actor, &ports).await?,
        waiting_requests: requests::waiting(&actor, &ports).await?,
        reviews: reviews::waiting(&actor, &ports, now).await?,
        // Pages stay readable without it.
        live: ports.live.live(&actor.scope).await.ok().flatten().map(|live| live.id),
        now,
        actor,
        seat: guard::seat(),
    })
}
