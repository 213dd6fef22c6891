//! A file that belongs to a record: named by its digest in the record's own sealed bytes, kept beside the records.
//!
//! There is no second record of it. What a finding's or a request's sealed bytes name is attached and nothing else is,
//! so a file can neither be put beside a record nor taken away from it unseen. This says what may be attached; it must
//! never trust what a file says of itself in its name.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Moment, proof::hash_from_hex};

/// Of one file, in bytes.
pub const LARGEST: u64 = 25 << 20;
/// Files in one form.
pub const AT_ONCE: usize = 10;
/// Files on one record.
pub const MOST: usize = 200;
/// Of a name, in characters.
const LONGEST_NAME: usize = 120;

/// A file as a record names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Of its bytes, 64 lower-case hex digits; the file's name in a bundle.
    pub sha256: String,
    /// As whoever brought it called it, without a path; for people only.
    pub name: String,
    /// What its bytes were seen to be.
    #[serde(rename = "type")]
    pub kind: FileType,
    pub bytes: u64,
}

/// A file on a record that keeps no thread of its own: who put it there, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    pub file: Attachment,
    pub at: Moment,
    pub by: String,
}

/// What may be attached. Nothing that a browser runs, and no text that is not written for people or programs to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FileType {
    #[serde(rename = "application/pdf")]
    Pdf,
    #[serde(rename = "image/png")]
    Png,
    #[serde(rename = "image/jpeg")]
    Jpeg,
    #[serde(rename = "image/webp")]
    Webp,
    #[serde(rename = "image/gif")]
    Gif,
    #[serde(rename = "application/zip")]
    Zip,
    #[serde(rename = "application/vnd.openxmlformats-officedocument.wordprocessingml.document")]
    Docx,
    #[serde(rename = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")]
    Xlsx,
    #[serde(rename = "application/vnd.openxmlformats-officedocument.presentationml.presentation")]
    Pptx,
    #[serde(rename = "text/plain")]
    Text,
    #[serde(rename = "text/csv")]
    Csv,
    #[serde(rename = "application/json")]
    Json,
}

impl FileType {
    pub const ALL: [FileType; 12] = [
        FileType::Pdf,
        FileType::Png,
        FileType::Jpeg,
        FileType::Webp,
        FileType::Gif,
        FileType::Zip,
        FileType::Docx,
        FileType::Xlsx,
        FileType::Pptx,
        FileType::Text,
        FileType::Csv,
        FileType::Json,
    ];

    /// "application/pdf"
    pub fn media(self) -> &'static str {
        match self {
            FileType::Pdf => "application/pdf",
            FileType::Png => "image/png",
            FileType::Jpeg => "image/jpeg",
            FileType::Webp => "image/webp",
            FileType::Gif => "image/gif",
            FileType::Zip => "application/zip",
            FileType::Docx => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            FileType::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            FileType::Pptx => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
            FileType::Text => "text/plain",
            FileType::Csv => "text/csv",
            FileType::Json => "application/json",
        }
    }

    /// For people: "PDF".
    pub fn word(self) -> &'static str {
        match self {
            FileType::Pdf => "PDF",
            FileType::Png => "PNG",
            FileType::Jpeg => "JPEG",
            FileType::Webp => "WebP",
            FileType::Gif => "GIF",
            FileType::Zip => "ZIP",
            FileType::Docx => "Word",
            FileType::Xlsx => "Excel",
            FileType::Pptx => "PowerPoint",
            FileType::Text => "text",
            FileType::Csv => "CSV",
            FileType::Json => "JSON",
        }
    }

    /// How names of such files end. The first is the usual one.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            FileType::Pdf => &["pdf"],
            FileType::Png => &["png"],
            FileType::Jpeg => &["jpg", "jpeg"],
            FileType::Webp => &["webp"],
            FileType::Gif => &["gif"],
            FileType::Zip => &["zip"],
            FileType::Docx => &["docx"],
            FileType::Xlsx => &["xlsx"],
            FileType::Pptx => &["pptx"],
            FileType::Text => &["txt", "log"],
            FileType::Csv => &["csv"],
            FileType::Json => &["json"],
        }
    }

    pub fn from_media(media: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.media() == media)
    }

    fn is_text(self) -> bool {
        matches!(self, FileType::Text | FileType::Csv | FileType::Json)
    }
}

/// What a file's bytes were seen to be, before its name is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    Kind(FileType),
    /// UTF-8 without control characters: which of the texts it is, only its name can say.
    Text,
    /// Something that is known and may not be attached: "application/x-executable".
    Other(&'static str),
    /// Nothing that is known, and no text: what is the first thing no text has, and where.
    Unknown {
        at: u64,
    },
    Empty,
}

