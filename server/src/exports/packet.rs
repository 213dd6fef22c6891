//! The packet: what a bundle states, as one PDF to read and to print.
//!
//! The same content gives the same bytes: dates come from the content, and the ids that the PDF
//! library draws at random are set from it too.

use crate::{exports::content::Content, sign::SignError};

mod attestations;
mod bullet;
mod check;
mod checklists;
mod cover;
mod drill;
mod face;
mod findings;
mod fingerprints;
mod gaps;
mod handover;
mod incidents;
mod marks;
mod page;
mod pdf;
pub mod risks;
mod runbooks;
mod sample;
mod sentences;
pub mod sheet;
mod shell;
mod sign;
mod signoffs;
mod table;
mod targets;
mod text;
mod trend;

pub use handover::{Handover, handover};
pub use sign::sign;

/// What the reader compares with a copy received by another way; digests as 64 lower-case hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprints {
    /// SHA-256 of the root certificate.
    pub root: String,
    /// SHA-256 of the certificate that signs bundles.
    pub signer: String,
    /// The log's C2SP verifier key, as checkpoints name it.
    pub vkey: String,
    /// Those it had before that still sign beside it.
    pub earlier_vkeys: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum PacketError {
    /// A font that is part of this program could not be read or cut down to the letters used.
    #[error("the packet's font {0}: {1}")]
    Font(&'static str, String),
    #[error("the packet could not be written: {0}")]
    Pdf(String),
    #[error(transparent)]
    Sign(SignError),
}

/// Makes the packet of a bundle.
///
/// Returns a complete PDF 1.7 file. Two calls with the same arguments return the same bytes.
pub fn make(content: &Content, keys: &Fingerprints) -> Result<Vec<u8>, PacketError> {
    let mut book = page::Book::new(content);
    cover::reserve(&mut book);
    targets::section(&mut book, content);
    runbooks::section(&mut book, content);
    drill::section(&mut book, content);
    attestations::section(&mut book, content);
    findings::section(&mut book, content);
    gaps::section(&mut book, content);
    checklists::section(&mut book, content);
    incidents::section(&mut book, content);
    risks::section(&mut book, content);
    signoffs::section(&mut book, content);
    if let Some(sample) = &content.sample {
        sample::section(&mut book, content, sample);
    }
    check::section(&mut book, content);
    fingerprints::section(&mut book, content, keys);
    cover::draw(&mut book, content, keys);
    book.finish();
    pdf::write(&book, &pdf::About::bundle(content))
}
