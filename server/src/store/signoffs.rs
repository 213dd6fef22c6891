//! Sign-offs as they are read: from the sealed bytes, each checked against the sealed registration of its passkey.
//!
//! Nothing here believes a sign-off because it lies in its collection. One that does not hold is said, with its reason.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

use app::ports::{Checklists, Drills, Incidents, NotHeld, PortError, Reviewed, Risks, Runbooks};
use async_trait::async_trait;
use bson::doc;
use domain::{
    acceptance::Acceptance,
    kit::Signed,
    proof::{
        sha256_hex,
        signoff::{self, Decision, Purpose, Registration, SignoffError, Statement},
    },
    record::Sealed,
    review::{self, Document, Signature},
    role::Scope,
    runbook::RunbookVersion,
    signoff::Signoff,
};

use super::{
    Store,
    evidence::{self, Evidence},
    rows,
};

pub const SIGNOFFS: &str = "signoffs";

/// Sign-offs that were found to hold, by the digests of all that their holding follows from. The check is two
/// multiplications on a curve, and every page counts what waits.
static HELD: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
/// More than a company signs in a lifetime; then it is begun anew.
const REMEMBERED: usize = 10_000;

impl Store {
    /// A passkey as the ledger holds it: its registration, and the entry of its end.
    pub async fn registration(&self, credential: &str) -> Result<Option<Registration>, PortError> {
        let records = self.documents("ledger_records");
        let find = records.find(doc! { "coll": "passkeys", "rid": credential }).sort(doc! { "version": 1 });
        let mut found: Option<Registration> = None;
        for row in rows(find).await? {
            let sealed: Sealed<domain::passkey::Passkey> = evidence::sealed(&row, &HashSet::new())?;
            let ended = sealed.value.revoked.is_some().then_some(sealed.seal.seq);
            match &mut found {
                None => found = Some(Registration { seq: sealed.seal.seq, passkey: sealed.value, ended }),
                Some(first) => first.ended = first.ended.or(ended),
            }
        }
        Ok(found)
    }
}

impl Evidence {
    /// Every document that can be signed, of each kind the newest first.
    pub async fn signable(&self, scope: &Scope) -> Result<Vec<Document>, PortError> {
        let mut documents = Document::runbooks(&self.versions(scope).await?);
        documents.extend(Drills::all(self, scope).await?.iter().map(Document::drill));
        documents.extend(self.acceptances(scope).await?.iter().map(Document::acceptance));
        documents.extend(Checklists::closed(self, scope).await?.iter().map(Document::checklist));
        documents.extend(Incidents::accounts(self, scope).await?.iter().map(Document::account));
        documents.extend(self.summaries(scope).await?.iter().map(Document::risks));
        Ok(documents)
    }

    /// Every sign-off that reads as one.
    async fn signoffs(&self) -> Result<Vec<Sealed<Signoff>>, PortError> {
        self.all_of(SIGNOFFS, &Scope::EVERYTHING).await
    }

    /// The newest approval over this version that holds, as a kit carries it.
    pub(super) async fn approval(&self, version: &Sealed<RunbookVersion>) -> Result<Option<Signed>, PortError> {
        for sealed in self.signoffs().await? {
            let Ok(statement) = Statement::read(&sealed.value.statement) else { continue };
            let over = statement.purpose == Purpose::Approves
                && statement.decision == Decision::Approve
                && statement.document.sha256 == version.seal.sha256;
            if !over {
                continue;
            }
            let Some(registration) = self.ledger.store.registration(&sealed.value.credential).await? else { continue };
            if held(&sealed.value, sealed.seal.seq, &registration).is_ok() {
                return Ok(Some(Signed {
                    seq: sealed.seal.seq,
                    signoff: sealed.value,
                    registration_seq: registration.seq,
                    passkey: registration.passkey,
                }));
            }
        }
        Ok(None)
    }

    /// Those that hold, and those that do not.
    async fn signatures(&self) -> Result<(Vec<Signature>, Vec<NotHeld>), PortError> {
        let (mut holding, mut not_held) = (Vec::new(), Vec::new());
        let mut registrations: HashMap<String, Option<Registration>> = HashMap::new();
        for Sealed { id, value, seal } in self.signoffs().await? {
            if !registrations.contains_key(&value.credential) {
                let found = self.ledger.store.registration(&value.credential).await?;
                registrations.insert(value.credential.clone(), found);
            }
            let found = match registrations.get(&value.credential) {
                Some(Some(registration)) => held(&value, seal.seq, registration),
                _ => Err("its passkey was never registered".to_owned()),
            };
            match found {
                Ok(statement) => holding.push(Signature { id, statement, seal }),
                Err(why) => not_held.push(NotHeld { id, seq: seal.seq, why }),
            }
        }
        Ok((holding, not_held))
    }

    /// What a bundle of this scope holds of sign-offs: those over its documents, and the passkeys they were made with.
    pub async fn signed_within(&self, scope: &Scope) -> Result<SignedWithin, PortError> {
        let inside: BTreeSet<(&str, String)> =
            self.signable(scope).await?.into_iter().map(|document| (document.collection(), document.id)).collect();
        let mut within = SignedWithin::default();
        for sealed in self.signoffs().await? {
            let statement = Statement::read(&sealed.value.statement);
            let over = |s: Statement| inside.contains(&(s.purpose.collection(), s.document.id));
            if statement.is_ok_and(over) {
                within.signoffs.push(sealed.id);
                within.passkeys.insert(sealed.value.credential);
            }
        }
        Ok(within)
    }
}

/// The ids of records that go into a bundle.
#[derive(Debug, Default)]
pub struct SignedWithin {
    pub signoffs: Vec<String>,
    pub passkeys: BTreeSet<String>,
}

/// Whether it holds, wherever the company signed then: a portal that has moved since keeps its signatures.
fn held(signoff: &Signoff, seq: u64, registration: &Registration) -> Result<Statement, String> {
    let said = |e: SignoffError| e.to_string();
    let follows_from = sha256_hex(format!("{seq} {signoff:?} {registration:?}").as_bytes());
    if remembered().contains(&follows_from) {
        return Statement::read(&signoff.statement).map_err(said);
    }
    let statement = signoff::verify(signoff, seq, registration, None).map_err(said)?.statement;
    let mut remembered = remembered();
    if remembered.len() >= REMEMBERED {
        remembered.clear();
    }
    remembered.insert(follows_from);
    Ok(statement)
}

fn remembered() -> MutexGuard<'static, HashSet<String>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl app::ports::Reviews for Evidence {
    async fn all(&self, scope: &Scope) -> Result<Reviewed, PortError> {
        let (signatures, not_held) = self.signatures().await?;
        let now = self.ledger.clock.now();
        Ok(Reviewed { reviews: review::reviews(&self.signable(scope).await?, &signatures, now), not_held })
    }

    async fn accept(&self, acceptance: &Acceptance) -> Result<String, PortError> {
        self.write_acceptance(acceptance).await
    }
}
