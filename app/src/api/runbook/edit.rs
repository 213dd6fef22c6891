//! Writing the next version of the runbook.

use domain::{
    Moment,
    drill::Drill,
    record::Sealed,
    review::changes::{Hunk, changes},
    role::{Actor, Permission, Scope},
    runbook::{
        Runbook, RunbookVersion,
        contradictions::{Contradiction, contradictions},
        edit::{self, EditError},
    },
};
use leptos_router::params::ParamsMap;

use super::super::{guard, once};
use crate::{
    ports::{Draft, Ports, requests::Reader},
    problem::Problem,
};

pub const HERE: &str = "/runbook/edit";
/// How words that could not be kept come back.
pub const DRAFT: &str = "runbook/edit";

pub struct EditPage {
    pub text: String,
    /// Whose draft it is, and since when; its number is what a change names. `None`: nobody began one.
    pub draft: Option<Draft>,
    pub in_force: Option<RunbookVersion>,
    /// The drill whose steps were put at the end.
    pub from: Option<String>,
    /// The reader may put it in force.
    pub approves: bool,
    pub refused: Option<Problem>,
    pub kept: bool,
    pub preview: Preview,
    pub now: Moment,
}

/// What a text comes to: read, compared with the one in force, and held against itself.
pub struct Preview {
    pub read: Result<Runbook, String>,
    pub changes: Vec<Hunk>,
    pub contradictions: Vec<Contradiction>,
}

impl Preview {
    pub fn of(text: &str, in_force: Option<&RunbookVersion>, drills: &[Sealed<Drill>]) -> Self {
        let fits = edit::fits(text).map_err(|why| format!("{why} {}", why.next()));
        let text = text.replace("\r\n", "\n");
        let read = fits.and_then(|()| Runbook::parse(&text).map_err(|e| format!("The text does not read: {e}.")));
        let contradictions = read.as_ref().map(|book| contradictions(book, drills)).unwrap_or_default();
        let changes = match (&read, in_force) {
            (Ok(_), Some(in_force)) => changes(&in_force.text, &text),
            _ => Vec::new(),
        };
        Self { read, changes, contradictions }
    }
}

pub async fn load(query: &ParamsMap) -> Result<EditPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::EditRunbook).await?;
    let now = ports.clock.now();
    let everything = Scope::EVERYTHING;
    let in_force = ports.runbooks.versions(&everything).await?.into_iter().next().map(|v| v.value);
    let draft = ports.runbooks.draft().await?;
    let drills = ports.drills.all(&everything).await?;
    let refused = query.get("refused").map(|_| once::refused(HERE, "What was written was not taken."));
    let returned = match &refused {
        Some(_) => {
            let reader = Reader { actor: actor.clone(), audit: None };
            ports.requests.draft(&reader, Some(DRAFT)).await?.map(|draft| draft.words)
        }
        None => None,
    };
    let begun = match (&draft, &in_force) {
        (Some(draft), _) => draft.text.clone(),
        (None, Some(version)) => edit::next(&version.text, now),
        (None, None) => BEGIN.replace("{today}", &domain::words::date(now)),
    };
    let from = query.get("drill").and_then(|id| drills.iter().find(|drill| drill.id == id));
    let text = match (returned, from) {
        (Some(text), _) => text,
        // What was put there once is not put there again.
        (None, Some(drill)) if !begun.contains(&drill.id) => edit::with_commands(&begun, drill),
        _ => begun,
    };
    Ok(EditPage {
        preview: Preview::of(&text, in_force.as_ref(), &drills),
        text,
        draft,
        in_force,
        from: from.map(|drill| drill.id.clone()),
        approves: actor.role.may(Permission::SignAsOwner),
        refused,
        kept: query.get("kept").is_some(),
        now,
    })
}

/// Keeps the draft, whatever it says; `seen`: the number of the one it follows, 0 for none.
pub async fn keep(ports: &Ports, actor: &Actor, text: &str, seen: i64) -> Result<(), Problem> {
    edit::fits(text).map_err(unfit)?;
    Ok(ports.runbooks.keep_draft(text, &actor.name, seen).await?)
}

/// Seals the text as the version in force; its record's id.
pub async fn approve(ports: &Ports, actor: &Actor, text: &str) -> Result<String, Problem> {
    let versions = ports.runbooks.versions(&Scope::EVERYTHING).await?;
    let version = edit::approve(text, &versions, ports.clock.now(), &actor.name).map_err(unfit)?;
    Ok(ports.runbooks.approve(&version).await?)
}

fn unfit(why: EditError) -> Problem {
    Problem::bad_input(&why.to_string(), &why.next())
}

/// What a first runbook begins as.
const BEGIN: &str = r#"+++
title = "Backup and recovery runbook"
version = "1.0"
owner = "The founder"
approved = "{today}"
nextReview = "{today}"
controls = ["CC7.4", "CC7.5", "A1.2", "A1.3"]

[[claims]]
kind = "target"
scenario = "collection"
rpoMinutes = 360
rtoMinutes = 120
means = "snapshot restore to staging"
+++

## Emergency

Restore to staging first, never straight over production.
"#;
