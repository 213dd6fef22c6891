//! A drill by hand: people restore, and press on the live page or at this terminal as they begin and end each step.
//!
//! The portal stamps every press, so there is none without one. What this side adds to the presses is the plan, the
//! verdict, and that nobody looked at the contents.

use std::io::{BufRead, IsTerminal};

use anyhow::{Context, Result};
use domain::{
    by_hand,
    drill::{Act, Check, CheckId, CheckVerdict, Drill, Measured},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    Ended, Filed, blank, new_id, now,
    plan::{From, Plan},
    portal::Portal,
    telling::{PRESSING, Telling},
};

pub async fn run(plan: &Plan, portal: Option<&Portal>, stop: &CancellationToken) -> Result<Ended> {
    let portal = portal.context("a drill by hand needs --portal: its times are the portal’s")?;
    let From::ByHand { recovery_point, taken_at } = &plan.from else { anyhow::bail!("this plan is not done by hand") };
    let began = now();
    let id = new_id(began);
    let mut drill = blank(plan, began);
    by_hand::KIND.clone_into(&mut drill.source.kind);
    drill.source.recovery_point.clone_from(recovery_point);
    drill.source.taken_at = *taken_at;
    portal.begin(&id, &drill).await?;
    let telling = Telling::of(Some(portal), &id, PRESSING, &drill, None);
    let heard = telling.heard.clone();
    tell(&id, None);
    let mut enter = entered();
    let mut told = None;
    let stopped = loop {
        let lines = heard.lines();
        drill.log.clone_from(&lines);
        drill.steps = by_hand::steps(&lines);
        let next = by_hand::next(&lines);
        if next.is_none() {
            break None;
        }
        if told != next {
            tell(&id, next);
            told = next;
        }
        tokio::select! {
            () = heard.changed() => {}
            Some(()) = enter.recv() => {
                if let Err(cause) = portal.press(&id, &plan.by).await {
                    crate::aside!("  Not pressed: {cause:#}");
                }
            }
            () = stop.cancelled() => break Some("stopped by the operator at the terminal".to_owned()),
        }
    };
    telling.end();
    let asked = drill.log.iter().find(|line| line.act == Act::Abandons);
    let asked = asked.map(|line| format!("{} stopped it: {}", line.by, line.says.trim_end_matches('.')));
    conclude(&mut drill, asked.or(stopped));
    let filed = Filed::of(portal.finish(&id, &drill).await);
    Ok(Ended { id, drill, filed })
}

/// What follows from the presses.
fn conclude(drill: &mut Drill, abandoned: Option<String>) {
    drill.exposure = by_hand::exposure(&drill.log);
    if abandoned.is_none() {
        drill.measured = drill.clock().map(|(declared, verified)| Measured {
            restore_ms: verified.since(declared),
            // No program read what came back.
            rpo_ms: None,
            bytes: 0,
            documents: 0,
        });
        drill.checks = vec![Check {
            id: CheckId::TearDown,
            expected: "gone".to_owned(),
            actual: "not known".to_owned(),
            verdict: CheckVerdict::NotRun,
            detail: "done by hand; no program looked".to_owned(),
        }];
    }
    drill.abandoned = abandoned;
    drill.verdict = Drill::judge(&drill.plan, drill.measured.as_ref(), &drill.checks, drill.abandoned.as_deref());
}

fn tell(id: &str, next: Option<Act>) {
    let here = if std::io::stdin().is_terminal() { ", or press Enter here" } else { "" };
    match next {
        None => {
            crate::aside!("Drill {id} by hand. Its steps are pressed on the portal’s page /drills/{id}/live{here}.")
        }
        Some(Act::Begins { step }) => crate::aside!("  {:42} press start when you begin it", step.title()),
        Some(Act::Ends { step }) => crate::aside!("  {:42} under way; press done when it is", step.title()),
        Some(Act::Note | Act::Abandons) => {}
    }
}

/// Each line entered at the terminal; nothing where there is none.
fn entered() -> mpsc::Receiver<()> {
    let (send, receive) = mpsc::channel(1);
    if std::io::stdin().is_terminal() {
        // Ends with the process: a read of a terminal cannot be called off.
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines() {
                if line.is_err() || send.blocking_send(()).is_err() {
                    return;
                }
            }
        });
    }
    receive
}
