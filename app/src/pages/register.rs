//! Registering a passkey on this device; where somebody without one is led once, after a link or a code.

use leptos::prelude::*;

use crate::{
    api::settings::{Registering, registering},
    parts::{Ceremony, PageHead, PasskeyForm, SettingsPages, Statement, Waiting, loaded, local, query},
};

#[component]
pub fn Register() -> impl IntoView {
    let to = query("to").map(|to| local(Some(&to)).to_owned());
    loaded("settings", async move { registering().await }, move |page, frame| {
        view! {
            <PageHead eyebrow=|| "Your sign-in" title="Register a passkey" />
            <SettingsPages current="/settings/passkeys/new" role=frame.actor.role />
            <Statement margin=view! { <Waiting why="sealed when registered" /> }.into_any()>
                "A passkey signs you in with the finger, face or PIN that unlocks this device. There is nothing to remember, and nothing here to steal: the portal keeps only the public half, and seals it."
            </Statement>
            <Body page=page to=to />
        }
    })
}

#[component]
fn Body(page: Registering, to: Option<String>) -> impl IntoView {
    let onward = to.clone().unwrap_or_else(|| "/settings?done=registered".to_owned());
    let later = match to {
        Some(to) => view! { <a href=to>"Not now"</a> }.into_any(),
        None => view! { <a href="/settings">"Back to your sign-in"</a> }.into_any(),
    };
    let form = if !page.ways.passkeys {
        view! {
            <p>
                "Browsers offer no passkeys on an address of numbers. Whoever runs the portal can give it a name, in "
                <code>"portal.public_url"</code>
                "."
            </p>
        }
        .into_any()
    } else if page.held >= page.most {
        view! { <p>{format!("You hold {} passkeys, which is the most. Revoke one first.", page.most)}</p> }.into_any()
    } else {
        view! {
            <PasskeyForm
                ceremony=Ceremony::Create
                begin="/passkeys/registration"
                finish="/passkeys"
                button="Register a passkey on this device"
                without="A link or a code by e-mail signs you in without it."
            >
                <input type="hidden" name="to" value=onward.clone() />
                <div class="field">
                    <label for="label">"What you call it, such as Phone; left empty, the browser’s name"</label>
                    <input id="label" name="label" type="text" maxlength="40" autocomplete="off" />
                </div>
            </PasskeyForm>
        }
        .into_any()
    };
    view! {
        <div class="section measure-width">
            {form}
            <p class="foot">{later}</p>
        </div>
    }
}
