//! How a drill tells where it stands.

use std::{
    collections::VecDeque,
    sync::Mutex,
    time::{Duration, Instant},
};

use domain::{
    drill::{Step, StepId},
    live::{self, Unit},
    words,
};
use indicatif::{ProgressBar, ProgressStyle};

pub trait Progress: Send + Sync {
    fn begins(&self, step: StepId);
    /// So many documents of so many; a total of 0 is unknown.
    fn moved(&self, done: u64, total: u64);
    fn ends(&self, step: &Step);
}

/// Says nothing.
pub struct Silent;

impl Progress for Silent {
    fn begins(&self, _: StepId) {}
    fn moved(&self, _: u64, _: u64) {}
    fn ends(&self, _: &Step) {}
}

/// Bars on a terminal, plain lines elsewhere; always on stderr.
#[derive(Default)]
pub struct Terminal {
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress for Terminal {
    fn begins(&self, step: StepId) {
        let bar = ProgressBar::new(0);
        bar.set_style(
            ProgressStyle::with_template("  {spinner} {msg:34} {bar:24} {human_pos} of {human_len}")
                .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message(step.title());
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        if let Ok(mut held) = self.bar.lock() {
            *held = Some(bar);
        }
    }

    fn moved(&self, done: u64, total: u64) {
        if let Ok(held) = self.bar.lock()
            && let Some(bar) = &*held
        {
            bar.set_length(total.max(done));
            bar.set_position(done);
        }
    }

    fn ends(&self, step: &Step) {
        if let Ok(mut held) = self.bar.lock()
            && let Some(bar) = held.take()
        {
            bar.finish_and_clear();
        }
        crate::aside!("  {:34} {:>8}  {}", step.id.title(), words::clock(step.took_ms()), step.note);
    }
}

/// A rate is what was done over the last quarter of a minute.
const WINDOW: Duration = Duration::from_secs(15);

/// Passes everything on to another listener, and remembers how far the step is for the portal to hear.
pub struct Told<'p> {
    on: &'p dyn Progress,
    now: std::sync::Arc<Mutex<Moving>>,
}

/// How far the step under way is, and how far it was a while ago.
#[derive(Default)]
pub struct Moving {
    step: Option<StepId>,
    done: u64,
    total: u64,
    before: VecDeque<(Instant, u64)>,
}

impl<'p> Told<'p> {
    pub fn new(on: &'p dyn Progress) -> Self {
        Self { on, now: std::sync::Arc::default() }
    }

    /// What the heartbeat reads.
    pub fn moving(&self) -> std::sync::Arc<Mutex<Moving>> {
        self.now.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Moving)) {
        if let Ok(mut now) = self.now.lock() {
            change(&mut now);
        }
    }
}

impl Moving {
    fn began(&mut self, step: Option<StepId>) {
        *self = Self { step, before: VecDeque::from([(Instant::now(), 0)]), ..Self::default() };
    }

    fn moved(&mut self, done: u64, total: u64, at: Instant) {
        (self.done, self.total) = (done, total);
        // One reading a second is enough to tell a rate by.
        if self.before.back().is_none_or(|(last, _)| at.duration_since(*last) >= Duration::from_secs(1)) {
            self.before.push_back((at, done));
        }
        while self.before.len() > 2 && self.before.front().is_some_and(|(t, _)| at.duration_since(*t) > WINDOW) {
            self.before.pop_front();
        }
    }

    /// `None`: no step is under way, or it counts nothing.
    pub fn says(&self, at: Instant) -> Option<live::Progress> {
        let step = self.step.filter(|_| self.done > 0 || self.total > 0)?;
        let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let rate = self.before.front().map_or(0, |(since, done)| {
            let seconds = at.duration_since(*since).as_secs_f64();
            if seconds < 1.0 { 0 } else { (self.done.saturating_sub(*done) as f64 / seconds) as i64 }
        });
        // A restore counts what it reads of the recovery point; every other step counts documents.
        let unit = if step == StepId::Restore { Unit::Bytes } else { Unit::Documents };
        Some(live::Progress { step, done: signed(self.done), total: signed(self.total), unit, rate })
    }
}

impl Progress for Told<'_> {
    fn begins(&self, step: StepId) {
        self.change(|now| now.began(Some(step)));
        self.on.begins(step);
    }

    fn moved(&self, done: u64, total: u64) {
        self.change(|now| now.moved(done, total, Instant::now()));
        self.on.moved(done, total);
    }

    fn ends(&self, step: &Step) {
        self.change(|now| now.began(None));
        self.on.ends(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_that_of_the_last_while_and_a_step_that_ended_says_nothing() {
        let told = Told::new(&Silent);
        told.begins(StepId::Restore);
        let now = told.moving();
        let mut now = now.lock().expect("no one else");
        let began = now.before[0].0;
        assert_eq!(now.says(began), None, "nothing was counted yet");
        for second in 1..=60 {
            let done = if second <= 30 { second * 1000 } else { 30_000 + (second - 30) * 100 };
            now.moved(done, 100_000, began + Duration::from_secs(second));
        }
        let said = now.says(began + Duration::from_secs(60)).expect("it moves");
        assert_eq!((said.done, said.total, said.unit, said.rate), (33_000, 100_000, Unit::Bytes, 100));
        now.began(None);
        assert_eq!(now.says(began + Duration::from_secs(61)), None);
    }
}
