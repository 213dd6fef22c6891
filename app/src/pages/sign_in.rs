//! Signing in: by passkey, by a code sent by e-mail, at the company's own provider, or by a one-time link. Reached by
//! anybody, and says nothing about who is here.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::guard,
    parts::{Bare, Ceremony, PasskeyForm, Shape, StateMark, encoded, failed, local, query},
    ports::Ways,
};

#[component]
pub fn SignIn() -> impl IntoView {
    let (ways, demo) = match guard::ports() {
        Ok(ports) => ((*ports.ways).clone(), ports.company.demo),
        Err(problem) => return failed(problem),
    };
    let to = query("to").map(|to| local(Some(&to)).to_owned());
    let refused = query("refused").and_then(|key| refusal(&key, &ways));
    let body = match (query("code"), query("form")) {
        (Some(code), _) => view! { <Link code=code to=to /> }.into_any(),
        (None, Some(form)) => view! { <Code form=form to=to refused=refused /> }.into_any(),
        (None, None) => view! { <All ways=ways demo=demo to=to refused=refused /> }.into_any(),
    };
    view! {
        <Title text="Sign in · Passmuster" />
        <Bare>
            <div class="sign-in-head">
                <h1>"Sign in"</h1>
            </div>
            {body}
            <p class="foot">"Cookies here keep you signed in, remember your theme, and carry a message to the next page. Nothing follows you, so there is nothing to consent to."</p>
        </Bare>
    }
    .into_any()
}

/// Why the last attempt signed nobody in: what happened, and what to do next.
type Refusal = (String, String);

/// The address names the reason by a word; anything else is passed over.
fn refusal(key: &str, ways: &Ways) -> Option<Refusal> {
    let provider = ways.provider.as_deref().unwrap_or("The provider");
    let (what, next) = match key {
        "link" => (
            "This link was used already, or has expired. A link opens once, so that nobody who finds it later can use it.".to_owned(),
            "Sign in another way, or ask for another link.".to_owned(),
        ),
        "code" => (
            "That is not the code.".to_owned(),
            "Type the eight digits of the newest mail. A code belongs to the page that asked for it.".to_owned(),
        ),
        "form" => (
            "The code of that page was used, has expired, or was mistyped five times.".to_owned(),
            "Have another one sent.".to_owned(),
        ),
        "address" => (
            "That does not read as an e-mail address.".to_owned(),
            "Write it as name@example.com.".to_owned(),
        ),
        "no-mail" => ("This portal sends no mail.".to_owned(), "Use a passkey or a one-time link.".to_owned()),
        "no-provider" => ("This portal is tied to no provider.".to_owned(), "Sign in another way.".to_owned()),
        "provider-away" => (
            format!("{provider} does not answer."),
            "Try again in a minute, or sign in another way; the log says more.".to_owned(),
        ),
        "provider-broken" => (
            format!("What {provider} answered does not hold."),
            "Sign in another way, and tell the owner; the log says why.".to_owned(),
        ),
        "provider-denied" => (format!("{provider} signed nobody in."), "Try again, or sign in another way.".to_owned()),
        "provider-foreign" => (
            format!("That answer of {provider} belongs to another sign-in, was used, or took longer than five minutes."),
            "Begin again from here.".to_owned(),
        ),
        "provider-unverified" => (
            format!("{provider} has verified no e-mail address of yours."),
            "Verify it there, then begin again.".to_owned(),
        ),
        "provider-unknown" => (
            format!("Nobody was invited here under the address that {provider} names."),
            "Ask the owner to invite that address.".to_owned(),
        ),
        "provider-account" => (
            format!("The person with that address signed in before with another account at {provider}."),
            "Ask the owner to remove that person and to invite the address again.".to_owned(),
        ),
        _ => return None,
    };
    Some((what, next))
}

#[component]
fn Refused(refusal: Refusal) -> impl IntoView {
    let (what, next) = refusal;
    view! {
        <div role="alert">
            <p class="statement">{what}</p>
            <p class="sign-in-note">
                <StateMark state=Shape::Square word="not signed in" />
                " Nothing was changed. "
                {next}
            </p>
        </div>
    }
}

#[component]
fn To(to: Option<String>) -> impl IntoView {
    to.map(|to| view! { <input type="hidden" name="to" value=to /> })
}

/// A one-time link that was opened.
#[component]
fn Link(code: String, to: Option<String>) -> impl IntoView {
    view! {
        <p class="statement">"This link signs you in once, on this device."</p>
        <form class="sign-in" method="post" action="/sign-in">
            <input type="hidden" name="code" value=code />
            <To to=to />
            <button class="button primary" type="submit">"Sign in"</button>
        </form>
        <p class="foot">
            "It asks for a press of the button because mail programs open links by themselves, and this one opens only once."
        </p>
    }
}

