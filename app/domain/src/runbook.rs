//! The runbook: a versioned Markdown document whose front matter carries machine-readable claims.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};
use serde::{Deserialize, Serialize};

use crate::{
    Moment,
    control::Control,
    target::{Scenario, Target},
};

pub mod contradictions;
pub mod edit;
pub mod exercised;
pub mod facts;
pub mod references;

/// A version as it is kept and sealed (`runbooks`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunbookVersion {
    pub schema: u32,
    /// "1.0"
    pub version: String,
    /// The whole file, front matter included.
    pub text: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    /// When it was approved.
    pub occurred_at: Moment,
    pub by: String,
}

/// What the front matter states. Unknown keys are errors: a misspelt claim must not vanish.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FrontMatter {
    pub title: String,
    pub version: String,
    pub owner: String,
    /// "2026-02-18"
    pub approved: String,
    pub next_review: String,
    pub controls: Vec<Control>,
    #[serde(default)]
    pub claims: Vec<Claim>,
}

/// A machine-readable statement that facts can hold up or contradict.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase", tag = "kind", deny_unknown_fields)]
pub enum Claim {
    /// Snapshots are taken every so many hours.
    SnapshotCadence {
        hours: i64,
    },
    /// So many daily, weekly and monthly snapshots are kept.
    Retention {
        daily: u32,
        weekly: u32,
        monthly: u32,
    },
    /// Snapshots are copied to another region.
    Copy {
        from: String,
        to: String,
    },
    Encryption {
        key: String,
    },
    /// Any second of the last so many days can be brought back.
    PointInTime {
        days: i64,
    },
    /// Every tenant is attested weekly.
    WeeklyAttestation {
        weekday: String,
        time: String,
    },
    /// What is promised for a scenario.
    Target {
        scenario: Scenario,
        rpo_minutes: i64,
        rto_minutes: i64,
        means: String,
        claimed_minutes: Option<i64>,
    },
    /// A drill is due each quarter.
    QuarterlyDrill {
        next: String,
    },
    /// Tenants are told, and the registry is written, within so many hours of a loss.
    Deadlines {
        tell_tenants_hours: i64,
        document_hours: i64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunbookError {
    #[error("the runbook has no front matter: it must begin with a line +++ and its TOML")]
    NoFrontMatter,
    #[error("the runbook's front matter: {0}")]
    FrontMatter(String),
}

/// A runbook read: its claims, and its text cut at headings.
#[derive(Clone, Debug, PartialEq)]
pub struct Runbook {
    pub front: FrontMatter,
    pub sections: Vec<Section>,
}

/// A heading and the blocks under it.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// For links: "recovery-targets"
    pub anchor: String,
    pub title: String,
    /// 2 or 3
    pub level: u8,
    /// Safe HTML of each top-level block, in order.
    pub blocks: Vec<String>,
}

impl Runbook {
    pub fn parse(text: &str) -> Result<Self, RunbookError> {
        let (front, body) = split(text)?;
        let front: FrontMatter =
            toml::from_str(front).map_err(|e| RunbookError::FrontMatter(e.message().to_owned()))?;
        Ok(Self { front, sections: sections(body) })
    }

