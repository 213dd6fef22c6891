//! Opsgenie's REST API, kept thin: Atlassian ends it on 5 April 2027.
//! Format: <https://docs.opsgenie.com/docs/who-is-on-call-api> and <https://docs.opsgenie.com/docs/alert-api>.

mod log;
mod oncalls;

pub use log::ALERT_LOG;
pub use oncalls::ONCALLS;
