//! How a drill tells where it stands.

use std::sync::Mutex;

use domain::{
    drill::{Step, StepId},
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
        eprintln!("  {:34} {:>8}  {}", step.id.title(), words::clock(step.took_ms()), step.note);
    }
}
