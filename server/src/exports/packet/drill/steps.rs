//! A drill's steps, each with its bar on one axis: from the first step to the promised time, or over the
//! drill's own length where that is less than a tenth of the promise.

use domain::{
    Moment,
    drill::{Drill, Outcome, Step, StepId},
    record::Sealed,
    words::{self as say, brief},
};

use crate::exports::{
    content::Content,
    packet::{
        marks::{self, Mark},
        page::{Book, Canvas, LEFT, body, quiet, span},
        table::{Placed, Row, Table, col, num},
        text::{CELL, GREY, INK, MISS, RULE, STRONG, Style, TINY},
    },
};

const AXIS: f32 = LEFT + 336.0;
const WIDE: f32 = 140.0;

pub fn draw(book: &mut Book, content: &Content, sealed: &Sealed<Drill>) {
    let d = &sealed.value;
    let Some(axis) = Axis::of(d) else { return };
    let stopped = d.measured.as_ref().zip(d.clock_ends_with());
    let mut rows = Vec::new();
    // By row: the step whose bar stands there.
    let mut bars: Vec<Option<&Step>> = Vec::new();
    for (i, step) in d.steps.iter().enumerate() {
        rows.push(row(i, step));
        bars.push(Some(step));
        if let Some((measured, _)) = stopped.filter(|(_, at)| *at == i) {
            rows.push(Row::of(vec![
                Vec::new(),
                vec![quiet(format!("Clock stopped, {}", took(measured.restore_ms)))],
                vec![quiet(say::time(step.ended_at))],
            ]));
            bars.push(None);
        }
    }
    let columns = [col("", 16.0), col("", 201.0), col("Start, UTC", 64.0), num("Took", 55.0), col("", WIDE)];
    let medians = medians(content, d);
    let foot = quiet(axis.says(!medians.is_empty()));
    let placed = Table::new("Steps and timings", &columns).within(&sealed.seal).foot([foot]).set(book, &rows);
    axis.heads(book, &placed);
    for (step, (page, top, tall)) in bars.iter().zip(&placed.rows) {
        let canvas = book.canvas_of(*page);
        axis.grid(canvas, *top, *tall);
        if let Some(step) = step {
            axis.bar(canvas, *top, step, medians.iter().find(|(id, _)| *id == step.id).map(|(_, ms)| *ms));
        }
    }
}

fn row(i: usize, step: &Step) -> Row {
    let mut title = vec![body(step.id.title())];
    match step.outcome {
        Outcome::Done => {}
        Outcome::Failed => {
            title.push(body("\n"));
            title.extend(marks::state(Mark::Miss, "failed", STRONG));
        }
        Outcome::Skipped => {
            title.push(body("\n"));
            title.extend(marks::state(Mark::None, "skipped", STRONG));
        }
    }
    if !step.note.is_empty() {
        title.push(quiet(format!("\n{}", step.note)));
    }
    title.extend(step.commands.iter().map(|command| quiet(format!("\n{}", command.says()))));
    Row::of(vec![
        vec![body((i + 1).to_string())],
        title,
        vec![body(say::time(step.started_at))],
        vec![body(took(step.took_ms()))],
    ])
}

/// "34:24", and "40 ms" under a second.
fn took(ms: i64) -> String {
    if (1..1000).contains(&ms) { span(ms) } else { say::clock(ms) }
}

/// What each step took at the median of the earlier drills of the same loss; invented are compared with
/// invented, measured with measured.
fn medians(content: &Content, d: &Drill) -> Vec<(StepId, i64)> {
    let earlier = content.drills.iter().map(|p| &p.value).filter(|p| {
        p.occurred_at < d.occurred_at && p.scenario == d.scenario && p.demo == d.demo && p.abandoned.is_none()
    });
    let steps: Vec<&Step> = earlier.flat_map(|p| &p.steps).collect();
    let median = |id: StepId| {
        let mut took: Vec<i64> = steps.iter().filter(|s| s.id == id).map(|s| s.took_ms()).collect();
        took.sort_unstable();
        Some((id, *took.get(took.len() / 2)?))
    };
    StepId::ALL.into_iter().filter_map(median).collect()
}

/// Time from left to right.
struct Axis {
    from: Moment,
    /// When the loss was declared: where the clock and the marks begin.
    zero: Moment,
    /// Milliseconds from end to end.
    long: f32,
    own_ms: i64,
    rto_ms: i64,
    /// Whether it reaches the promise.
    reaches: bool,
}

