//! The pages of `/settings`, as a line of links under their heads. Only those the reader may open.

use domain::role::{Permission, Role};
use leptos::prelude::*;

const PAGES: [(&str, &str, Permission); 4] = [
    ("/settings", "Your sign-in", Permission::KeepOwnSignIn),
    ("/settings/people", "People", Permission::ManagePeople),
    ("/settings/audits", "Audits", Permission::ManageAudits),
    ("/settings/tokens", "Tokens", Permission::ManageTokens),
];

/// `current` is the page's own path.
#[component]
pub fn SettingsPages(current: &'static str, role: Role) -> impl IntoView {
    let pages: Vec<_> = PAGES.iter().filter(|(_, _, permission)| role.may(*permission)).collect();
    // A line of one link says nothing.
    (pages.len() > 1).then(|| {
        view! {
            <nav class="settings-pages measure-width" aria-label="Settings">
                {pages
                    .into_iter()
                    .map(|(href, name, _)| {
                        view! { <a href=*href aria-current=(*href == current).then_some("page")>{*name}</a> }
                    })
                    .collect_view()}
            </nav>
        }
    })
}
