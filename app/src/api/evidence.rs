//! Bundles: what one would hold, making one, and those made.

pub mod sample;

use std::time::Duration;

use domain::{
    Moment,
    control::Control,
    record::Head,
    role::{Actor, Permission},
    sample::AskError,
    schedule::{Period, quarters},
    words,
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;

use super::{coverage, guard, once};
use crate::{
    ports::{Bundle, Order, PortError, Ports, Stage, Wish},
    problem::Problem,
};

const HERE: &str = "/evidence";

/// What a form asks for, as it was written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// "audit", "range", or a quarter's name.
    pub period: String,
    pub from: String,
    pub to: String,
    pub controls: Vec<String>,
    /// What to draw a sample from; empty for none.
    pub sample: String,
    pub size: String,
    pub value: String,
}

impl Ask {
    pub fn read(query: &ParamsMap) -> Self {
        let text = |key: &str| query.get(key).unwrap_or_default().trim().to_owned();
        Self {
            period: text("period"),
            from: text("from"),
            to: text("to"),
            controls: query.get_all("controls[]").unwrap_or_default(),
            sample: text("sample"),
            size: text("size"),
            value: text("value"),
        }
    }

    /// The sample asked for.
    pub fn sample(&self) -> Result<Option<domain::sample::Ask>, AskError> {
        domain::sample::Ask::read(&self.sample, &self.size, &self.value)
    }

    /// The period and controls asked for, without a sample; nothing asked is the audit period under every control in scope.
    pub fn wish(&self, audit: Period) -> Result<Wish, Problem> {
        let named = |first: &str, last: &str| {
            Period::days(first, last).map(|period| (format!("{first}..{last}"), period)).ok_or_else(|| {
                Problem::bad_input(
                    "The period is not two days in order.",
                    "Write both days as 2026-11-25, the earlier one first.",
                )
            })
        };
        let (period_name, period) = match self.period.as_str() {
            "" | "audit" => named(&words::date(audit.from), &words::date(audit.last_day()))?,
            "range" => named(&self.from, &self.to)?,
            quarter => match Period::quarter(quarter) {
                Some(period) => (quarter.to_owned(), period),
                None => {
                    return Err(Problem::bad_input(&format!("“{quarter}” is not a quarter."), "Write it as 2026-Q3."));
                }
            },
        };
        let controls: Option<Vec<Control>> = self.controls.iter().map(|id| Control::from_id(id)).collect();
        let controls = controls.ok_or_else(|| {
            Problem::bad_input("One of the controls is not known here.", "Choose among those on the page.")
        })?;
        Ok(Wish { period_name, period, controls, sample: None })
    }

