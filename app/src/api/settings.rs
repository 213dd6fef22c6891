//! One's own sign-in: passkeys held, places signed in.

use domain::{Moment, passkey, role::Permission};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use super::{guard, once};
use crate::{
    ports::{OpenSession, OwnPasskey, Ways},
    problem::{Problem, ProblemKind},
};

const HERE: &str = "/settings";

pub struct SettingsPage {
    /// Those revoked last.
    pub passkeys: Vec<OwnPasskey>,
    /// Newest first.
    pub sessions: Vec<OpenSession>,
    /// The name of the session the reader came by.
    pub this: String,
    pub refused: Option<Problem>,
    /// What was just done, in a sentence.
    pub done: Option<&'static str>,
    pub ways: Ways,
    pub now: Moment,
}

pub async fn load(query: &ParamsMap) -> Result<SettingsPage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::KeepOwnSignIn).await?;
    let mut passkeys = ports.passkeys.of(&actor.id).await?;
    passkeys.sort_by_key(|p| (p.passkey.value.revoked.is_some(), p.passkey.value.occurred_at));
    let done = match query.get("done").as_deref() {
        Some("registered") => Some("The passkey is registered. It signs you in from now on."),
        Some("revoked") => Some("The passkey is revoked, and its revocation is sealed. It signs nobody in any more."),
        Some("ended") => Some("That session has ended."),
        Some("others") => Some("You are signed out everywhere else."),
        _ => None,
    };
    Ok(SettingsPage {
        passkeys,
        sessions: ports.sessions.of(&actor.id).await?,
        this: guard::this_session().map(|this| this.0).unwrap_or_default(),
        refused: query.get("refused").map(|_| once::refused(HERE, "That was not done.")),
        done,
        ways: (*ports.ways).clone(),
        now: ports.clock.now(),
    })
}

/// What the page that registers a passkey needs to know.
pub struct Registering {
    pub ways: Ways,
    /// Passkeys held now.
    pub held: usize,
    pub most: usize,
}

pub async fn registering() -> Result<Registering, Problem> {
    let (actor, ports) = guard::signed_in(Permission::KeepOwnSignIn).await?;
    let passkeys = ports.passkeys.of(&actor.id).await?;
    let held = passkeys.iter().filter(|p| p.passkey.value.revoked.is_none()).count();
    Ok(Registering { ways: (*ports.ways).clone(), held, most: passkey::MOST })
}

#[server(prefix = "/settings/passkeys", endpoint = "revoke")]
pub async fn revoke_passkey(#[server(default)] credential: String) -> Result<(), Problem> {
    let revoked = async {
        let (actor, ports) = guard::signed_in(Permission::KeepOwnSignIn).await?;
        if !ports.passkeys.revoke(&actor, &credential).await? {
            return Err(gone("passkey"));
        }
        Ok(format!("{HERE}?done=revoked"))
    };
    once::led(revoked.await, HERE)
}

#[server(prefix = "/settings/sessions", endpoint = "end")]
pub async fn end_session(#[server(default)] name: String) -> Result<(), Problem> {
    let ended = async {
        let (actor, ports) = guard::signed_in(Permission::KeepOwnSignIn).await?;
        if !ports.sessions.end(&actor.id, &name).await? {
            return Err(gone("session"));
        }
        Ok(format!("{HERE}?done=ended"))
    };
    once::led(ended.await, HERE)
}

#[server(prefix = "/settings/sessions", endpoint = "end-others")]
pub async fn end_other_sessions() -> Result<(), Problem> {
    let ended = async {
        let (actor, ports) = guard::signed_in(Permission::KeepOwnSignIn).await?;
        let this = guard::this_session().ok_or_else(Problem::not_signed_in)?;
        ports.sessions.end_others(&actor.id, &this.0).await?;
        Ok(format!("{HERE}?done=others"))
    };
    once::led(ended.await, HERE)
}

fn gone(noun: &str) -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        &format!("You have no such {noun} any more."),
        "It may have ended in another tab.",
        "Look at the list below.",
    )
}
