//! `passmuster key …`: the keys from the command line, without a database and without a running portal.
//!
//! It prints public parts alone. What it changes the portal reads at its next start, and seals in the ledger.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use chrono::Utc;
use clap::{Args, Subcommand};
use domain::{
    key::{Key, KeyEvent},
    proof::anchors::Anchors,
    words,
};
use serde_json::json;

use super::{Folder, Import, Keys, Passphrase, RootKey, RootKeyFile, State};
use crate::{
    config::Config,
    exports::packet::{self, Handover},
    time::TimeSource,
};

#[derive(Subcommand)]
pub enum KeyCommand {
    /// Make a root, a signer and a key for the ledger; refused where there are keys. Example: passmuster key init
    Init(By),
    /// Print the public part: what an auditor is handed when the engagement begins; with --json, anchors.json itself. Example: passmuster key show --pdf anchors.pdf
    Show {
        /// Also write the auditor's page, one sheet of A4.
        #[arg(long, value_name = "FILE")]
        pdf: Option<PathBuf>,
    },
    /// Encrypt the private keys under keys.passphrase, or change the passphrase. Example: passmuster key protect --new-passphrase-file new-passphrase
    Protect {
        /// A file with the passphrase that takes the configured one's place.
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Put a new signer in the earlier one's place, under the same root; with --log or --root, another key. Example: passmuster key rotate --root-key /media/stick/root.key
    Rotate {
        /// The ledger's key instead of the signer's; the earlier one signs beside it until it is retired.
        #[arg(long, conflicts_with_all = ["root", "root_key", "root_passphrase_file"])]
        log: bool,
        /// A new root too, after the earlier one has ended or a key was stolen; every auditor needs new anchors then.
        #[arg(long, conflicts_with_all = ["root_key", "root_passphrase_file"])]
        root: bool,
        /// The root's private key, when it is kept away from the folder.
        #[arg(long, value_name = "FILE")]
        root_key: Option<PathBuf>,
        /// A file with the passphrase that opens it, when that is another than keys.passphrase.
        #[arg(long, value_name = "FILE", requires = "root_key")]
        root_passphrase_file: Option<PathBuf>,
        #[command(flatten)]
        by: By,
    },
    /// End an earlier key of the ledger, once every auditor holds today's anchors. Example: passmuster key retire c74f20a3
    Retire {
        /// The eight digits that key show prints.
        id: String,
        #[command(flatten)]
        by: By,
    },
    /// Make a key and a request for the company's own authority (PKCS#10). Example: passmuster key request -o signer.csr
    Request {
        /// Where to save it; without it, it is printed.
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        /// A new key and request, though one is waited for.
        #[arg(long)]
        anew: bool,
    },
    /// Put a certificate of the company's own authority in place. Example: passmuster key import --signer signer.pem --chain issuing.pem --root company-root.pem
    Import(ImportArgs),
}

#[derive(Args)]
pub struct By {
    /// Who does it, as the ledger will say; without it, the name of this login.
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

#[derive(Args)]
pub struct ImportArgs {
    /// The signer's certificate, as the authority sent it.
    #[arg(long, value_name = "FILE")]
    signer: PathBuf,
    /// The authority's root certificate; without it, the root in use.
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
    /// Certificates between the two; may be repeated.
    #[arg(long, value_name = "FILE")]
    chain: Vec<PathBuf>,
    /// The private key (PKCS#8), when it was not made by key request.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A file with the passphrase that opens it, when that is another than keys.passphrase.
    #[arg(long, value_name = "FILE", requires = "key")]
    key_passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    by: By,
}

const RESTART: &str = "Start the portal again: it reads its keys then, and seals the change in the ledger.";

const NEW_ROOT: &str = "The root is another now: hand every auditor the anchors of today (passmuster key show --json and --pdf). Bundles made before verify with the anchors of their time, as they did.";

/// Does it and prints what came of it; what is to be done next goes to stderr.
pub fn run(command: KeyCommand, config: &Config, json: bool) -> Result<()> {
    let folder = Folder::configured(&config.keys);
    match command {
        KeyCommand::Init(by) => init(&folder, config, &by.name(), json),
        KeyCommand::Show { pdf } => show(&folder, config, pdf.as_deref(), json),
        KeyCommand::Protect { new_passphrase_file } => protect(&folder, new_passphrase_file.as_deref(), json),
        KeyCommand::Rotate { log: true, by, .. } => {
            let event = folder.rotate_log(&config.company.log, Utc::now(), &by.name())?;
            told(std::slice::from_ref(&event), json);
            next(&[
                RESTART,
                "Heads of the ledger carry both signatures from then on, so that anchors handed over before still do.",
                "Hand every auditor the anchors of today (passmuster key show --json), and end the earlier key afterwards: passmuster key retire ID",
            ]);
            Ok(())
        }
        KeyCommand::Rotate { root: true, by, .. } => {
            let events = folder.rotate_root(&config.company.name, &config.company.log, Utc::now(), &by.name())?;
            told(&events, json);
            next(&[RESTART, NEW_ROOT]);
            Ok(())
        }
        KeyCommand::Rotate { root_key, root_passphrase_file, by, .. } => {
            let passphrase = root_passphrase_file.as_deref().map(passphrase).transpose()?;
            let root_key = root_key.map(|file| RootKeyFile { file, passphrase });
            let (org, log) = (&config.company.name, &config.company.log);
            let event = folder.rotate_signer(org, log, root_key.as_ref(), Utc::now(), &by.name())?;
            told(std::slice::from_ref(&event), json);
            next(&[
                RESTART,
                "The root is the same, so anchors handed over before still do, and bundles made before verify as they did.",
            ]);
            Ok(())
        }
        KeyCommand::Retire { id, by } => {
            let event = folder.retire(&id, &config.company.log, Utc::now(), &by.name())?;
            told(std::slice::from_ref(&event), json);
            next(&[
                RESTART,
                "Heads signed from then on do not verify with anchors that name this key alone; bundles made before still do.",
            ]);
            Ok(())
        }
        KeyCommand::Request { output, anew } => request(&folder, config, output.as_deref(), anew, json),
        KeyCommand::Import(args) => import(&folder, config, args, json),
    }
}

fn init(folder: &Folder, config: &Config, by: &str, json: bool) -> Result<()> {
    folder.create(&config.company.name, &config.company.log, Utc::now(), by)?;
    let keys = folder.open(&config.company.log)?;
    if json {
        println!("{}", json!({ "folder": folder.dir(), "root": keys.root_fingerprint(), "vkey": keys.vkey() }));
    } else {
        println!("Keys for {} in {}", config.company.name, folder.dir().display());
        println!("root, SHA-256     {}", keys.root_fingerprint());
        println!("signer, SHA-256   {}", keys.signer_fingerprint());
        println!("ledger's key      {}", keys.vkey());
    }
    next(&[
        "Back up the whole folder, apart from the database: without log.key the ledger cannot go on under its name.",
        "root.key is needed only to issue the next signer, about every two years: move it to a medium kept elsewhere, and a copy to a second place.",
        "For the auditor, before the first bundle: passmuster key show --json > anchors.json, and passmuster key show --pdf anchors.pdf",
    ]);
    if config.keys.passphrase.is_empty() {
        next(&["The private keys lie there in clear, mode 0600; to encrypt them: passmuster key protect --help"]);
    }
    Ok(())
}

fn show(folder: &Folder, config: &Config, pdf: Option<&Path>, json: bool) -> Result<()> {
    let keys = folder.open(&config.company.log)?;
    let anchors = anchors(&keys, config)?;
    if let Some(path) = pdf {
        let made_at = domain::Moment::from(Utc::now());
        let page = packet::handover(&Handover { anchors: &anchors, keys: &keys, made_at })?;
        save(path, &page)?;
        eprintln!("The auditor's page is saved as {}.", path.display());
    }
    if json {
        print!("{}", anchors.json());
        return Ok(());
    }
    let state = folder.state()?;
    println!("company           {}", anchors.org);
    println!("root, SHA-256     {}", anchors.root_sha256);
    println!("root holds        until {}, {}", keys.root_until().format("%Y-%m-%d"), keys.root_name());
    println!("signer, SHA-256   {}", keys.signer_fingerprint());
    println!("signer holds      until {}, {}", keys.signer_until().format("%Y-%m-%d"), keys.signer_name());
    for name in keys.chain_names() {
        println!("  through         {name}");
    }
    println!("ledger's key      {}", anchors.log_vkey);
    for vkey in &anchors.earlier_log_vkeys {
        println!("  signs beside it {vkey}");
    }
    println!("time authorities  {} roots pinned", anchors.tsa_roots.len());
    println!("folder            {}, {}", folder.dir().display(), at_rest(&state));
    println!(
        "root's key        {}",
        match state.root_key {
            RootKey::Here => "in the folder; it may be kept elsewhere until the next signer is due",
            RootKey::Away => "not in the folder",
        }
    );
    if state.awaiting {
        println!("requested         a certificate that is not there yet: passmuster key import --signer FILE");
    }
    eprintln!("For the auditor: passmuster key show --json > anchors.json, and passmuster key show --pdf anchors.pdf");
    Ok(())
}

fn at_rest(state: &State) -> String {
    match state.in_clear.as_slice() {
        [] => format!("{} private keys, all encrypted", state.private),
        clear if clear.len() == state.private => format!("{} private keys in clear, mode 0600", state.private),
        clear => format!("{} private keys, of which in clear: {}", state.private, clear.join(", ")),
    }
}

fn protect(folder: &Folder, new: Option<&Path>, json: bool) -> Result<()> {
    let new = new.map(passphrase).transpose()?;
    let count = folder.protect(new.as_ref())?;
    if json {
        println!("{}", json!({ "encrypted": count }));
    } else {
        println!("{count} private keys in {} are encrypted.", folder.dir().display());
    }
    if new.is_some() {
        next(&[
            "Put the new passphrase where keys.passphrase comes from before the portal starts again: the earlier one opens nothing now.",
        ]);
    }
    next(&["Copies made before, in clear or under the earlier passphrase, are as they were: replace those backups."]);
    Ok(())
}

fn request(folder: &Folder, config: &Config, output: Option<&Path>, anew: bool, json: bool) -> Result<()> {
    let requested = folder.request(&config.company.name, anew)?;
    if let Some(path) = output {
        save(path, requested.pem.as_bytes())?;
    }
    match (json, output) {
        (true, _) => println!("{}", json!({ "request": requested.pem, "new": requested.new, "file": output })),
        (false, Some(path)) => println!("The request is saved as {}.", path.display()),
        (false, None) => print!("{}", requested.pem),
    }
    if !requested.new {
        next(&["It is the request made before, whose answer is waited for; --anew makes another."]);
    }
    next(&[
        "The authority must keep: keyUsage critical digitalSignature, nonRepudiation; extendedKeyUsage emailProtection, 1.3.6.1.5.5.7.3.36; ECDSA P-256 with SHA-256 up to its root.",
        "When it has answered: passmuster key import --signer signer.pem --root root.pem, and --chain FILE for authorities between the two.",
    ]);
    Ok(())
}

fn import(folder: &Folder, config: &Config, args: ImportArgs, json: bool) -> Result<()> {
    let by = args.by.name();
    let key_passphrase = args.key_passphrase_file.as_deref().map(passphrase).transpose()?;
    let ImportArgs { signer, root, chain, key, .. } = args;
    let brought = Import { signer, root, chain, key, key_passphrase };
    let events = folder.import(&brought, &config.company.log, Utc::now(), &by)?;
    told(&events, json);
    next(&[RESTART]);
    if events.iter().any(|e| matches!(e.key, Key::Root(_))) {
        next(&[NEW_ROOT]);
    }
    Ok(())
}

/// What an auditor is handed, as the configuration has it.
pub fn anchors(keys: &Keys, config: &Config) -> Result<Anchors> {
    let clock = std::sync::Arc::new(crate::compose::SystemClock);
    let time = TimeSource::configured(&config.time, clock)?;
    let roots = time.map(|t| t.roots_pem().to_vec()).unwrap_or_default();
    Ok(keys.anchors(&config.company.name, roots).signing_at(config.portal.place()))
}

fn told(events: &[KeyEvent], json: bool) {
    if json {
        let events: Vec<_> = events
            .iter()
            .map(|e| domain::ejson::plain(&serde_json::to_value(e).expect("an event has only text and dates")))
            .collect();
        println!("{}", json!({ "events": events }));
        return;
    }
    for event in events {
        let said = match &event.key {
            Key::Root(c) | Key::Signer(c) => {
                format!("{}, SHA-256 {}, until {}", c.name, c.fingerprint, words::date(c.until))
            }
            Key::Log { vkey } => vkey.clone(),
            Key::Runner { name, public } => format!("{name}, {public}"),
        };
        let how = serde_json::to_value(event.event).ok().and_then(|w| w.as_str().map(str::to_owned));
        println!("{} {}: {said}", event.key.word(), how.unwrap_or_default());
    }
}

fn next(lines: &[&str]) {
    for line in lines {
        eprintln!("{line}");
    }
}

impl By {
    fn name(&self) -> String {
        let login = || std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok();
        self.by.clone().or_else(login).filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "operator".to_owned())
    }
}

/// The passphrase in a file, without the line's end.
fn passphrase(path: &Path) -> Result<Passphrase> {
    let text = std::fs::read_to_string(path).map(zeroize::Zeroizing::new);
    let text = text.with_context(|| format!("cannot read the passphrase in {}", path.display()))?;
    match Passphrase::new(text.trim_end()) {
        Some(passphrase) => Ok(passphrase),
        None => bail!("{} is empty, and must hold a passphrase", path.display()),
    }
}

/// Whole or not at all.
fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    let dir = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file =
        tempfile::NamedTempFile::new_in(dir).with_context(|| format!("cannot write in {}", dir.display()))?;
    std::io::Write::write_all(&mut file, bytes).context("the disk took only part of it; nothing is left")?;
    file.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}
