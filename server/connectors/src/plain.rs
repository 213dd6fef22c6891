//! Facts of which only the least is said yet: a connector adds what its vendor says, and the rest stays absent.

use domain::fact::{Point, PointState, Run, RunKind, RunState};

/// A backup's run.
pub fn run(reference: String, state: RunState, said: String) -> Run {
    Run {
        reference,
        what: RunKind::Backup,
        resource: None,
        job: None,
        state,
        said,
        scheduled_for: None,
        started_at: None,
        finished_at: None,
        bytes: None,
        basis: None,
        message: None,
        point: None,
        from_region: None,
        to_region: None,
        target: None,
    }
}

pub fn point(reference: String, state: PointState, said: String) -> Point {
    Point {
        reference,
        resource: None,
        cadence: None,
        state,
        said,
        taken_at: None,
        data_as_of: None,
        expires_at: None,
        bytes: None,
        basis: None,
        region: None,
        copies: Vec::new(),
        copy_of: None,
        encryption: None,
        key: None,
        vault: None,
        locked_until: None,
        shared_with: None,
        window: None,
        aspect: None,
    }
}
