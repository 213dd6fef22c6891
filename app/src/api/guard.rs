//! The only way to an actor and a scope. Deny by default.

use domain::role::{Actor, Permission};
use leptos::prelude::*;

use crate::{
    ports::{Ports, ThisSession},
    problem::Problem,
    seat::{Closed, Seat},
};

/// The person signed in, when their role has the permission, and the ports.
///
/// The server's session layer puts the [`Actor`] into the request's extensions; absent means nobody
/// is signed in.
pub async fn signed_in(permission: Permission) -> Result<(Actor, Ports), Problem> {
    let actor = match (actor(), closed()) {
        (Some(actor), _) => actor,
        (None, Some(closed)) if permission == Permission::KeepOwnSignIn => closed.actor,
        (None, Some(closed)) => return Err(closed.problem()),
        (None, None) => return Err(Problem::not_signed_in()),
    };
    if !actor.role.may(permission) {
        return Err(Problem::not_allowed());
    }
    Ok((actor, ports()?))
}

/// Who is signed in, if anyone.
pub fn actor() -> Option<Actor> {
    use_context::<http::request::Parts>().and_then(|parts| parts.extensions.get::<Actor>().cloned())
}

/// From which audit an auditor looks, or the owner in preview.
pub fn seat() -> Option<Seat> {
    use_context::<http::request::Parts>().and_then(|parts| parts.extensions.get::<Seat>().cloned())
}

/// An auditor for whom no audit is open.
fn closed() -> Option<Closed> {
    use_context::<http::request::Parts>().and_then(|parts| parts.extensions.get::<Closed>().cloned())
}

/// The session this request came by, if somebody is signed in.
pub fn this_session() -> Option<ThisSession> {
    use_context::<http::request::Parts>().and_then(|parts| parts.extensions.get::<ThisSession>().cloned())
}

/// The ports of this request.
pub fn ports() -> Result<Ports, Problem> {
    use_context::<Ports>()
        .ok_or_else(|| crate::ports::PortError::Broken("no ports in the request's context".to_owned()).into())
}
