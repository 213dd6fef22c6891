//! The packet's fonts, and what they draw for a text.

use std::{collections::BTreeMap, sync::LazyLock};

use printpdf::ParsedFont;

/// A font of the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Face {
    SerifLight,
    Serif,
    SerifItalic,
    SerifMedium,
    Sans,
    SansMedium,
    Mono,
}

impl Face {
    pub const ALL: [Face; 7] =
        [Face::SerifLight, Face::Serif, Face::SerifItalic, Face::SerifMedium, Face::Sans, Face::SansMedium, Face::Mono];

    /// Its PostScript name.
    pub fn name(self) -> &'static str {
        match self {
            Face::SerifLight => "IBMPlexSerif-Light",
            Face::Serif => "IBMPlexSerif",
            Face::SerifItalic => "IBMPlexSerif-Italic",
            Face::SerifMedium => "IBMPlexSerif-Medium",
            Face::Sans => "IBMPlexSans",
            Face::SansMedium => "IBMPlexSans-Medium",
            Face::Mono => "IBMPlexMono",
        }
    }

    /// The whole font file.
    pub fn file(self) -> &'static [u8] {
        match self {
            Face::SerifLight => include_bytes!("../../../assets/fonts/IBMPlexSerif-Light.ttf"),
            Face::Serif => include_bytes!("../../../assets/fonts/IBMPlexSerif-Regular.ttf"),
            Face::SerifItalic => include_bytes!("../../../assets/fonts/IBMPlexSerif-Italic.ttf"),
            Face::SerifMedium => include_bytes!("../../../assets/fonts/IBMPlexSerif-Medium.ttf"),
            Face::Sans => include_bytes!("../../../assets/fonts/IBMPlexSans-Regular.ttf"),
            Face::SansMedium => include_bytes!("../../../assets/fonts/IBMPlexSans-Medium.ttf"),
            Face::Mono => include_bytes!("../../../assets/fonts/IBMPlexMono-Regular.ttf"),
        }
    }

    /// The font read; `None` only when the file in this program is not a font.
    pub fn parsed(self) -> Option<&'static ParsedFont> {
        static FONTS: LazyLock<BTreeMap<Face, ParsedFont>> = LazyLock::new(|| {
            Face::ALL
                .into_iter()
                .filter_map(|face| Some((face, ParsedFont::from_bytes(face.file(), 0, &mut Vec::new())?)))
                .collect()
        });
        FONTS.get(&self)
    }

    /// What is drawn for a text: special spaces as plain ones, and a character that the font lacks, or
    /// that nobody would see, by its number: never as an empty box, and never as nothing.
    pub fn drawn(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                c if SPACES.contains(&c) => out.push(' '),
                c if self.escapes(c) => out.push_str(&format!("[U+{:04X}]", c as u32)),
                c => out.push(c),
            }
        }
        out
    }

    /// Whether a character is drawn, and read back from the page, as itself.
    pub fn draws_as_it_is(self, c: char) -> bool {
        !SPACES.contains(&c) && !self.escapes(c)
    }

    /// Whether a character is drawn by its number.
    pub fn escapes(self, c: char) -> bool {
        !SPACES.contains(&c) && (unseen(c) || self.parsed().is_none_or(|f| f.lookup_glyph_index(c as u32).is_none()))
    }
}

/// Drawn as plain spaces.
const SPACES: [char; 4] = ['\u{a0}', '\u{202f}', '\u{2009}', '\t'];

/// Whether a character has no shape of its own: controls, and those that join, part or turn what stands
/// beside them. A name that reads backwards, or like another, must not pass unnoticed.
fn unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e01ef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_the_font_lacks_is_named_not_lost() {
        for (text, drawn) in [
            ("a\u{a0}漢", "a [U+6F22]"),
            ("שלום", "[U+05E9][U+05DC][U+05D5][U+05DD]"),
            ("🦊", "[U+1F98A]"),
            ("ab\u{202e}cd", "ab[U+202E]cd"),
            ("x\u{200b}y\r", "x[U+200B]y[U+000D]"),
            ("Жук, Łódź, Ærø", "Жук, Łódź, Ærø"),
        ] {
            assert_eq!(Face::Sans.drawn(text), drawn);
        }
        assert_eq!(Face::Mono.drawn("№ ≤ ≥ → ≠ ✓ −"), "№ ≤ ≥ → ≠ ✓ −");
    }
}