/// Why a file is not taken. Nothing of it is kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    #[error("{name} is empty.")]
    Empty { name: String },
    #[error("{name} has more than {} MiB.", LARGEST >> 20)]
    TooLarge { name: String },
    #[error("{name} is of the type {media} by its first bytes, which is not taken here.")]
    NotTaken { name: String, media: &'static str },
    #[error(
        "{name} is none of the types taken here, and no text either: byte {at} is a control character or not UTF-8."
    )]
    Unknown { name: String, at: u64 },
    #[error("{name} is {} by its first bytes, and its name says otherwise.", kind.word())]
    Lies { name: String, kind: FileType },
    #[error("{name} is text, and its name does not end in .txt, .log, .csv or .json.")]
    TextEnding { name: String },
    #[error("More than {AT_ONCE} files were sent.")]
    TooMany,
    #[error("No file was sent.")]
    None,
    #[error("The record has {MOST} files already.")]
    Full,
}

impl FileError {
    /// What to do about it.
    pub fn next(&self) -> &'static str {
        match self {
            FileError::Empty { .. } => "Look whether it is the file you meant.",
            FileError::TooLarge { .. } => "Pack it as a ZIP, or cut it into parts.",
            FileError::NotTaken { .. } | FileError::Unknown { .. } => {
                "Taken are PDF, PNG, JPEG, WebP, GIF, ZIP, Word, Excel, PowerPoint, and UTF-8 text as .txt, .log, .csv or .json. Pack anything else as a ZIP."
            }
            FileError::Lies { .. } => "Give it the ending of what it is, and send it again.",
            FileError::TextEnding { .. } => "Name it .txt, and send it again.",
            FileError::TooMany => "Send the rest with another message.",
            FileError::None => "Choose one, and send it again.",
            FileError::Full => "Pack several as one ZIP on another record.",
        }
    }
}

/// What a file is, by its bytes first and then by its name. A name that contradicts the bytes is refused: whoever
/// opens the file later is led by its name.
pub fn kind_of(seen: Seen, name: &str) -> Result<FileType, FileError> {
    let name_of = || name.to_owned();
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let named = ending.as_deref().and_then(|e| FileType::ALL.into_iter().find(|kind| kind.endings().contains(&e)));
    match seen {
        Seen::Empty => Err(FileError::Empty { name: name_of() }),
        Seen::Other(media) => Err(FileError::NotTaken { name: name_of(), media }),
        Seen::Unknown { at } => Err(FileError::Unknown { name: name_of(), at }),
        Seen::Text => match named {
            Some(kind) if kind.is_text() => Ok(kind),
            Some(_) => Err(FileError::Lies { name: name_of(), kind: FileType::Text }),
            None => Err(FileError::TextEnding { name: name_of() }),
        },
        Seen::Kind(kind) if named == Some(kind) => Ok(kind),
        Seen::Kind(kind) => Err(FileError::Lies { name: name_of(), kind }),
    }
}

/// A name as people read it: without a path, without what hides or turns letters round, and not without end.
pub fn cleaned_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = |c: &char| !c.is_control() && !turns(*c);
    let kept: Vec<char> = last.chars().filter(shown).collect();
    let text: String = match kept.len() {
        n if n <= LONGEST_NAME => kept.iter().collect(),
        n => {
            // The middle goes, so that the ending stays.
            let tail = 20;
            kept[..LONGEST_NAME - tail - 1].iter().chain(&['…']).chain(&kept[n - tail..]).collect()
        }
    };
    let text = text.trim().to_owned();
    if text.is_empty() { "file".to_owned() } else { text }
}

