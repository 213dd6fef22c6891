//! The packet's own signature: a PDF signed as ETSI EN 319 142 has it, read without a PDF library.
//!
//! Nothing is looked for in the PDF's objects: one `/ByteRange` in the whole file must cover every byte but
//! the signature's own hole, so that whatever a viewer shows was signed.

use crate::proof::signature::{self, Root, SignatureError, Signer};

const RANGE: &[u8] = b"/ByteRange";

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    #[error("it has {0} signatures, and one is made")]
    Several(usize),
    #[error("its signed range cannot be read")]
    Range,
    #[error("something was added after it was signed: {0} bytes at its end are not covered")]
    Later(usize),
    #[error("it is cut short: more bytes were signed than it has")]
    Short,
    #[error("its signature leaves out more than itself")]
    NotCovered,
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error("it belongs to another bundle: its signature does not name {0}")]
    OtherBundle(String),
}

/// What the signature gives as its reason; ties the packet to its bundle.
pub fn reason(bundle: &str) -> String {
    format!("Packet of evidence bundle {bundle}")
}

/// A text as PDF's UTF-16BE, upper-case hex digits as they stand between angle brackets.
pub fn utf16_hex(text: &str) -> String {
    text.encode_utf16().fold("FEFF".to_owned(), |hex, unit| hex + &format!("{unit:04X}"))
}

/// Who signed the packet of that bundle; `None`: nobody, as in bundles made before packets were signed.
pub fn verify(pdf: &[u8], bundle: &str, root: &Root) -> Result<Option<Signer>, PacketError> {
    let places: Vec<usize> =
        pdf.windows(RANGE.len()).enumerate().filter(|(_, w)| *w == RANGE).map(|(at, _)| at).collect();
    let place = match places[..] {
        [] => return Ok(None),
        [place] => place,
        _ => return Err(PacketError::Several(places.len())),
    };
    let [first, hole, after, rest] = range(&pdf[place + RANGE.len()..]).ok_or(PacketError::Range)?;
    let end = after.checked_add(rest).ok_or(PacketError::Range)?;
    if end > pdf.len() {
        return Err(PacketError::Short);
    }
    if end < pdf.len() {
        return Err(PacketError::Later(pdf.len() - end));
    }
    if first != 0 || hole >= after {
        return Err(PacketError::NotCovered);
    }
    let digits = match &pdf[hole..after] {
        [b'<', digits @ .., b'>'] => digits,
        _ => return Err(PacketError::NotCovered),
    };
    let cms = unpadded(&unhex(digits).ok_or(PacketError::NotCovered)?).ok_or(PacketError::NotCovered)?;
    let covered = [&pdf[..hole], &pdf[after..]].concat();
    let signer = signature::verify_with_token(&cms, &covered, root)?;
    let named = format!("/Reason<{}>", utf16_hex(&reason(bundle)));
    if !covered.windows(named.len()).any(|w| w == named.as_bytes()) {
        return Err(PacketError::OtherBundle(bundle.to_owned()));
    }
    Ok(Some(signer))
}

/// `[0 840 12960 2400]`, blanks in front of the bracket or not.
fn range(text: &[u8]) -> Option<[usize; 4]> {
    let text = std::str::from_utf8(&text[..text.len().min(80)]).ok()?;
    let (numbers, _) = text.trim_start().strip_prefix('[')?.split_once(']')?;
    let numbers: Vec<usize> = numbers.split_whitespace().map(|n| n.parse().ok()).collect::<Option<_>>()?;
    numbers.try_into().ok()
}

fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    let nibble = |b: u8| (b as char).to_digit(16).and_then(|n| u8::try_from(n).ok());
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks_exact(2).map(|pair| Some(nibble(pair[0])? << 4 | nibble(pair[1])?)).collect()
}

/// The DER in front; behind it the hole may hold zeros alone.
fn unpadded(bytes: &[u8]) -> Option<Vec<u8>> {
    let length = match bytes {
        [0x30, 0x82, high, low, ..] => 4 + (usize::from(*high) << 8) + usize::from(*low),
        [0x30, 0x81, low, ..] => 3 + usize::from(*low),
        _ => return None,
    };
    let (der, padding) = bytes.split_at_checked(length)?;
    padding.iter().all(|b| *b == 0).then(|| der.to_vec())
}
