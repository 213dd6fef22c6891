//! What the portal hears of a drill under way: every step as it begins and ends, and every few seconds in between. One
//! task alone says it, so that nothing arrives after what is newer.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use domain::{
    drill::{Act, Drill, LogLine},
    live::Heartbeat,
};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};

use super::{portal::Portal, progress::Moving};

/// How often the portal hears of a drill that does not change.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(5);
/// And while people press: they wait for what they pressed.
pub(super) const PRESSING: Duration = Duration::from_secs(2);
/// A drill waits no longer for a portal that may be away.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Telling {
    /// How often it changed, and the record so far.
    so_far: watch::Sender<(u64, Drill)>,
    /// The last change that was said, whether the portal heard it or not.
    said: watch::Receiver<u64>,
    pub heard: Heard,
    /// `None`: no portal was named.
    task: Option<JoinHandle<()>>,
}

impl Telling {
    pub fn of(
        portal: Option<&Portal>,
        id: &str,
        every: Duration,
        drill: &Drill,
        moving: Option<Arc<Mutex<Moving>>>,
    ) -> Self {
        let (so_far, changes) = watch::channel((0, drill.clone()));
        let (done, said) = watch::channel(0);
        let heard = Heard::default();
        let task = portal.map(|portal| {
            let teller = Teller {
                portal: portal.clone(),
                id: id.to_owned(),
                every,
                changes,
                done,
                moving,
                heard: heard.clone(),
            };
            tokio::spawn(teller.run())
        });
        Self { so_far, said, heard, task }
    }

    pub fn change(&self, drill: &Drill) {
        self.so_far.send_modify(|(n, so_far)| {
            *n += 1;
            so_far.clone_from(drill);
        });
    }

    /// Waits until the last change was said, for a moment at most.
    pub async fn said(&mut self) {
        if self.task.is_some() {
            let n = self.so_far.borrow().0;
            let _ = tokio::time::timeout(PATIENCE, self.said.wait_for(|said| *said >= n)).await;
        }
    }

    pub fn end(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

struct Teller {
    portal: Portal,
    id: String,
    every: Duration,
    changes: watch::Receiver<(u64, Drill)>,
    done: watch::Sender<u64>,
    moving: Option<Arc<Mutex<Moving>>>,
    heard: Heard,
}

impl Teller {
    async fn run(mut self) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(self.every) => {}
                changed = self.changes.changed() => if changed.is_err() { return },
            }
            let (n, so_far) = self.changes.borrow_and_update().clone();
            let moving = self.moving.as_ref().and_then(|moving| moving.lock().ok()?.says(Instant::now()));
            match self.portal.hear(&self.id, &Heartbeat { so_far, progress: moving }).await {
                Ok(lines) => self.heard.learn(lines),
                Err(cause) => tracing::warn!(%cause, drill = self.id, "the portal does not hear the drill; it goes on"),
            }
            self.done.send_replace(n);
        }
    }
}

/// What people wrote and pressed, as the portal last answered.
#[derive(Clone, Default)]
pub(super) struct Heard {
    log: Arc<Mutex<Vec<LogLine>>>,
    changed: Arc<Notify>,
}

impl Heard {
    pub fn lines(&self) -> Vec<LogLine> {
        self.log.lock().map(|log| log.clone()).unwrap_or_default()
    }

    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    fn learn(&self, lines: Vec<LogLine>) {
        if let Ok(mut log) = self.log.lock() {
            *log = lines;
        }
        self.changed.notify_one();
    }

    /// Waits for somebody to stop the drill: who, and why.
    pub async fn stopped(&self) -> String {
        loop {
            let stop = self.lines().into_iter().find(|line| line.act == Act::Abandons);
            if let Some(stop) = stop {
                return format!("{} stopped it: {}", stop.by, stop.says.trim_end_matches('.'));
            }
            self.changed().await;
        }
    }
}
