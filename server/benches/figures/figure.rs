//! One figure: a value, what it stands beside, and whether it is as good as it should be.

use std::path::Path;

use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    pub name: &'static str,
    pub value: f64,
    pub unit: &'static str,
    /// The other measurement of the same run, in the same unit.
    pub baseline: f64,
    /// `value / baseline`.
    pub ratio: f64,
    /// "at most 1.5"; empty: nothing was promised.
    pub goal: &'static str,
    pub met: Option<bool>,
    /// What the two are.
    #[serde(skip)]
    pub says: String,
}

impl Figure {
    pub fn beside(name: &'static str, unit: &'static str, value: f64, baseline: f64, says: impl Into<String>) -> Self {
        let ratio = if baseline == 0.0 { 0.0 } else { value / baseline };
        Self { name, value, unit, baseline, ratio, goal: "", met: None, says: says.into() }
    }

    pub fn at_least(self, goal: &'static str, bound: f64) -> Self {
        Self { goal, met: Some(self.ratio >= bound), ..self }
    }

    pub fn at_most(self, goal: &'static str, bound: f64) -> Self {
        Self { goal, met: Some(self.ratio <= bound), ..self }
    }
}

/// The table on stdout, and a file each.
pub fn print(figures: &[Figure]) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(&dir).expect("a folder for the figures");
    println!("{:34} {:>12} {:8} {:>12} {:>7}  {:14} what", "figure", "value", "unit", "beside", "ratio", "goal");
    for f in figures {
        let goal = match f.met {
            None => String::new(),
            Some(true) => format!("{} ●", f.goal),
            Some(false) => format!("{} ■", f.goal),
        };
        let Figure { name, value, unit, baseline, ratio, says, .. } = f;
        println!("{name:34} {value:>12.1} {unit:8} {baseline:>12.1} {ratio:>7.2}  {goal:14} {says}");
        let json = serde_json::to_string_pretty(f).expect("numbers and text") + "\n";
        std::fs::write(dir.join(format!("{name}.json")), json).expect("a figure's file");
    }
}
