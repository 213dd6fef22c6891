//! Everything that holds data and is backed up: what is promised of it, and whether it is kept.

use domain::{datastore::Words, verdict::Verdict, words};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::{
        Frame,
        datastores::{DatastoresPage, Line, address, list},
    },
    parts::{Computed, Empty, ErrorNote, PageHead, Say, Section, Shape, StateMark, Statement, capital, loaded, plural},
};

#[component]
pub fn Datastores() -> impl IntoView {
    let query = use_query_map().get_untracked();
    loaded("datastores", async move { list(&query).await }, page)
}

fn page(page: DatastoresPage, frame: Frame) -> impl IntoView {
    let says = statement(&page);
    let DatastoresPage { lines, catalogue, describes, refused, words } = page;
    let empty = lines.is_empty();
    let table = if empty {
        view! {
            <Empty
                sentence="No datastore is known."
                detail="They come from what vendors’ tools print: passmuster import --list names the kinds. One that no tool tells of can be described here."
            />
        }
        .into_any()
    } else {
        view! { <Table lines=lines catalogue=catalogue /> }.into_any()
    };
    view! {
        <PageHead eyebrow=|| "From vendors’ reports, completed by hand · controls CC7.1, CC7.2, A1.2" title="Datastores">
            {describes.then(|| view! { <a class="button" href="#describe">"Describe another"</a> })}
        </PageHead>
        <Statement margin=view! { <Computed head=frame.head.clone() /> }.into_any()>{says}</Statement>
        {table}
        {refused.map(|problem| view! { <ErrorNote problem=problem /> })}
        {describes.then(|| view! {
            <Section title="Describe one that no tool tells of" id="describe"><DescribeForm words=words /></Section>
        })}
    }
}

fn statement(page: &DatastoresPage) -> impl IntoView + use<> {
    let all = page.lines.len();
    let falls =
        |verdict: Verdict| page.lines.iter().filter(|line| line.worst().is_some_and(|j| j.verdict == verdict)).count();
    if all == 0 {
        return view! { "Nobody has said yet what holds data here." }.into_any();
    }
    let missed = falls(Verdict::Missed);
    let risk = falls(Verdict::AtRisk) + falls(Verdict::Stale);
    let open = page.lines.iter().filter(|line| !line.store.lacks().is_empty()).count();
    let good = all - missed - risk;
    let part = |n: usize, state: Shape, one: &str, many: &str| {
        let words = format!("{} {}", words::number(n), if n == 1 { one } else { many });
        (n > 0).then(|| view! { "; " <Say state=state words=words /> })
    };
    view! {
        {format!("{} known, ", capital(&plural(all, "datastore is", "datastores are")))}
        {if good == 0 { "none".to_owned() } else { words::number(good) }}
        " without a complaint"
        {part(missed, Shape::Square, "falls short", "fall short")}
        {part(risk, Shape::Triangle, "is at risk", "are at risk")}
        {(open > 0).then(|| format!(". Of {} something is not stated yet", words::number(open)))}
        "."
    }
    .into_any()
}

#[component]
fn Table(lines: Vec<Line>, catalogue: bool) -> impl IntoView {
    let rows = lines.into_iter().map(row).collect_view();
    let note = if catalogue { String::new() } else { "no service catalogue was brought".to_owned() };
    view! {
        <Section title="Scope" note=note over_table=true id="scope">
            <table class="table tight dated">
                <thead>
                    <tr>
                        <th scope="col"><span class="unseen">"Datastore"</span></th>
                        <th class="w-15" scope="col">"Owner, tier"</th>
                        <th class="w-12 hide-phone" scope="col">"RPO, RTO"</th>
                        <th class="w-12 hide-phone" scope="col">"Kept"</th>
                        <th class="w-25" scope="col">"What it comes to"</th>
                        <td class="sl"></td>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
            <p class="foot measure-width">
                "What no source states is left open and can be written by hand; it is then said who wrote it. A datastore that is in the service catalogue and not here, or here and not there, opens a finding unless a signed "
                <a href="/reviews#accept">"scope exclusion"</a>
                " names it in its first line."
            </p>
        </Section>
    }
}

