//! The emergency desk's way in and out: the signed kit, acts as phones bring them, a form without a script, and what a
//! device keeps to go on without a connection.

use std::path::Path;

use app::{
    api::{emergency as pages, once},
    pages::emergency::REFUSED,
    ports::{Incidents, PortError},
    problem::Problem,
};
use axum::{
    Extension, Form,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    draw::hex,
    incident::{
        Act, Acted, incidents,
        write::{Pen, write},
    },
    kit::{Brought, Envelope, Taken, Unfit, unwire, wire},
    role::{Actor, Permission, Scope},
};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::downloads::{attachment, refused};
use crate::{compose::House, exports};

type Asking = Option<Extension<Actor>>;

/// Acts in one message.
const AT_ONCE: usize = 500;
/// Clocks that agree to this are taken to agree.
const JITTER_MS: i64 = 5_000;

const JSON: [(header::HeaderName, &str); 2] =
    [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];

/// Whoever works incidents; scripts are told by the status alone.
fn worker(asking: Asking) -> Result<Actor, Box<Response>> {
    match asking {
        None => Err(Box::new(StatusCode::UNAUTHORIZED.into_response())),
        Some(Extension(actor)) if actor.role.may(Permission::WorkIncidents) => Ok(actor),
        Some(_) => Err(Box::new(StatusCode::FORBIDDEN.into_response())),
    }
}

pub async fn kit(State(house): State<House>, asking: Asking) -> Response {
    let actor = match worker(asking) {
        Ok(actor) => actor,
        Err(answer) => return *answer,
    };
    match signed(&house).await {
        Ok(Some(envelope)) => {
            let me = json!({ "id": actor.id, "name": actor.name });
            let body = json!({ "envelope": envelope, "me": me, "now": house.clock.now().rfc3339() });
            (JSON, body.to_string()).into_response()
        }
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(e) => refused(e.into()),
    }
}

/// The kit as a folder to keep and to print.
pub async fn folder(State(house): State<House>, asking: Asking) -> Response {
    match asking {
        None => return Redirect::to("/sign-in?to=/runbook").into_response(),
        Some(Extension(actor)) if actor.role.may(Permission::WorkIncidents) => {}
        Some(_) => return refused(Problem::not_allowed()),
    }
    let made = async { exports::kit::folder(&house).await?.map(|folder| Ok((folder.zip()?, folder.name))).transpose() };
    match made.await {
        Ok(Some((bytes, name))) => attachment("application/zip", &format!("{name}.zip"), bytes),
        Ok(None) => refused(Problem::gone("runbook in force")),
        Err(e) => {
            let e: anyhow::Error = e;
            refused(PortError::Broken(format!("{e:#}")).into())
        }
    }
}

/// The kit as it is now, signed with the key that signs bundles.
pub async fn signed(house: &House) -> Result<Option<Envelope>, PortError> {
    let Some(kit) = pages::kit(&house.ports, house.clock.now()).await? else { return Ok(None) };
    let keys = &house.ledger.keys;
    let mut why = None;
    let sign = |bytes: &[u8]| keys.sign_cms(bytes).map_err(|e| why = Some(e.to_string())).ok();
    let envelope = Envelope::of(&kit, sign, keys.root_pem());
    match (envelope, why) {
        (Some(envelope), _) => Ok(Some(envelope)),
        (None, why) => Err(PortError::Broken(format!("the kit could not be signed: {}", why.unwrap_or_default()))),
    }
}

/// Takes what a phone wrote, and tells it everything about the incidents that are open or young.
pub async fn bring(State(house): State<House>, asking: Asking, body: Bytes) -> Response {
    let actor = match worker(asking) {
        Ok(actor) => actor,
        Err(answer) => return *answer,
    };
    let unread = |why: &str| {
        let body = json!({ "title": why, "next": "Nothing was taken, and the device keeps everything." });
        (StatusCode::BAD_REQUEST, JSON, body.to_string()).into_response()
    };
    let brought: Brought = match std::str::from_utf8(&body)
        .map_err(|e| e.to_string())
        .and_then(|text| unwire(text).map_err(|e| e.to_string()))
    {
        Ok(brought) => brought,
        Err(why) => return unread(&format!("This does not read as what a device brings: {why}.")),
    };
    if brought.schema != 1 {
        return unread("This device is of another version than the portal. Load the page again.");
    }
    if brought.acts.len() > AT_ONCE {
        return unread("A device brings up to 500 acts at once.");
    }
    match taken(&house, &actor, brought).await {
        Ok(taken) => (JSON, wire(&taken)).into_response(),
        Err(e) => refused(e.into()),
    }
}

