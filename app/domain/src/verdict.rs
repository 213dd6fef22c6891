//! Verdicts: the five words and how a measured value earns one.

use serde::{Deserialize, Serialize};

/// "We could not tell" is `Untested` with its reason, never `Met`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Met,
    AtRisk,
    Missed,
    /// Never measured.
    Untested,
    /// Measured, but longer ago than its cadence allows.
    Stale,
}

impl Verdict {
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::AtRisk => "at risk",
            Verdict::Missed => "missed",
            Verdict::Untested => "untested",
            Verdict::Stale => "stale",
        }
    }

    /// A measured value against its promise, both in milliseconds: at risk over 80 % of it.
    ///
    /// A promise of zero is met by zero alone.
    pub fn of(measured: i64, promise: i64) -> Self {
        if measured > promise {
            Verdict::Missed
        } else if promise > 0 && i128::from(measured) * 5 > i128::from(promise) * 4 {
            Verdict::AtRisk
        } else {
            Verdict::Met
        }
    }

    /// The one that worries more. Missed first, then stale, untested, at risk, met.
    pub fn worse(self, other: Self) -> Self {
        if self.weight() >= other.weight() { self } else { other }
    }

    fn weight(self) -> u8 {
        match self {
            Verdict::Met => 0,
            Verdict::AtRisk => 1,
            Verdict::Untested => 2,
            Verdict::Stale => 3,
            Verdict::Missed => 4,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{self, *};
    use proptest::prelude::*;

    #[test]
    fn a_promise_is_at_risk_over_eighty_per_cent_of_it() {
        for (measured, promise, expected) in
            [(0, 0, Met), (1, 0, Missed), (80, 100, Met), (81, 100, AtRisk), (100, 100, AtRisk), (101, 100, Missed)]
        {
            assert_eq!(Verdict::of(measured, promise), expected, "{measured} of {promise}");
        }
    }

    proptest! {
        #[test]
        fn taking_longer_never_makes_a_verdict_better(a in 0i64..i64::MAX, b in 0i64..i64::MAX, promise in 0i64..i64::MAX) {
            let (quick, slow) = (a.min(b), a.max(b));
            let worse = Verdict::of(quick, promise).worse(Verdict::of(slow, promise));
            prop_assert_eq!(worse, Verdict::of(slow, promise));
        }
    }
}
