//! Light, dark, or as the system says: a cookie, so that it works without a script.

use leptos::prelude::*;

use crate::problem::Problem;

const COOKIE: &str = "theme";

/// Keeps the choice for a year; the browser goes back to the page it came from.
///
/// The one function that asks no guard: it reads nothing and changes nothing but the asker's cookie.
#[server(SetTheme)]
pub async fn set_theme(theme: String) -> Result<(), ServerFnError> {
    let cookie = match theme.as_str() {
        "light" | "dark" => format!("{COOKIE}={theme}; Path=/; Max-Age=31536000; SameSite=Lax"),
        "system" => format!("{COOKIE}=; Path=/; Max-Age=0; SameSite=Lax"),
        _ => {
            let problem = Problem::bad_input("There is no such theme.", "Choose light, dark or system.");
            return Err(ServerFnError::ServerError(problem.what));
        }
    };
    if let (Some(response), Ok(value)) =
        (use_context::<leptos_axum::ResponseOptions>(), http::HeaderValue::from_str(&cookie))
    {
        response.append_header(http::header::SET_COOKIE, value);
    }
    Ok(())
}

/// Where the form posts.
pub fn path() -> &'static str {
    use leptos::server_fn::ServerFn;
    SetTheme::PATH
}

/// "light" or "dark" when the asker chose one.
pub fn chosen() -> Option<&'static str> {
    let parts = use_context::<http::request::Parts>()?;
    let cookies = parts.headers.get_all(http::header::COOKIE);
    cookies.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(';')).find_map(|pair| {
        match pair.trim().split_once('=')? {
            (COOKIE, "light") => Some("light"),
            (COOKIE, "dark") => Some("dark"),
            _ => None,
        }
    })
}
