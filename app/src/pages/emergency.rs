//! The emergency desk as the portal draws it. Its script takes over where there is one, and goes on without portal.

use emergency::View;
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::{
        emergency::{EmergencyPage, load},
        once,
    },
    parts::{Statement, loaded, query},
};

/// What a form was refused for, by the word the address carries; the form itself comes back in a cookie.
pub const REFUSED: &str = "passmuster-act";

#[component]
pub fn Emergency() -> impl IntoView {
    let incident = query("incident");
    let refused = query("refused").and_then(|_| once::take::<Vec<(String, String)>>(REFUSED, "/emergency"));
    loaded("emergency", load(), move |page, _| view! { <Body page=page incident=incident refused=refused /> })
}

#[component]
fn Body(page: EmergencyPage, incident: Option<String>, refused: Option<Vec<(String, String)>>) -> impl IntoView {
    let EmergencyPage { kit, incidents, now } = page;
    let Some(kit) = kit else {
        return view! {
            <Title text="Emergency · Passmuster" />
            <h1>"Emergency"</h1>
            <Statement>"No version of the runbook is in force, so there is no plan to work from. Add one first."</Statement>
        }
        .into_any();
    };
    let refused = refused.and_then(|form| {
        let pen = domain::incident::write::Pen {
            device: "00000000".to_owned(),
            number: 1,
            by: "nobody".to_owned(),
            offline: false,
        };
        let why = domain::incident::write::write(&form, &kit, &incidents, &pen, now).err()?;
        Some((why, form))
    });
    let html = emergency::emergency(&kit, &incidents, &View { incident, refused }, now);
    view! {
        <Title text="Emergency · Passmuster" />
        <div class="offline-line"><span id="copy">{format!("runbook {}, by the portal’s clock", kit.runbook.version)}</span></div>
        <div id="notice" role="status"></div>
        <div class="emergency" id="desk" inner_html=html></div>
        <script type="module" src="/pkg/emergency.js"></script>
    }
    .into_any()
}
