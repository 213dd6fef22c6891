//! Tokens for machines: made by the owner, shown once, revoked.

use domain::{
    Moment,
    role::{Actor, Permission, TokenScope},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use super::{guard, once};
use crate::{
    ports::{Ports, Token},
    problem::Problem,
};

const PLACE: &str = "/settings/tokens";
/// Carries a new token to the one page that shows it, and never into an address, a log or the database.
const MADE: &str = "passmuster-token";
const LONGEST_NAME: usize = 60;

pub struct TokensPage {
    /// Newest first.
    pub tokens: Vec<Token>,
    /// The secret just made.
    pub made: Option<String>,
    pub now: Moment,
    pub refused: Option<Problem>,
}

pub async fn load(query: &ParamsMap) -> Result<TokensPage, Problem> {
    let (_, ports) = guard::signed_in(Permission::ManageTokens).await?;
    let refused = query.get("refused").map(|_| once::refused(PLACE, "That was not done."));
    let made = query.get("made").and_then(|_| once::take(MADE, PLACE));
    Ok(TokensPage { tokens: ports.tokens.all().await?, made, now: ports.clock.now(), refused })
}

/// Makes a token and leads to the page that shows it once; works as the target of a plain form.
#[server(prefix = "/settings/tokens", endpoint = "make")]
pub async fn make_token(
    #[server(default)] name: String,
    #[server(default)] scopes: Vec<String>,
    #[server(default)] days: String,
) -> Result<(), Problem> {
    let made = async {
        let (actor, ports): (Actor, Ports) = guard::signed_in(Permission::ManageTokens).await?;
        let wanted = read(&name, &scopes, &days)?;
        let token = ports.tokens.make(name.trim(), &wanted.0, wanted.1, &actor).await?;
        once::leave(MADE, PLACE, &token, ports.ways.address.starts_with("https://"));
        Ok(format!("{PLACE}?made=1"))
    };
    once::led(made.await, PLACE)
}

/// What it may do, and for how many days.
fn read(name: &str, scopes: &[String], days: &str) -> Result<(Vec<TokenScope>, u32), Problem> {
    let name = name.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(plain) {
        return Err(Problem::bad_input(
            "The name is empty, too long, or has other signs than letters, digits, hyphens, dots and underscores.",
            "Write the machine’s name as it should stand beside what it brings, such as drill-runner.",
        ));
    }
    let mut wanted = Vec::new();
    for id in scopes {
        let scope = TokenScope::from_id(id).ok_or_else(|| {
            Problem::bad_input(&format!("{id} is not something a token may do."), "Choose from the list.")
        })?;
        if !wanted.contains(&scope) {
            wanted.push(scope);
        }
    }
    if wanted.is_empty() {
        return Err(Problem::bad_input("The token may do nothing.", "Choose at least one thing it may do."));
    }
    let days: Option<u32> = days.trim().parse().ok().filter(|days| (1..=3650).contains(days));
    let days = days.ok_or_else(|| {
        Problem::bad_input(
            "The number of days is not a whole number from 1 to 3650.",
            "Write it in digits, such as 90.",
        )
    })?;
    Ok((wanted, days))
}

/// Ends a token at once.
#[server(prefix = "/settings/tokens", endpoint = "revoke")]
pub async fn revoke_token(id: String) -> Result<(), Problem> {
    let done = async {
        let (_, ports) = guard::signed_in(Permission::ManageTokens).await?;
        if ports.tokens.revoke(&id).await? { Ok(PLACE.to_owned()) } else { Err(Problem::gone("token")) }
    };
    once::led(done.await, PLACE)
}
