//! Signing in by a one-time link; reached by anybody.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::parts::{Bare, Shape, StateMark, query};

#[component]
pub fn SignIn() -> impl IntoView {
    let to = query("to").map(|to| view! { <input type="hidden" name="to" value=to /> });
    let body = match (query("code"), query("refused")) {
        (_, Some(_)) => view! {
            <p class="statement">
                "This link was used already, or has expired. A link opens once, so that nobody who finds it later can use it."
            </p>
            <p class="sign-in-note">
                <StateMark state=Shape::Square word="not signed in" />
                " Nothing was changed."
            </p>
            <HowTo />
        }
        .into_any(),
        (Some(code), None) => view! {
            <p class="statement">"This link signs you in once, on this device."</p>
            <form class="sign-in" method="post" action="/sign-in">
                <input type="hidden" name="code" value=code />
                {to}
                <button class="button primary" type="submit">"Sign in"</button>
            </form>
            <p class="foot">
                "It asks for a press of the button because mail programs open links by themselves, and this one opens only once."
            </p>
        }
        .into_any(),
        (None, None) => view! {
            <p class="statement">"Evidence is shown to the people it was made for. Open the link you were sent."</p>
            <HowTo />
        }
        .into_any(),
    };
    view! {
        <Title text="Sign in · Passmuster" />
        <Bare>
            <div class="sign-in-head">
                <h1>"Sign in"</h1>
            </div>
            {body}
        </Bare>
    }
}

#[component]
fn HowTo() -> impl IntoView {
    view! {
        <dl class="pairs">
            <dt>"Auditor"</dt>
            <dd>"Ask the person at the company who invited you; the owner can send another link."</dd>
            <dt>"Operator"</dt>
            <dd>"Ask the owner for another link."</dd>
            <dt>"Owner"</dt>
            <dd>"Make one where the portal runs: " <code>"passmuster user invite"</code> "."</dd>
            <dt>"Example company"</dt>
            <dd><code>"make run"</code> " prints a fresh link for each of the three each time it starts."</dd>
        </dl>
    }
}
