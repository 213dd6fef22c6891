//! Tokens for machines: made with what they may do and until when, shown once, revoked.

use domain::{
    Moment,
    role::{Role, TokenScope},
    words,
};
use leptos::{prelude::*, server_fn::ServerFn};
use leptos_router::hooks::use_query_map;

use crate::{
    api::tokens::{MakeToken, RevokeToken, TokensPage, load},
    parts::{
        Empty, ErrorNote, PageHead, Section, SettingsPages, Shape, StateMark, Statement, When, capital, loaded, plural,
    },
    ports::Token,
};

#[component]
pub fn Tokens() -> impl IntoView {
    let query = use_query_map().get_untracked();
    loaded("settings", async move { load(&query).await }, |page, frame| {
        view! { <Body page=page role=frame.actor.role /> }
    })
}

#[component]
fn Body(page: TokensPage, role: Role) -> impl IntoView {
    let TokensPage { tokens, made, now, refused } = page;
    let good = tokens.iter().filter(|t| standing(t, now).0 == Shape::Disc).count();
    let says = match good {
        0 => "No machine can bring or fetch anything.".to_owned(),
        1 => "One machine can bring or fetch something: what its token says, and nothing else.".to_owned(),
        n => format!(
            "{} can bring or fetch something, each only what its token says.",
            capital(&plural(n, "machine", "machines"))
        ),
    };
    let made = made.map(|token| {
        view! {
            <div class="made-token measure-width" role="status">
                <p>"The new token. It is shown this once and kept nowhere: copy it now into the machine’s secret file."</p>
                <pre class="shell-recipe" id="token" tabindex="0" aria-label="New token">{token}</pre>
                <p><button type="button" class="button" hidden data-copy-from="#token">"Copy the token"</button></p>
            </div>
        }
    });
    let list = if tokens.is_empty() {
        view! { <Empty sentence="No token has been made." /> }.into_any()
    } else {
        view! { <List tokens=tokens now=now /> }.into_any()
    };
    view! {
        <PageHead eyebrow=|| "Settings" title="Tokens" />
        <SettingsPages current="/settings/tokens" role=role />
        {refused.map(|problem| view! { <ErrorNote problem=problem /> })}
        {made}
        <Statement margin=view! {
            <p class="second">"Only digests are kept: who reads the database cannot use a token."</p>
        }.into_any()>{says}</Statement>
        <Section title="Tokens">{list}</Section>
        <Section title="Make one" id="form"><Form /></Section>
    }
}

/// Good, ended or revoked, and since when.
fn standing(token: &Token, now: Moment) -> (Shape, &'static str, String) {
    if let Some(at) = token.revoked_at {
        return (Shape::Square, "revoked", format!("on {}", words::date(at)));
    }
    match token.expires_at {
        Some(at) if at <= now => (Shape::Dotted, "ended", format!("on {}", words::date(at))),
        Some(at) => (Shape::Disc, "good", format!("until {}", words::date(at))),
        None => (Shape::Disc, "good", "without end".to_owned()),
    }
}

#[component]
fn List(tokens: Vec<Token>, now: Moment) -> impl IntoView {
    let rows = tokens
        .into_iter()
        .map(|token| {
            let (shape, word, since) = standing(&token, now);
            let may = token.scopes.iter().map(|s| s.id()).collect::<Vec<_>>().join(", ");
            let used = match token.used_at {
                Some(at) => view! { <When at=at /> }.into_any(),
                None => view! { "never" }.into_any(),
            };
            let revoke = (shape == Shape::Disc).then(|| {
                view! {
                    <form method="post" action=RevokeToken::PATH>
                        <input type="hidden" name="id" value=token.id.clone() />
                        <button class="button destructive" type="submit">
                            "Revoke"<span class="unseen">{format!(" {}", token.name)}</span>
                        </button>
                    </form>
                }
            });
            view! {
                <tr>
                    <th scope="row">
                        {token.name.clone()}
                        <span class="second">"made " <When at=token.made_at /> {format!(" by {}", token.made_by)}</span>
                    </th>
                    <td><code>{may}</code></td>
                    <td>{used}</td>
                    <td class="state-cell"><StateMark state=shape word=word /><span class="second">{since}</span></td>
                    <td class="act">{revoke}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <div class="measure-width">
            <table class="table tokens">
                <thead>
                    <tr>
                        <th scope="col">"Machine"</th>
                        <th class="w-25" scope="col">"May"</th>
                        <th class="w-20" scope="col">"Last used (UTC)"</th>
                        <th class="w-15" scope="col">"State"</th>
                        <th class="w-15" scope="col"><span class="unseen">"Revoke"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

#[component]
fn Form() -> impl IntoView {
    let boxes = TokenScope::ALL
        .into_iter()
        .map(|scope| {
            view! {
                <label class="choice">
                    <input type="checkbox" name="scopes[]" value=scope.id() />
                    <span><code>{scope.id()}</code><span class="second">{scope.says()}</span></span>
                </label>
            }
        })
        .collect_view();
    view! {
        <form class="measure-width" method="post" action=MakeToken::PATH aria-label="New token">
            <ol class="steps bundle-steps audit-steps">
                <li>
                    <h3><label for="name">"Machine"</label></h3>
                    <div class="field">
                        <input id="name" name="name" maxlength="60" required autocomplete="off" placeholder="drill-runner" />
                        <span class="second">"It stands beside everything the machine brings."</span>
                    </div>
                </li>
                <li>
                    <h3 id="token-scopes">"May"</h3>
                    <div role="group" aria-labelledby="token-scopes">{boxes}</div>
                </li>
                <li>
                    <h3><label for="days">"Ends after"</label></h3>
                    <div class="field">
                        <input id="days" name="days" type="number" min="1" max="3650" value="90" required />
                        <span class="second">"days"</span>
                    </div>
                </li>
                <li>
                    <h3><span class="unseen">"Make it"</span></h3>
                    <div><button class="button primary" type="submit">"Make the token"</button></div>
                </li>
            </ol>
        </form>
    }
}
