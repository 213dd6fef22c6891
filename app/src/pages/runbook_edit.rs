//! Writing the next version of the runbook: the text beside what it comes to.

use domain::{review::changes, runbook::contradictions::Contradiction, words};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::runbook::edit::{EditPage, Preview, load},
    parts::{ErrorNote, Hunks, PageHead, Section, Shape, StateMark, Statement, loaded, plural},
};

#[component]
pub fn RunbookEdit() -> impl IntoView {
    let query = use_query_map().get_untracked();
    loaded("runbook", async move { load(&query).await }, |page, _| view! { <Body page=page /> })
}

#[component]
fn Body(page: EditPage) -> impl IntoView {
    let says = match (&page.draft, &page.in_force, &page.from) {
        (_, _, Some(drill)) => format!("What {drill} ran stands at the end; work it into the steps."),
        (Some(draft), ..) => format!("A draft by {}, kept on {} UTC.", draft.by, words::date_time(draft.at)),
        (None, Some(version), _) => format!("Version {} is in force. Nobody has begun the next one.", version.version),
        (None, None, _) => "No version is in force yet. This is where the first one begins.".to_owned(),
    };
    let seen = page.draft.as_ref().map_or(0, |draft| draft.version);
    let kept = page.kept.then(
        || view! { <p class="written" role="status">"The draft is kept. It is in force only once it is approved."</p> },
    );
    let approve = page.approves.then(|| {
        view! { <button class="button primary" type="submit" name="act" value="approve">"Put it in force"</button> }
    });
    let waits = (!page.approves).then(|| view! { <p class="second">"The owner puts it in force and signs it."</p> });
    let lines = page.text.lines().count().clamp(24, 60);
    view! {
        <PageHead eyebrow=|| view! { <a href="/runbook">"Runbook"</a> }.into_any() title="Write the next version" />
        {page.refused.clone().map(|problem| view! { <ErrorNote problem=problem /> })}
        {kept}
        <Statement>{says}</Statement>
        <form class="editor" id="editor" method="post" action="/runbook/draft" enctype="multipart/form-data">
            <input type="hidden" name="seen" value=seen.to_string() />
            <p class="field wide">
                <label for="text">"The text: front matter between +++, then Markdown"</label>
                <textarea id="text" name="text" rows=lines.to_string() spellcheck="true" data-preview="preview">{page.text.clone()}</textarea>
            </p>
            <div class="actions">
                {approve}
                <button class="button" type="submit" name="act" value="keep">"Keep the draft"</button>
            </div>
            {waits}
            <p class="field">
                <label for="file">"Or take it from a file"</label>
                <input id="file" name="file" type="file" accept=".md,.markdown,.txt,text/markdown,text/plain" />
            </p>
            <p><button class="button" type="submit" name="act" value="import">"Take the file as the draft"</button></p>
        </form>
        <div id="preview" aria-live="polite"><PreviewView preview=page.preview /></div>
        <script src="/editor.js" defer></script>
    }
}

/// What the text comes to; the editor's script asks for it again while somebody writes.
#[component]
pub fn PreviewView(preview: Preview) -> impl IntoView {
    let (gone, new) = changes::count(&preview.changes);
    let changed = match (gone, new) {
        (0, 0) => "no line differs".to_owned(),
        _ => format!("{} gone, {} new", plural(gone, "line", "lines"), plural(new, "line", "lines")),
    };
    let differs = (!preview.changes.is_empty()).then(|| {
        view! {
            <Section title="What changes" note=changed>
                <div class="measure-width changes"><Hunks hunks=preview.changes.clone() /></div>
            </Section>
        }
    });
    match preview.read {
        Err(why) => view! {
            <div class="error-note measure-width" role="alert"><p>{why}</p><p>"It cannot come into force like this; a draft may be kept."</p></div>
        }
        .into_any(),
        Ok(book) => {
            let parts = book
                .sections
                .into_iter()
                .map(|part| {
                    let heading = (!part.title.is_empty()).then(|| match part.level {
                        0..=2 => view! { <h3>{part.title}</h3> }.into_any(),
                        _ => view! { <h4>{part.title}</h4> }.into_any(),
                    });
                    let blocks = part.blocks.into_iter().map(|html| view! { <div class="document" inner_html=html></div> }).collect_view();
                    view! { {heading} {blocks} }
                })
                .collect_view();
            view! {
                <Contradicts all=preview.contradictions />
                {differs}
                <Section title="As it will be read"><div class="measure-width preview">{parts}</div></Section>
            }
            .into_any()
        }
    }
}

/// Where the text contradicts itself or the facts; nothing where it does not.
#[component]
pub fn Contradicts(all: Vec<Contradiction>) -> impl IntoView {
    if all.is_empty() {
        return ().into_any();
    }
    let note = plural(all.len(), "place", "places");
    let rows = all
        .into_iter()
        .map(|one| {
            let at = one
                .at
                .into_iter()
                .map(|anchor| view! { " " <a href=format!("#{anchor}")>"Read it"</a> })
                .collect_view();
            view! {
                <tr>
                    <td class="w-30"><StateMark state=Shape::Triangle word=one.rule.title() /></td>
                    <td>{one.says} <span class="second">{one.next} {at}</span></td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Section title="Contradictions" note=note id="contradictions">
            <div class="measure-width"><table class="table tight contradictions">
                <thead class="unseen-head"><tr><th scope="col" class="w-30">"Which"</th><th scope="col">"What contradicts"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        </Section>
    }
    .into_any()
}