impl Axis {
    fn of(d: &Drill) -> Option<Self> {
        let from = d.steps.iter().map(|s| s.started_at).min()?;
        let own_ms = d.steps.iter().map(|s| s.ended_at.since(from)).max()?.max(1);
        let zero = d.steps.iter().filter(|s| s.id.on_the_clock()).map(|s| s.started_at).min().unwrap_or(from);
        let rto_ms = d.plan.rto_ms;
        let promise = zero.since(from).saturating_add(rto_ms);
        let reaches = own_ms.saturating_mul(10) >= promise;
        let long = if reaches { promise.max(own_ms) as f32 * 1.17 } else { own_ms as f32 * 1.04 };
        Some(Self { from, zero, long, own_ms, rto_ms, reaches })
    }

    fn at(&self, from_start: i64) -> f32 {
        AXIS + (from_start as f32 / self.long).clamp(0.0, 1.0) * WIDE
    }

    /// Milliseconds on the clock.
    fn clock(&self, ms: i64) -> f32 {
        self.at(self.zero.since(self.from).saturating_add(ms))
    }

    /// Round times on the clock, so that about four fit, none of them on the promise.
    fn ticks(&self) -> Vec<i64> {
        const STEPS: [i64; 22] = [
            10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 60_000, 120_000, 300_000, 600_000,
            1_200_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000,
        ];
        let ahead = self.long - self.zero.since(self.from) as f32;
        let step = STEPS.into_iter().find(|s| ahead / *s as f32 <= 4.9).unwrap_or(7 * 86_400_000);
        let all = (0..6).map(|i| i * step).filter(|t| *t as f32 <= ahead);
        all.filter(|t| !self.reaches || (self.clock(*t) - self.clock(self.rto_ms)).abs() > 6.0).collect()
    }

    /// Under a minute a mark says its unit; from there on all are minutes, or hours.
    fn label(ms: i64) -> String {
        let said = if ms == 0 { "0".to_owned() } else { brief(ms) };
        said.strip_suffix(" min").map(str::to_owned).unwrap_or(said)
    }

    fn heads(&self, book: &mut Book, placed: &Placed) {
        let style = Style { ink: INK, ..TINY };
        let rto = format!("RTO {}", Self::label(self.rto_ms));
        let wide = style.width(&rto);
        let from = (self.clock(self.rto_ms) - wide / 2.0).min(AXIS + WIDE - wide);
        for (page, base) in &placed.heads {
            let canvas = book.canvas_of(*page);
            let mut taken = AXIS - 20.0;
            for ms in self.ticks() {
                let text = Self::label(ms);
                let wide = TINY.width(&text);
                let at = (self.clock(ms) - wide / 2.0).max(AXIS - 2.0).min(AXIS + WIDE - wide);
                if at > taken && (!self.reaches || at + wide + 4.0 < from) {
                    taken = at + wide + 4.0;
                    canvas.words(at, *base, TINY, text);
                }
            }
            if self.reaches {
                canvas.words(from, *base, style, rto.as_str());
            }
        }
    }

    fn grid(&self, canvas: &mut Canvas, top: f32, tall: f32) {
        for x in self.ticks().into_iter().map(|ms| self.clock(ms)) {
            canvas.line(&[(x, top), (x, top + tall)], 0.8, RULE);
        }
        if self.reaches {
            let x = self.clock(self.rto_ms);
            canvas.dashed(&[(x, top), (x, top + tall)], 1.0, INK, [5.0, 3.0]);
        }
    }

    fn bar(&self, canvas: &mut Canvas, top: f32, step: &Step, median: Option<i64>) {
        let start = step.started_at.since(self.from);
        let from = self.at(start);
        let long = (self.at(step.ended_at.since(self.from)) - from).max(1.4);
        let y = top + 9.5;
        match step.outcome {
            Outcome::Done => canvas.rect(from, y, long, 8.0, if step.id.on_the_clock() { CELL } else { GREY }),
            Outcome::Failed => canvas.rect(from, y, long, 8.0, MISS),
            Outcome::Skipped => {}
        }
        if let Some(median) = median.filter(|ms| start.saturating_add(*ms) as f32 <= self.long) {
            let x = self.at(start + median);
            canvas.line(&[(x, top + 7.0), (x, top + 20.0)], 1.4, INK);
        }
    }

    fn says(&self, medians: bool) -> String {
        let reach = if self.reaches {
            "Minutes on the clock unless said; dashed, the promise.".to_owned()
        } else {
            format!(
                "The axis is this drill’s own length, {}; the promised {} lies far beyond it.",
                span(self.own_ms),
                span(self.rto_ms)
            )
        };
        let upright = if medians { " Upright: median of earlier drills." } else { "" };
        format!("{reach} Grey: off the clock.{upright}")
    }
}
