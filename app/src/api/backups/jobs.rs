//! Backup jobs as vendors' tools tell them: each with what it comes to, filtered by the address, and as CSV.

use std::collections::{BTreeSet, HashMap};

use domain::{
    Moment,
    datastore::Datastore,
    fact::RunState,
    finding::Finding,
    import::Reported,
    judgement::{Facts, Judgement, OF_JOBS, causes, rank, told},
    record::{Seal, Sealed},
    verdict::Verdict,
    words,
};
use leptos_router::params::ParamsMap;

/// Rows of one page.
pub const ROWS: usize = 40;
pub const VERDICTS: [Verdict; 5] = [Verdict::Met, Verdict::AtRisk, Verdict::Missed, Verdict::Stale, Verdict::Untested];

/// What the address asks of the list of jobs; what cannot be read is ignored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JobsAsk {
    pub verdict: Option<Verdict>,
    pub tier: String,
    pub store: String,
    /// A part of a job's or a store's name.
    pub find: String,
    /// From 1.
    pub page: usize,
}

impl JobsAsk {
    /// `get`: a value of the address by its name.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let text = |key: &str| get(key).unwrap_or_default().trim().to_owned();
        let verdict = text("verdict");
        Self {
            verdict: VERDICTS.into_iter().find(|known| id(*known) == verdict),
            tier: text("tier"),
            store: text("store"),
            find: text("job"),
            page: text("page").parse().unwrap_or(1).max(1),
        }
    }

    fn query(&self) -> ParamsMap {
        let mut query = ParamsMap::new();
        let verdict = self.verdict.map(id).unwrap_or_default().to_owned();
        for (key, value) in [("verdict", &verdict), ("tier", &self.tier), ("store", &self.store), ("job", &self.find)] {
            if !value.is_empty() {
                query.insert(key, value.clone());
            }
        }
        query
    }

    /// The address of the same list under another verdict.
    pub fn under(&self, verdict: Option<Verdict>) -> String {
        let ask = Self { verdict, ..self.clone() };
        format!("/backups{}#backup-jobs", ask.query().to_query_string())
    }

    pub fn at_page(&self, page: usize) -> String {
        let mut query = self.query();
        if page > 1 {
            query.insert("page", page.to_string());
        }
        format!("/backups{}#backup-jobs", query.to_query_string())
    }

    /// Of all that is asked for, as a file.
    pub fn csv(&self) -> String {
        format!("/backups/jobs.csv{}", self.query().to_query_string())
    }

    fn admits(&self, job: &JobRow) -> bool {
        let find = self.find.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&find);
        let store = job.store.as_deref().unwrap_or_default();
        (self.tier.is_empty() || job.tier.as_ref() == Some(&self.tier))
            && (self.store.is_empty() || store == self.store)
            && (find.is_empty() || has(&job.job) || has(store))
    }
}

/// As it is written in addresses.
pub fn id(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::AtRisk => "at-risk",
        Verdict::Missed => "missed",
        Verdict::Untested => "untested",
        Verdict::Stale => "stale",
    }
}

/// One job on one store.
#[derive(Clone, Debug)]
pub struct JobRow {
    pub job: String,
    /// The datastore's name, or as the job names it.
    pub store: Option<String>,
    /// The datastore's address.
    pub store_id: Option<String>,
    pub tier: Option<String>,
    /// "every 6 h"; `None`: too few runs tell it.
    pub cadence: Option<String>,
    pub at: Moment,
    pub runs: usize,
    pub bytes: Option<i64>,
    /// Of what is usual, in thousandths: −998 is all but gone.
    pub against_usual: Option<i64>,
    pub verdict: Verdict,
    /// What falls short, or could not be told.
    pub says: Vec<String>,
    pub finding: Option<String>,
    /// The vendor's own word, where it is not understood.
    pub said: Option<String>,
    pub record: String,
    pub seal: Option<Seal>,
}

#[derive(Clone, Debug, Default)]
pub struct JobsList {
    pub ask: JobsAsk,
    /// Under every filter but the verdict's.
    pub counts: Vec<(Verdict, usize)>,
    pub rows: Vec<JobRow>,
    /// How many answer the filter.
    pub total: usize,
    /// How many there are.
    pub all: usize,
    pub tiers: BTreeSet<String>,
    pub stores: BTreeSet<String>,
}

