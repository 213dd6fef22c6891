//! People: who may sign in and as what, the acts of an owner on them, and the table of what each role may do.

use domain::{
    Moment,
    person::{Email, Person},
    role::{RULES, Role},
    words,
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::people::{Here, PeoplePage, load},
    parts::{
        ErrorNote, PageHead, Section, SettingsPages, Shape, StateMark, Statement, Waiting, When, capital, loaded,
        plural,
    },
    ports::{Invited, Mailed},
};

#[component]
pub fn People() -> impl IntoView {
    let query = use_query_map().get_untracked();
    loaded("settings", async move { load(&query).await }, |page, frame| {
        view! {
            <PageHead eyebrow=|| "Who may sign in, and as what" title="People">
                <a class="button primary" href="#invite">"Invite somebody"</a>
            </PageHead>
            <SettingsPages current="/settings/people" role=frame.actor.role />
            <Body page=page />
        }
    })
}

#[component]
fn Body(page: PeoplePage) -> impl IntoView {
    let says = page.done.clone().unwrap_or_else(|| statement(&page.here));
    let PeoplePage { here, removed, invited, refused, mail, now, .. } = page;
    let rows = here.into_iter().map(|one| view! { <Row one=one now=now /> }).collect_view();
    view! {
        {refused.map(|problem| view! { <ErrorNote problem=problem /> })}
        <div role="status">
            <Statement margin=view! { <Waiting why="a list, not a record; passkeys and their ends are sealed" /> }.into_any()>
                {says}
            </Statement>
        </div>
        {invited.map(|invited| view! { <Link invited=invited /> })}
        <Section title="Who is here">
            <div class="measure-width">
                <table class="table dated acts">
                    <caption class="unseen">"Who is here"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Name"</th>
                            <th class="w-12" scope="col">"Role"</th>
                            <th class="w-12 hide-phone" scope="col">"Passkeys"</th>
                            <th class="w-18" scope="col">"Last seen"</th>
                            <th class="w-30" scope="col"><span class="unseen">"Change"</span></th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </Section>
        <Invite mail=mail />
        <Removed removed=removed />
        <Rights />
    }
}

/// "Three people may sign in: one owner, one operator and one auditor."
fn statement(here: &[Here]) -> String {
    let of = |role: Role| here.iter().filter(|one| one.person.actor.role == role).count();
    let parts: Vec<String> = Role::ALL
        .into_iter()
        .filter(|role| of(*role) > 0)
        .map(|role| plural(of(role), role.word(), &format!("{}s", role.word())))
        .collect();
    let listed = match parts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "nobody".to_owned(),
    };
    match here.len() {
        1 => format!("One person may sign in: {listed}."),
        n => format!("{} people may sign in: {listed}.", capital(&words::number(n))),
    }
}

/// The link just made, once.
#[component]
fn Link(invited: Invited) -> impl IntoView {
    let mail = match &invited.mail {
        Mailed::Sent(to) => format!("It was sent to {to}."),
        Mailed::Refused(why) => format!("It was not sent: {why}. Hand it over by a way you trust."),
        Mailed::NotTried => "This portal sends no mail: hand it over by a way you trust.".to_owned(),
    };
    view! {
        <div class="invited measure-width">
            <p class="invited-head">{format!("This link signs {} in once, within a day.", invited.name)}</p>
            <p><code id="invited-link">{invited.link.clone()}</code></p>
            <p>
                <button type="button" class="button" hidden data-copy-from="#invited-link">"Copy the link"</button>
            </p>
            <p class="second">{mail} " It is shown this one time; the portal keeps only its digest. Whoever opens it first is signed in."</p>
        </div>
    }
}

#[component]
fn Row(one: Here, now: Moment) -> impl IntoView {
    let Here { person, passkeys, me } = one;
    let Person { actor, email, invited_at, last_seen, .. } = person;
    let email = email.as_ref().map_or("no e-mail address", Email::as_str).to_owned();
    let seen = match (last_seen, invited_at) {
        (Some(at), _) => view! {
            <span class="phone-only">"last seen "</span>
            <When at=at show=words::date(at) />
            <span class="second">{words::from_now(at, now)}</span>
        }
        .into_any(),
        (None, Some(at)) => view! {
            <StateMark state=Shape::Ring word="not yet" />
            <span class="second">{format!("invited {}", words::date(at))}</span>
        }
        .into_any(),
        (None, None) => view! { <StateMark state=Shape::Ring word="not yet" /> }.into_any(),
    };
    let (id, name) = (actor.id.clone(), actor.name.clone());
    let options = Role::ALL
        .into_iter()
        .map(|role| view! { <option value=role.word() selected=role == actor.role>{role.word()}</option> })
        .collect_view();
    view! {
        <tr id=id.clone()>
            <th scope="row">
                {name.clone()}
                {me.then_some(", you")}
                <span class="second">{email}</span>
            </th>
            <td>{actor.role.word()}</td>
            <td class="hide-phone">{words::number(passkeys)}</td>
            <td>{seen}</td>
            <td class="state-cell">
                <details class="act">
                    <summary><span>"Change"<span class="unseen">{format!(" {name}")}</span></span></summary>
                    <form method="post" action="/settings/people/change-role">
                        <input type="hidden" name="person" value=id.clone() />
                        <label>
                            <span class="unseen">{format!("Role of {name}")}</span>
                            <select class="underlined" name="role">{options}</select>
                        </label>
                        <button class="button" type="submit">"Change the role"</button>
                        <p>"From their next request on, also where they are signed in now."</p>
                    </form>
                    <form method="post" action="/settings/people/invite-again">
                        <input type="hidden" name="person" value=id.clone() />
                        <button class="button" type="submit">"Invite again"</button>
                        <p>"Makes another link; an earlier one that was not used ends."</p>
                    </form>
                    <form method="post" action="/settings/people/remove">
                        <input type="hidden" name="person" value=id.clone() />
                        <button class="button destructive" type="submit">{format!("Remove {name}")}</button>
                        <p>"Signs them out everywhere and revokes their passkeys, for good. What they did stays on record."</p>
                    </form>
                </details>
            </td>
        </tr>
    }
}

