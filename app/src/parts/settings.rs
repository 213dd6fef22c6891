//! The pages of the settings, as a line below the title.

use leptos::prelude::*;

const PLACES: [(&str, &str, &str); 2] =
    [("audits", "Audits", "/settings/audits"), ("tokens", "Tokens", "/settings/tokens")];

#[component]
pub fn SettingsPlaces(current: &'static str) -> impl IntoView {
    let links = PLACES
        .into_iter()
        .map(|(key, name, href)| {
            view! { <li><a href=href aria-current=(key == current).then_some("page")>{name}</a></li> }
        })
        .collect_view();
    view! { <nav class="settings-places measure-width" aria-label="Settings"><ul>{links}</ul></nav> }
}
