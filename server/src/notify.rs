//! What is said to people by mail, and to whom. Never a figure or a name out of the evidence: mail is read by many.

pub mod mail;
pub mod outbox;

use app::ports::SignedInBy;
use askama::Template;
use domain::{Moment, role::Role, words};

/// A letter without its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// An invitation, or another link for somebody invited before.
pub fn invitation(company: &str, by: &str, name: &str, role: Role, link: &str) -> Letter {
    let role = &role.with_article();
    Letter {
        subject: format!("Sign in to the backup evidence of {company}"),
        text: said(InvitationText { company, by, name, role, link }.render()),
        html: said(InvitationHtml { company, by, name, role, link }.render()),
    }
}

/// A code; it is not in the subject, which phones show without being unlocked.
pub fn code(company: &str, code: &str, address: &str) -> Letter {
    let (first, last) = code.split_at(code.len() / 2);
    let code = &format!("{first} {last}");
    Letter {
        subject: format!("Your sign-in code for the backup evidence of {company}"),
        text: said(CodeText { company, code, address }.render()),
        html: said(CodeHtml { company, code, address }.render()),
    }
}

/// Told to its owner, so that a passkey somebody else registered does not go unnoticed.
pub fn passkey(company: &str, label: &str, agent: &str, by: &SignedInBy, at: Moment, address: &str) -> Letter {
    let (at, by) = (words::date_time(at), &by.says());
    let at = &at;
    Letter {
        subject: format!("A passkey was registered for you at {company}"),
        text: said(PasskeyText { company, label, agent, by, at, address }.render()),
        html: said(PasskeyHtml { company, label, agent, by, at, address }.render()),
    }
}

/// Something out of the outbox; where it stands in full is behind the link.
pub fn notice(company: &str, subject: &str, text: &str, link: &str) -> Letter {
    Letter {
        subject: format!("{company}: {subject}"),
        text: said(NoticeText { company, subject, text, link }.render()),
        html: said(NoticeHtml { company, subject, text, link }.render()),
    }
}

fn said(rendered: Result<String, askama::Error>) -> String {
    rendered.expect("a template of text has nothing that fails").trim_end().to_owned() + "\n"
}

/// A letter's two templates, which are given the same.
macro_rules! letter {
    ($text:ident $txt:literal, $html:ident $htm:literal, { $($field:ident),+ }) => {
        #[derive(Template)]
        #[template(path = $txt)]
        struct $text<'a> { $($field: &'a str),+ }

        #[derive(Template)]
        #[template(path = $htm)]
        struct $html<'a> { $($field: &'a str),+ }
    };
}

letter!(InvitationText "mail/invitation.txt", InvitationHtml "mail/invitation.html", { company, by, name, role, link });
letter!(CodeText "mail/code.txt", CodeHtml "mail/code.html", { company, code, address });
letter!(PasskeyText "mail/passkey.txt", PasskeyHtml "mail/passkey.html", { company, label, agent, by, at, address });
letter!(NoticeText "mail/notice.txt", NoticeHtml "mail/notice.html", { company, subject, text, link });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_says_the_same_in_text_and_html_and_what_people_typed_stays_text() {
        let letter =
            invitation("<b>Co</b> & Sons", "The founder", "Ana", Role::Auditor, "https://p.example/sign-in?code=x");
        assert!(letter.text.contains("of <b>Co</b> & Sons, as an auditor"), "{}", letter.text);
        assert!(!letter.html.contains("<b>Co</b>"), "{}", letter.html);
        for part in [&letter.text, &letter.html] {
            assert!(part.contains("https://p.example/sign-in?code=x") && part.contains("Ana") && part.contains("once"));
        }
        let letter = code("Co", "01234567", "https://p.example");
        assert!(!letter.subject.contains("0123"));
        for part in [&letter.text, &letter.html] {
            assert!(part.contains("0123 4567"), "{part}");
        }
    }
}
