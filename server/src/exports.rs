//! Evidence on its way out: the bundle, its packet, its offline pages.

pub mod content;
