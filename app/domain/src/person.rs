//! Somebody who may sign in: how they are named and reached, and the rule that an owner is always left.

use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    role::{Actor, Role},
};

/// The longest name, in characters.
const LONGEST_NAME: usize = 80;

/// One person (`people`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub actor: Actor,
    /// Where codes and invitations go; `None` for those made on the command line without one, and for those removed.
    pub email: Option<Email>,
    pub invited_at: Option<Moment>,
    /// When they last used the portal, to five minutes.
    pub last_seen: Option<Moment>,
    pub removed: Option<Removed>,
}

/// From when on somebody does not sign in any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    pub at: Moment,
    /// The name of who removed them.
    pub by: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonError {
    #[error("a name is one line of up to {LONGEST_NAME} characters")]
    Name,
    #[error("this is no e-mail address")]
    Email,
    #[error("this is the last owner, and a portal without one could let nobody in")]
    LastOwner,
}

/// An e-mail address as it names somebody: without blanks around it, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Accepts what mail servers deliver to in practice: `local@domain`, RFC 5321's lengths, nothing quoted.
    pub fn parse(typed: &str) -> Result<Self, PersonError> {
        let text = typed.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(PersonError::Email)?;
        let fits = (1..=64).contains(&local.len()) && (1..=255).contains(&domain.len()) && text.len() <= 254;
        let local_reads = local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
        let dotted = |part: &str| part.split('.').all(|label| !label.is_empty());
        let label_reads = |label: &str| {
            label.chars().all(|c| c.is_alphanumeric() || c == '-') && !label.starts_with('-') && !label.ends_with('-')
        };
        if fits && local_reads && dotted(local) && dotted(domain) && domain.split('.').all(label_reads) {
            Ok(Self(text))
        } else {
            Err(PersonError::Email)
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Email {
    type Error = PersonError;

    fn try_from(text: String) -> Result<Self, PersonError> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

impl std::fmt::Display for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name as somebody typed it, on one line.
pub fn name(typed: &str) -> Result<String, PersonError> {
    let name = typed.split_whitespace().collect::<Vec<_>>().join(" ");
    let reads = !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control);
    if reads { Ok(name) } else { Err(PersonError::Name) }
}

/// The id a name gives: "The founder" is "the-founder"; when that is taken, "the-founder-2".
pub fn new_id(name: &str, taken: impl Fn(&str) -> bool) -> String {
    let letters: String = name.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    let plain = letters.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    let plain = if plain.is_empty() { "person".to_owned() } else { plain };
    if !taken(&plain) {
        return plain;
    }
    (2_u32..).map(|n| format!("{plain}-{n}")).find(|id| !taken(id)).unwrap_or(plain)
}

/// Whether somebody may cease to be an owner, by removal or another role.
pub fn may_cease(people: &[Person], id: &str) -> Result<(), PersonError> {
    let owners = || people.iter().filter(|p| p.removed.is_none() && p.actor.role == Role::Owner);
    let is_owner = owners().any(|p| p.actor.id == id);
    if is_owner && owners().count() == 1 { Err(PersonError::LastOwner) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::Scope;

    #[test]
    fn an_address_reads_as_one_or_not_at_all() {
        for (typed, reads) in [
            (" Founder@Cartie.Example ", Some("founder@cartie.example")),
            ("a.b+tag@x.example", Some("a.b+tag@x.example")),
            ("root@localhost", Some("root@localhost")),
            ("zoë@bücher.example", Some("zoë@bücher.example")),
            ("", None),
            ("nobody", None),
            ("@x.example", None),
            ("a@", None),
            ("a@x..example", None),
            ("a..b@x.example", None),
            ("a@-x.example", None),
            ("a b@x.example", None),
            ("a@x.example\r\nBcc: b@x.example", None),
            ("\"a\"@x.example", None),
            ("<a@x.example>", None),
            ("a@x.example,b@x.example", None),
            (&format!("{}@x.example", "a".repeat(65)), None),
        ] {
            assert_eq!(Email::parse(typed).ok().as_ref().map(Email::as_str), reads, "{typed:?}");
        }
    }

    #[test]
    fn names_are_one_line_and_ids_are_their_own() {
        assert_eq!(name("  The\tfounder "), Ok("The founder".to_owned()));
        assert_eq!(name(" "), Err(PersonError::Name));
        assert_eq!(name(&"x".repeat(81)), Err(PersonError::Name));
        let taken = ["the-founder", "the-founder-2"];
        for (name, id) in [
            ("The founder", "the-founder-3"),
            ("Operator one", "operator-one"),
            ("Ana / Bo", "ana-bo"),
            ("…", "person"),
        ] {
            assert_eq!(new_id(name, |id| taken.contains(&id)), id);
        }
    }

    #[test]
    fn the_last_owner_stays_one() {
        let person = |id: &str, role, removed: bool| Person {
            actor: Actor { id: id.into(), name: id.into(), role, scope: Scope::EVERYTHING },
            email: None,
            invited_at: None,
            last_seen: None,
            removed: removed
                .then(|| Removed { at: Moment::parse("2026-11-01T00:00:00Z").expect("a time"), by: "x".into() }),
        };
        let one = [person("a", Role::Owner, false), person("b", Role::Operator, false), person("c", Role::Owner, true)];
        assert_eq!(may_cease(&one, "a"), Err(PersonError::LastOwner));
        assert_eq!(may_cease(&one, "b"), Ok(()));
        assert_eq!(may_cease(&one, "nobody"), Ok(()));
        let two = [person("a", Role::Owner, false), person("b", Role::Owner, false)];
        assert_eq!(may_cease(&two, "a"), Ok(()));
    }
}
