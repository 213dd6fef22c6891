//! A portal on a mongod of its own, and parts of the work in processes of their own.

use std::{path::Path, process::Stdio};

use domain::{
    Moment,
    proof::verify::{Trust, verify},
    role::{Actor, Role, Scope},
    schedule::Period,
};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use server::{
    compose::House,
    config::{self, Config},
};

/// What one part took.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Took {
    pub seconds: f64,
    /// The most memory the process ever held, in MiB.
    pub peak_mib: f64,
    pub bytes: u64,
}

pub fn config(uri: &str, keys: &Path) -> Config {
    Config {
        portal: config::Portal {
            listen: "127.0.0.1:0".parse().expect("an address"),
            public_url: "http://bench.test".to_owned(),
            site_root: "target/site".into(),
            scratch: std::path::PathBuf::new(),
            trusted_proxy: false,
        },
        database: config::Database { uri: uri.to_owned(), name: "bench".to_owned() },
        keys: config::Keys { dir: keys.to_owned(), passphrase: Default::default() },
        company: config::Company {
            name: "Bench".to_owned(),
            log: "bench.test/log".to_owned(),
            audit_from: "2026-01-01".to_owned(),
            audit_to: "2026-12-31".to_owned(),
            demo: false,
        },
        time: config::Time::default(),
        mail: config::Mail::default(),
        oidc: config::Oidc::default(),
    }
}

/// Runs a part of the work in a new process: `bundle URI KEYS OUT`, `verify ZIP`, `fingerprint URI DB` or
/// `restore FOLDER DB URI INTO`.
pub fn run_part(args: &[&str]) -> Took {
    let me = std::env::current_exe().expect("this program");
    let done = std::process::Command::new(me).arg("--part").args(args).stderr(Stdio::inherit()).output();
    let done = done.expect("the part starts");
    assert!(done.status.success(), "{args:?} failed");
    serde_json::from_slice(&done.stdout).expect("what it took")
}

/// In the new process.
pub async fn part(args: &[String]) {
    let began = std::time::Instant::now();
    let bytes = match args {
        [what, uri, keys, out] if what == "bundle" => make(uri, Path::new(keys), Path::new(out)).await,
        [what, zip] if what == "verify" => check(Path::new(zip)),
        [what, uri, db] if what == "fingerprint" => crate::fingerprint::part(uri, db).await,
        [what, dir, db, uri, into] if what == "restore" => crate::restore::part(Path::new(dir), db, uri, into).await,
        _ => panic!("no such part: {args:?}"),
    };
    let took = Took { seconds: began.elapsed().as_secs_f64(), peak_mib: peak_mib(), bytes };
    println!("{}", serde_json::to_string(&took).expect("numbers"));
}

async fn make(uri: &str, keys: &Path, out: &Path) -> u64 {
    let house = House::open(config(uri, keys)).await.expect("the portal opens");
    let actor = Actor { id: "b".into(), name: "Bench".into(), role: Role::Owner, scope: Scope::EVERYTHING };
    let period = Period::days("2026-01-01", "2026-12-31").expect("a year");
    let wish = app::ports::Wish { period_name: "2026".into(), period, controls: Vec::new(), sample: None };
    let made = house.exports.make(&actor, &wish).await.expect("a bundle");
    let mut file = std::io::BufWriter::new(std::fs::File::create(out).expect("a file"));
    let mut parts = house.exports.download(&actor, &made.id).await.expect("its file").expect("its file").parts;
    while let Some(part) = parts.try_next().await.expect("its bytes") {
        std::io::Write::write_all(&mut file, &part).expect("written");
    }
    made.bytes.unsigned_abs()
}

fn check(zip: &Path) -> u64 {
    let bytes = std::fs::read(zip).expect("the bundle");
    let report = verify(&bytes, &Trust::default(), Moment::from(chrono::Utc::now()));
    assert!(report.verified(), "{:?}", report.first_wrong());
    report.facts.bytes
}

fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}
