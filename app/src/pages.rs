//! One file per page.

pub mod problem;
