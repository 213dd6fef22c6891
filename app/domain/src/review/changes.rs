//! What changed between two versions of a text: the lines that came and went, with the words that differ.

use similar::{ChangeTag, TextDiff};

/// Lines around a change that are shown with it.
const AROUND: usize = 2;

/// Changes close to each other, in the order of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub is: Is,
    /// Without its newline, in pieces.
    pub pieces: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Is {
    Same,
    Gone,
    New,
}

/// Some words of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    /// These very words differ from the line it was or became.
    pub differs: bool,
}

impl Line {
    pub fn text(&self) -> String {
        self.pieces.iter().map(|p| p.text.as_str()).collect()
    }
}

/// Empty when nothing changed.
pub fn changes(before: &str, after: &str) -> Vec<Hunk> {
    let diff = TextDiff::from_lines(before, after);
    let groups = diff.grouped_ops(AROUND);
    groups
        .iter()
        .map(|group| Hunk {
            lines: group.iter().flat_map(|op| diff.iter_inline_changes(op)).map(|change| line(&change)).collect(),
        })
        .collect()
}

fn line(change: &similar::InlineChange<'_, str>) -> Line {
    let is = match change.tag() {
        ChangeTag::Equal => Is::Same,
        ChangeTag::Delete => Is::Gone,
        ChangeTag::Insert => Is::New,
    };
    let mut pieces: Vec<Piece> = Vec::new();
    for (differs, text) in change.iter_strings_lossy() {
        let text = text.trim_end_matches(['\n', '\r']);
        match pieces.last_mut() {
            Some(last) if last.differs == differs => last.text.push_str(text),
            _ if text.is_empty() => {}
            _ => pieces.push(Piece { text: text.to_owned(), differs }),
        }
    }
    Line { is, pieces }
}

/// How many lines went and came.
pub fn count(hunks: &[Hunk]) -> (usize, usize) {
    let of = |is: Is| hunks.iter().flat_map(|h| &h.lines).filter(|l| l.is == is).count();
    (of(Is::Gone), of(Is::New))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_is_told_line_by_line_and_word_by_word() {
        let before = "one\ntwo\nRestore within two hours.\nfour\nfive\nsix\nseven\neight\nnine\n";
        let after = "one\ntwo\nRestore within four hours.\nfour\nfive\nsix\nseven\neight\nnine\nten\n";
        let hunks = changes(before, after);
        assert_eq!((hunks.len(), count(&hunks)), (2, (1, 2)));
        let told: Vec<(Is, String)> = hunks[0].lines.iter().map(|l| (l.is, l.text())).collect();
        let line = |is, text: &str| (is, text.to_owned());
        assert_eq!(
            told,
            [
                line(Is::Same, "one"),
                line(Is::Same, "two"),
                line(Is::Gone, "Restore within two hours."),
                line(Is::New, "Restore within four hours."),
                line(Is::Same, "four"),
                line(Is::Same, "five"),
            ]
        );
        let differing: Vec<&str> =
            hunks[0].lines.iter().flat_map(|l| &l.pieces).filter(|p| p.differs).map(|p| p.text.as_str()).collect();
        assert_eq!(differing, ["two", "four"]);
        assert_eq!(changes(before, before), []);
        assert_eq!(count(&changes("", "a\nb\n")), (0, 2));
    }
}
