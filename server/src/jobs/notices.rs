//! Delivers what waits in the outbox, by mail. Nothing is lost while the mail server is away, and nothing is sent twice
//! unless a portal ends between the server's word and its own note of it.

use app::ports::PortError;

use crate::{
    compose::House,
    notify::{self, mail::MailError},
};

/// No more at one look: mail servers count.
const AT_ONCE: usize = 50;
/// A mail server that was away is left alone for this long.
const AGAIN_MS: i64 = 10 * 60 * 1000;

/// Without mail nothing happens, and what waits stands on the pages all the same.
pub async fn deliver(house: &House) -> Result<(), PortError> {
    let Some(mailer) = &house.mailer else { return Ok(()) };
    let address = house.config.portal.public_url.trim_end_matches('/');
    for _ in 0..AT_ONCE {
        let Some(notice) = house.store.take_notice(house.clock.now()).await? else { break };
        let people = house.store.people().await?;
        let person = people.iter().find(|p| p.actor.id == notice.person && p.removed.is_none());
        let Some(email) = person.and_then(|p| p.email.as_ref()) else {
            house.store.notice_done(&notice.cause, house.clock.now(), Some("no address")).await?;
            continue;
        };
        let link = format!("{address}{}", notice.link);
        let letter = notify::notice(&house.company.name, &notice.subject, &notice.text, &link);
        match mailer.send(email, &letter.subject, &letter.text, &letter.html).await {
            Ok(()) => house.store.notice_done(&notice.cause, house.clock.now(), None).await?,
            Err(MailError::Address | MailError::Refused(_)) => {
                house.store.notice_done(&notice.cause, house.clock.now(), Some("refused")).await?;
            }
            Err(MailError::Away(_)) => {
                // The next one would wait for the same server.
                let until = house.clock.now().plus_millis(AGAIN_MS);
                house.store.notice_waits(&notice.cause, until).await?;
                break;
            }
        }
    }
    Ok(())
}
