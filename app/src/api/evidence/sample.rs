//! A bundle's sample, with the records it drew.

use domain::{
    record::Sealed,
    role::Actor,
    sample::{Drawn, Item, Population, attestation_says, drill_says},
    words,
};

use crate::{
    api::backups,
    parts::drill_href,
    ports::{Bundle, Ports},
    problem::Problem,
};

/// One item drawn, with the record behind it where the portal can name it.
pub struct Picked {
    pub item: Item,
    /// "alder-books, found on 2026-11-15"
    pub says: Option<String>,
    pub href: Option<String>,
}

pub struct Shown {
    /// The bundle it is in.
    pub bundle: String,
    pub drawn: Drawn,
    /// As they were drawn.
    pub picked: Vec<Picked>,
}

/// Reads within the actor's scope only; a bundle that reaches further is never listed for them.
pub async fn shown(ports: &Ports, actor: &Actor, bundle: &Bundle) -> Result<Option<Shown>, Problem> {
    let Some(drawn) = bundle.sample.clone() else { return Ok(None) };
    let scope = &actor.scope;
    let known: Vec<(u64, String, String)> = match drawn.population {
        Population::Attestations => {
            let all = ports.attestations.grid(scope).await?;
            all.into_iter()
                .map(|a| {
                    let day = words::date(a.occurred_at);
                    let ask = backups::Ask {
                        tenant: a.tenant.clone(),
                        from: day.clone(),
                        to: day,
                        ..backups::Ask::default()
                    };
                    (a.seal.seq, attestation_says(&a.tenant, a.occurred_at), ask.address(None))
                })
                .collect()
        }
        Population::Drills => each(ports.drills.all(scope).await?, |d| (drill_says(&d.value), drill_href(&d.id))),
        Population::Findings => {
            let now = ports.clock.now();
            each(ports.findings.all(scope).await?, |f| {
                let standing = f.value.standing(now).id();
                (f.value.title.clone(), format!("/findings?standing={standing}#{}", f.id))
            })
        }
        Population::Gaps => {
            each(ports.gaps.all(scope).await?, |g| (g.value.says.clone(), format!("/backups#{}", g.id)))
        }
    };
    let picked = drawn.chosen.iter().map(|item| {
        let (says, href) =
            known.iter().find(|k| k.0 == item.seq).map(|(_, says, href)| (says.clone(), href.clone())).unzip();
        Picked { item: item.clone(), says, href }
    });
    Ok(Some(Shown { bundle: bundle.id.clone(), picked: picked.collect(), drawn }))
}

fn each<T>(all: Vec<Sealed<T>>, says: impl Fn(&Sealed<T>) -> (String, String)) -> Vec<(u64, String, String)> {
    all.iter()
        .map(|one| {
            let (said, href) = says(one);
            (one.seal.seq, said, href)
        })
        .collect()
}
