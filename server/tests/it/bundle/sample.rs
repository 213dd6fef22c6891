//! A small, whole company: records, a ledger that seals them, keys.

use std::{
    collections::BTreeMap,
    io::{Cursor, Write},
    sync::Arc,
};

use domain::{
    Moment,
    attestation::{Attestation, RecoveryPoint, Strength},
    control::Control,
    draw,
    drill::{
        Check, CheckId, CheckVerdict, Count, Draw, DrawnDocument, Drill, Excluded, Exposure, Measured, Outcome, Person,
        Plan, Source, Staging, Step, StepId,
    },
    finding::{Finding, Severity, State},
    gap::{Gap, Missing},
    proof::{
        bundle::UnverifiedBundle,
        leaf, sha256_hex,
        tree::{Frontier, leaf_hash},
        verify::Trust,
    },
    record::{Entry, Head, Kind},
    role::Scope,
    runbook::{Runbook, RunbookVersion},
    target::{self, Scenario},
};
use serde::Serialize;
use server::{
    exports::{
        bundle::{self, BundleMade, ExportError},
        collect::{Wanted, collect},
        content::{Content, Log, SealedBytes},
        orders::Progress,
        spool::Scratch,
    },
    sign::{Folder, Keys},
    time::Outside,
};

const RUNBOOK: &str = "+++\ntitle = \"Recovery\"\nversion = \"1.0\"\nowner = \"Founder\"\napproved = \"2026-02-18\"\nnextReview = \"2026-05-18\"\ncontrols = [\"CC7.1\"]\n\n[[claims]]\nkind = \"target\"\nscenario = \"collection\"\nrpoMinutes = 360\nrtoMinutes = 120\nmeans = \"snapshot restore\"\nclaimedMinutes = 60\n+++\n\n## What to do first\n\nFind out what is lost. Never restore straight over production.\n\n### One collection\n\n1. Restore the newest snapshot into staging.\n2. Compare <script>alert(1)</script> counts.\n";

/// Now, for certificates that openssl checks against its own clock.
pub fn now() -> Moment {
    Moment::from(chrono::Utc::now())
}

pub fn trust(keys: &Keys) -> Trust {
    Trust { root_pem: Some(keys.root_pem()), vkey: Some(keys.vkey()), ..Trust::default() }
}

pub struct Sample {
    pub keys: Arc<Keys>,
    tree: Frontier,
    entries: Vec<String>,
    records: Vec<SealedBytes>,
    previous: Option<(Head, Vec<[u8; 32]>)>,
    drills: Vec<Drill>,
    key_ids: Vec<String>,
    pub scope: Scope,
    pub made_at: Moment,
    /// The sample asked for.
    pub sample: Option<domain::sample::Ask>,
    /// By digest: the files there are, whoever names them.
    pub attachments: BTreeMap<String, Vec<u8>>,
}