/// Where a code is entered. It says the same whoever's the address is.
#[component]
fn Code(form: String, to: Option<String>, refused: Option<Refusal>) -> impl IntoView {
    let wrong = refused.is_some();
    let error = refused.map(|(what, next)| {
        view! {
            <p class="field-error" id="code-error" role="alert">
                <StateMark state=Shape::Square word=what />
                " "
                {next}
            </p>
        }
    });
    let again = to.as_ref().map_or("/sign-in".to_owned(), |to| format!("/sign-in?to={}", encoded(to)));
    view! {
        <p class="statement">
            "If that address belongs to somebody here, a code is on its way to it. It works for ten minutes, on this page only."
        </p>
        <form class="sign-in" method="post" action="/sign-in/code/enter">
            <input type="hidden" name="form" value=form />
            <To to=to />
            <div class="field">
                <label for="code">"Code, eight digits"</label>
                <input
                    id="code"
                    class="code"
                    name="code"
                    type="text"
                    inputmode="numeric"
                    autocomplete="one-time-code"
                    maxlength="12"
                    required
                    autofocus
                    aria-invalid=wrong.then_some("true")
                    aria-describedby=wrong.then_some("code-error")
                />
            </div>
            {error}
            <button class="button primary" type="submit">"Sign in"</button>
        </form>
        <p class="foot">
            "Nothing after two minutes? Look among the unwanted mail, or "
            <a href=again>"have another one sent, or sign in another way"</a>
            "."
        </p>
    }
}

#[component]
fn All(ways: Ways, demo: bool, to: Option<String>, refused: Option<Refusal>) -> impl IntoView {
    let head = match refused {
        Some(refusal) => view! { <Refused refusal=refusal /> }.into_any(),
        None => view! { <p class="statement">"Evidence is shown to the people it was made for."</p> }.into_any(),
    };
    let passkey = if ways.passkeys {
        let to = to.clone();
        view! {
            <PasskeyForm
                ceremony=Ceremony::Get
                begin="/passkeys/assertion"
                finish="/sign-in/passkey"
                button="Sign in with a passkey"
                without="Use one of the other ways below."
            >
                <To to=to.clone() />
            </PasskeyForm>
        }
        .into_any()
    } else {
        view! {
            <p>
                "Browsers offer no passkeys on an address of numbers. Whoever runs the portal can give it a name, in "
                <code>"portal.public_url"</code>
                "."
            </p>
        }
        .into_any()
    };
    let code = ways.code.then(|| {
        let to = to.clone();
        view! {
            <section class="way" aria-labelledby="by-code">
                <h2 id="by-code">"By e-mail"</h2>
                <form method="post" action="/sign-in/code">
                    <To to=to />
                    <div class="field">
                        <label for="email">"E-mail address"</label>
                        <input id="email" name="email" type="email" autocomplete="email" maxlength="254" required />
                    </div>
                    <button class="button" type="submit">"Send me a code"</button>
                </form>
            </section>
        }
    });
    let provider = ways.provider.map(|name| {
        let href =
            to.as_ref().map_or("/sign-in/provider".to_owned(), |to| format!("/sign-in/provider?to={}", encoded(to)));
        view! {
            <section class="way" aria-labelledby="by-provider">
                <h2 id="by-provider">{format!("At {name}")}</h2>
                <p>
                    <a class="button" href=href rel="external">{format!("Continue with {name}")}</a>
                </p>
            </section>
        }
    });
    view! {
        {head}
        <section class="way first" aria-labelledby="by-passkey">
            <h2 id="by-passkey">"With a passkey"</h2>
            {passkey}
        </section>
        {code}
        {provider}
        <section class="way" aria-labelledby="by-link">
            <h2 id="by-link">"With a link"</h2>
            <HowTo demo=demo />
        </section>
    }
}

#[component]
fn HowTo(demo: bool) -> impl IntoView {
    let example = demo.then(|| {
        view! {
            <dt>"Example company"</dt>
            <dd><code>"make run"</code> " prints a fresh link for each of the three each time it starts."</dd>
        }
    });
    view! {
        <p>"A link signs you in once; open the one you were sent. When it was used or has expired:"</p>
        <dl class="pairs">
            <dt>"Auditor"</dt>
            <dd>"Ask the person at the company who invited you; the owner can send another."</dd>
            <dt>"Operator"</dt>
            <dd>"Ask the owner for another."</dd>
            <dt>"Owner"</dt>
            <dd>"Make one where the portal runs: " <code>"passmuster user invite"</code> "."</dd>
            {example}
        </dl>
    }
}
