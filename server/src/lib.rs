//! What runs: HTTP, MongoDB, signing, exports, the runner.

pub mod exports;
pub mod sign;