fn row(line: Line) -> impl IntoView {
    let worst = line.worst().map_or_else(
        || view! { <span class="second">"nothing can be told yet"</span> }.into_any(),
        |judged| {
            let (shape, word) = (Shape::from(judged.verdict), judged.verdict.word());
            let says = judged.says.strip_prefix(&format!("{}: ", line.store.name)).unwrap_or(&judged.says).to_owned();
            let says = if judged.verdict == Verdict::Met { String::new() } else { capital(&says) };
            view! { <StateMark state=shape word=word /> <span class="second">{says}</span> }.into_any()
        },
    );
    let store = line.store;
    let open = || view! { <span class="second">"not stated"</span> }.into_any();
    let text = |value: Option<String>| value.map_or_else(open, |value| view! { {value} }.into_any());
    let hours = |value: Option<i64>| value.map_or("not stated".to_owned(), words::duration);
    let kept = match (&store.kept_days, &store.owed_days) {
        (None, None) => open(),
        (kept, owed) => {
            let kept = kept.as_ref().map_or("not stated".to_owned(), |kept| plural_days(kept.value));
            let owed = owed
                .as_ref()
                .map_or("agreed: not stated".to_owned(), |owed| format!("agreed: {}", plural_days(owed.value)));
            view! { {kept} <span class="second">{owed}</span> }.into_any()
        }
    };
    let targets = match (&store.rpo_ms, &store.rto_ms) {
        (None, None) => open(),
        (rpo, rto) => {
            let (rpo, rto) = (hours(rpo.as_ref().map(|s| s.value)), hours(rto.as_ref().map(|s| s.value)));
            view! { {rpo} <span class="second">{rto}</span> }.into_any()
        }
    };
    let kind = store.kind.map_or("kind not stated".to_owned(), |kind| kind.value);
    let tier = store.tier.map(|tier| tier.value).unwrap_or_else(|| "tier not stated".to_owned());
    view! {
        <tr>
            <th scope="row"><a href=address(&store.id)>{store.name}</a><span class="second">{kind}</span></th>
            <td>{text(store.owner.map(|owner| owner.value))}<span class="second">{tier}</span></td>
            <td class="hide-phone">{targets}</td>
            <td class="hide-phone">{kept}</td>
            <td>{worst}</td>
            <td class="sl"></td>
        </tr>
    }
}

fn plural_days(n: i64) -> String {
    plural(usize::try_from(n).unwrap_or_default(), "day", "days")
}

/// What is written by hand. `about`: the datastore's id and the place in the ledger of the word it replaces.
#[component]
pub fn DescribeForm(words: Words, #[prop(optional)] about: Option<(String, Option<u64>)>) -> impl IntoView {
    let field = |name: &'static str, label: &'static str, value: String, how: &'static str| {
        let says = format!("{name}-how");
        let described = (!how.is_empty()).then(|| says.clone());
        view! {
            <p class="field">
                <label for=name>{label}</label>
                <input id=name name=name type="text" maxlength="200" autocomplete="off" value=value aria-describedby=described />
                {(!how.is_empty()).then(|| view! { <span class="second" id=says>{how}</span> })}
            </p>
        }
    };
    let hidden = about.map(|(id, seen)| {
        view! {
            <input type="hidden" name="id" value=id />
            <input type="hidden" name="seen" value=seen.map(|seq| seq.to_string()).unwrap_or_default() />
        }
    });
    view! {
        <form class="accept measure-width" method="post" action="/datastores/describe">
            {hidden}
            {field("name", "Name", words.name, "As people call it.")}
            <p class="field wide">
                <label for="names">"Names that vendors use"</label>
                <textarea id="names" name="names" rows="3" aria-describedby="names-how" spellcheck="false">{words.names}</textarea>
                <span class="second" id="names-how">"One a line: a cluster’s name, an ARN, a catalogue’s reference."</span>
            </p>
            <div class="two">
                {field("kind", "Kind", words.kind, "")}
                {field("service", "Service", words.service, "")}
                {field("owner", "Owner", words.owner, "")}
                {field("tier", "Tier", words.tier, "")}
                {field("region", "Region", words.region, "")}
                {field("source_of_truth", "Source of truth", words.source_of_truth, "Whose data is right where two differ.")}
                {field("rpo_hours", "RPO, hours", words.rpo_hours, "")}
                {field("rto_hours", "RTO, hours", words.rto_hours, "")}
                {field("retention_days", "Retention by contract, days", words.retention_days, "")}
            </div>
            <p><button class="button" type="submit">"Write it down"</button></p>
            <p class="second">"It is sealed with your name and fills only what no source states. Leave empty what you do not know."</p>
        </form>
    }
}
