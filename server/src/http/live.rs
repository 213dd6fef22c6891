//! A drill under way as a stream of events: the page's own parts, drawn again whenever something changes.
//!
//! Several portals may run, so each stream reads from the database. A stream lives for a few minutes and the browser
//! opens the next one: who may no longer read is then no longer let in.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use app::{
    parts::live::{Drawn, draw},
    ports::{Drills, PortError},
    problem::{Problem, ProblemKind},
};
use axum::{
    Extension,
    extract::{Path, State},
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::{
    history::{self, Medians},
    live::Live,
    role::{Actor, Permission, Scope},
};
use futures::Stream;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::requests::{reader, told};
use crate::compose::House;

/// How often a stream looks.
const LOOK: Duration = Duration::from_secs(1);
/// How long one lives.
const LIVES: Duration = Duration::from_secs(120);
/// How soon a browser opens the next one.
const AGAIN: Duration = Duration::from_secs(1);
/// Streams one person may hold at this portal: browsers allow six connections to one host, and pages need some.
const MOST: usize = 4;

/// The streams that are open, by person.
#[derive(Default)]
pub struct Streams {
    open: Mutex<HashMap<String, usize>>,
    closing: CancellationToken,
}

/// One of them; dropped with it.
struct Held {
    streams: Arc<Streams>,
    person: String,
}

impl Streams {
    /// Ends them all: the portal stops.
    pub fn close(&self) {
        self.closing.cancel();
    }

    fn hold(self: &Arc<Self>, person: &str) -> Option<Held> {
        let mut open = self.open.lock().ok()?;
        let held = open.entry(person.to_owned()).or_default();
        if *held >= MOST {
            return None;
        }
        *held += 1;
        Some(Held { streams: self.clone(), person: person.to_owned() })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Ok(mut open) = self.streams.open.lock()
            && let Some(held) = open.get_mut(&self.person)
        {
            *held -= 1;
            if *held == 0 {
                open.remove(&self.person);
            }
        }
    }
}

/// `GET /drills/{id}/events`
pub async fn events(
    State(house): State<House>,
    asking: Option<Extension<Actor>>,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    let actor = match reader(asking, None, &headers, Permission::ReadEvidence) {
        Ok(reader) => reader.actor,
        Err(answer) => return *answer,
    };
    match stands(&house, &actor.scope, &id).await {
        Ok(Stands::Nowhere) => return told(&headers, &Problem::gone("drill")),
        Ok(_) => {}
        Err(e) => return told(&headers, &e.into()),
    }
    let Some(held) = house.streams.hold(&actor.id) else {
        let what = format!("You follow this drill in {MOST} places already.");
        let problem = Problem::new(
            ProblemKind::TooOften,
            &what,
            "The drill goes on.",
            "Close one of them, then load this page again.",
        );
        return told(&headers, &problem);
    };
    let medians = match medians(&house, &actor, &id).await {
        Ok(medians) => medians,
        Err(e) => return told(&headers, &e.into()),
    };
    let seen = headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    let stream = follow(Following { house, actor, id, medians, seen, held, ended: false });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

enum Stands {
    Live(Box<Live>),
    Ended,
    /// Never here, or not for this reader.
    Nowhere,
}

async fn stands(house: &House, scope: &Scope, id: &str) -> Result<Stands, PortError> {
    if let Some(live) = house.ports.live.live(scope).await?.filter(|live| live.id == id) {
        return Ok(Stands::Live(Box::new(live)));
    }
    let filed = Drills::get(&house.evidence, scope, id).await?;
    Ok(if filed.is_some() { Stands::Ended } else { Stands::Nowhere })
}

/// One stream: who follows what, and what they have seen.
struct Following {
    house: House,
    actor: Actor,
    id: String,
    medians: Medians,
    seen: Option<i64>,
    held: Held,
    ended: bool,
}

/// Says what changed since the version the browser has seen, until the drill is filed.
fn follow(following: Following) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let began = Instant::now();
    futures::stream::unfold(following, move |mut f| async move {
        let closing = f.held.streams.closing.clone();
        while !f.ended && began.elapsed() < LIVES && !closing.is_cancelled() {
            match stands(&f.house, &f.actor.scope, &f.id).await {
                Ok(Stands::Live(live)) if f.seen != Some(live.version) => {
                    f.seen = Some(live.version);
                    return Some((Ok(changed(&f, &live)), f));
                }
                Ok(Stands::Live(_)) => {}
                Ok(Stands::Ended) => {
                    f.ended = true;
                    let data = json!({ "to": app::parts::drill_href(&f.id) });
                    return Some((Ok(Event::default().event("ended").data(data.to_string())), f));
                }
                Ok(Stands::Nowhere) => return None,
                Err(cause) => tracing::warn!(%cause, drill = f.id, "a drill under way cannot be read; tried again"),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = closing.cancelled() => {}
            }
        }
        None
    })
}

fn changed(following: &Following, live: &Live) -> Event {
    let may = following.actor.role.may(Permission::StepInDrills);
    let Drawn { facts, parts } = draw(live, &following.medians, may, following.house.clock.now());
    let data = json!({ "facts": facts, "parts": parts });
    Event::default().event("live").id(live.version.to_string()).retry(AGAIN).data(data.to_string())
}

/// What earlier drills took does not change while this one runs.
async fn medians(house: &House, actor: &Actor, id: &str) -> Result<Medians, PortError> {
    let Some(live) = house.ports.live.live(&actor.scope).await?.filter(|live| live.id == id) else {
        return Ok(Medians::new());
    };
    let all = Drills::all(&house.evidence, &actor.scope).await?;
    Ok(history::medians(&live.so_far, all.iter().map(|d| &d.value)))
}
