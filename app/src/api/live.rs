//! A drill under way: what its page reads, and what people do in it.

use domain::{
    Moment,
    drill::{Act, StepId},
    finding::Finding,
    history::{self, Medians},
    live::{LONGEST_WORDS, Live},
    record::Sealed,
    role::Permission,
};
use leptos::prelude::*;

use super::{drills::open_before, guard, once};
use crate::{parts, problem::Problem};

const PLACE: &str = "/drills";

/// What there is to see under the address of a drill under way.
pub enum Followed {
    Live(Box<LivePage>),
    /// It was filed; a problem, where somebody came too late with something.
    Ended {
        refused: Option<Problem>,
    },
}

pub struct LivePage {
    pub live: Live,
    pub medians: Medians,
    /// Open findings of the drill of this scenario before.
    pub open_before: Vec<Sealed<Finding>>,
    /// Whether the reader may write, press and stop.
    pub may: bool,
    pub refused: Option<Problem>,
    pub now: Moment,
}

pub async fn load(id: String, refused: bool) -> Result<Followed, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let refused = refused.then(|| once::refused(PLACE, "Nothing was written."));
    let Some(live) = ports.live.live(&actor.scope).await?.filter(|live| live.id == id) else {
        ports.drills.get(&actor.scope, &id).await?.ok_or_else(|| Problem::gone("drill"))?;
        if refused.is_none() {
            leptos_axum::redirect(&parts::drill_href(&id));
        }
        return Ok(Followed::Ended { refused });
    };
    let all = ports.drills.all(&actor.scope).await?;
    let findings = ports.findings.all(&actor.scope).await?;
    Ok(Followed::Live(Box::new(LivePage {
        medians: history::medians(&live.so_far, all.iter().map(|d| &d.value)),
        open_before: open_before(&live.so_far, &all, findings),
        may: actor.role.may(Permission::StepInDrills),
        refused,
        now: ports.clock.now(),
        live,
    })))
}

/// Writes a line into the log; works as the target of a plain form.
#[server(prefix = "/drills", endpoint = "note")]
pub async fn note_in_drill(drill: String, #[server(default)] words: String) -> Result<(), Problem> {
    let done = match worded(&words, "A note has words.", "Write one, then send it.") {
        Ok(()) => did(&drill, Act::Note, &words).await,
        Err(problem) => Err(problem),
    };
    led(&drill, done.map_err(|p| kept(p, &words)), "#log")
}

/// Stops the drill; the runner hears of it at its next word, tears down and files what there is.
#[server(prefix = "/drills", endpoint = "stop")]
pub async fn stop_drill(drill: String, #[server(default)] why: String) -> Result<(), Problem> {
    let done = match worded(&why, "A drill is stopped for a reason.", "Write it, then stop the drill.") {
        Ok(()) => did(&drill, Act::Abandons, &why).await,
        Err(problem) => Err(problem),
    };
    led(&drill, done.map_err(|p| kept(p, &why)), "")
}

/// Presses the start or the end of a step done by hand.
#[server(prefix = "/drills", endpoint = "press")]
pub async fn press_step(
    drill: String,
    #[server(default)] step: String,
    #[server(default)] act: String,
) -> Result<(), Problem> {
    let found: Option<StepId> = StepId::ALL.into_iter().find(|s| parts::live::step_id(*s) == step);
    let act = match (found, act.as_str()) {
        (Some(step), "begin") => Ok(Act::Begins { step }),
        (Some(step), "end") => Ok(Act::Ends { step }),
        _ => Err(Problem::bad_input("That is no step of a drill.", "Load the page again, then press.")),
    };
    let done = match act {
        Ok(act) => did(&drill, act, "").await,
        Err(problem) => Err(problem),
    };
    led(&drill, done, "")
}

async fn did(drill: &str, act: Act, says: &str) -> Result<(), Problem> {
    let (actor, ports) = guard::signed_in(Permission::StepInDrills).await?;
    Ok(ports.live.add(drill, act, says, &actor).await?)
}

fn worded(words: &str, none: &str, next: &str) -> Result<(), Problem> {
    match words.trim().chars().count() {
        0 => Err(Problem::bad_input(none, next)),
        n if n > LONGEST_WORDS => Err(Problem::bad_input(
            &format!("That is longer than {LONGEST_WORDS} letters."),
            "Write it shorter, or as two.",
        )),
        _ => Ok(()),
    }
}

/// What somebody wrote stands in the refusal: it is kept nowhere else.
fn kept(mut problem: Problem, words: &str) -> Problem {
    if !words.trim().is_empty() {
        problem.still =
            format!("{} You wrote: “{}”", problem.still, words.trim().chars().take(LONGEST_WORDS).collect::<String>());
    }
    problem
}

fn led(drill: &str, done: Result<(), Problem>, at: &str) -> Result<(), Problem> {
    let place = format!("{}/live", parts::drill_href(drill));
    let back = format!("{place}?refused=1");
    once::led_back(done.map(|()| format!("{place}{at}")), PLACE, &back)
}
