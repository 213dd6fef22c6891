//! Who left, by the personnel system or the directory.

mod leavers;
mod scim;

pub use leavers::LEAVERS_CSV;
pub use scim::SCIM_USERS;
