//! PagerDuty's REST API: who is on call, and what became of a page.
//! Format: <https://developer.pagerduty.com/api-reference/>.

mod log;
mod oncalls;

use serde::Deserialize;

pub use log::LOG;
pub use oncalls::ONCALLS;

/// A user, a schedule, a service: by reference, or whole where the call included it.
#[derive(Clone, Deserialize)]
struct Ref {
    id: Option<String>,
    summary: Option<String>,
    /// Of a user, where the call said `include[]=users`.
    email: Option<String>,
}

impl Ref {
    /// An e-mail tells people apart better than a name does.
    fn name(self) -> Option<String> {
        self.email.or(self.summary).or(self.id)
    }
}
