//! HTTP: pages, downloads, the machines' intake. Deny by default: what is not listed here is not there.

pub mod agent;
pub mod attachments;
pub mod checklist;
pub mod downloads;
pub mod emergency;
pub mod headers;
pub mod health;
pub mod imports;
pub mod intake;
pub mod limits;
pub mod live;
pub mod passkeys;
pub mod provider;
pub mod refused;
pub mod requests;
pub mod reviews;
pub mod runbook;
pub mod runs;
pub mod seat;
pub mod session;
pub mod sign_in;
pub mod tables;
pub mod upload;
pub mod verifier;

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post, put},
};
use leptos::prelude::{LeptosOptions, provide_context};
use leptos_axum::{LeptosRoutes, generate_route_list, render_app_async_with_context};
use tokio::net::TcpListener;
use tower_http::{compression::CompressionLayer, services::ServeDir, timeout::TimeoutLayer};
use tower_sessions::{Expiry, SessionManagerLayer, cookie::SameSite};

use crate::{
    compose::House,
    provider::BACK,
    store::sessions::{IDLE, Sessions},
};

/// Forms.
const FORM_BYTES: usize = 1024 * 1024;
/// A drill record: ten documents' digests, a few hundred collections, a thousand tenants' names.
const DRILL_BYTES: usize = 4 * 1024 * 1024;
/// Longer than the longest export of a year seen so far, by far.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Every route of the portal.
pub fn router(house: &House) -> Router {
    let options = LeptosOptions::builder()
        .output_name("passmuster")
        .site_root(house.config.portal.site_root.display().to_string())
        .site_pkg_dir("pkg")
        .site_addr(house.config.portal.listen)
        .build();
    let ports = house.ports.clone();
    let saved = verifier::SavedPage::read(&house.config.portal.site_root);
    let told = saved.told();
    let context = move || {
        provide_context(ports.clone());
        provide_context(told.clone());
    };
    let shell = {
        let options = options.clone();
        move || app::app::shell(options.clone())
    };
    // Files are not Leptos' business: its own handler answers them with whatever the page that is being drawn on the
    // same thread has left to send, a cookie or its policy, and that page then goes without.
    let no_page = Router::new().fallback(render_app_async_with_context(context.clone(), shell.clone()));
    let files = ServeDir::new(&house.config.portal.site_root)
        .precompressed_gzip()
        .precompressed_br()
        .append_index_html_on_directories(false)
        .call_fallback_on_method_not_allowed(true)
        .fallback(no_page);
    let pages = Router::new()
        .leptos_routes_with_context(&options, generate_route_list(app::app::App), context, shell)
        .fallback_service(files)
        .with_state(options);
    // Forms with files: larger than others, and read as they come.
    let uploads = Router::new()
        .route("/requests/ask", post(requests::ask))
        .route("/requests/{id}/answer", post(requests::answer))
        .route("/requests/{id}/more", post(requests::ask_more))
        .route("/findings/{id}/attach", post(attachments::attach_to_finding))
        .route("/checklist/{quarter}/{item}", post(checklist::write))
        .with_state(house.clone())
        .layer(DefaultBodyLimit::max(upload::LARGEST));
    let own = Router::new()
        .route("/sign-in", post(sign_in::link))
        .route("/sign-in/code", post(sign_in::ask_code))
        .route("/sign-in/code/enter", post(sign_in::enter_code))
        .route("/sign-in/provider", get(provider::leave))
        .route(BACK, get(provider::back))
        .route("/sign-out", post(session::sign_out))
        .route("/audits/choose", post(seat::choose))
        .route("/audits/leave", post(seat::leave))
        .route("/settings/audits/{id}/preview", post(seat::preview))
        .route("/runbook/versions/{version}/runbook.md", get(runbook::file))
        .route("/runbook/preview", post(runbook::preview))
        .route("/runbook/draft", post(runbook::draft))
        .route("/runbook/links", post(runbook::links))
        .route("/emergency/kit.json", get(emergency::kit))
        .route("/emergency/kit.zip", get(emergency::folder))
        .route("/emergency/acts", post(emergency::bring))
        .route("/emergency/act", post(emergency::act))
        .route("/risks/{quarter}/summary.pdf", get(tables::risks))
        .route("/evidence/{id}/download", get(downloads::bundle))
        .route("/evidence/root.pem", get(downloads::root_pem))
        .route("/evidence/anchors.json", get(downloads::anchors))
        .route("/evidence/anchors.pdf", get(downloads::anchors_page))
        .route("/evidence/log.vkey", get(downloads::vkey))
        .route("/ledger/checkpoint", get(downloads::checkpoint))
        .route("/ledger/entries", get(downloads::entries))
        .route("/ledger/tile/{*path}", get(downloads::tile))
        .route("/ledger/proofs/{name}", get(downloads::inclusion))
        .route("/backups/jobs.csv", get(tables::jobs))
        .route("/backups/attestations.csv", get(tables::attestations))
        .route("/drills/{id}/record.json", get(downloads::drill_record))
        .route("/drills/{id}/events", get(live::events))
        .route("/attachments/{sha256}", get(attachments::download))
        .with_state(house.clone());
    let ceremonies = Router::new()
        .route("/passkeys/registration", post(passkeys::begin_registration))
        .route("/passkeys", post(passkeys::finish_registration))
        .route("/passkeys/assertion", post(passkeys::begin_assertion))
        .route("/sign-in/passkey", post(passkeys::sign_in))
        .with_state(house.clone())
        .layer(DefaultBodyLimit::max(passkeys::BODY_BYTES));
    let signing = Router::new()
        .route("/reviews/statement", post(reviews::statement))
        .route("/reviews/signoffs", post(reviews::signoffs))
        .with_state(house.clone())
        .layer(DefaultBodyLimit::max(reviews::BODY_BYTES));
    let sessions = SessionManagerLayer::new(Sessions::new(&house.store))
        .with_name(session::cookie_name(&house.config.portal.public_url))
        .with_secure(session::secure(&house.config.portal.public_url))
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_expiry(Expiry::OnInactivity(IDLE));
    let people = own
        .merge(uploads)
        .merge(ceremonies)
        .merge(signing)
        .merge(pages)
        .layer(middleware::from_fn_with_state(house.clone(), session::who))
        .layer(sessions)
        .layer(middleware::from_fn(headers::same_origin))
        .layer(DefaultBodyLimit::max(FORM_BYTES));
    let machines = Router::new()
        .route("/api/v1/drills/{id}/begin", post(intake::begin))
        .route("/api/v1/drills/{id}/live", put(intake::hear))
        .route("/api/v1/drills/{id}/press", post(intake::press))
        .route("/api/v1/drills/{id}/draw", post(intake::draw))
        .route("/api/v1/drills/{id}", get(intake::stands).put(intake::finish))
        .route("/api/v1/runner-key", put(runs::key))
        .route("/api/v1/attestations", post(runs::attestations))
        .route("/api/v1/job-runs", post(runs::run))
        .route("/api/v1/imports", post(imports::envelope).layer(DefaultBodyLimit::max(imports::LARGEST)))
        .route("/api/v1/imports/{kind}", post(imports::import).layer(DefaultBodyLimit::max(imports::LARGEST)))
        .route("/api/v1/bundles", post(intake::make_bundle))
        .route("/api/v1/bundles/orders/{id}", get(intake::bundle_order))
        .route("/api/v1/bundles/{id}/download", get(intake::download_bundle))
        .with_state(house.clone())
        .layer(DefaultBodyLimit::max(DRILL_BYTES));
    let health = Router::new()
        .route("/healthz", get(health::process))
        .route("/readyz", get(health::ready))
        .with_state(house.clone());
    let worker = emergency::Worker::read(&house.config.portal.site_root);
    let desk = Router::new()
        .route("/sw.js", get(emergency::service_worker).with_state(worker))
        .route("/emergency/shell", get(emergency::shell));
    let verifier = Router::new().route("/verify/passmuster-verify.html", get(verifier::page)).with_state(saved);
    machines
        .merge(health)
        .merge(verifier)
        .merge(desk)
        .merge(people)
        .layer(middleware::from_fn(headers::secure))
        .layer(TimeoutLayer::with_status_code(axum::http::StatusCode::GATEWAY_TIMEOUT, TIMEOUT))
        .layer(CompressionLayer::new())
}

/// Takes the address, or says who might have it.
pub async fn bind(house: &House) -> Result<TcpListener> {
    let listen = house.config.portal.listen;
    TcpListener::bind(listen).await.with_context(|| {
        format!("{listen} cannot be used: another program may listen there. Stop it, or choose another with --listen (or portal.listen)")
    })
}

/// Serves until `stop`, then lets requests under way finish.
pub async fn serve(house: &House, listener: TcpListener, stop: tokio_util::sync::CancellationToken) -> Result<()> {
    let watch = tokio::spawn(crate::ledger::watch::run(house.ledger.clone()));
    let jobs = tokio::spawn(crate::jobs::run(house.clone()));
    let orders = tokio::spawn(crate::exports::orders::run(house.clone()));
    // A stream of a drill under way would keep the portal from ending.
    let (streams, stopping) = (house.streams.clone(), stop.clone());
    let closing = tokio::spawn(async move {
        stopping.cancelled().await;
        streams.close();
    });
    let served = axum::serve(listener, router(house).into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async move { stop.cancelled().await })
        .await
        .context("the portal stopped serving");
    closing.abort();
    watch.abort();
    jobs.abort();
    orders.abort();
    served
}
