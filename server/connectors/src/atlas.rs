//! MongoDB Atlas: `atlas … -o json`, or the Admin API's own answers.
//! Format: <https://www.mongodb.com/docs/atlas/reference/api-resources-spec/v2/>, tag Cloud Backups.

mod snapshots;

pub use snapshots::SNAPSHOTS;
