//! Evidence on its way out: the bundle, its packet, its offline pages.

pub mod bundle;
pub mod content;
pub mod gather;
pub mod packet;
pub mod site;
