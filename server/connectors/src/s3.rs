//! Amazon S3: how a bucket is set up, and how one object stands.

mod bucket;
mod object;

pub use bucket::BUCKET;
pub use object::OBJECT;