/// Those that answer, what falls short first. `paged`: only the page that is asked for.
pub fn list(
    facts: &Facts,
    judged: &[Judgement],
    findings: &[Sealed<Finding>],
    words: &[Sealed<Reported>],
    ask: JobsAsk,
    paged: bool,
) -> JobsList {
    let all = rows(facts, judged, findings, words);
    let (tiers, stores) = (
        all.iter().filter_map(|job| job.tier.clone()).collect(),
        all.iter().filter_map(|job| job.store.clone()).collect(),
    );
    let in_all = all.len();
    let under: Vec<JobRow> = all.into_iter().filter(|job| ask.admits(job)).collect();
    let counts = VERDICTS.map(|verdict| (verdict, under.iter().filter(|job| job.verdict == verdict).count()));
    let mut rows: Vec<JobRow> =
        under.into_iter().filter(|job| ask.verdict.is_none_or(|verdict| job.verdict == verdict)).collect();
    rows.sort_by(|a, b| (rank(b.verdict), &a.job, &a.store).cmp(&(rank(a.verdict), &b.job, &b.store)));
    let total = rows.len();
    if paged {
        rows = rows.into_iter().skip((ask.page - 1) * ROWS).take(ROWS).collect();
    }
    JobsList { ask, counts: counts.to_vec(), rows, total, all: in_all, tiers, stores }
}

fn rows(facts: &Facts, judged: &[Judgement], findings: &[Sealed<Finding>], words: &[Sealed<Reported>]) -> Vec<JobRow> {
    let mut of_job: HashMap<&str, Vec<&Judgement>> = HashMap::new();
    for judgement in judged.iter().filter(|j| OF_JOBS.contains(&j.rule)) {
        of_job.entry(&judgement.about).or_default().push(judgement);
    }
    let mut opened: HashMap<&str, &str> = HashMap::new();
    for finding in findings {
        opened.extend(causes(&finding.value).into_iter().map(|cause| (cause, finding.id.as_str())));
    }
    let seals: HashMap<&str, &Seal> = words.iter().map(|word| (word.id.as_str(), &word.seal)).collect();
    let mut store_of: HashMap<&str, &Datastore> = HashMap::new();
    for store in &facts.stores {
        store_of.extend(store.facts.iter().map(|n| (facts.all[*n].id.as_str(), store)));
    }
    let row = |job: domain::judgement::Told<'_>| {
        let judged = of_job.get(job.about.as_str()).cloned().unwrap_or_default();
        let worst = judged.iter().max_by_key(|j| rank(j.verdict));
        let open = judged.iter().filter(|j| j.verdict != Verdict::Met);
        let named = format!("{}: ", job.about);
        let says = open.map(|j| domain::words::capital(j.says.strip_prefix(&named).unwrap_or(&j.says)));
        let store = store_of.get(job.record);
        let bytes = job.newest.bytes;
        let against = bytes.zip(job.usual).filter(|(_, usual)| *usual > 0);
        JobRow {
            job: job.job.to_owned(),
            store: store.map(|store| store.name.clone()).or_else(|| job.store.map(str::to_owned)),
            store_id: store.map(|store| store.id.clone()),
            tier: store.and_then(|store| store.tier.as_ref()).map(|tier| tier.value.clone()),
            cadence: job.pace_ms.map(words::every),
            at: job.at,
            runs: job.runs,
            bytes,
            against_usual: against.map(|(bytes, usual)| (bytes - usual).saturating_mul(1000) / usual),
            verdict: worst.map_or(Verdict::Untested, |j| j.verdict),
            says: says.collect(),
            finding: worst.and_then(|j| opened.get(j.cause().as_str())).map(|id| (*id).to_owned()),
            said: (job.newest.state == RunState::Unknown).then(|| job.newest.said.clone()),
            record: job.record.to_owned(),
            seal: seals.get(job.record).map(|seal| (*seal).clone()),
        }
    };
    told(facts).into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_from_the_address_and_kept_in_the_next() {
        let of = |pairs: &[(&str, &str)]| {
            let pairs: Vec<(String, String)> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            JobsAsk::read(|key| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone()))
        };
        let ask = of(&[("verdict", "at-risk"), ("tier", "Tier 1"), ("job", " nightly "), ("page", "3")]);
        assert_eq!((ask.verdict, ask.find.as_str(), ask.page), (Some(Verdict::AtRisk), "nightly", 3));
        assert_eq!(ask.under(None), "/backups?tier=Tier%201&job=nightly#backup-jobs");
        assert_eq!(ask.at_page(4), "/backups?verdict=at%2Drisk&tier=Tier%201&job=nightly&page=4#backup-jobs");
        assert_eq!(ask.csv(), "/backups/jobs.csv?verdict=at%2Drisk&tier=Tier%201&job=nightly");
        assert_eq!(of(&[("verdict", "fine"), ("page", "none")]), JobsAsk { page: 1, ..JobsAsk::default() });
        for verdict in VERDICTS {
            assert_eq!(of(&[("verdict", id(verdict))]).verdict, Some(verdict));
        }
    }
}