    /// The promised targets, in the order of the front matter.
    pub fn targets(&self) -> Vec<Target> {
        const MINUTE: i64 = 60_000;
        self.front
            .claims
            .iter()
            .filter_map(|claim| match claim {
                Claim::Target { scenario, rpo_minutes, rto_minutes, means, claimed_minutes } => Some(Target {
                    scenario: *scenario,
                    rpo_ms: rpo_minutes * MINUTE,
                    rto_ms: rto_minutes * MINUTE,
                    means: means.clone(),
                    claimed_ms: claimed_minutes.map(|m| m * MINUTE),
                }),
                _ => None,
            })
            .collect()
    }
}

fn split(text: &str) -> Result<(&str, &str), RunbookError> {
    let rest = text.strip_prefix("+++\n").ok_or(RunbookError::NoFrontMatter)?;
    let end = rest.find("\n+++\n").ok_or(RunbookError::NoFrontMatter)?;
    Ok((&rest[..end], &rest[end + 5..]))
}

/// Cuts Markdown at its level-2 and level-3 headings. Raw HTML is shown as text, never passed on.
fn sections(markdown: &str) -> Vec<Section> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_SMART_PUNCTUATION | Options::ENABLE_STRIKETHROUGH;
    let mut sections: Vec<Section> = Vec::new();
    let mut block: Vec<Event> = Vec::new();
    let mut depth = 0usize;
    let mut heading: Option<(u8, String)> = None;
    for event in Parser::new_ext(markdown, options) {
        let event = match event {
            Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
            Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
            Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let dest_url = if safe_link(&dest_url) { dest_url } else { CowStr::from("#") };
                Event::Start(Tag::Link { link_type, dest_url, title, id })
            }
            // A picture from elsewhere would be a request to elsewhere: only its words stay.
            Event::Start(Tag::Image { .. }) => Event::Start(Tag::Emphasis),
            Event::End(TagEnd::Image) => Event::End(TagEnd::Emphasis),
            other => other,
        };
        match &event {
            Event::Start(Tag::Heading { level, .. }) if depth == 0 => heading = Some((*level as u8, String::new())),
            Event::End(TagEnd::Heading(_)) if depth == 0 => {
                if let Some((level, title)) = heading.take() {
                    sections.push(Section { anchor: anchor(&title, &sections), title, level, blocks: Vec::new() });
                }
            }
            Event::Text(text) | Event::Code(text) if heading.is_some() => {
                if let Some((_, title)) = &mut heading {
                    title.push_str(text);
                }
            }
            _ if heading.is_some() => {}
            other => {
                match other {
                    Event::Start(_) => depth += 1,
                    Event::End(_) => depth = depth.saturating_sub(1),
                    _ => {}
                }
                block.push(event);
                if depth == 0 {
                    let mut out = String::new();
                    html::push_html(&mut out, block.drain(..));
                    if sections.is_empty() {
                        sections.push(Section {
                            anchor: String::new(),
                            title: String::new(),
                            level: 2,
                            blocks: Vec::new(),
                        });
                    }
                    if let Some(section) = sections.last_mut() {
                        section.blocks.push(out.trim_end().to_owned());
                    }
                }
            }
        }
    }
    sections
}

fn safe_link(url: &str) -> bool {
    let scheme_end = url.find([':', '/', '?', '#']).filter(|&i| url.as_bytes()[i] == b':');
    match scheme_end {
        Some(end) => ["https", "http", "mailto"].iter().any(|s| url[..end].eq_ignore_ascii_case(s)),
        None => true,
    }
}

fn anchor(title: &str, taken: &[Section]) -> String {
    let words: Vec<String> =
        title.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    let base = words.join("-");
    let mut name = base.clone();
    let mut n = 1;
    while taken.iter().any(|s| s.anchor == name) {
        n += 1;
        name = format!("{base}-{n}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRONT: &str = "+++\ntitle = \"R\"\nversion = \"1.0\"\nowner = \"o\"\napproved = \"2026-02-18\"\nnextReview = \"2026-05-18\"\ncontrols = [\"CC7.1\"]\n\n[[claims]]\nkind = \"target\"\nscenario = \"collection\"\nrpoMinutes = 360\nrtoMinutes = 120\nmeans = \"snapshot\"\nclaimedMinutes = 60\n+++\n";

    #[test]
    fn claims_and_sections_are_read() {
        let book = Runbook::parse(&format!("{FRONT}\n## One\n\nText.\n\n- a\n- b\n\n## One\n\n> quoted\n"))
            .expect("a runbook");
        assert_eq!(book.targets()[0].rto_ms, 7_200_000);
        let shape: Vec<(&str, usize)> = book.sections.iter().map(|s| (s.anchor.as_str(), s.blocks.len())).collect();
        assert_eq!(shape, [("one", 2), ("one-2", 1)]);
    }

    #[test]
    fn a_misspelt_claim_is_an_error_that_names_it() {
        let wrong = FRONT.replace("kind = \"target\"", "kind = \"tarrget\"");
        let error = Runbook::parse(&wrong).expect_err("it must be refused");
        assert!(error.to_string().contains("tarrget"), "{error}");
        let wrong = FRONT.replace("claimedMinutes", "claimdMinutes");
        let error = Runbook::parse(&wrong).expect_err("it must be refused");
        assert!(error.to_string().contains("claimdMinutes"), "{error}");
        assert_eq!(Runbook::parse("no front matter"), Err(RunbookError::NoFrontMatter));
    }

    #[test]
    fn raw_html_and_script_links_do_not_pass() {
        let hostile = "\n## A\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1)) [y](JaVaScRiPt:1) <b onclick=1>z</b> ![p](https://elsewhere/pixel)\n";
        let book = Runbook::parse(&format!("{FRONT}{hostile}")).expect("a runbook");
        let html: String = book.sections.iter().flat_map(|s| s.blocks.clone()).collect();
        for bad in ["<script", "javascript:", "JaVaScRiPt", "<b ", "<img"] {
            assert!(!html.contains(bad), "{bad} in {html}");
        }
    }
}
