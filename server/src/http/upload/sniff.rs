//! What a file is by its bytes. It never asks the file's name, and knows only what may be attached and what is text.

use std::io::{self, Read, Seek};

use domain::attachment::{FileType, Seen};

/// As far as signatures reach.
const HEAD: usize = 4 << 10;
/// How much of a ZIP's end is searched for its directory; that of an Office file is a tenth of this.
const TAIL: i64 = 256 << 10;

/// Reads the whole file: only so is it known to be text.
pub fn look(file: &mut (impl Read + Seek)) -> io::Result<Seen> {
    let mut head = Vec::with_capacity(HEAD);
    file.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    if head.is_empty() {
        return Ok(Seen::Empty);
    }
    // Signatures are guesses with traps: a PDF is one at its very beginning only, though `infer` looks for it in the
    // first kilobyte, and text that begins with "BM" is no bitmap, nor one with "GIF89a" a picture. So: PDF, then
    // text, then the rest.
    if head.starts_with(b"%PDF-") {
        return Ok(Seen::Kind(FileType::Pdf));
    }
    file.rewind()?;
    let Some(at) = not_text(file)? else { return Ok(Seen::Text) };
    Ok(match infer::get(&head).map(|found| found.mime_type()) {
        Some("application/pdf") | None => Seen::Unknown { at },
        Some(media) if media == ZIP || media.starts_with(OFFICE) => Seen::Kind(zipped(file)?),
        Some(media) => FileType::from_media(media).map_or(Seen::Other(media), Seen::Kind),
    })
}

const ZIP: &str = "application/zip";
const OFFICE: &str = "application/vnd.openxmlformats-officedocument";

/// Which Office file a ZIP is, or none, by the names in its directory. `infer` looks at the order of the first entries,
/// which LibreOffice writes in another way.
fn zipped(file: &mut (impl Read + Seek)) -> io::Result<FileType> {
    let end = file.seek(io::SeekFrom::End(0))?;
    file.seek(io::SeekFrom::End(-TAIL.min(i64::try_from(end).unwrap_or(TAIL))))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let names: Vec<&[u8]> = (0..tail.len()).filter_map(|at| named(&tail[at..])).collect();
    let has = |start: &[u8]| names.iter().any(|name| name.starts_with(start));
    if !has(b"[Content_Types].xml") {
        return Ok(FileType::Zip);
    }
    let folders = [(&b"word/"[..], FileType::Docx), (b"xl/", FileType::Xlsx), (b"ppt/", FileType::Pptx)];
    Ok(folders.into_iter().find(|(folder, _)| has(folder)).map_or(FileType::Zip, |(_, kind)| kind))
}

/// The name in an entry of a ZIP's directory that begins here (APPNOTE.TXT 6.3.10, 4.3.12).
fn named(entry: &[u8]) -> Option<&[u8]> {
    let rest = entry.strip_prefix(b"PK\x01\x02")?;
    let length = u16::from_le_bytes([*rest.get(24)?, *rest.get(25)?]);
    rest.get(42..42 + usize::from(length))
}

/// Where the first byte stands that no text has: a control character, or what is not UTF-8.
fn not_text(file: &mut impl Read) -> io::Result<Option<u64>> {
    let mut part = vec![0; 64 << 10];
    // What a part ended with in the middle of a character, at most three bytes.
    let mut open: Vec<u8> = Vec::new();
    let mut before = 0u64;
    loop {
        let read = file.read(&mut part)?;
        if read == 0 {
            return Ok((!open.is_empty()).then_some(before));
        }
        open.extend_from_slice(&part[..read]);
        let (text, ended) = match std::str::from_utf8(&open) {
            Ok(text) => (text, None),
            Err(e) => {
                let text = std::str::from_utf8(&open[..e.valid_up_to()]).unwrap_or_default();
                (text, Some(e))
            }
        };
        let control = text.char_indices().find(|(_, c)| c.is_control() && !['\n', '\r', '\t'].contains(c));
        if let Some((at, _)) = control {
            return Ok(Some(before + at as u64));
        }
        let good = text.len();
        if ended.is_some_and(|e| e.error_len().is_some()) {
            return Ok(Some(before + good as u64));
        }
        before += good as u64;
        open.drain(..good);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(bytes: &[u8]) -> Seen {
        look(&mut io::Cursor::new(bytes)).expect("memory reads")
    }

    #[test]
    fn signatures_are_believed_only_where_they_are_more_than_a_guess() {
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        for (what, bytes, expected) in [
            ("a PDF", &b"%PDF-1.7\n\x00\xff"[..], Seen::Kind(FileType::Pdf)),
            ("a PDF of plain letters", b"%PDF-1.4\n%%EOF\n", Seen::Kind(FileType::Pdf)),
            ("text that tells of a PDF", b"see %PDF-1.7 below\n", Seen::Text),
            ("bytes with a PDF inside", b"\x01\x02%PDF-1.7\n", Seen::Unknown { at: 0 }),
            ("text like a bitmap", b"BMW is a make of car\n", Seen::Text),
            ("a bitmap", b"BM\x36\0\0\0\0\0", Seen::Other("image/bmp")),
            ("text like a GIF", b"GIF89a is a format\n", Seen::Text),
            ("text like a program", b"MZ was his name\n", Seen::Text),
            ("a program", b"MZ\x90\0\x03\0\0\0", Seen::Other("application/vnd.microsoft.portable-executable")),
            (
                "an ELF file",
                &[b"\x7fELF\x02\x01\x01\0".as_slice(), &[0; 60]].concat(),
                Seen::Other("application/x-executable"),
            ),
            ("a picture", png, Seen::Kind(FileType::Png)),
            ("a web page", b"<!DOCTYPE html><script>alert(1)</script>", Seen::Text),
            ("a script", b"#!/bin/sh\nrm -rf /\n", Seen::Text),
            ("text with a mark in front", b"\xef\xbb\xbfa;b\r\n1;2\r\n", Seen::Text),
            ("UTF-16", b"\xff\xfea\0b\0", Seen::Unknown { at: 0 }),
            ("Latin-1", b"Gr\xfc\xdfe\n", Seen::Unknown { at: 2 }),
            ("colours of a terminal", b"ok \x1b[32mgreen\n", Seen::Unknown { at: 3 }),
            ("a zero at the end", b"abc\0", Seen::Unknown { at: 3 }),
            ("a character cut off", "abc\u{20ac}".as_bytes().split_last().expect("bytes").1, Seen::Unknown { at: 3 }),
            ("nothing", b"", Seen::Empty),
        ] {
            assert_eq!(seen(bytes), expected, "{what}");
        }
    }

    #[test]
    fn text_is_read_to_its_end_and_across_the_parts_it_comes_in() {
        let long = "ä€😀".repeat(40_000);
        assert_eq!(seen(long.as_bytes()), Seen::Text);
        let mut late = long.into_bytes();
        let at = late.len() as u64;
        late.push(0);
        assert_eq!(seen(&late), Seen::Unknown { at });
    }
}
