//! Attached files: served as something to keep, never to be shown or run in the portal's own origin; and put on findings.

use app::{
    api::once,
    ports::{Findings, PortError},
    problem::Problem,
    seat::Seat,
};
use axum::{
    Extension,
    body::Body,
    extract::{Multipart, Path, State, multipart::MultipartRejection},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    attachment::{Attachment, FileError},
    finding::Finding,
    proof::{hash_from_hex, layout},
    record::Sealed,
    role::{Actor, Permission},
};

use super::{
    downloads::attachment,
    requests::{reader, told, wants_page},
    upload::Form,
};
use crate::{
    compose::House,
    ledger::canonical,
    store::attachments::{self, Attachments, To, Upload},
};

/// Whatever a browser makes of it all the same: no script, no form, no origin.
const SANDBOX: &str = "default-src 'none'; sandbox";

pub async fn download(
    State(house): State<House>,
    asking: Option<Extension<Actor>>,
    seat: Option<Extension<Seat>>,
    headers: HeaderMap,
    Path(sha256): Path<String>,
) -> Response {
    let reader = match reader(asking, seat, &headers, Permission::ReadEvidence) {
        Ok(reader) => reader,
        Err(answer) => return *answer,
    };
    if hash_from_hex(&sha256).is_none() {
        return told(&headers, &Problem::gone("attachment"));
    }
    let named = attachments::named(&house.evidence, &house.requests, &reader, &sha256).await;
    match named {
        Ok(Some(file)) => served(&house, &file).await.unwrap_or_else(|e| told(&headers, &e.into())),
        Ok(None) => told(&headers, &Problem::gone("attachment")),
        Err(e) => told(&headers, &e.into()),
    }
}

/// It is read once before a byte of it goes out, so that what goes out is what was sealed.
async fn served(house: &House, file: &Attachment) -> Result<Response, PortError> {
    let kept = Attachments::new(&house.store);
    let whole = kept.whole(&file.sha256).await?.ok_or_else(|| {
        PortError::Conflict(format!("The kept file {} is no longer what was sealed, or is gone", file.name))
    })?;
    let parts = kept.parts(&whole).await?;
    let mut answer = attachment(file.kind.media(), &layout::safe(&file.name), Body::from_stream(parts));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(file.bytes));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(SANDBOX));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(answer)
}

/// Puts files on a finding; works as the target of a plain form.
pub async fn attach_to_finding(
    State(house): State<House>,
    asking: Option<Extension<Actor>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    sent: Result<Multipart, MultipartRejection>,
) -> Response {
    let reader = match reader(asking, None, &headers, Permission::AttachFiles) {
        Ok(reader) => reader,
        Err(answer) => return *answer,
    };
    match newest(&house, &reader.actor, &id).await {
        Ok(Some(_)) => {}
        Ok(None) => return told(&headers, &Problem::gone("finding")),
        Err(e) => return told(&headers, &e.into()),
    }
    let mut form = Form::read(sent, &house.exports.scratch).await;
    let done = match form.taken() {
        Err(refused) => Err(refused),
        Ok(()) => attached(&house, &reader.actor, &id, form.files).await,
    };
    let problem = match done {
        Ok(()) => return Redirect::to(&format!("/findings?attached={id}#{id}")).into_response(),
        Err(problem) => problem,
    };
    if !wants_page(&headers) {
        return told(&headers, &problem);
    }
    let cookie = once::refusal("/findings", &problem).map(|cookie| [(header::SET_COOKIE, cookie)]);
    (cookie, Redirect::to(&format!("/findings?refused=1&attached={id}"))).into_response()
}

/// Seals the next version of the finding. Files are only ever added, so of two at once the second adds to the first's.
async fn attached(house: &House, actor: &Actor, id: &str, uploads: Vec<Upload>) -> Result<(), Problem> {
    let files: Vec<Attachment> = uploads.iter().map(|upload| upload.attachment.clone()).collect();
    let refused = |e: FileError| Problem::bad_input(&e.to_string(), e.next());
    let kept = Attachments::new(&house.store);
    let mut uploads = Some(uploads);
    for _ in 0..5 {
        let Some((finding, version)) = newest(house, actor, id).await? else { return Err(Problem::gone("finding")) };
        let now = house.clock.now();
        let finding = finding.value.attach(files.clone(), &actor.name, now).map_err(refused)?;
        for upload in uploads.take().unwrap_or_default() {
            kept.keep(upload, To::Finding(id), &actor.id, now).await?;
        }
        let item = canonical::replace("findings", id, version + 1, &finding);
        let item = item.map_err(|e| PortError::Broken(e.to_string()))?;
        match house.ledger.append_one(item).await {
            Err(PortError::Conflict(_)) => {}
            done => return Ok(done.map(|_| ())?),
        }
    }
    Err(PortError::Conflict(format!("Several people change {id} at once")).into())
}

/// The finding as this actor may see it, and its number.
async fn newest(house: &House, actor: &Actor, id: &str) -> Result<Option<(Sealed<Finding>, i64)>, PortError> {
    let all = Findings::all(&house.evidence, &actor.scope).await?;
    let Some(finding) = all.into_iter().find(|finding: &Sealed<Finding>| finding.id == id) else { return Ok(None) };
    let version = house.evidence.version(finding.seal.seq).await?;
    Ok(Some((finding, version)))
}
