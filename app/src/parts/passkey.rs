//! The form that asks the device for a passkey. It needs script, which shows it; without script it says so.

use leptos::prelude::*;

use super::{Shape, StateMark};

/// What the device is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceremony {
    /// A new passkey.
    Create,
    /// A signature by one it holds.
    Get,
}

/// `public/passkey.js` fetches the options from `begin`, asks the device, posts its answer with the form's fields to
/// `finish`, and goes where that says. The children are the form's fields.
#[component]
pub fn PasskeyForm(
    ceremony: Ceremony,
    begin: &'static str,
    finish: &'static str,
    /// The button: a verb with its object.
    button: &'static str,
    /// What else the reader can do when there is no script.
    without: &'static str,
    /// Another form on the page comes first: its button is the primary one, and it says what is without script.
    #[prop(optional)]
    second: bool,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let kind = match ceremony {
        Ceremony::Create => "create",
        Ceremony::Get => "get",
    };
    view! {
        <form class="passkey" method="post" data-passkey=kind data-begin=begin data-finish=finish hidden>
            {children.map(|fields| fields())}
            <button class=if second { "button" } else { "button primary" } type="submit">
                <svg viewBox="0 0 22 14" aria-hidden="true">
                    <path d="M1.5 7a4 4 0 1 0 8 0a4 4 0 1 0-8 0M9.5 7h11v3.5M16.5 7v3" />
                </svg>
                <span>{button}</span>
            </button>
            <p class="field-error" role="alert" hidden>
                <StateMark state=Shape::Square word="not done" />
                " "
                <span data-passkey-says></span>
            </p>
        </form>
        {(!second)
            .then(|| {
                view! {
                    <noscript>
                        <p>"Passkeys need JavaScript, which is off here. " {without}</p>
                    </noscript>
                    <script src="/passkey.js" defer></script>
                }
            })}
    }
    .into_any()
}
