//! View parts shared by pages. A part draws what it is given and asks nothing of the machine.
//!
//! `style/parts/` holds the CSS under the same names.

mod attached;
mod before;
mod bullet;
mod changes;
mod coverage;
mod filter;
mod freshness;
mod head;
mod heatmap;
mod judged;
mod lag;
pub mod live;
mod loaded;
mod log;
mod measures;
mod note;
mod observation;
mod passkey;
mod seal;
mod settings;
mod shell;
mod state;
mod sundays;
mod text;
mod timeline;
mod trend;
mod write;

pub use attached::AttachedFile;
pub use before::OpenBefore;
pub use bullet::Bullet;
pub use changes::Hunks;
pub use coverage::{Coverage, CoverageHead, Mark};
pub use domain::words::capital;
pub use filter::{FilterBar, FilterSelect, FilterToggle, Pager};
pub use freshness::Freshness;
pub use head::{PageHead, Section, Statement};
pub use heatmap::{HeatRow, Heatmap};
pub use judged::JudgedTable;
pub use lag::LagStrip;
pub use loaded::{encoded, failed, loaded, local, param, query};
pub use log::{LogSection, UnderWay};
pub use measures::{Measure, Measures};
pub use note::{Empty, ErrorNote};
pub use observation::Observation;
pub use passkey::{Ceremony, PasskeyForm};
pub use seal::{Computed, SealKind, SealMark, SealNote, Waiting};
pub use settings::SettingsPages;
pub use shell::{Bare, PageShell, Sprite};
pub use state::{Say, Shape, StateMark};
pub use sundays::Sundays;
pub use text::{Demo, Digest, Tested, When, drill_href, plural, review_href};
pub use timeline::Timeline;
pub use trend::{Trend, TrendChart};
pub use write::{FilesField, RecordsField, WordsField};

/// An id no other element on this page has.
pub(crate) fn unique(prefix: &str) -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static LAST: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}-{:x}", LAST.fetch_add(1, Ordering::Relaxed))
}