async fn taken(house: &House, actor: &Actor, brought: Brought) -> Result<Taken, PortError> {
    let now = house.clock.now();
    let off = now.since(brought.device_now);
    let known = house.evidence.acts(&Scope::EVERYTHING).await?;
    let ahead_ms = match said_before(&known, &brought) {
        // What the network added or took is no change of a clock, and would disorder what one device wrote.
        Some(before) if (off - before).abs() <= JITTER_MS => before,
        _ if off.abs() <= JITTER_MS => 0,
        _ => off,
    };
    let (mut fit, mut refused) = (Vec::new(), Vec::new());
    for act in brought.acts {
        let act = placed(act, actor, ahead_ms);
        match act.fit(now) {
            Ok(()) => fit.push(act),
            Err(why) => refused.push(Unfit { id: act.id(), why: why.to_string() }),
        }
    }
    refused.extend(house.evidence.bring(dated(fit, known)).await?);
    let known = pages::worked(&house.ports).await?;
    let lines = known.into_iter().filter(|incident| pages::of_interest(incident, now)).flat_map(|i| i.lines);
    Ok(Taken { now, ahead_ms, refused, acts: lines.map(|line| line.acted).collect() })
}

/// How far the portal's clock was ahead of this device's when it brought its last act.
fn said_before(known: &[Acted], brought: &Brought) -> Option<i64> {
    let device = &brought.acts.first()?.device;
    let mine = known.iter().map(|acted| &acted.act).filter(|act| act.device == *device);
    mine.max_by_key(|act| act.number).map(|act| act.occurred_at.since(act.device_at))
}

/// Each act with the day its incident was declared, as these and the known ones say.
fn dated(mut acts: Vec<Act>, mut known: Vec<Acted>) -> Vec<Act> {
    known.extend(acts.iter().map(|act| Acted { act: act.clone(), seal: None }));
    let all = incidents(known);
    for act in &mut acts {
        let own = all.iter().find(|i| i.id == act.incident || i.joined.contains(&act.incident));
        act.declared_at = own.map(|incident| incident.declared_at);
    }
    acts
}

/// The act by the portal's clock, with the name of who brought it where that is another.
fn placed(act: Act, actor: &Actor, ahead_ms: i64) -> Act {
    let brought_by = (act.by != actor.name).then(|| actor.name.clone());
    let occurred_at = act.device_at.plus_millis(ahead_ms);
    Act { occurred_at, declared_at: None, demo: false, brought_by, ..act }
}

/// A form of the desk where there is no script.
pub async fn act(
    State(house): State<House>,
    asking: Asking,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    const HERE: &str = "/emergency";
    let actor = match asking {
        None => return Redirect::to("/sign-in?to=/emergency").into_response(),
        Some(Extension(actor)) if actor.role.may(Permission::WorkIncidents) => actor,
        Some(_) => return refused(Problem::not_allowed()),
    };
    match written(&house, &actor, &form).await {
        Ok(Ok(act)) => {
            let step = match &act.did {
                domain::incident::Did::Tick { step, .. } => format!("#step-{}", step.id()),
                _ => String::new(),
            };
            Redirect::to(&format!("{HERE}?incident={}{step}", act.incident)).into_response()
        }
        Ok(Err(problem)) => {
            if !super::requests::wants_page(&headers) {
                return super::requests::told(&headers, &problem);
            }
            let incident = form.iter().find(|(name, _)| name == "incident").map(|(_, id)| id.as_str());
            let incident = incident.filter(|id| domain::incident::is_incident(id));
            let to = incident.map_or(String::new(), |id| format!("&incident={id}"));
            let cookie = once::cookie_of(REFUSED, HERE, &form).map(|cookie| [(header::SET_COOKIE, cookie)]);
            (cookie, Redirect::to(&format!("{HERE}?refused=1{to}#refused"))).into_response()
        }
        Err(e) => refused(e.into()),
    }
}

