//! A refusal as a page of its own, for answers that no page of the portal draws.

use app::{ports::PortError, problem::Problem};
use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use super::limits::Wait;

/// It loads the portal's style and nothing else.
const CSP: &str = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; frame-ancestors 'none'; \
                   base-uri 'none'; form-action 'none'";

#[derive(Template)]
#[template(path = "refused.html")]
struct Page<'a> {
    problem: &'a Problem,
    back: &'a str,
}

/// `back`: where to go from there.
pub fn page(status: StatusCode, problem: &Problem, back: &str) -> Response {
    let page = Page { problem, back }.render().expect("a template of text has nothing that fails");
    let mut answer = (status, Html(page)).into_response();
    answer.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP));
    answer
}

/// The store or the like failed; the cause is logged with the reference on the page.
pub fn failed(cause: PortError, back: &str) -> Response {
    let problem = Problem::from(cause);
    page(status(&problem), &problem, back)
}

pub fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Too often.
pub fn often(wait: Wait, back: &str) -> Response {
    let (problem, after) = too_often(wait);
    after.on(page(status(&problem), &problem, back))
}

/// What is said of it, and the header that says how long.
pub fn too_often(wait: Wait) -> (Problem, RetryAfter) {
    let seconds = wait.as_secs() + 1;
    let said = if seconds < 120 { format!("{seconds} seconds") } else { format!("{} minutes", seconds.div_ceil(60)) };
    let problem = Problem::new(
        app::problem::ProblemKind::TooOften,
        "This was tried too often.",
        "Nothing was changed, and nobody is locked out.",
        &format!("Try again in {said}."),
    );
    (problem, RetryAfter(seconds))
}

pub struct RetryAfter(u64);

impl RetryAfter {
    pub fn on(self, mut answer: Response) -> Response {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(self.0));
        answer
    }
}
