//! State marks and seals, drawn as shapes. A mark never stands without its word.

use domain::{drill::CheckVerdict, finding::Standing, verdict::Verdict};

use super::{
    page::Canvas,
    text::{ACCENT, INK2, INK3, Ink, MET, MISS, RISK, Span, Style, words},
};

/// One shape per meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Disc.
    Met,
    /// Triangle.
    Risk,
    /// Square.
    Miss,
    /// Ring.
    None,
}

impl Mark {
    pub fn ink(self) -> Ink {
        match self {
            Mark::Met => MET,
            Mark::Risk => RISK,
            Mark::Miss => MISS,
            Mark::None => INK2,
        }
    }

    pub fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Met => Mark::Met,
            Verdict::AtRisk | Verdict::Stale => Mark::Risk,
            Verdict::Missed => Mark::Miss,
            Verdict::Untested => Mark::None,
        }
    }

    /// Draws it in a square of `size` with its left edge at `x`, sitting on the baseline `y`.
    pub fn draw(self, canvas: &mut Canvas, x: f32, y: f32, size: f32) {
        let ink = self.ink();
        match self {
            Mark::Met => canvas.disc(x + size / 2.0, y - size / 2.0, size / 2.0, ink),
            Mark::Risk => canvas
                .fill(vec![vec![(x - 0.04 * size, y), (x + 1.04 * size, y), (x + size / 2.0, y - 0.98 * size)]], ink),
            Mark::Miss => canvas.rect(x + 0.04 * size, y - 0.96 * size, 0.92 * size, 0.92 * size, ink),
            Mark::None => canvas.circle(x + size / 2.0, y - size / 2.0, 0.41 * size, 0.17 * size, ink),
        }
    }
}

/// A mark and its word, as wide as the text it stands in.
pub fn state(mark: Mark, word: &str, style: Style) -> Vec<Span> {
    vec![Span::Mark(mark, style.size * 0.3 + 4.4), words(style.ink(mark.ink()), word.replace(' ', "\u{a0}"))]
}

pub fn verdict(verdict: Verdict, style: Style) -> Vec<Span> {
    state(Mark::of(verdict), verdict.word(), style)
}

pub fn check(verdict: CheckVerdict, style: Style) -> Vec<Span> {
    match verdict {
        CheckVerdict::Passes => state(Mark::Met, "passes", style),
        CheckVerdict::Fails => state(Mark::Miss, "fails", style),
        CheckVerdict::NotRun => state(Mark::None, "not run", style),
    }
}

pub fn standing(standing: Standing, style: Style) -> Vec<Span> {
    let mark = match standing {
        Standing::Overdue => Mark::Miss,
        Standing::DueSoon => Mark::Risk,
        Standing::Open => Mark::None,
        Standing::Closed => Mark::Met,
    };
    state(mark, standing.word(), style)
}

/// How a seal's ring looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Sealed in the ledger.
    Whole,
    /// The record no longer equals what was sealed.
    Broken,
    /// Not sealed yet, or not there.
    Waiting,
}

/// The nine-lobed ring around `(x, y)`, `size` across.
pub fn seal(canvas: &mut Canvas, x: f32, y: f32, size: f32, ring: Ring) {
    let (ink, dash) = match ring {
        Ring::Whole => (ACCENT, None),
        Ring::Broken => (MISS, None),
        Ring::Waiting => (INK3, Some([1.6, 1.6])),
    };
    let stroke = size * 0.077;
    canvas.curve(lobes(x, y, size * 0.5 - stroke / 2.0), stroke, ink, dash);
    let at = |dx: f32, dy: f32| (x + dx * size, y + dy * size);
    match ring {
        Ring::Whole => canvas.line(&[at(-0.175, 0.02), at(-0.045, 0.14), at(0.18, -0.115)], stroke * 1.15, ink),
        Ring::Broken => {
            canvas.line(&[at(-0.14, -0.14), at(0.14, 0.14)], stroke * 1.15, ink);
            canvas.line(&[at(-0.14, 0.14), at(0.14, -0.14)], stroke * 1.15, ink);
        }
        Ring::Waiting => {}
    }
}

/// Points of a closed path: a start, then two handles and an end for each of eighteen arcs, from
/// the crest of a lobe to the trough and up again.
fn lobes(x: f32, y: f32, crest: f32) -> Vec<(f32, f32)> {
    let trough = crest * 0.855;
    let step = std::f32::consts::PI / 9.0;
    let reach = step * 0.42;
    let at = |radius: f32, angle: f32| (x + radius * angle.sin(), y - radius * angle.cos());
    let ahead = |radius: f32, angle: f32, by: f32| {
        let (px, py) = at(radius, angle);
        (px + by * angle.cos(), py + by * angle.sin())
    };
    let radius = |i: usize| if i.is_multiple_of(2) { crest } else { trough };
    let mut points = vec![at(crest, 0.0)];
    for i in 0..18 {
        let (from, to) = (i as f32 * step, (i + 1) as f32 * step);
        points.push(ahead(radius(i), from, radius(i) * reach));
        points.push(ahead(radius(i + 1), to, -radius(i + 1) * reach));
        points.push(at(radius(i + 1), to));
    }
    points
}
