//! Auditors' requests: the list with its filters, one with its thread, and the two steps a button takes.
//!
//! What is written, with files or without, comes in by forms that the server reads itself.

use std::collections::BTreeMap;

use domain::{
    Moment,
    control::Control,
    request::Standing,
    role::{Actor, Permission, Role},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use super::{guard, once};
use crate::{
    ports::{
        Ports,
        requests::{Draft, Listed, Pointed, Reader, Refused, Thread},
    },
    problem::{Problem, ProblemKind},
};

const PLACE: &str = "/requests";

/// What the address asks for. Without a standing: all that are not accepted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    pub standing: Option<Standing>,
    pub control: Option<Control>,
}

impl Ask {
    pub fn read(query: &ParamsMap) -> Self {
        let text = |key: &str| query.get(key).filter(|v| !v.is_empty());
        Self {
            standing: text("standing").and_then(|id| Standing::ALL.into_iter().find(|s| s.id() == id)),
            control: text("control").and_then(|id| Control::from_id(&id)),
        }
    }

    /// The address of the same list under another standing.
    pub fn address(&self, standing: Option<Standing>) -> String {
        let mut query = ParamsMap::new();
        if let Some(standing) = standing {
            query.insert("standing", standing.id().to_owned());
        }
        if let Some(control) = self.control {
            query.insert("control", control.id().to_owned());
        }
        format!("{PLACE}{}", query.to_query_string())
    }
}

pub struct RequestsPage {
    pub ask: Ask,
    pub role: Role,
    /// Under the control asked for, by standing.
    pub counts: [(Standing, usize); 4],
    /// The newest change first.
    pub shown: Vec<Listed>,
    pub controls: Vec<Control>,
    /// For auditors: the form for a new one, as it was typed when it was refused.
    pub form: Option<Draft>,
    pub refused: Option<Problem>,
    pub now: Moment,
}

impl RequestsPage {
    pub fn count(&self, standing: Standing) -> usize {
        self.counts.iter().find(|(s, _)| *s == standing).map_or(0, |(_, n)| *n)
    }
}

pub struct RequestPage {
    pub thread: Thread,
    /// By place in the ledger; what the reader may not see is not in it.
    pub pointed: BTreeMap<u64, Pointed>,
    pub reader: Reader,
    pub draft: Draft,
    pub refused: Option<Problem>,
    pub now: Moment,
}

impl RequestPage {
    /// Whether the reader asks, accepts and asks for more.
    pub fn asks(&self) -> bool {
        self.reader.actor.role.may(Permission::AskRequests)
    }

    /// Whether the reader answers, and it takes an answer now.
    pub fn answers(&self) -> bool {
        let closed = self.thread.request.value.standing() == Standing::Accepted;
        self.reader.actor.role.may(Permission::AnswerRequests) && !closed
    }
}

/// The reader with the permission, and from which audit they look.
async fn reader(permission: Permission) -> Result<(Reader, Ports), Problem> {
    let (actor, ports) = guard::signed_in(permission).await?;
    Ok((from(actor), ports))
}

pub(super) fn from(actor: Actor) -> Reader {
    Reader { actor, audit: guard::seat().map(|seat| seat.audit.id) }
}

/// How many wait for this actor, for the frame around every page.
pub async fn waiting(actor: &Actor, ports: &Ports) -> Result<usize, Problem> {
    let all = ports.requests.all(&from(actor.clone())).await?;
    Ok(all.iter().filter(|listed| listed.request.value.standing().waits_for(actor.role)).count())
}

pub async fn list(query: &ParamsMap) -> Result<RequestsPage, Problem> {
    let (reader, ports) = reader(Permission::ReadEvidence).await?;
    let ask = Ask::read(query);
    let mut all = ports.requests.all(&reader).await?;
    all.retain(|listed| ask.control.is_none_or(|c| listed.request.value.control == Some(c)));
    let counts = Standing::ALL.map(|s| (s, all.iter().filter(|l| l.request.value.standing() == s).count()));
    all.retain(|listed| match ask.standing {
        Some(standing) => listed.request.value.standing() == standing,
        None => listed.request.value.standing() != Standing::Accepted,
    });
    let form = if reader.actor.role.may(Permission::AskRequests) {
        let mut draft = ports.requests.draft(&reader, None).await?.unwrap_or_default();
        if let Some(control) = query.get("about").and_then(|id| Control::from_id(&id)) {
            draft.control = control.id().to_owned();
        }
        Some(draft)
    } else {
        None
    };
    Ok(RequestsPage {
        ask,
        role: reader.actor.role,
        counts,
        shown: all,
        controls: reader.actor.scope.controls.clone().unwrap_or_else(|| Control::ALL.to_vec()),
        form,
        refused: query.get("refused").map(|_| once::refused(PLACE, "Nothing was asked.")),
        now: ports.clock.now(),
    })
}

/// One with its thread, which is then seen by this reader.
pub async fn one(id: String, query: &ParamsMap) -> Result<RequestPage, Problem> {
    let (reader, ports) = reader(Permission::ReadEvidence).await?;
    let thread = ports.requests.thread(&reader, &id).await?.ok_or_else(|| Problem::gone("request"))?;
    let pointed = ports.requests.pointed(&reader, &thread.request.value).await?;
    let draft = ports.requests.draft(&reader, Some(&id)).await?.unwrap_or_default();
    // The owner who looks as an auditor does has not read it as themselves.
    if guard::seat().is_none_or(|seat| !seat.preview) {
        let messages = thread.request.value.thread.len();
        ports.requests.mark_read(&reader, &id, thread.version, messages).await?;
    }
    Ok(RequestPage {
        thread,
        pointed,
        draft,
        refused: query.get("refused").map(|_| once::refused(PLACE, "Nothing was sent.")),
        now: ports.clock.now(),
        reader,
    })
}

/// Accepts the answer; works as the target of a plain form.
#[server(prefix = "/requests", endpoint = "accept")]
pub async fn accept_request(id: String, #[server(default)] version: i64) -> Result<(), Problem> {
    let done = async {
        let (reader, ports) = reader(Permission::AskRequests).await?;
        ports.requests.accept(&reader, &id, version).await.map_err(stepped)
    };
    led(&id, done.await)
}

/// Says whether bundles carry it; works as the target of a plain form.
#[server(prefix = "/requests", endpoint = "in-bundle")]
pub async fn put_request_in_bundle(
    id: String,
    #[server(default)] version: i64,
    #[server(default)] in_bundle: bool,
) -> Result<(), Problem> {
    let done = async {
        let (reader, ports) = reader(Permission::AskRequests).await?;
        ports.requests.put_in_bundle(&reader, &id, version, in_bundle).await.map_err(stepped)
    };
    led(&id, done.await)
}

/// A step without words: none are lost.
fn stepped(refused: Refused) -> Problem {
    let changed = matches!(refused, Refused::Changed(_));
    let mut problem = Problem::from(refused);
    if problem.kind != ProblemKind::NotFound {
        "Nothing was changed.".clone_into(&mut problem.still);
    }
    if changed {
        "Read what is new, then decide.".clone_into(&mut problem.next);
    }
    problem
}

/// Leads back to the request, with the reason where there is one.
fn led(id: &str, done: Result<(), Problem>) -> Result<(), Problem> {
    let place = format!("{PLACE}/{}", crate::parts::encoded(id).replace('/', "%2F"));
    let back = format!("{place}?refused=1");
    once::led_back(done.map(|()| place), PLACE, &back)
}
