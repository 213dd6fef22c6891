//! Inviting people, changing what they may do, and removing them: what each act promises over store, ledger and mail.

use std::sync::Arc;

use app::ports::{Clock, Company, Invitation, Invited, Mailed, PortError};
use async_trait::async_trait;
use domain::{
    Moment,
    person::{self, Email, Person, PersonError, Removed},
    role::{Actor, Role, Scope},
};

use crate::{
    ledger::Ledger,
    notify::{self, mail::Mailer},
    store::{Store, passkeys, people::Change, sessions::Sessions},
};

/// Who makes the very first person: nobody who could be named.
const PORTAL: &str = "the portal";

pub struct People {
    pub store: Store,
    pub ledger: Arc<Ledger>,
    pub mailer: Option<Mailer>,
    pub clock: Arc<dyn Clock>,
    pub company: Arc<Company>,
    /// The portal's public address.
    pub address: String,
}

impl People {
    /// A link for the very first owner, who is made now: `None` once anybody has been there.
    pub async fn first_owner(&self) -> Result<Option<String>, PortError> {
        let now = self.clock.now();
        let owner = Person {
            actor: Actor {
                id: "owner".to_owned(),
                name: "The owner".to_owned(),
                role: Role::Owner,
                scope: Scope::EVERYTHING,
            },
            email: None,
            invited_at: Some(now),
            last_seen: None,
            removed: None,
        };
        let rule = |all: &[Person]| match all {
            [] => Ok(Change::Invite(owner.clone(), PORTAL.to_owned())),
            // The link printed last time was not used: whoever can start the portal may have another.
            [p] if *p == Person { invited_at: p.invited_at, ..owner.clone() } => Ok(Change::Role(p.actor.clone())),
            _ => Err(PortError::NotAllowed),
        };
        match self.store.decide_people(&rule).await {
            Ok(_) => Ok(Some(self.link(&owner.actor.id, now).await?)),
            Err(PortError::NotAllowed) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// As the port's, by a name rather than somebody signed in.
    pub async fn invite_by(&self, by: &str, invitation: &Invitation) -> Result<Invited, PortError> {
        let Invitation { name, email, role } = invitation;
        let now = self.clock.now();
        let made = self
            .store
            .decide_people(&|all| {
                if let Some(there) = all.iter().find(|p| email.is_some() && p.email == *email) {
                    return Err(PortError::Conflict(format!(
                        "{} is the address of {}, who is here as {}",
                        there.email.as_ref().map(Email::as_str).unwrap_or_default(),
                        there.actor.name,
                        there.actor.role.word()
                    )));
                }
                let id = person::new_id(name, |id| all.iter().any(|p| p.actor.id == id));
                let actor = Actor { id, name: name.clone(), role: *role, scope: scope_of(*role) };
                let invited =
                    Person { actor, email: email.clone(), invited_at: Some(now), last_seen: None, removed: None };
                Ok(Change::Invite(invited, by.to_owned()))
            })
            .await?;
        let Change::Invite(Person { actor, .. }, _) = made else {
            return Err(PortError::Broken("an invitation was written for nobody".to_owned()));
        };
        tracing::info!(person = actor.id, role = role.word(), "somebody was invited");
        self.send(by, &actor, email.as_ref(), now).await
    }

    /// As the port's, by a name.
    pub async fn invite_again_by(&self, by: &str, id: &str) -> Result<Option<Invited>, PortError> {
        let all = self.store.people().await?;
        let Some(person) = all.into_iter().find(|p| p.actor.id == id && p.removed.is_none()) else { return Ok(None) };
        self.store.end_links(id).await?;
        self.send(by, &person.actor, person.email.as_ref(), self.clock.now()).await.map(Some)
    }

    /// As the port's, by a name.
    pub async fn remove_by(&self, by: &str, id: &str) -> Result<bool, PortError> {
        let removed = Removed { at: self.clock.now(), by: by.to_owned() };
        let gone = |all: &[Person]| !all.iter().any(|p| p.actor.id == id && p.removed.is_none());
        let rule = |all: &[Person]| {
            if gone(all) {
                return Err(PortError::NotAllowed);
            }
            person::may_cease(all, id).map_err(refused)?;
            Ok(Change::Remove(id.to_owned(), removed.clone()))
        };
        match self.store.decide_people(&rule).await {
            Ok(_) => {}
            Err(PortError::NotAllowed) => return Ok(false),
            Err(e) => return Err(e),
        }
        tracing::info!(person = id, "somebody was removed");
        // From here on nothing lets them in: a person who was removed is nobody, whatever they hold. What follows
        // clears away, and the portal's own round does what of it fails.
        Sessions::new(&self.store).end_all(id).await?;
        self.store.end_links(id).await?;
        self.store.end_codes(id).await?;
        passkeys::revoke_all(&self.ledger, id, by).await?;
        Ok(true)
    }

    /// Revokes what passkeys removed people still have, when a removal was cut short.
    pub async fn end_passkeys(&self) -> Result<(), PortError> {
        for (person, by) in self.store.passkeys_to_end().await? {
            passkeys::revoke_all(&self.ledger, &person, &by).await?;
        }
        Ok(())
    }

    async fn link(&self, id: &str, now: Moment) -> Result<String, PortError> {
        let code = self.store.new_link(id, now).await?;
        Ok(format!("{}/sign-in?code={code}", self.address))
    }

    async fn send(&self, by: &str, to: &Actor, email: Option<&Email>, now: Moment) -> Result<Invited, PortError> {
        let link = self.link(&to.id, now).await?;
        let mail = match (&self.mailer, email) {
            (Some(mailer), Some(email)) => {
                let letter = notify::invitation(&self.company.name, by, &to.name, to.role, &link);
                match mailer.send(email, &letter.subject, &letter.text, &letter.html).await {
                    Ok(()) => Mailed::Sent(email.clone()),
                    Err(e) => Mailed::Refused(e.to_string()),
                }
            }
            _ => Mailed::NotTried,
        };
        Ok(Invited { id: to.id.clone(), name: to.name.clone(), link, mail })
    }
}

#[async_trait]
impl app::ports::People for People {
    async fn all(&self) -> Result<Vec<Person>, PortError> {
        let (mut here, gone): (Vec<_>, Vec<_>) =
            self.store.people().await?.into_iter().partition(|p| p.removed.is_none());
        here.extend(gone);
        Ok(here)
    }

    async fn invite(&self, by: &Actor, invitation: &Invitation) -> Result<Invited, PortError> {
        self.invite_by(&by.name, invitation).await
    }

    async fn invite_again(&self, by: &Actor, id: &str) -> Result<Option<Invited>, PortError> {
        self.invite_again_by(&by.name, id).await
    }

    async fn change_role(&self, _by: &Actor, id: &str, role: Role) -> Result<bool, PortError> {
        let rule = |all: &[Person]| {
            let there = all.iter().find(|p| p.actor.id == id && p.removed.is_none()).ok_or(PortError::NotAllowed)?;
            if role != Role::Owner {
                person::may_cease(all, id).map_err(refused)?;
            }
            Ok(Change::Role(Actor { role, scope: scope_of(role), ..there.actor.clone() }))
        };
        match self.store.decide_people(&rule).await {
            Ok(_) => {
                tracing::info!(person = id, role = role.word(), "somebody’s role was changed");
                Ok(true)
            }
            Err(PortError::NotAllowed) => Ok(false),
            Err(e) => Err(e),
        }
    }

    async fn remove(&self, by: &Actor, id: &str) -> Result<bool, PortError> {
        self.remove_by(&by.name, id).await
    }
}

/// What a role reaches by itself. What an auditor reaches, an open audit says.
fn scope_of(role: Role) -> Scope {
    match role {
        Role::Auditor => Scope::NOTHING,
        Role::Owner | Role::Operator => Scope::EVERYTHING,
    }
}

fn refused(why: PersonError) -> PortError {
    PortError::Conflict(match why {
        PersonError::LastOwner => "This is the last owner, and a portal without one could let nobody in.".to_owned(),
        other => other.to_string(),
    })
}