#[component]
fn Invite(mail: bool) -> impl IntoView {
    let says = if mail {
        "They get a link by mail, and it is shown here once as well."
    } else {
        "This portal sends no mail: the link is shown here once, for you to hand over."
    };
    let roles = [
        (Role::Operator, "runs drills, works off findings"),
        (Role::Auditor, "reads an audit once you open one for them, changes nothing"),
        (Role::Owner, "the same as you"),
    ];
    let choices = roles
        .into_iter()
        .map(|(role, gloss)| {
            view! {
                <label class="choice">
                    <input type="radio" name="role" value=role.word() required />
                    <span><b>{capital(role.word())}</b>", " {gloss}</span>
                </label>
            }
        })
        .collect_view();
    view! {
        <Section title="Invite somebody" id="invite">
            <form class="invite measure-width" method="post" action="/settings/people/invite">
                <div class="field">
                    <label for="name">"Name, as it will stand on records"</label>
                    <input id="name" name="name" type="text" maxlength="80" autocomplete="off" required />
                </div>
                <div class="field">
                    <label for="email">"E-mail address"</label>
                    <input id="email" name="email" type="email" maxlength="254" autocomplete="off" required />
                </div>
                <fieldset>
                    <legend class="label">"Role"</legend>
                    {choices}
                </fieldset>
                <p>
                    <button class="button" type="submit">"Make an invitation"</button>
                </p>
                <p class="second">{says}</p>
            </form>
        </Section>
    }
}

#[component]
fn Removed(removed: Vec<Person>) -> impl IntoView {
    (!removed.is_empty()).then(|| {
        let rows = removed
            .into_iter()
            .map(|person| {
                let when = person.removed.map(|removed| format!("{} by {}", words::date(removed.at), removed.by));
                view! {
                    <tr>
                        <th scope="row">{person.actor.name}</th>
                        <td>"was " {person.actor.role.word()}</td>
                        <td>{when}</td>
                    </tr>
                }
            })
            .collect_view();
        view! {
            <Section title="No longer here">
                <div class="measure-width">
                    <table class="table tight dated">
                        <caption class="unseen">"No longer here"</caption>
                        <thead>
                            <tr>
                                <th scope="col">"Name"</th>
                                <th class="w-20" scope="col">"Role"</th>
                                <th class="w-35" scope="col">"Removed"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </Section>
        }
    })
}

/// The table the guard asks, as it is.
#[component]
fn Rights() -> impl IntoView {
    let rows = RULES
        .iter()
        .map(|rule| {
            let cells = Role::ALL
                .into_iter()
                .map(|role| {
                    let mark = if role.may(rule.permission) {
                        view! { <StateMark state=Shape::Disc word="may" /> }
                    } else {
                        view! { <StateMark state=Shape::Ring word="not" /> }
                    };
                    view! { <td>{mark}</td> }
                })
                .collect_view();
            let token = match rule.token {
                Some(scope) => {
                    let (noun, verb) = scope.id().split_once(':').unwrap_or_default();
                    view! { <code>{noun} ":" <wbr />{verb}</code> }.into_any()
                }
                None => view! { <StateMark state=Shape::Ring word="none" /> }.into_any(),
            };
            view! {
                <tr>
                    <th class="lead" scope="row">{rule.says}</th>
                    {cells}
                    <td>{token}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="What each may do" id="rights">
            <div class="measure-width">
                <table class="table tight stays rights">
                    <caption class="unseen">"What each role may do, and which scope gives it to a token"</caption>
                    <thead>
                        <tr>
                            <th scope="col"><span class="unseen">"Permission"</span></th>
                            {Role::ALL.into_iter().map(|role| view! { <th scope="col">{capital(role.word())}</th> }).collect_view()}
                            <th scope="col">"A token with"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
                <p class="foot">"What is not in this table nobody may do. It is the table the portal itself asks."</p>
            </div>
        </Section>
    }
}
