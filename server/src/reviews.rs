//! Signing: a statement is written and given out once, the authenticator's answer to it is checked and sealed.
//!
//! Nothing is sealed that the verifier of a bundle would refuse, and nothing of it is withdrawn. The statement is the
//! portal's own from beginning to end: what the browser sends back is a signature and never a statement.

use app::{
    ports::{PortError, Reviews},
    problem::{Problem, ProblemKind},
};
use bson::doc;
use domain::{
    proof::{
        passkey::base64url,
        sha256_hex,
        signoff::{self, Decision, Signer, SignoffError, Statement},
    },
    record::Seal,
    review::{Review, Standing, Subject},
    role::Actor,
    signoff::Signoff,
};
use serde::{Deserialize, Serialize};

use crate::{
    compose::House,
    ledger::{Holds, canonical},
    store::signoffs::SIGNOFFS,
};

const CEREMONY: &str = "sign-off";
/// The longest note, in characters.
const LONGEST_NOTE: usize = 1_000;

/// What somebody wants to say of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The subject's key.
    pub subject: String,
    pub decision: Decision,
    pub note: String,
}

/// A statement on its way to the authenticator.
pub struct Begun {
    pub ceremony: String,
    pub challenge: Vec<u8>,
    pub statement: String,
    /// The credentials of this person that may sign it.
    pub credentials: Vec<String>,
}

/// What is kept until the answer comes.
#[derive(Serialize, Deserialize)]
struct About {
    statement: String,
    /// How many words there were on the subject already: of two answers to the same state one is sealed.
    nth: usize,
}

/// An authenticator's answer, each part in base64url.
pub struct Answer {
    pub credential: String,
    pub client_data: String,
    pub authenticator_data: String,
    pub signature: String,
}

/// Writes the statement and gives its challenge out, for five minutes.
pub async fn begin(house: &House, actor: &Actor, ask: &Ask) -> Result<Begun, Problem> {
    let subject = Subject::parse(&ask.subject).ok_or_else(|| Problem::gone("review"))?;
    if !actor.role.may(subject.purpose.permission()) {
        return Err(Problem::not_allowed());
    }
    let review = found(house, actor, &subject).await?;
    let note = note(ask)?;
    signable(&review, ask.decision)?;
    let now = house.clock.now();
    let place = house.config.portal.place();
    let mine = house.store.passkeys_of(&actor.id).await?;
    let credentials: Vec<String> = mine
        .into_iter()
        .map(|sealed| sealed.value)
        .filter(|p| p.revoked.is_none() && p.rp_id == place.rp_id)
        .map(|p| p.credential)
        .collect();
    if credentials.is_empty() {
        return Err(Problem::new(
            ProblemKind::Conflict,
            "You hold no passkey of this portal.",
            "Nothing was signed.",
            "Register one under your name, then sign.",
        ));
    }
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).map_err(|e| PortError::Unavailable(e.to_string()))?;
    let statement = Statement {
        purpose: subject.purpose,
        decision: ask.decision,
        note,
        document: signoff::Document {
            id: review.document.id.clone(),
            version: review.document.version.clone(),
            sha256: review.document.seal.sha256.clone(),
        },
        signer: Signer { id: actor.id.clone(), name: actor.name.clone(), role: actor.role },
        time: now.rfc3339(),
        nonce: base64url(&nonce),
        rp_id: place.rp_id,
    }
    .text();
    let challenge = signoff::challenge(&statement).to_vec();
    let about = About { statement: statement.clone(), nth: review.signatures.len() };
    let (ceremony, challenge) = house.store.begin_ceremony(CEREMONY, Some(challenge), &about, now).await?;
    Ok(Begun { ceremony, challenge, statement, credentials })
}

