//! The packet's own signature, which holds without the bundle around it.

use super::Checking;
use crate::proof::{
    bundle::UnverifiedBundle,
    layout::{self, Index},
    packet,
    signature::{Root, Signer},
};

impl Checking {
    pub(super) fn packet(&mut self, bundle: &UnverifiedBundle, root: &Root, signer: &Signer, index: &Index) {
        const WHAT: &str = "The packet's own signature";
        if !bundle.has(layout::PACKET) {
            return;
        }
        let pdf = match bundle.file(layout::PACKET) {
            Ok(pdf) => pdf,
            Err(e) => return self.bad(WHAT, e.to_string()),
        };
        match packet::verify(&pdf, &index.id, root) {
            Ok(None) => self
                .not_proven
                .push("Who made the packet, once it leaves the bundle: it has no signature of its own.".to_owned()),
            Ok(Some(by)) if by.fingerprint == signer.fingerprint => {
                self.good(WHAT, "Made by the same key, over every byte of it.");
            }
            Ok(Some(by)) => self.bad(WHAT, format!("it was signed by another key than the bundle: {}", by.name)),
            Err(e) => self.bad(WHAT, format!("{}: {e}", layout::PACKET)),
        }
    }
}
