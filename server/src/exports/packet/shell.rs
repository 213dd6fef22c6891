//! Shell lines on paper: broken so that what is copied from the page still runs.

use super::{
    face::Face,
    page::{Book, LEFT, quiet},
    text::{INK, MONO, RULE, Style},
};

const STYLE: Style = Style { size: 9.4, leading: 14.0, ink: INK, ..MONO };
/// What goes on further in belongs to the line above.
const IN: usize = 4;

/// Whether a text comes back from the page as the bytes it was.
pub fn returns(text: &str) -> bool {
    !text.contains("  ") && text.chars().all(|c| Face::Mono.draws_as_it_is(c))
}

/// Sets a script under a heading, with a word on how to run it, all on one page where it fits.
pub fn set(book: &mut Book, title: &str, script: &str, says: &str) {
    let width = book.width();
    let lines = broken(script, (width / STYLE.width("m")) as usize);
    book.need((lines.len() as f32 * STYLE.leading + 90.0).min(book.capacity()));
    book.heading(title);
    book.y += 8.0;
    for line in lines {
        book.need(STYLE.leading);
        let y = book.y + 10.0;
        let text = line.trim_start();
        let indent = STYLE.width(" ") * (line.len() - text.len()) as f32;
        book.canvas().words(LEFT + indent, y, STYLE, text);
        book.y += STYLE.leading;
    }
    book.y += 4.0;
    let y = book.y;
    book.canvas().rule(LEFT, y, width, RULE);
    book.y += 4.0;
    book.paragraph(&[quiet(says)]);
}

/// Lines of at most so many letters. They are parted between words of the shell by a backslash, and
/// within a quoted word that is longer than a line by ending the quotes and opening them again.
fn broken(script: &str, letters: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for whole in script.lines() {
        let indent = " ".repeat(whole.len() - whole.trim_start().len());
        let mut line = indent.clone();
        for word in shell_words(whole.trim_start()) {
            let gap = usize::from(!line.trim().is_empty());
            if line.chars().count() + gap + word.chars().count() + 2 <= letters {
                line.push_str(&" ".repeat(gap));
                line.push_str(word);
                continue;
            }
            if gap > 0 {
                lines.push(format!("{line} \\"));
                line = format!("{indent}{}", " ".repeat(IN));
            }
            let mut rest = word.to_owned();
            while line.chars().count() + rest.chars().count() + 2 > letters {
                // Blanks before a part would end the word: it goes on at the very edge.
                let room = letters.saturating_sub(line.chars().count() + 4).max(8);
                let Some(cut) = cut(&rest, room) else { break };
                lines.push(format!("{line}{}'\\", &rest[..cut]));
                rest = format!("'{}", &rest[cut..]);
                line.clear();
            }
            line.push_str(&rest);
        }
        lines.push(line);
    }
    lines
}

/// Where a word may be cut, at most so many letters in: within single quotes, not beside one of them.
fn cut(word: &str, most: usize) -> Option<usize> {
    let quoted = quotes(word);
    let within = |i: &usize| *i > 0 && quoted[*i] == Some('\'') && quoted[i - 1] == Some('\'');
    let letters = word.char_indices().enumerate().take_while(|(n, _)| *n <= most);
    letters.map(|(_, (i, _))| i).filter(within).last()
}

/// Parted at blanks that are in no quotes.
fn shell_words(line: &str) -> Vec<&str> {
    let quoted = quotes(line);
    let mut words = Vec::new();
    let mut from = 0;
    for (i, _) in line.match_indices(' ').filter(|(i, _)| quoted[*i].is_none()) {
        words.push(&line[from..i]);
        from = i + 1;
    }
    words.push(&line[from..]);
    words.retain(|word| !word.is_empty());
    words
}

/// By byte: the quotes it stands in. The quotes themselves, and what a backslash guards, stand in none.
fn quotes(text: &str) -> Vec<Option<char>> {
    let mut all = Vec::with_capacity(text.len());
    let (mut open, mut guarded) = (None, false);
    for c in text.chars() {
        let here = match (open, c) {
            _ if guarded => None,
            (None, '\'' | '"') => {
                open = Some(c);
                None
            }
            (Some(quote), c) if c == quote => {
                open = None;
                None
            }
            (within, _) => within,
        };
        guarded = !guarded && open.is_none() && c == '\\';
        all.extend(std::iter::repeat_n(here, c.len_utf8()));
    }
    all
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use domain::{draw, sample};

    use super::*;

    fn printed(script: &str) -> String {
        let output = Command::new("bash").args(["-c", script]).output().expect("bash");
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[test]
    fn a_broken_line_draws_the_same_as_the_whole_one() {
        let names: Vec<String> = (0..40).map(|i| format!("tenant {i} of the north's west")).collect();
        let root = draw::seed("a", "b");
        for value in ["4417", "it's a beacon", &"the longest value that may be given ".repeat(3)[..100]] {
            let script = draw::recipe(&names, &root, value);
            for letters in [40, 80, 90] {
                let lines = broken(&script, letters);
                assert!(lines.iter().all(|l| l.chars().count() <= letters), "{letters}: {lines:#?}");
                assert_eq!(printed(&lines.join("\n")), printed(&script), "{value}");
            }
        }
        let script = sample::recipe(&root, &"x".repeat(100), 25);
        let seed = script.lines().next().expect("a line").to_owned();
        let said = broken(&seed, 80).join("\n");
        assert_eq!(printed(&format!("{said}\necho $seed")), printed(&format!("{seed}\necho $seed")));
        assert!(broken(&script, 80).len() > script.lines().count());
    }
}