    /// The address that shows the same choice.
    pub fn address(&self, more: &[(&'static str, &str)]) -> String {
        let mut query = ParamsMap::new();
        for (key, value) in [
            ("period", &self.period),
            ("from", &self.from),
            ("to", &self.to),
            ("sample", &self.sample),
            ("size", &self.size),
            ("value", &self.value),
        ] {
            if !value.is_empty() {
                query.insert(key, value.clone());
            }
        }
        for id in &self.controls {
            query.insert("controls[]", id.clone());
        }
        for (key, value) in more {
            query.insert(*key, (*value).to_owned());
        }
        format!("/evidence{}", query.to_query_string())
    }
}

pub struct EvidencePage {
    pub ask: Ask,
    pub wish: Result<Wish, Problem>,
    /// Of the wished period; empty when the wish cannot be read.
    pub counts: Vec<(Control, u64)>,
    pub audit: Period,
    /// Names of the quarters that touch the audit period and have begun, newest first.
    pub quarters: Vec<String>,
    pub bundles: Vec<Bundle>,
    /// What this reader asked for and is not done, oldest first.
    pub on_their_way: Vec<Order>,
    /// The bundle just made.
    pub made: Option<String>,
    /// Why the last attempt made none.
    pub refused: Option<Problem>,
    pub sample_error: Option<AskError>,
    /// The sample just drawn, or the one asked for.
    pub drawn: Option<sample::Shown>,
    /// The ledger's, to be noted before a value is given.
    pub head: Head,
    pub root_fingerprint: String,
    pub vkey: String,
    pub company: String,
    pub now: Moment,
}

pub async fn load(query: &ParamsMap) -> Result<EvidencePage, Problem> {
    let (actor, ports) = guard::signed_in(Permission::ReadEvidence).await?;
    let ask = Ask::read(query);
    let audit = coverage::period(&actor, &ports);
    let wish = ask.wish(audit);
    let counts = match &wish {
        Ok(wish) => in_scope(ports.bundles.counts(&actor, wish.period).await?, &actor),
        Err(_) => Vec::new(),
    };
    let bundles = ports.bundles.all(&actor).await?;
    let (mut made, mut refused) =
        (query.get("made"), query.get("refused").map(|_| once::refused(HERE, "No bundle was made.")));
    if let Some(id) = query.get("order") {
        match ports.bundles.ordered(&actor, &id, Duration::ZERO).await?.map(|o| o.stage) {
            Some(Stage::Made(bundle)) => made = Some(bundle),
            Some(Stage::Refused(why)) => refused = Some(PortError::Conflict(why).into()),
            _ => {}
        }
    }
    let shown = made.clone().or(query.get("drawn")).and_then(|id| bundles.iter().find(|b| b.id == id));
    let drawn = match shown {
        Some(bundle) => sample::shown(&ports, &actor, bundle).await?,
        None => None,
    };
    let now = ports.clock.now();
    let mut names: Vec<String> = quarters(audit.from, audit.to.min(now)).into_iter().map(|q| q.name).collect();
    names.reverse();
    Ok(EvidencePage {
        sample_error: ask.sample().err(),
        drawn,
        head: ports.ledger.head().await?,
        ask,
        wish,
        counts,
        audit,
        quarters: names,
        bundles,
        on_their_way: ports.bundles.on_their_way(&actor).await?,
        made,
        refused,
        root_fingerprint: ports.bundles.root_fingerprint(),
        vkey: ports.ledger.vkey(),
        company: ports.company.name.clone(),
        now,
    })
}

fn in_scope(counts: Vec<(Control, u64)>, actor: &Actor) -> Vec<(Control, u64)> {
    counts.into_iter().filter(|(control, _)| actor.scope.admits_controls(&[*control])).collect()
}

/// Makes a bundle and leads to it; works as the target of a plain form.
///
/// Refused with a [`Problem`] that the page shows: the form's reader is led back to `/evidence`, a
/// program gets the problem as JSON with its HTTP status.
#[server(prefix = "/evidence", endpoint = "make")]
pub async fn make_bundle(
    #[server(default)] period: String,
    #[server(default)] from: String,
    #[server(default)] to: String,
    #[server(default)] controls: Vec<String>,
    #[server(default)] sample: String,
    #[server(default)] size: String,
    #[server(default)] value: String,
) -> Result<(), Problem> {
    let ask = Ask { period, from, to, controls, sample, size, value };
    let ordered = make(&ask).await.map(|ordered| match ordered {
        Ordered::Made(bundle) => format!("{HERE}?made={bundle}#{bundle}"),
        Ordered::OnItsWay(order) => format!("{HERE}?order={order}"),
    });
    once::led_back(ordered, HERE, &ask.address(&[("refused", "1")]))
}

/// Most bundles are made while one waits for the next page.
const PATIENCE: Duration = Duration::from_secs(8);

enum Ordered {
    Made(String),
    OnItsWay(String),
}

async fn make(ask: &Ask) -> Result<Ordered, Problem> {
    let (actor, ports): (Actor, Ports) = guard::signed_in(Permission::MakeBundle).await?;
    let wish = Wish { sample: ask.sample().map_err(refused_sample)?, ..ask.wish(coverage::period(&actor, &ports))? };
    let order = ports.bundles.order(&actor, &wish).await?;
    match ports.bundles.ordered(&actor, &order, PATIENCE).await?.map(|o| o.stage) {
        Some(Stage::Made(bundle)) => return Ok(Ordered::Made(bundle)),
        Some(Stage::Refused(why)) => return Err(PortError::Conflict(why).into()),
        _ => {}
    }
    Ok(Ordered::OnItsWay(order))
}

fn refused_sample(e: AskError) -> Problem {
    let (what, next) = e.says();
    Problem::bad_input(what, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_read_or_refused_with_what_to_write() {
        let audit = Period::days("2025-12-01", "2026-11-30").expect("a period");
        let ask = |period: &str, from: &str, to: &str, controls: &[&str]| Ask {
            period: period.into(),
            from: from.into(),
            to: to.into(),
            controls: controls.iter().map(|c| (*c).to_owned()).collect(),
            ..Ask::default()
        };
        for (what, asked, name) in [
            ("nothing chosen", ask("", "", "", &[]), Some("2025-12-01..2026-11-30")),
            ("the audit period", ask("audit", "junk", "", &["CC7.5"]), Some("2025-12-01..2026-11-30")),
            ("a quarter", ask("2026-Q3", "", "", &["A1.2", "A1.3"]), Some("2026-Q3")),
            ("a range", ask("range", "2026-02-01", "2026-02-28", &[]), Some("2026-02-01..2026-02-28")),
            ("a range the wrong way round", ask("range", "2026-02-28", "2026-02-01", &[]), None),
            ("no quarter", ask("2026-Q7", "", "", &[]), None),
            ("an unknown control", ask("audit", "", "", &["CC9.9"]), None),
        ] {
            assert_eq!(asked.wish(audit).ok().map(|w| w.period_name).as_deref(), name, "{what}");
        }
    }
}
