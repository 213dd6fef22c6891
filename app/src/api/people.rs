//! People: who may sign in, as what, and the acts of an owner on them.

use domain::{
    Moment,
    person::{self, Email, Person, PersonError},
    role::{Actor, Permission, Role},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use super::{guard, once};
use crate::{
    ports::{Invitation, Invited, Ports},
    problem::{Problem, ProblemKind},
};

const HERE: &str = "/settings/people";
/// The link made for somebody, on its way to the one page that shows it.
const INVITED: &str = "passmuster-invited";

/// Somebody who may sign in.
pub struct Here {
    pub person: Person,
    /// Those not revoked.
    pub passkeys: usize,
    /// The reader.
    pub me: bool,
}

pub struct PeoplePage {
    /// By name.
    pub here: Vec<Here>,
    pub removed: Vec<Person>,
    /// The link just made; shown once.
    pub invited: Option<Invited>,
    pub refused: Option<Problem>,
    /// What was just done, in a sentence.
    pub done: Option<String>,
    /// Mail leaves.
    pub mail: bool,
    pub now: Moment,
}

pub async fn load(query: &ParamsMap) -> Result<PeoplePage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ManagePeople).await?;
    let (removed, people): (Vec<_>, Vec<_>) = ports.people.all().await?.into_iter().partition(|p| p.removed.is_some());
    let done = done(query, &people, &removed);
    let mut here = Vec::new();
    for person in people {
        let passkeys = ports.passkeys.of(&person.actor.id).await?;
        let passkeys = passkeys.iter().filter(|p| p.passkey.value.revoked.is_none()).count();
        here.push(Here { me: person.actor.id == actor.id, person, passkeys });
    }
    Ok(PeoplePage {
        here,
        removed,
        invited: query.get("invited").and_then(|_| once::take(INVITED, HERE)),
        refused: query.get("refused").map(|_| once::refused(HERE, "That was not done.")),
        done,
        mail: ports.ways.code,
        now: ports.clock.now(),
    })
}

/// From the address, which anybody can write: it names an act and a person, and the sentence is made of what is true.
fn done(query: &ParamsMap, here: &[Person], removed: &[Person]) -> Option<String> {
    let named = |key: &str, among: &[Person]| {
        let id = query.get(key)?;
        among.iter().find(|p| p.actor.id == id).cloned()
    };
    if let Some(person) = named("changed", here) {
        let Actor { name, role, .. } = person.actor;
        return Some(format!("{name} is {} from their next request on.", role.with_article()));
    }
    named("removed", removed).map(|p| {
        format!("{} is removed: signed out everywhere, passkeys revoked, each revocation sealed.", p.actor.name)
    })
}

/// Invites somebody and leads to the page that shows their link once.
#[server(prefix = "/settings/people", endpoint = "invite")]
pub async fn invite_person(
    #[server(default)] name: String,
    #[server(default)] email: String,
    #[server(default)] role: String,
) -> Result<(), Problem> {
    let invited = async {
        let (actor, ports): (Actor, Ports) = guard::signed_in(Permission::ManagePeople).await?;
        let invitation = Invitation {
            name: person::name(&name).map_err(unread)?,
            email: Some(Email::parse(&email).map_err(unread)?),
            role: role_named(&role)?,
        };
        Ok(shown_once(&ports.people.invite(&actor, &invitation).await?))
    };
    once::led(invited.await, HERE)
}

/// Another link; those before it end.
#[server(prefix = "/settings/people", endpoint = "invite-again")]
pub async fn invite_again(#[server(default)] person: String) -> Result<(), Problem> {
    let invited = async {
        let (actor, ports): (Actor, Ports) = guard::signed_in(Permission::ManagePeople).await?;
        let invited = ports.people.invite_again(&actor, &person).await?.ok_or_else(nobody)?;
        Ok(shown_once(&invited))
    };
    once::led(invited.await, HERE)
}

#[server(prefix = "/settings/people", endpoint = "change-role")]
pub async fn change_role(#[server(default)] person: String, #[server(default)] role: String) -> Result<(), Problem> {
    let changed = async {
        let (actor, ports): (Actor, Ports) = guard::signed_in(Permission::ManagePeople).await?;
        if !ports.people.change_role(&actor, &person, role_named(&role)?).await? {
            return Err(nobody());
        }
        Ok(format!("{HERE}?changed={}", crate::parts::encoded(&person)))
    };
    once::led(changed.await, HERE)
}

#[server(prefix = "/settings/people", endpoint = "remove")]
pub async fn remove_person(#[server(default)] person: String) -> Result<(), Problem> {
    let removed = async {
        let (actor, ports): (Actor, Ports) = guard::signed_in(Permission::ManagePeople).await?;
        if !ports.people.remove(&actor, &person).await? {
            return Err(nobody());
        }
        Ok(format!("{HERE}?removed={}", crate::parts::encoded(&person)))
    };
    once::led(removed.await, HERE)
}

fn shown_once(invited: &Invited) -> String {
    once::leave(INVITED, HERE, invited, invited.link.starts_with("https://"));
    format!("{HERE}?invited=1")
}

fn role_named(word: &str) -> Result<Role, Problem> {
    Role::from_word(word)
        .ok_or_else(|| Problem::bad_input("There is no such role.", "Choose owner, operator or auditor."))
}

fn unread(why: PersonError) -> Problem {
    match why {
        PersonError::Name => Problem::bad_input("The name is missing or too long.", "Write it in up to 80 characters."),
        _ => Problem::bad_input("The e-mail address does not read as one.", "Write it as name@example.com."),
    }
}

fn nobody() -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        "Nobody here has that name any more.",
        "Nothing was changed.",
        "Look at the list below: somebody may have been removed meanwhile.",
    )
}