impl Sample {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let keys = Keys::open_or_create(&dir.path().join("keys"), "CARTIE", "passmuster.example/cartie", now().utc());
        Self::with_keys(Arc::new(keys.expect("new keys")))
    }

    pub fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys)
    }

    pub fn with_keys(keys: Arc<Keys>) -> Self {
        let mut sample = Self {
            keys,
            tree: Frontier::new(),
            entries: Vec::new(),
            records: Vec::new(),
            previous: None,
            drills: Vec::new(),
            key_ids: Vec::new(),
            scope: Scope::EVERYTHING,
            made_at: now(),
            sample: None,
            attachments: BTreeMap::new(),
        };
        sample.fill();
        sample
    }

    fn fill(&mut self) {
        let by = || "attest-cron".to_owned();
        let book = RunbookVersion {
            schema: 1,
            version: "1.0".into(),
            text: RUNBOOK.into(),
            demo: false,
            occurred_at: moment("2026-02-18T09:00:00Z"),
            by: "founder".into(),
        };
        self.seal("runbooks", Kind::Runbook, "1.0", &book);
        for (i, tenant) in ["alder-books", "kestrel-freight", "marlow-dental"].iter().enumerate() {
            let value = Attestation {
                schema: 1,
                tenant: (*tenant).into(),
                recovery_point: RecoveryPoint {
                    id: "snap-2026-11-15".into(),
                    cluster: "cartie-prod".into(),
                    taken_at: moment("2026-11-15T00:00:00Z"),
                    expires_at: None,
                    regions: vec!["us-east-1".into()],
                },
                strength: Strength::Listed,
                read: None,
                run_id: "run-46".into(),
                tenants_seen: 3,
                demo: false,
                occurred_at: moment("2026-11-15T03:00:04Z"),
                learned_at: None,
                by: by(),
                signature: None,
            };
            self.seal("backup_audit_log", Kind::Record, &format!("att-{i}"), &value);
        }
        let gap = Gap {
            schema: 1,
            what: Missing::Tenant { tenant: "osprey-legal".into() },
            due_at: moment("2026-11-15T03:00:00Z"),
            says: "osprey-legal is absent from the attestation of 2026-11-15.".into(),
            demo: false,
            occurred_at: moment("2026-11-15T03:00:00Z"),
            by: "portal".into(),
        };
        self.seal("gaps", Kind::Gap, &gap.id(), &gap);
        let mut past = self.drill_of(None);
        past.demo = true;
        past.occurred_at = moment("2026-08-18T14:00:00Z");
        self.file("drill-2026-08-18", past);
        self.drill();
        self.finding("F-001", "A collection took longer than promised");
    }

    /// A drill whose list was sealed before its seed was known.
    fn drill(&mut self) {
        let eligible = ["alder-books", "kestrel-freight", "marlow-dental"].map(str::to_owned);
        let digest = draw::list_digest(eligible.iter().map(String::as_str));
        let list = serde_json::json!({"schema": 1, "eligible": eligible, "eligibleDigest": digest});
        let seq = self.seal("draws", Kind::Draw, "drill-2026-11-16", &list);
        let root = draw::hex(&self.tree.root());
        self.file("drill-2026-11-16", self.drill_of(Some((root, seq))));
    }

    fn drill_of(&self, sealed: Option<(String, u64)>) -> Drill {
        let eligible = ["alder-books", "kestrel-freight", "marlow-dental"].map(str::to_owned).to_vec();
        let (root, seq) = sealed.unzip();
        let seed = draw::seed(root.as_deref().unwrap_or_default(), "4711");
        let chosen = draw::draw(&seed, eligible.iter().map(String::as_str), 1)[0].to_owned();
        let plan = Plan { runbook_version: "1.0".into(), rpo_ms: 21_600_000, rto_ms: 7_200_000 };
        let measured =
            Some(Measured { restore_ms: 3_728_000, rpo_ms: Some(3_918_000), bytes: 31_600_000, documents: 27_411 });
        let check = |id: CheckId, expected: &str| Check {
            id,
            expected: expected.into(),
            actual: expected.into(),
            verdict: CheckVerdict::Passes,
            detail: "equal on both sides".into(),
        };
        let checks = vec![check(CheckId::Counts, "27 411"), check(CheckId::Documents, "10 of 10")];
        let step = |id: StepId, from: &str, to: &str| Step {
            id,
            started_at: moment(from),
            ended_at: moment(to),
            outcome: Outcome::Done,
            note: "27 411 documents, 4 collections".into(),
            commands: vec![],
        };
        Drill {
            schema: 1,
            scenario: Scenario::Collection,
            quarter: "2026-Q4".into(),
            verdict: Drill::judge(&plan, measured.as_ref(), &checks, None),
            plan,
            draw: Some(Draw {
                eligible_digest: draw::list_digest(eligible.iter().map(String::as_str)),
                eligible,
                excluded: vec![Excluded { name: "osprey-legal".into(), why: "a production customer".into() }],
                root,
                seq,
                public_value: "4711".into(),
                seed,
                chosen,
            }),
            source: Source {
                kind: "mongodump directory".into(),
                recovery_point: "dump-2026-11-16".into(),
                taken_at: moment("2026-11-16T13:00:00Z"),
                last_write_at: Some(moment("2026-11-16T12:59:00Z")),
                last_write_by: Some("updatedAt".into()),
            },
            target: Staging { environment: "127.0.0.1:27018/staging".into(), isolated: true, why: None },
            steps: vec![
                step(StepId::Restore, "2026-11-16T14:04:18Z", "2026-11-16T14:44:18Z"),
                step(StepId::Verify, "2026-11-16T14:44:18Z", "2026-11-16T15:06:26Z"),
            ],
            checks,
            counts: vec![Count { collection: "orders".into(), expected: 27_411, actual: 27_411 }],
            documents: vec![DrawnDocument {
                collection: "orders".into(),
                id: "1".into(),
                expected: "ab".repeat(32),
                actual: Some("ab".repeat(32)),
            }],
            digests: Vec::new(),
            references: Vec::new(),
            queries: Vec::new(),
            canary: None,
            erasures: None,
            measured,
            exposure: Some(Exposure {
                from: moment("2026-11-16T14:04:18Z"),
                until: Some(moment("2026-11-16T15:10:00Z")),
                proof: "The database is gone from the list.".into(),
            }),
            people: vec![Person { role: "Incident commander".into(), name: "Operator".into() }],
            abandoned: None,
            log: vec![],
            demo: false,
            occurred_at: moment("2026-11-16T14:04:18Z"),
            learned_at: None,
            by: "operator".into(),
            signature: None,
        }
    }

    /// What the portal seals at its start: the keys of a folder that the ledger does not know.
    pub fn seal_keys(&mut self, folder: &Folder) {
        for event in folder.events(&self.keys, self.made_at, "portal").expect("events") {
            if !self.key_ids.contains(&event.id()) {
                self.seal("keys", Kind::Key, &event.id(), &event);
                self.key_ids.push(event.id());
            }
        }
    }

    pub fn file(&mut self, id: &str, value: Drill) {
        self.seal("backup_drill_results", Kind::Record, id, &value);
        self.drills.insert(0, value);
    }

    /// A drill like the one filed, with something changed before it is sealed.
    pub fn file_changed(&mut self, id: &str, change: impl FnOnce(&mut Drill)) {
        let mut drill = self.drills[0].clone();
        change(&mut drill);
        self.file(id, drill);
    }

    pub fn finding(&mut self, id: &str, title: &str) {
        let value = Finding {
            schema: 1,
            id: id.into(),
            title: title.into(),
            severity: Severity::Medium,
            found_by: "Drill 2026-11-16".into(),
            cause: Some("drill-2026-11-16".into()),
            hits: vec![],
            what: "The index build was not on the clock before.".into(),
            why: "Nobody had measured it.".into(),
            plan: String::new(),
            owner: "Operator".into(),
            due_at: moment("2026-12-16T00:00:00Z"),
            state: State::Open,
            controls: vec![Control::Cc73],
            attachments: vec![],
            demo: false,
            occurred_at: moment("2026-11-16T15:10:00Z"),
            by: "operator".into(),
        };
        self.seal("findings", Kind::Finding, id, &value);
    }

    /// A version of a request.
    pub fn request(&mut self, request: &domain::request::Request) {
        self.seal("requests", Kind::Record, &request.id, request);
    }

    /// The digest a record was sealed with.
    pub fn digest(&self, coll: &str, id: &str) -> Option<String> {
        self.records.iter().find(|r| r.coll == coll && r.id == id).map(|r| r.sha256.clone())
    }

    /// Its first place in the ledger.
    pub fn place_of(&self, coll: &str, id: &str) -> Option<u64> {
        self.records.iter().find(|r| r.coll == coll && r.id == id).map(|r| r.seq)
    }

    pub fn entries(&self) -> u64 {
        self.tree.size
    }

    pub fn seal<T: Serialize>(&mut self, coll: &str, kind: Kind, id: &str, value: &T) -> u64 {
        let mut json = serde_json::to_value(value).expect("a record serialises");
        json["_id"] = id.into();
        let bytes = serde_json_canonicalizer::to_vec(&json).expect("a record has a canonical form");
        let sha256 = sha256_hex(&bytes);
        let seq = self.tree.size;
        self.append(coll, kind, id, sha256.clone());
        self.records.push(SealedBytes { seq, coll: coll.into(), id: id.into(), sha256, bytes });
        seq
    }

    fn append(&mut self, coll: &str, kind: Kind, id: &str, sha256: String) {
        let entry = Entry {
            at: "2026-11-16T15:10:01.000Z".into(),
            coll: coll.into(),
            id: id.into(),
            kind,
            seq: self.tree.size,
            sha256,
        };
        let line = leaf::line(&entry);
        self.tree.append(leaf_hash(line.as_bytes()));
        self.entries.push(line);
    }

    fn head(&self) -> Head {
        let root = self.tree.root();
        Head {
            size: self.tree.size,
            root: draw::hex(&root),
            at: self.made_at,
            checkpoint: self.keys.sign_checkpoint(self.tree.size, &root),
        }
    }

    /// The next bundle begins with this tree, and knows of earlier records by the root alone.
    pub fn begin_again_here(&mut self) {
        self.previous = Some((self.head(), self.tree.hashes.clone()));
        self.entries.clear();
        self.records.clear();
    }

    /// History as it was not: another first entry, everything after it the same.
    pub fn rewrite_first_entry(&mut self) {
        let mut entry = leaf::parse(&self.entries[0]).expect("our own line");
        entry.at = "2026-11-16T15:10:02.000Z".into();
        self.entries[0] = leaf::line(&entry);
        self.tree = Frontier::new();
        for line in &self.entries {
            self.tree.append(leaf_hash(line.as_bytes()));
        }
    }

    pub fn content(&self) -> Content {
        self.gathered(&self.parts()).expect("everything is as it was sealed")
    }

    /// What a bundle is gathered from, open to forgery.
    pub fn parts(&self) -> Parts {
        let (previous, frontier) = self.previous.clone().unzip();
        let log = Log {
            origin: self.keys.origin().into(),
            vkey: self.keys.vkey(),
            known: self.keys.vkeys(),
            previous,
            frontier: frontier.unwrap_or_default(),
            head: self.head(),
        };
        Parts { log, entries: self.entries.clone(), records: self.records.clone() }
    }

    pub fn gathered(&self, parts: &Parts) -> Result<Content, ExportError> {
        let Parts { log, entries, records } = parts;
        let sample = match &self.sample {
            None => None,
            Some(ask) => {
                let here = records.iter().filter(|r| r.coll == ask.population.collection());
                let here = here.map(|r| (r.id.as_str(), r.seq));
                let drawn = domain::sample::Sample::draw(ask, here, &log.head.root, log.head.size);
                Some(drawn.ok_or(ExportError::NothingToDraw(ask.population.id()))?)
            }
        };
        let drawn = sample.iter().flat_map(|s| &s.drawn.chosen).map(|item| item.seq).collect();
        let (scratch, progress) = (Scratch::default(), Progress::default());
        let wanted = Wanted { log, scope: &self.scope, drawn: &drawn, scratch: &scratch, progress: &progress };
        let (mut payload, shown) =
            collect::<ExportError>(&wanted, entries.iter().cloned().map(Ok), records.iter().cloned().map(Ok))?;
        for (sha256, bytes) in self.attachments.iter().filter(|(sha256, _)| shown.attachments.contains_key(*sha256)) {
            let mut spool = scratch.spool_as_it_is(&format!("{}{sha256}", domain::proof::layout::ATTACHMENTS))?;
            spool.part(bytes)?;
            payload.files.push(spool.end()?);
        }
        let targets = Runbook::parse(RUNBOOK).expect("a runbook").targets();
        Ok(Content {
            org: "CARTIE".into(),
            id: "B-007".into(),
            period_name: "2026-Q4".into(),
            scope: self.scope.clone(),
            made_at: self.made_at,
            made_by: "Founder".into(),
            timestamps: Vec::new(),
            sample,
            outside: Outside::SelfAsserted("no time authority is configured".into()),
            log: log.clone(),
            payload,
            targets: targets.iter().map(|t| target::judge(t, &shown.drills, self.made_at)).collect(),
            drills: shown.drills,
            attested: shown.attested,
            findings: shown.findings,
            gaps: shown.gaps,
            runbooks: shown.runbooks,
            requests: shown.requests,
            acceptances: shown.acceptances,
            checklists: shown.checklists,
            incidents: Vec::new(),
            risks: Vec::new(),
            jobs: shown.jobs,
            signoffs: shown.signoffs,
        })
    }

    pub fn bundle(&self) -> (BundleMade, Vec<u8>) {
        self.bundle_of(&self.parts())
    }

    pub fn bundle_of(&self, parts: &Parts) -> (BundleMade, Vec<u8>) {
        let content = self.gathered(parts).expect("everything is as it was sealed");
        let mut out = Cursor::new(Vec::new());
        let made = bundle::write(&content, b"%PDF-1.7\n%%EOF\n", &self.keys, &mut out).expect("a bundle");
        (made, out.into_inner())
    }
}

pub struct Parts {
    pub log: Log,
    pub entries: Vec<String>,
    pub records: Vec<SealedBytes>,
}

/// A bundle's files in memory, open to forgery.
pub struct Opened {
    pub folder: String,
    pub files: BTreeMap<String, Vec<u8>>,
}

pub fn open(zip: &[u8]) -> Opened {
    let bundle = UnverifiedBundle::read(zip).expect("it reads");
    Opened { files: bundle.unpacked().expect("it unpacks"), folder: bundle.folder }
}

impl Opened {
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.files[name].clone()).expect("a text")
    }
}

/// A ZIP as the portal writes it, of files that may be forged.
pub fn pack(folder: &str, files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        let options = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .last_modified_time(zip::DateTime::default())
            .system(zip::System::Unix)
            .unix_permissions(0o644);
        zip.start_file(format!("{folder}/{name}"), options).expect("a file");
        zip.write_all(bytes).expect("its bytes");
    }
    zip.finish().expect("a ZIP").into_inner()
}

pub fn moment(text: &str) -> Moment {
    Moment::parse(text).expect("a time in the test")
}
