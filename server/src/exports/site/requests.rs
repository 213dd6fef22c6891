//! Auditors' requests on the offline page: threads as they were written, files beside them.

use domain::{
    request::{Message, Request, State},
    words,
};

use super::{Mark, SealMark, mark};
use crate::exports::content::Content;

pub struct RequestView {
    pub id: String,
    pub title: String,
    pub under: &'static str,
    pub state: Mark,
    pub demo: bool,
    pub thread: Vec<MessageView>,
    pub seal: SealMark,
}

pub struct MessageView {
    pub by: String,
    pub role: &'static str,
    pub at: String,
    pub paragraphs: Vec<String>,
    /// "F-006, № 12"
    pub records: Vec<String>,
    pub files: Vec<FileView>,
}

pub struct FileView {
    pub name: String,
    pub sha256: String,
    /// "PDF, 1.2 MB"
    pub what: String,
}

pub fn views(content: &Content) -> Vec<RequestView> {
    content
        .requests
        .iter()
        .map(|request| RequestView {
            id: request.id.clone(),
            title: request.value.title.clone(),
            under: request.value.control.map_or("", |control| control.id()),
            state: state(&request.value),
            demo: request.value.demo,
            thread: request.value.thread.iter().map(message).collect(),
            seal: mark(&request.seal),
        })
        .collect()
}

fn state(request: &Request) -> Mark {
    let shape = match request.state {
        State::Open | State::Answered { .. } => "none",
        State::NeedsMore { .. } => "miss",
        State::Accepted { .. } => "met",
    };
    Mark { shape, word: request.standing().word().to_owned() }
}

fn message(message: &Message) -> MessageView {
    let paragraphs = message.words.split("\n\n").map(str::trim).filter(|p| !p.is_empty());
    MessageView {
        by: message.by.clone(),
        role: message.role.word(),
        at: words::date_time(message.at),
        paragraphs: paragraphs.map(str::to_owned).collect(),
        records: message.records.iter().map(|record| format!("{}, № {}", record.id, record.seq)).collect(),
        files: message.attachments.iter().map(file).collect(),
    }
}

pub fn file(file: &domain::attachment::Attachment) -> FileView {
    let size = words::bytes(i64::try_from(file.bytes).unwrap_or(i64::MAX));
    FileView { name: file.name.clone(), sha256: file.sha256.clone(), what: format!("{}, {size}", file.kind.word()) }
}
