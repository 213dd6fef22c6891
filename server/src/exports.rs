//! Evidence on its way out: the bundle, its packet, its offline pages.

pub mod attached;
pub mod bundle;
pub mod collect;
pub mod content;
pub mod gather;
pub mod kit;
pub mod orders;
pub mod packet;
pub mod site;
pub mod spool;

use std::{
    fs::File,
    io::{BufWriter, Read, Seek},
};

use domain::draw::hex;
use sha2::{Digest, Sha256};

use self::{
    bundle::{BundleMade, ExportError},
    content::Content,
    orders::Progress,
    spool::Scratch,
};
use crate::{sign::Keys, time::Outside};

/// A signed bundle in a file without a name.
pub struct Pressed {
    pub file: File,
    pub made: BundleMade,
    /// Of the ZIP, 64 lower-case hex digits.
    pub sha256: String,
}

/// Sets the packet, writes the ZIP and signs both. Without an authority's answer there is a bundle all the
/// same: it says why its time is self-asserted, and `content` keeps the reason.
pub fn press(
    content: &mut Content,
    keys: &Keys,
    scratch: &Scratch,
    progress: &Progress,
) -> Result<Pressed, ExportError> {
    keys.may_sign_at(content.made_at)?;
    match pressed(content, keys, scratch, progress) {
        Err(ExportError::Time(cause)) => {
            tracing::warn!(%cause, "a bundle without outside time");
            content.outside = Outside::SelfAsserted(cause.to_string());
            pressed(content, keys, scratch, progress)
        }
        done => done,
    }
}

fn pressed(content: &Content, keys: &Keys, scratch: &Scratch, progress: &Progress) -> Result<Pressed, ExportError> {
    let prints = packet::Fingerprints {
        root: keys.root_fingerprint(),
        signer: keys.signer_fingerprint(),
        vkey: keys.vkey(),
        earlier_vkeys: keys.earlier_vkeys(),
    };
    progress.begin("Setting the packet", 0);
    let pdf = packet::make(content, &prints)?;
    let pdf = packet::sign(pdf, &content.id, &content.org, content.made_at, keys, content.outside.stamping())?;
    progress.begin("Packing and signing", 0);
    let mut out = BufWriter::with_capacity(1 << 20, scratch.file()?);
    let made = bundle::write(content, &pdf, keys, &mut out).map_err(|e| match e {
        ExportError::Write(cause) => scratch.failed(cause),
        ExportError::Zip(cause) => scratch.unwritten(cause),
        other => other,
    })?;
    let mut file = out.into_inner().map_err(|e| scratch.failed(e.into_error()))?;
    let sha256 = digest(&mut file).map_err(|cause| scratch.failed(cause))?;
    Ok(Pressed { file, made, sha256 })
}

/// Of the whole file, which stands at its beginning again afterwards.
fn digest(file: &mut File) -> std::io::Result<String> {
    file.rewind()?;
    let (mut sha256, mut part) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut part)? {
            0 => break,
            n => sha256.update(&part[..n]),
        }
    }
    file.rewind()?;
    Ok(hex(&sha256.finalize()))
}