async fn written(house: &House, actor: &Actor, form: &[(String, String)]) -> Result<Result<Act, Problem>, PortError> {
    let now = house.clock.now();
    let Some(kit) = pages::kit(&house.ports, now).await? else {
        return Ok(Err(Problem::gone("runbook in force")));
    };
    let known = house.evidence.acts(&Scope::EVERYTHING).await?;
    let all = incidents(known.clone());
    let mut name = [0_u8; 4];
    getrandom::fill(&mut name).map_err(|e| PortError::Broken(e.to_string()))?;
    let pen = Pen { device: hex(&name), number: 1, by: actor.name.clone(), offline: false };
    let act = match write(form, &kit, &all, &pen, now) {
        Ok(act) => act,
        Err(refusal) => {
            let (what, next) = refusal.says();
            return Ok(Err(Problem::bad_input(&what, &next)));
        }
    };
    match house.evidence.bring(dated(vec![act.clone()], known)).await?.pop() {
        None => Ok(Ok(act)),
        Some(unfit) => Err(PortError::Conflict(unfit.why)),
    }
}

/// The page around the desk on a device without a connection: nobody's.
pub async fn shell() -> Response {
    const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
                          font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; \
                          base-uri 'none'; frame-ancestors 'none'";
    let head = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (head, emergency::shell()).into_response()
}

/// What a device keeps to draw the desk by itself.
const KEPT: [&str; 14] = [
    "/app.js",
    "/favicon.svg",
    "/fonts/IBMPlexMono-Regular-Latin1.woff2",
    "/fonts/IBMPlexSans-Medium-Latin1.woff2",
    "/fonts/IBMPlexSans-Regular-Latin1.woff2",
    "/fonts/IBMPlexSans-Regular-Pi.woff2",
    "/fonts/IBMPlexSans-SemiBold-Latin1.woff2",
    "/fonts/IBMPlexSerif-Light-Latin1.woff2",
    "/fonts/IBMPlexSerif-Medium-Latin1.woff2",
    "/fonts/IBMPlexSerif-Regular-Latin1.woff2",
    "/pkg/emergency.js",
    "/pkg/emergency_rules.js",
    "/pkg/emergency_rules_bg.wasm",
    "/pkg/passmuster.css",
];

/// The service worker, with the digest of everything it keeps as its version: another portal is another worker.
#[derive(Clone)]
pub struct Worker(Bytes);

impl Worker {
    pub fn read(site_root: &Path) -> Self {
        let mut digest = Sha256::new();
        digest.update(emergency::shell());
        let mut kept = vec!["/emergency/shell".to_owned(), "/manifest.webmanifest".to_owned()];
        for name in KEPT {
            match std::fs::read(site_root.join(&name[1..])) {
                Ok(bytes) => {
                    digest.update(name);
                    digest.update(Sha256::digest(&bytes));
                    kept.push(name.to_owned());
                }
                Err(e) => tracing::warn!("{name} of the site cannot be read ({e}); devices go without it offline"),
            }
        }
        let body = include_str!("../../../app/emergency/worker.js");
        digest.update(body);
        let version = hex(&digest.finalize());
        let files = serde_json::to_string(&kept).unwrap_or_default();
        Self(format!("const VERSION = \"{}\";\nconst FILES = {files};\n{body}", &version[..16]).into())
    }
}

pub async fn service_worker(State(worker): State<Worker>) -> Response {
    let head = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (head, worker.0).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::incident::Did;
    use domain::{Moment, role::Role};

    #[test]
    fn a_clock_that_is_off_is_corrected_and_both_times_are_kept() {
        let at = |text| Moment::parse(text).expect("a time");
        let act = Act {
            schema: 1,
            incident: "I-20261125-0931-7f3a".into(),
            device: "7f3a0001".into(),
            number: 1,
            did: Did::Note { says: "x".into() },
            offline: true,
            device_at: at("2026-11-25T06:31:00Z"),
            demo: true,
            occurred_at: at("2026-11-25T06:31:00Z"),
            declared_at: None,
            by: "Ana".into(),
            brought_by: None,
        };
        let actor = Actor { id: "b".into(), name: "Bo".into(), role: Role::Operator, scope: Scope::EVERYTHING };
        let placed = placed(act, &actor, 3 * 3_600_000);
        assert_eq!((placed.device_at, placed.occurred_at), (at("2026-11-25T06:31:00Z"), at("2026-11-25T09:31:00Z")));
        assert_eq!((placed.brought_by.as_deref(), placed.demo), (Some("Bo"), false));
    }
}
