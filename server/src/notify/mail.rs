//! Mail over SMTP. A letter is sent or refused while its sender waits; there is no queue that could lose one.
//!
//! No address and no letter is ever logged.

use std::time::Duration;

use anyhow::Context;
use domain::person::Email;
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp::{
        self, PoolConfig,
        authentication::Credentials,
        client::{Tls, TlsParameters},
    },
};

use crate::config;

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// A server that was busy or away is asked again after these; a greylisting one wants minutes, which nobody waits for.
const AGAIN_AFTER: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("the address is one that mail cannot be sent to")]
    Address,
    /// Trying again would be refused again.
    #[error("the mail server refused it: {0}")]
    Refused(String),
    #[error("the mail server did not take it: {0}")]
    Away(String),
}

/// Sends letters from the portal's one address.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// As the configuration says; `None` when it names no host. Connects to nothing yet.
    pub fn configured(mail: &config::Mail) -> anyhow::Result<Option<Self>> {
        if mail.host.is_empty() {
            return Ok(None);
        }
        let from: Mailbox =
            mail.from.parse().context("mail.from is no address, such as Evidence <evidence@example.com>")?;
        let tls =
            || TlsParameters::new_rustls(mail.host.clone()).context("mail.host cannot be a name in a certificate");
        let tls = match mail.tls {
            config::Tls::None => Tls::None,
            config::Tls::StartTls => Tls::Required(tls()?),
            config::Tls::Tls => Tls::Wrapper(tls()?),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.host)
            .port(mail.port)
            .tls(tls)
            .timeout(Some(PATIENCE))
            .pool_config(PoolConfig::new().max_size(2).idle_timeout(Duration::from_secs(30)));
        if !mail.user.is_empty() {
            builder = builder.credentials(Credentials::new(mail.user.clone(), mail.password.clone()));
        }
        Ok(Some(Self { transport: builder.build(), from }))
    }

    /// Hands a letter to the mail server, in up to three attempts.
    pub async fn send(&self, to: &Email, subject: &str, text: &str, html: &str) -> Result<(), MailError> {
        let address: Address = to.as_str().parse().map_err(|_| MailError::Address)?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(subject)
            .message_id(None)
            .date_now()
            .multipart(MultiPart::alternative_plain_html(text.to_owned(), html.to_owned()))
            .map_err(|_| MailError::Address)?;
        let mut pauses = AGAIN_AFTER.into_iter();
        loop {
            let refused = match self.transport.send(message.clone()).await {
                Ok(_) => return Ok(()),
                Err(e) => e,
            };
            let status = refused.status().map(|code| code.to_string());
            tracing::warn!(status, kind = kind(&refused), "a letter was not taken by the mail server");
            if refused.is_permanent() || refused.is_client() {
                return Err(MailError::Refused(refused.to_string()));
            }
            match pauses.next() {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return Err(MailError::Away(refused.to_string())),
            }
        }
    }

    /// Connects, greets and signs in, and sends nothing.
    pub async fn check(&self) -> Result<(), MailError> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(MailError::Away("it answered and is not ready".to_owned())),
            Err(e) => Err(MailError::Away(e.to_string())),
        }
    }
}

/// What a log may say of a failure: the server's own words may hold the address.
fn kind(error: &smtp::Error) -> &'static str {
    if error.is_permanent() {
        "refused"
    } else if error.is_transient() {
        "busy"
    } else if error.is_timeout() {
        "slow"
    } else if error.is_tls() {
        "certificate"
    } else if error.is_client() {
        "not understood"
    } else {
        "away"
    }
}
