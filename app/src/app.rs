//! The shell and the routes: every page of the portal on one screen.

use leptos::prelude::*;
use leptos_meta::{MetaTags, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

use crate::{api::theme, csp::Page, pages, parts::Sprite};

/// Pages that hold an island. Every other page loads no WASM.
const WITH_ISLANDS: [&str; 1] = ["/ledger"];

/// The document around every page.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let path = use_context::<http::request::Parts>().map(|parts| parts.uri.path().to_owned()).unwrap_or_default();
    let islands = WITH_ISLANDS.contains(&path.as_str());
    crate::csp::set(match path.as_str() {
        "/verify" => Page::Verifier,
        "/emergency" => Page::Islands,
        _ if islands => Page::Islands,
        _ => Page::Read,
    });
    view! {
        <!DOCTYPE html>
        <html lang="en-GB" data-theme=theme::chosen()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <link rel="preload" href="/fonts/IBMPlexSans-Regular-Latin1.woff2" r#as="font" r#type="font/woff2" crossorigin="" />
                <link rel="preload" href="/fonts/IBMPlexSerif-Regular-Latin1.woff2" r#as="font" r#type="font/woff2" crossorigin="" />
                <link rel="preload" href="/fonts/IBMPlexSerif-Light-Latin1.woff2" r#as="font" r#type="font/woff2" crossorigin="" />
                <link rel="stylesheet" href="/pkg/passmuster.css" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/icons/apple-touch-icon.png" />
                <link rel="manifest" href="/manifest.webmanifest" />
                <script src="/reading.js" defer></script>
                <script src="/app.js" defer></script>
                {islands.then(|| view! { <HydrationScripts options=options.clone() islands=true /> })}
                <MetaTags />
            </head>
            <body>
                <Sprite />
                <App />
            </body>
        </html>
    }
}

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    view! {
        <Router>
            <Routes fallback=pages::problem::NotFound>
                <Route path=path!("/") view=pages::overview::Overview ssr=SsrMode::Async />
                <Route path=path!("/targets") view=pages::targets::Targets ssr=SsrMode::Async />
                <Route path=path!("/drills") view=pages::drills::Drills ssr=SsrMode::Async />
                <Route path=path!("/drills/:id") view=pages::drill::DrillRecord ssr=SsrMode::Async />
                <Route path=path!("/drills/:id/live") view=pages::live::LiveDrill ssr=SsrMode::Async />
                <Route path=path!("/emergency") view=pages::emergency::Emergency ssr=SsrMode::Async />
                <Route path=path!("/runbook") view=pages::runbook::Runbook ssr=SsrMode::Async />
                <Route path=path!("/runbook/edit") view=pages::runbook_edit::RunbookEdit ssr=SsrMode::Async />
                <Route path=path!("/runbook/versions/:version") view=pages::runbook::RunbookVersionPage ssr=SsrMode::Async />
                <Route path=path!("/backups") view=pages::backups::Backups ssr=SsrMode::Async />
                <Route path=path!("/datastores") view=pages::datastores::Datastores ssr=SsrMode::Async />
                <Route path=path!("/datastores/:id") view=pages::datastore::DatastoreRecord ssr=SsrMode::Async />
                <Route path=path!("/checklist") view=pages::checklist::ChecklistNow ssr=SsrMode::Async />
                <Route path=path!("/checklist/:quarter") view=pages::checklist::ChecklistOfQuarter ssr=SsrMode::Async />
                <Route path=path!("/checklist/:quarter/reading") view=pages::reading::ReadingAloud ssr=SsrMode::Async />
                <Route path=path!("/incidents") view=pages::incidents::Incidents ssr=SsrMode::Async />
                <Route path=path!("/incidents/:id") view=pages::incident::IncidentRecord ssr=SsrMode::Async />
                <Route path=path!("/risks") view=pages::risks::RisksNow ssr=SsrMode::Async />
                <Route path=path!("/risks/:quarter") view=pages::risks::RisksOfQuarter ssr=SsrMode::Async />
                <Route path=path!("/findings") view=pages::findings::Findings ssr=SsrMode::Async />
                <Route path=path!("/controls") view=pages::controls::Controls ssr=SsrMode::Async />
                <Route path=path!("/controls/:id") view=pages::control::Control ssr=SsrMode::Async />
                <Route path=path!("/evidence") view=pages::evidence::Evidence ssr=SsrMode::Async />
                <Route path=path!("/requests") view=pages::requests::Requests ssr=SsrMode::Async />
                <Route path=path!("/requests/:id") view=pages::request::RequestThread ssr=SsrMode::Async />
                <Route path=path!("/reviews") view=pages::reviews::Reviews ssr=SsrMode::Async />
                <Route path=path!("/reviews/:subject") view=pages::review::ReviewSheet ssr=SsrMode::Async />
                <Route path=path!("/ledger") view=pages::ledger::Ledger ssr=SsrMode::Async />
                <Route path=path!("/settings/audits") view=pages::audits::Audits ssr=SsrMode::Async />
                <Route path=path!("/settings/audits/:id") view=pages::audit::AuditRecord ssr=SsrMode::Async />
                <Route path=path!("/settings/tokens") view=pages::tokens::Tokens ssr=SsrMode::Async />
                <Route path=path!("/verify") view=pages::verify::Verify ssr=SsrMode::Async />
                <Route path=path!("/settings") view=pages::settings::Settings ssr=SsrMode::Async />
                <Route path=path!("/settings/passkeys/new") view=pages::register::Register ssr=SsrMode::Async />
                <Route path=path!("/settings/people") view=pages::people::People ssr=SsrMode::Async />
                <Route path=path!("/sign-in") view=pages::sign_in::SignIn ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}
