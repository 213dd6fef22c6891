//! What a person writes on an item of the checklist: a form with files. A refused one leads back to itself as it was
//! typed.

use app::{
    api::{checklist as pages, once},
    ports::{Checklists, PortError, requests::Draft},
    problem::Problem,
};
use axum::{
    Extension,
    extract::{Multipart, Path, State, multipart::MultipartRejection},
    http::{HeaderMap, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    checklist::{self, Answer, AnswerError},
    role::{Actor, Permission, Scope},
};

use super::{
    requests::{reader, told, wants_page},
    upload::Form,
};
use crate::{
    compose::House,
    store::attachments::{Attachments, To},
};

pub async fn write(
    State(house): State<House>,
    asking: Option<Extension<Actor>>,
    headers: HeaderMap,
    Path((quarter, item)): Path<(String, String)>,
    sent: Result<Multipart, MultipartRejection>,
) -> Response {
    let reader = match reader(asking, None, &headers, Permission::WorkChecklist) {
        Ok(reader) => reader,
        Err(answer) => return *answer,
    };
    let mut form = Form::read(sent, &house.exports.scratch).await;
    let draft = Draft { title: item.clone(), words: form.field("words").to_owned(), ..Draft::default() };
    let written = match form.taken() {
        Ok(()) => written(&house, &reader.actor, &quarter, &item, form).await,
        Err(refused) => Err(refused),
    };
    let path = pages::address(&quarter);
    let problem = match written {
        Ok(()) => return Redirect::to(&format!("{path}#{item}")).into_response(),
        Err(problem) => problem,
    };
    if !wants_page(&headers) {
        return told(&headers, &problem);
    }
    if let Err(cause) = house.requests.keep_draft(&reader, Some(&pages::draft_of(&quarter)), &draft).await {
        return told(&headers, &cause.into());
    }
    let cookie = once::refusal(&path, &problem).map(|cookie| [(header::SET_COOKIE, cookie)]);
    (cookie, Redirect::to(&format!("{path}?refused=1#{item}"))).into_response()
}

async fn written(house: &House, actor: &Actor, quarter: &str, item: &str, form: Form) -> Result<(), Problem> {
    let refused = |e: AnswerError| Problem::bad_input(&e.to_string(), e.next());
    let item = checklist::item(item).ok_or_else(|| refused(AnswerError::Item))?;
    let answers = Checklists::answers(&house.evidence, &Scope::EVERYTHING).await?;
    let id = checklist::answer_id(quarter, item.id);
    let before = answers.into_iter().find(|answer| answer.id == id);
    let seen = before.as_ref().map(|answer| answer.seal.seq);
    if form.field("seen").parse().ok() != seen {
        return Err(PortError::Conflict("Somebody else wrote on this item meanwhile.".to_owned()).into());
    }
    let files = form.files.iter().map(|upload| upload.attachment.clone()).collect();
    let (closes, note) = (form.field("closes") == "1", form.field("words").to_owned());
    let before = before.as_ref().map(|answer| &answer.value);
    let now = house.clock.now();
    let answer = Answer::write(quarter, item, before, closes, &note, files, now, &actor.name).map_err(refused)?;
    let kept = Attachments::new(&house.store);
    for upload in form.files {
        kept.keep(upload, To::Answer(&id), &actor.id, now).await?;
    }
    Ok(house.evidence.answer(&answer, seen).await?)
}