/// Characters that are not seen and change the order of those that are (Unicode TR 9), or join to nothing.
fn turns(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Whether records of this collection may name files; of most there are too many to look.
pub fn may_name(collection: &str) -> bool {
    ["findings", "requests", "checklist_answers"].contains(&collection)
}

/// The files that a record of this collection names, read from its everyday JSON. What does not read as an
/// attachment is none.
pub fn named_in(collection: &str, plain: &Value) -> Vec<Attachment> {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let files: Vec<Value> = match collection {
        "findings" | "checklist_answers" => {
            list(plain.get("attachments")).iter().filter_map(|a| a.get("file").cloned()).collect()
        }
        "requests" => list(plain.get("thread")).iter().flat_map(|message| list(message.get("attachments"))).collect(),
        _ => Vec::new(),
    };
    files
        .into_iter()
        .filter_map(|file| serde_json::from_value::<Attachment>(file).ok())
        .filter(|file| hash_from_hex(&file.sha256).is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decide_what_a_file_is_and_a_name_may_not_contradict_them() {
        use FileType::*;
        let lies = |kind| Err(format!("is {} by its first bytes", FileType::word(kind)));
        let no = |text: &str| Err(text.to_owned());
        for (seen, name, expected) in [
            (Seen::Kind(Pdf), "report.pdf", Ok(Pdf)),
            (Seen::Kind(Pdf), "REPORT.PDF", Ok(Pdf)),
            (Seen::Kind(Jpeg), "photo.jpeg", Ok(Jpeg)),
            (Seen::Kind(Png), "report.pdf", lies(Png)),
            (Seen::Kind(Pdf), "report.exe", lies(Pdf)),
            (Seen::Kind(Pdf), "report", lies(Pdf)),
            (Seen::Kind(Zip), "report.docx", lies(Zip)),
            (Seen::Kind(Docx), "report.zip", lies(Docx)),
            (Seen::Text, "counts.csv", Ok(Csv)),
            (Seen::Text, "restore.log", Ok(Text)),
            (Seen::Text, "state.json", Ok(Json)),
            (Seen::Text, "page.html", no("does not end in .txt")),
            (Seen::Text, "picture.svg", no("does not end in .txt")),
            (Seen::Text, "notes", no("does not end in .txt")),
            (Seen::Text, "picture.png", lies(Text)),
            (Seen::Other("application/x-executable"), "report.pdf", no("application/x-executable")),
            (Seen::Unknown { at: 4 }, "dump.txt", no("byte 4")),
            (Seen::Empty, "a.txt", no("is empty")),
        ] {
            match (kind_of(seen, name), expected) {
                (Ok(kind), Ok(expected)) => assert_eq!(kind, expected, "{name}"),
                (Err(e), Err(says)) => assert!(e.to_string().contains(&says) && !e.next().is_empty(), "{name}: {e}"),
                (got, expected) => panic!("{name}: {got:?}, not {expected:?}"),
            }
        }
    }

    #[test]
    fn every_type_reads_back_by_its_media_type_and_by_its_ending() {
        for kind in FileType::ALL {
            assert_eq!(serde_json::to_value(kind).expect("text"), kind.media());
            assert_eq!(FileType::from_media(kind.media()), Some(kind));
            let seen = if kind.is_text() { Seen::Text } else { Seen::Kind(kind) };
            for ending in kind.endings() {
                assert_eq!(kind_of(seen, &format!("a.{ending}")), Ok(kind));
            }
        }
    }

    #[test]
    fn a_name_is_kept_for_people_without_what_could_mislead_them() {
        for (name, kept) in [
            ("Bericht Q3.pdf", "Bericht Q3.pdf"),
            ("отчёт.pdf", "отчёт.pdf"),
            ("C:\\Users\\x\\report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("report\u{202e}fdp.exe", "reportfdp.exe"),
            ("a\u{200b}b\0\n.txt", "ab.txt"),
            (" . ", "."),
            ("", "file"),
            ("/", "file"),
        ] {
            assert_eq!(cleaned_name(name), kept);
        }
        let long = cleaned_name(&format!("{}.pdf", "x".repeat(500)));
        assert!(long.chars().count() == LONGEST_NAME && long.ends_with("xxx.pdf"), "{long}");
    }

    #[test]
    fn what_a_record_names_is_read_and_nothing_else() {
        let file = |sha256: &str| serde_json::json!({"sha256": sha256, "name": "a.pdf", "type": "application/pdf", "bytes": 5});
        let (one, two) = ("ab".repeat(32), "cd".repeat(32));
        let finding = serde_json::json!({"attachments": [{"file": file(&one), "at": "x", "by": "o"}, {"file": 1}, 2]});
        let named: Vec<String> = named_in("findings", &finding).into_iter().map(|a| a.sha256).collect();
        assert_eq!(named, std::slice::from_ref(&one));
        let bad = file("../../x");
        let request =
            serde_json::json!({"thread": [{"attachments": [file(&one)]}, {}, {"attachments": [file(&two), bad]}]});
        let named: Vec<String> = named_in("requests", &request).into_iter().map(|a| a.sha256).collect();
        assert_eq!(named, [one, two]);
        assert!(named_in("gaps", &finding).is_empty() && named_in("requests", &finding).is_empty());
    }
}
