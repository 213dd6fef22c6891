//! Who may sign in, with what, and where they are signed in now.

use async_trait::async_trait;
use domain::{
    Moment,
    passkey::Passkey,
    person::{Email, Person},
    record::Sealed,
    role::{Actor, Role},
};
use serde::{Deserialize, Serialize};

use super::PortError;

/// What a sign-in page may offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ways {
    /// The portal's public address; passkeys are good for its host alone.
    pub address: String,
    /// `false`: the portal is reached by an IP address, where browsers offer no passkeys.
    pub passkeys: bool,
    /// Mail leaves, so a code can be sent.
    pub code: bool,
    /// What the company's own provider is called.
    pub provider: Option<String>,
}

/// Who is to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    pub name: String,
    pub email: Option<Email>,
    pub role: Role,
}

/// A person and the link that signs them in once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    pub id: String,
    pub name: String,
    /// Kept nowhere but here: the store has its digest.
    pub link: String,
    pub mail: Mailed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mailed {
    /// Handed to the mail server.
    Sent(Email),
    /// Why it was not.
    Refused(String),
    /// The portal sends no mail, or the person has no address.
    NotTried,
}

#[async_trait]
pub trait People: Send + Sync {
    /// Everybody who may sign in by name, then those removed.
    async fn all(&self) -> Result<Vec<Person>, PortError>;
    /// A new person with a link. `Conflict` when somebody has that address.
    async fn invite(&self, by: &Actor, invitation: &Invitation) -> Result<Invited, PortError>;
    /// Another link; those before it that were not used end. `None` when there is no such person.
    async fn invite_again(&self, by: &Actor, id: &str) -> Result<Option<Invited>, PortError>;
    /// From their next request on. `Conflict` for the last owner; `false` when there is no such person.
    async fn change_role(&self, by: &Actor, id: &str, role: Role) -> Result<bool, PortError>;
    /// Ends their sessions, links and codes, and revokes their passkeys, each revocation sealed. `Conflict` for the
    /// last owner; `false` when there is no such person.
    async fn remove(&self, by: &Actor, id: &str) -> Result<bool, PortError>;
}

/// A passkey of somebody's own.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnPasskey {
    pub passkey: Sealed<Passkey>,
    pub last_used: Option<Moment>,
}

#[async_trait]
pub trait Passkeys: Send + Sync {
    /// All of one person, those revoked too, oldest first.
    async fn of(&self, person: &str) -> Result<Vec<OwnPasskey>, PortError>;
    /// Seals its end; `false` when this person has no such passkey, or it had ended.
    async fn revoke(&self, actor: &Actor, credential: &str) -> Result<bool, PortError>;
}

/// How somebody came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignedInBy {
    /// The passkey's label.
    Passkey(String),
    Link,
    Code,
    /// The provider's name.
    Provider(String),
}

impl SignedInBy {
    pub fn says(&self) -> String {
        match self {
            SignedInBy::Passkey(label) => format!("passkey “{label}”"),
            SignedInBy::Link => "one-time link".to_owned(),
            SignedInBy::Code => "code by e-mail".to_owned(),
            SignedInBy::Provider(name) => name.clone(),
        }
    }
}

/// One place where somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// The digest of its cookie: names it, and opens nothing.
    pub name: String,
    pub by: SignedInBy,
    /// "Firefox on Linux"
    pub agent: String,
    pub since: Moment,
    /// To five minutes.
    pub seen: Moment,
}

/// The session a request came by; the session layer puts it beside the [`Actor`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThisSession(pub String);

#[async_trait]
pub trait Sessions: Send + Sync {
    /// Newest first.
    async fn of(&self, person: &str) -> Result<Vec<OpenSession>, PortError>;
    /// Ends one at once; `false` when this person has none of that name.
    async fn end(&self, person: &str, name: &str) -> Result<bool, PortError>;
    /// Ends all but one; how many.
    async fn end_others(&self, person: &str, but: &str) -> Result<u64, PortError>;
}
