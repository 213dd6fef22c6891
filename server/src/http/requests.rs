//! What is written in auditors' requests: forms with files. A refused one leads back to itself as it was typed.

use app::{
    api::once,
    ports::requests::{Draft, Reader, Refused},
    problem::Problem,
    seat::Seat,
};
use axum::{
    Extension,
    extract::{Multipart, Path, State, multipart::MultipartRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    control::Control,
    request::{Question, Request, Said},
    role::{Actor, Permission},
};

use super::{refused, upload::Form};
use crate::{
    compose::House,
    notify::outbox::Change,
    store::requests::{Step, Written},
};

type Asking = Option<Extension<Actor>>;
type Seated = Option<Extension<Seat>>;
type Sent = Result<Multipart, MultipartRejection>;

/// Who asks and from which audit, or the answer that refuses. Nothing of the form is read before.
pub fn reader(
    asking: Asking,
    seat: Seated,
    headers: &HeaderMap,
    permission: Permission,
) -> Result<Reader, Box<Response>> {
    match asking {
        None => Err(Box::new(Redirect::to("/sign-in").into_response())),
        Some(Extension(actor)) if actor.role.may(permission) => {
            Ok(Reader { actor, audit: seat.map(|Extension(seat)| seat.audit.id) })
        }
        Some(_) => Err(Box::new(told(headers, &Problem::not_allowed()))),
    }
}

pub async fn ask(State(house): State<House>, asking: Asking, seat: Seated, headers: HeaderMap, sent: Sent) -> Response {
    let reader = match reader(asking, seat, &headers, Permission::AskRequests) {
        Ok(reader) => reader,
        Err(answer) => return *answer,
    };
    let form = Form::read(sent, &house.exports.scratch).await;
    let draft = draft(&form);
    match asked(&house, &reader, form).await {
        Ok(id) => Redirect::to(&format!("/requests/{id}")).into_response(),
        Err(problem) => back(&house, &reader, &headers, None, &draft, problem).await,
    }
}

async fn asked(house: &House, reader: &Reader, mut form: Form) -> Result<String, Problem> {
    form.taken()?;
    let control = match form.field("control") {
        "" => None,
        id => Some(Control::from_id(id).ok_or_else(|| {
            Problem::bad_input(&format!("{id} is no control here."), "Choose one of those on the page, or none.")
        })?),
    };
    let question = Question { title: form.field("title").to_owned(), control, said: Said::default() };
    Ok(house.requests.ask(reader, question, written(form)).await?)
}

pub async fn answer(
    State(house): State<House>,
    asking: Asking,
    seat: Seated,
    headers: HeaderMap,
    Path(id): Path<String>,
    sent: Sent,
) -> Response {
    match reader(asking, seat, &headers, Permission::AnswerRequests) {
        Ok(reader) => say(&house, &reader, &headers, &id, Change::Answered, Request::answer, sent).await,
        Err(answer) => *answer,
    }
}

pub async fn ask_more(
    State(house): State<House>,
    asking: Asking,
    seat: Seated,
    headers: HeaderMap,
    Path(id): Path<String>,
    sent: Sent,
) -> Response {
    match reader(asking, seat, &headers, Permission::AskRequests) {
        Ok(reader) => say(&house, &reader, &headers, &id, Change::AskedMore, Request::ask_more, sent).await,
        Err(answer) => *answer,
    }
}

async fn say(
    house: &House,
    reader: &Reader,
    headers: &HeaderMap,
    id: &str,
    change: Change,
    step: Step,
    sent: Sent,
) -> Response {
    // What is not there for them has no form either.
    match house.requests.newest(reader, id).await {
        Ok(Some(_)) => {}
        Ok(None) => return told(headers, &Problem::gone("request")),
        Err(e) => return told(headers, &e.into()),
    }
    let mut form = Form::read(sent, &house.exports.scratch).await;
    let draft = draft(&form);
    let said = async {
        form.taken()?;
        let version = form.field("version").parse().map_err(|_| Refused::Changed(id.to_owned()))?;
        house.requests.say(reader, id, version, change, step, written(form)).await.map_err(Problem::from)
    };
    match said.await {
        Ok(()) => Redirect::to(&format!("/requests/{id}#newest")).into_response(),
        Err(problem) => back(house, reader, headers, Some(id), &draft, problem).await,
    }
}

fn draft(form: &Form) -> Draft {
    let field = |name: &str| form.field(name).to_owned();
    Draft { title: field("title"), control: field("control"), words: field("words"), records: field("records") }
}

fn written(form: Form) -> Written {
    Written { words: form.field("words").to_owned(), records: form.field("records").to_owned(), files: form.files }
}

/// Back to the form, which finds its words and the reason there. A program gets the reason alone.
async fn back(
    house: &House,
    reader: &Reader,
    headers: &HeaderMap,
    about: Option<&str>,
    draft: &Draft,
    problem: Problem,
) -> Response {
    if !wants_page(headers) {
        return told(headers, &problem);
    }
    if let Err(cause) = house.requests.keep_draft(reader, about, draft).await {
        // Better the words on the way back in the browser's own memory than a page that promises to have them.
        return told(headers, &cause.into());
    }
    let place =
        about.map_or_else(|| "/requests?refused=1#ask".to_owned(), |id| format!("/requests/{id}?refused=1#write"));
    let cookie = once::refusal("/requests", &problem).map(|cookie| [(header::SET_COOKIE, cookie)]);
    (cookie, Redirect::to(&place)).into_response()
}

pub fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

/// A problem with its status: a page for people, words for programs.
pub fn told(headers: &HeaderMap, problem: &Problem) -> Response {
    if wants_page(headers) {
        return refused::page(refused::status(problem), problem, "/");
    }
    let mut said = format!("{} {} {}", problem.what, problem.still, problem.next);
    if !problem.reference.is_empty() {
        said.push_str(&format!(" Reference {}.", problem.reference));
    }
    (refused::status(problem), said).into_response()
}