/// Checks the answer to a statement and seals it. The statement is used up, whatever the answer.
pub async fn finish(house: &House, actor: &Actor, ceremony: &str, answer: Answer) -> Result<(Subject, Seal), Problem> {
    let taken = house.store.take_ceremony::<About>(CEREMONY, ceremony, house.clock.now()).await?.ok_or_else(stale)?;
    let About { statement: text, nth } = taken.about;
    let statement = Statement::read(&text).map_err(|e| PortError::Broken(format!("a kept statement: {e}")))?;
    if statement.signer.id != actor.id {
        return Err(stale());
    }
    let purpose = statement.purpose;
    if !actor.role.may(purpose.permission()) || actor.role != statement.signer.role {
        return Err(Problem::not_allowed());
    }
    let registration = house.store.registration(&answer.credential).await?.ok_or_else(unknown)?;
    if registration.ended.is_some() {
        return Err(unknown());
    }
    let signoff = Signoff {
        schema: 1,
        statement: text,
        client_data: answer.client_data,
        authenticator_data: answer.authenticator_data,
        signature: answer.signature,
        credential: answer.credential,
        registration_seq: registration.seq,
        occurred_at: statement.at().ok_or_else(|| PortError::Broken("a kept statement has no time".to_owned()))?,
        by: statement.signer.name.clone(),
    };
    // Not sealed yet: whatever the ledger holds now comes before it.
    let held = signoff::verify(&signoff, u64::MAX, &registration, Some(&house.config.portal.place()))
        .map_err(|e| not_accepted(&e))?;
    let subject = Subject { purpose, document: statement.document.id.clone() };
    let review = found(house, actor, &subject).await?;
    if review.document.seal.broken || review.document.seal.sha256 != statement.document.sha256 {
        return Err(changed());
    }
    house.store.use_passkey(&signoff.credential, held.asserted.count, house.clock.now()).await?;
    let id = id(&subject, &statement.document.sha256, nth);
    let holds = Holds {
        coll: "passkeys".to_owned(),
        as_said: doc! { "_id": &signoff.credential, "person": &actor.id, "revoked": null },
        otherwise: "This passkey was revoked while you were signing".to_owned(),
    };
    let item = canonical::insert_while(SIGNOFFS, &id, &signoff, holds).map_err(|e| PortError::Broken(e.to_string()))?;
    match house.ledger.append(vec![item]).await?.pop().flatten() {
        Some(seal) => {
            tracing::info!(person = actor.id, subject = subject.key(), signoff = id, seq = seal.seq, "signed");
            Ok((subject, seal))
        }
        None => Err(first_elsewhere()),
    }
}

/// One name for the nth word on these bytes, so that two tabs that saw the same state give one sign-off.
fn id(subject: &Subject, sha256: &str, nth: usize) -> String {
    format!("S-{}", &sha256_hex(format!("{}\n{sha256}\n{nth}", subject.key()).as_bytes())[..12])
}

async fn found(house: &House, actor: &Actor, subject: &Subject) -> Result<Review, Problem> {
    let reviewed = Reviews::all(&house.evidence, &actor.scope).await?;
    reviewed.reviews.into_iter().find(|r| r.subject == *subject).ok_or_else(|| Problem::gone("review"))
}

fn note(ask: &Ask) -> Result<Option<String>, Problem> {
    let note = ask.note.trim();
    match (note.chars().count(), ask.decision) {
        (0, Decision::Return) => Err(Problem::bad_input(
            "It is sent back without a note.",
            "Write what must change, so that somebody can change it.",
        )),
        (0, Decision::Approve) => Ok(None),
        (n, _) if n > LONGEST_NOTE => {
            Err(Problem::bad_input("The note is too long.", "Write it in up to 1000 characters."))
        }
        _ => Ok(Some(note.to_owned())),
    }
}

/// Whether anything can be said of it now.
fn signable(review: &Review, decision: Decision) -> Result<(), Problem> {
    let refused = |what: &str, still: &str, next: &str| Err(Problem::new(ProblemKind::Conflict, what, still, next));
    match (&review.standing, decision) {
        (Standing::Altered { .. }, _) => refused(
            "The record in the database is not what was sealed.",
            "What was sealed is in the ledger; nothing was signed.",
            "Look at the ledger before anything is signed.",
        ),
        (Standing::Lapsed { .. } | Standing::Replaced, _) => {
            refused("This is over, and waits for no signature.", "Nothing was signed.", "Go back to the reviews.")
        }
        (Standing::Signed { .. }, Decision::Approve) => {
            let first = review.signatures.first().map_or(0, |s| s.seal.seq);
            refused(
                &format!("This is signed already, as № {first}."),
                "That signature stands; nothing was added.",
                "Go back to the reviews.",
            )
        }
        _ => Ok(()),
    }
}

fn stale() -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "This was answered already, or took longer than five minutes.",
        "Nothing was signed.",
        "Look at the page again, then sign.",
    )
}

fn first_elsewhere() -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "Somebody signed this in the same moment, perhaps you in another tab.",
        "That signature stands; nothing was added.",
        "Load the page again to see it.",
    )
}

fn changed() -> Problem {
    Problem::new(
        ProblemKind::Conflict,
        "The document changed while you were signing.",
        "Nothing was signed.",
        "Load the page again and read what it says now.",
    )
}

fn unknown() -> Problem {
    Problem::new(
        ProblemKind::NotAllowed,
        "This passkey is not known here, or was revoked.",
        "Nothing was signed.",
        "Use another, or register one under your name.",
    )
}

fn not_accepted(cause: &SignoffError) -> Problem {
    tracing::warn!(%cause, "a sign-off was not accepted");
    Problem::new(
        ProblemKind::BadInput,
        &format!("This signature was not accepted: {cause}."),
        "Nothing was signed.",
        "Open the portal’s own address and sign again.",
    )
}
