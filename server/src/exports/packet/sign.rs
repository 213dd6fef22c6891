//! The packet signed as PAdES has it (ETSI EN 319 142-1): an incremental update over the bytes as they were saved.
//!
//! B-T with a time authority, B-B without. There is no signingTime: the time is in `/M`, as the profile wants.

use domain::{Moment, proof::packet};
use lopdf::{Dictionary, Document, IncrementalDocument, Object, StringFormat, dictionary};

use super::PacketError;
use crate::{sign::Keys, time::Stamping};

/// Room for the signature with two certificates, and a token with a chain of RSA certificates.
const ROOM: usize = 16 << 10;
/// Ten digits: a packet is shorter than 10 GB.
const DIGITS: i64 = 9_999_999_999;

/// Signs a finished packet. `bundle` is the bundle's name, "B-001".
pub fn sign(
    pdf: Vec<u8>,
    bundle: &str,
    org: &str,
    at: Moment,
    keys: &Keys,
    time: Option<&dyn Stamping>,
) -> Result<Vec<u8>, PacketError> {
    let mut bytes = with_field(pdf, bundle, org, at).map_err(|e| PacketError::Pdf(e.to_string()))?;
    let lost = || PacketError::Pdf("the signature's place was lost".to_owned());
    let range = format!("/ByteRange[0 {DIGITS} {DIGITS} {DIGITS}]");
    let place = last(&bytes, range.as_bytes()).ok_or_else(lost)?;
    let hole = last(&bytes, &[b"/Contents<", &[b'0'; 64][..]].concat()).ok_or_else(lost)? + b"/Contents".len();
    let after = hole + 2 * ROOM + 2;
    if bytes.get(after - 1) != Some(&b'>') {
        return Err(lost());
    }
    let filled = format!("/ByteRange[0 {hole} {after} {}]", bytes.len() - after);
    let filled = format!("{filled:<width$}", width = range.len());
    bytes[place..place + range.len()].copy_from_slice(filled.as_bytes());
    let covered = [&bytes[..hole], &bytes[after..]].concat();
    let cms = keys.sign_cms_stamped(&covered, time).map_err(PacketError::Sign)?;
    if cms.len() > ROOM {
        return Err(PacketError::Pdf(format!("its signature has {} bytes, and there is room for {ROOM}", cms.len())));
    }
    let digits: String = cms.iter().map(|b| format!("{b:02x}")).collect();
    bytes[hole + 1..hole + 1 + digits.len()].copy_from_slice(digits.as_bytes());
    Ok(bytes)
}

/// The same pages with one invisible signature field, whose signature is still empty.
fn with_field(pdf: Vec<u8>, bundle: &str, org: &str, at: Moment) -> lopdf::Result<Vec<u8>> {
    let before = Document::load_mem(&pdf)?;
    let root = before.trailer.get(b"Root")?.as_reference()?;
    let page = before.page_iter().next().ok_or(lopdf::Error::PageNumberNotFound(1))?;
    let mut update = IncrementalDocument::create_from(pdf, before);
    update.opt_clone_object_to_new_document(root)?;
    update.opt_clone_object_to_new_document(page)?;
    let new = &mut update.new_document;
    let signature = new.add_object(dictionary! {
        "Type" => "Sig",
        "Filter" => "Adobe.PPKLite",
        "SubFilter" => "ETSI.CAdES.detached",
        "ByteRange" => vec![Object::Integer(0), DIGITS.into(), DIGITS.into(), DIGITS.into()],
        "Contents" => Object::String(vec![0; ROOM], StringFormat::Hexadecimal),
        "M" => Object::string_literal(at.utc().format("D:%Y%m%d%H%M%SZ").to_string()),
        "Name" => utf16(org),
        "Reason" => utf16(&packet::reason(bundle)),
    });
    let field = new.add_object(dictionary! {
        "Type" => "Annot",
        "Subtype" => "Widget",
        "FT" => "Sig",
        "T" => utf16("Signature"),
        "V" => signature,
        // Printed and locked.
        "F" => 132,
        "Rect" => vec![0.into(), 0.into(), 0.into(), 0.into()],
        "P" => page,
    });
    let annotations = new.get_object(page)?.as_dict()?.get(b"Annots").and_then(Object::as_array).cloned();
    let mut annotations = annotations.unwrap_or_default();
    annotations.push(field.into());
    new.get_object_mut(page)?.as_dict_mut()?.set("Annots", annotations);
    let form: Dictionary = dictionary! { "Fields" => vec![field.into()], "SigFlags" => 3 };
    new.get_object_mut(root)?.as_dict_mut()?.set("AcroForm", form);
    let mut out = Vec::new();
    update.save_to(&mut out)?;
    Ok(out)
}

fn utf16(text: &str) -> Object {
    let bytes = [0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    Object::String(bytes, StringFormat::Hexadecimal)
}

fn last(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|w| w == what)
}
