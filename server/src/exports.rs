//! Evidence on its way out: the bundle, its packet, its offline pages.

pub mod bundle;
pub mod content;
pub mod gather;
pub mod orders;
pub mod packet;
pub mod site;

use self::content::Content;
use crate::{sign::Keys, time::Outside};

/// The ZIP and what was made. Without an authority's answer there is a bundle all the same: it says why its
/// time is self-asserted, and `content` keeps the reason.
pub fn press(
    content: &mut Content,
    keys: &Keys,
    progress: &orders::Progress,
) -> Result<(Vec<u8>, bundle::BundleMade), bundle::ExportError> {
    keys.may_sign_at(content.made_at)?;
    match pressed(content, keys, progress) {
        Err(bundle::ExportError::Time(cause)) => {
            tracing::warn!(%cause, "a bundle without outside time");
            content.outside = Outside::SelfAsserted(cause.to_string());
            pressed(content, keys, progress)
        }
        done => done,
    }
}

fn pressed(
    content: &Content,
    keys: &Keys,
    progress: &orders::Progress,
) -> Result<(Vec<u8>, bundle::BundleMade), bundle::ExportError> {
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
    let mut zip = std::io::Cursor::new(Vec::new());
    let made = bundle::write(content, &pdf, keys, &mut zip)?;
    Ok((zip.into_inner(), made))
}
