//! The runbook's file out, and its next version in: a draft as a form or a file, a preview while somebody writes.

use app::{
    api::{once, runbook::edit as pages},
    pages::runbook_edit::PreviewView,
    ports::{Drills, Runbooks, requests::Draft},
    problem::Problem,
};
use axum::{
    Extension,
    body::Bytes,
    extract::{Multipart, Path, State, multipart::MultipartRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    role::{Actor, Permission, Scope},
    runbook::{edit::LARGEST, references},
};
use leptos::prelude::*;

use super::{
    downloads::{self, attachment, refused},
    requests::{reader, told, wants_page},
};
use crate::{
    compose::House,
    links::{self, Reach},
};

type Asking = Option<Extension<Actor>>;

/// The file of a version, byte for byte as it was approved.
pub async fn file(State(house): State<House>, asking: Asking, Path(version): Path<String>) -> Response {
    let actor = match downloads::reader(asking) {
        Ok(actor) => actor,
        Err(answer) => return *answer,
    };
    match house.evidence.versions(&actor.scope).await {
        Ok(versions) => match versions.into_iter().find(|v| v.value.version == version) {
            Some(found) => {
                attachment("text/markdown; charset=utf-8", &format!("runbook-{version}.md"), found.value.text)
            }
            None => refused(Problem::gone("version of the runbook")),
        },
        Err(e) => refused(e.into()),
    }
}

/// What a text comes to, as a piece of the page.
pub async fn preview(State(house): State<House>, asking: Asking, body: Bytes) -> Response {
    match asking {
        None => return StatusCode::UNAUTHORIZED.into_response(),
        Some(Extension(actor)) if actor.role.may(Permission::EditRunbook) => {}
        Some(_) => return StatusCode::FORBIDDEN.into_response(),
    }
    let Ok(text) = std::str::from_utf8(&body) else { return StatusCode::BAD_REQUEST.into_response() };
    let read = async {
        let in_force = house.evidence.versions(&Scope::EVERYTHING).await?.into_iter().next().map(|v| v.value);
        Ok::<_, app::ports::PortError>((in_force, Drills::all(&house.evidence, &Scope::EVERYTHING).await?))
    };
    match read.await {
        Ok((in_force, drills)) => {
            let preview = pages::Preview::of(text, in_force.as_ref(), &drills);
            let html = Owner::new().with(|| view! { <PreviewView preview=preview /> }.to_html());
            ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
        }
        Err(e) => refused(e.into()),
    }
}

/// Asks every link of the version in force whether it still answers, and leads back with what it found.
pub async fn links(State(house): State<House>, asking: Asking) -> Response {
    match asking {
        None => return Redirect::to("/sign-in?to=/runbook").into_response(),
        Some(Extension(actor)) if actor.role.may(Permission::EditRunbook) => {}
        Some(_) => return refused(Problem::not_allowed()),
    }
    let version = match house.evidence.versions(&Scope::EVERYTHING).await {
        Ok(versions) => versions.into_iter().next(),
        Err(e) => return refused(e.into()),
    };
    let links = version.map(|version| references::links(&version.value.text)).unwrap_or_default();
    let dead = links::dead(&links, Reach::Public).await;
    let checked = app::api::runbook::Checked {
        links: links.len(),
        dead: dead.into_iter().map(|(link, why)| (link.chars().take(200).collect(), why)).take(8).collect(),
    };
    let cookie = once::cookie_of(app::api::runbook::CHECKED, "/runbook", &checked);
    (cookie.map(|cookie| [(header::SET_COOKIE, cookie)]), Redirect::to("/runbook?checked=1#links")).into_response()
}

/// What somebody wrote, in parts.
#[derive(Default)]
struct Sent {
    act: String,
    seen: i64,
    text: String,
    file: String,
}

impl Sent {
    async fn read(sent: Result<Multipart, MultipartRejection>) -> Result<Self, Problem> {
        let wrong = |_| Problem::bad_input("The form could not be read.", "Go back to the page and send it again.");
        let mut form = sent.map_err(|_| wrong(()))?;
        let mut read = Self::default();
        while let Some(field) = form.next_field().await.map_err(|_| wrong(()))? {
            let name = field.name().unwrap_or_default().to_owned();
            let bytes = field.bytes().await.map_err(|_| wrong(()))?;
            let words = String::from_utf8(bytes.to_vec()).map_err(|_| {
                Problem::bad_input("The file is no text in UTF-8.", "Save it as UTF-8, and take it again.")
            })?;
            match name.as_str() {
                "act" => read.act = words,
                "seen" => read.seen = words.trim().parse().unwrap_or(0),
                "text" => read.text = words,
                "file" => read.file = words,
                _ => {}
            }
        }
        Ok(read)
    }
}

pub async fn draft(
    State(house): State<House>,
    asking: Asking,
    headers: HeaderMap,
    sent: Result<Multipart, MultipartRejection>,
) -> Response {
    let reader = match reader(asking, None, &headers, Permission::EditRunbook) {
        Ok(reader) => reader,
        Err(answer) => return *answer,
    };
    let (done, text) = match Sent::read(sent).await {
        Ok(sent) => (written(&house, &reader.actor, &sent).await, sent.text),
        Err(problem) => (Err(problem), String::new()),
    };
    let problem = match done {
        Ok(to) => return Redirect::to(&to).into_response(),
        Err(problem) => problem,
    };
    if !wants_page(&headers) {
        return told(&headers, &problem);
    }
    // Words that were refused come back to whoever wrote them, as far as a text may be long.
    if !text.is_empty() && text.len() <= 2 * LARGEST {
        let words = Draft { words: text, ..Draft::default() };
        if let Err(cause) = house.requests.keep_draft(&reader, Some(pages::DRAFT), &words).await {
            return told(&headers, &cause.into());
        }
    }
    let cookie = once::refusal(pages::HERE, &problem).map(|cookie| [(header::SET_COOKIE, cookie)]);
    (cookie, Redirect::to(&format!("{}?refused=1", pages::HERE))).into_response()
}

async fn written(house: &House, actor: &Actor, sent: &Sent) -> Result<String, Problem> {
    let ports = &house.ports;
    match sent.act.as_str() {
        "approve" if !actor.role.may(Permission::SignAsOwner) => Err(Problem::not_allowed()),
        "approve" => {
            let id = pages::approve(ports, actor, &sent.text).await?;
            Ok(format!("/reviews/approves.{id}"))
        }
        "import" if sent.file.trim().is_empty() => {
            Err(Problem::bad_input("No file was chosen, or it is empty.", "Choose a Markdown file with front matter."))
        }
        "import" => {
            pages::keep(ports, actor, &sent.file, sent.seen).await?;
            Ok(format!("{}?kept=1", pages::HERE))
        }
        _ => {
            pages::keep(ports, actor, &sent.text, sent.seen).await?;
            Ok(format!("{}?kept=1", pages::HERE))
        }
    }
}
