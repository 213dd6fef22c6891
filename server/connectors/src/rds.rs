//! Amazon RDS, as its command line answers.

mod attributes;
mod automated;
mod instances;
mod snapshots;

use domain::fact::Encryption;

pub use attributes::SNAPSHOT_ATTRIBUTES;
pub(crate) use attributes::shared;
pub use automated::AUTOMATED_BACKUPS;
pub use instances::INSTANCES;
pub use snapshots::SNAPSHOTS;

/// A key alone does not say whose it is: only the key itself does.
fn encryption(encrypted: Option<bool>, kind: Option<&str>) -> Option<Encryption> {
    match (kind, encrypted?) {
        (_, false) => Some(Encryption::None),
        (Some("sse-rds"), true) => Some(Encryption::VendorOwned),
        _ => Some(Encryption::Unknown),
    }
}
