//! The command line: one binary, a subcommand for each thing it does.

use std::{
    io::IsTerminal,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use app::ports::{Invitation, Invited, Mailed};
use clap::{Args, Parser, Subcommand};
use domain::{
    audit::Terms,
    control::Control,
    person::{self, Email},
    proof::{
        anchors::Anchors,
        bundle::UnverifiedBundle,
        layout,
        verify::{Outcome, Trust, verify},
    },
    role::{Actor, Role, Scope, TokenScope},
    sample::{self, Population},
    schedule::Period,
};
use server::{
    compose::House,
    config::Config,
    demo, doctor, http,
    runner::{
        self, Filed, attest,
        command::{self as look, CompareArgs, FingerprintArgs},
        daemon,
        identity::Identity,
        import::{self, ImportArgs},
        plan::PlanFile,
        portal::Portal,
        progress::{Progress, Silent, Terminal},
    },
    sign::command::{self as key, KeyCommand},
    store::{Store, migrate},
};
use tokio_util::sync::CancellationToken;

/// Proves that backups restore, and hands the auditor evidence that can be checked without trusting anyone.
#[derive(Parser)]
#[command(name = "passmuster", version, arg_required_else_help = true)]
struct Cli {
    /// The configuration file.
    #[arg(long, global = true, default_value = "passmuster.toml")]
    config: PathBuf,
    /// Print JSON for machines.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the portal. Example: passmuster serve --config passmuster.toml
    Serve,
    /// The portal on a private mongod with the example company. Example: passmuster demo --data .demo
    Demo {
        #[arg(long, default_value = "127.0.0.1:3000")]
        listen: SocketAddr,
        /// Kept between runs.
        #[arg(long, default_value = ".demo")]
        data: PathBuf,
    },
    /// Apply the migrations. Example: passmuster migrate --dry-run
    Migrate {
        #[arg(long)]
        dry_run: bool,
    },
    /// Run a restore drill. Example: passmuster drill --source mongodb://prod --target mongodb://staging --exclude alder-finch="a customer's" --portal https://evidence.example.com --token-file token
    Drill(Box<DrillArgs>),
    /// Say which tenants are on the cluster, and which recovery point is said to hold each. Example: passmuster attest --uri mongodb://prod --recovery-points snapshots.json --portal https://evidence.example.com --token-file token
    Attest(Box<AttestArgs>),
    /// Do jobs by their calendars, near the data. Example: passmuster runner start runner.toml
    #[command(subcommand)]
    Runner(RunnerCommand),
    /// Print what is in a database: counts, indexes, options, a digest of all documents. Example: passmuster fingerprint --uri mongodb://staging --db alder-finch > staging.json
    Fingerprint(FingerprintArgs),
    /// Say where two databases differ, down to _ids: 0 equal, 1 different, 2 could not look. Example: passmuster compare mongodb://prod#alder-finch staging.json
    Compare(CompareArgs),
    /// Bring a vendor's own output. Example: atlas backups snapshots list prod --limit 500 -o json | passmuster import atlas-snapshots - --resource prod --portal https://evidence.example.com --token-file token
    Import {
        #[command(flatten)]
        import: Box<ImportArgs>,
        #[command(flatten)]
        portal: PortalArgs,
    },
    /// Make a bundle and save it. Example: passmuster export --period 2026-Q3 --portal http://localhost:3000 --token-file .demo/token -o q3.zip
    Export(ExportArgs),
    /// Write the emergency kit: runbook, contacts, recovery points, signed, for a stick and a printer. Example: passmuster emergency-kit -o /media/stick
    EmergencyKit {
        /// The folder it is written into, in a folder of its own.
        #[arg(short, long)]
        output: PathBuf,
    },
    /// Check a bundle offline: 0 verified, 1 not verified, 2 not readable. Example: passmuster verify evidence.zip --anchors anchors.json
    Verify(VerifyArgs),
    /// People. Example: passmuster user invite --name "The founder" --email founder@example.com --role owner
    #[command(subcommand)]
    User(UserCommand),
    /// Tokens for machines. Example: passmuster token new --name drill-runner --scope drills:write
    #[command(subcommand)]
    Token(TokenCommand),
    /// The signing keys: make, show, encrypt, replace, request, import. Example: passmuster key show
    #[command(subcommand)]
    Key(KeyCommand),
    /// Look at configuration, database, keys, clock and ledger, and say what to do.
    Doctor,
}

#[derive(Subcommand)]
enum RunnerCommand {
    /// Run until stopped. Example: passmuster runner start runner.toml
    Start {
        /// The runner's own configuration.
        #[arg(default_value = "runner.toml")]
        file: PathBuf,
    },
    /// Read the configuration and say when each job is due, and do nothing.
    Check {
        #[arg(default_value = "runner.toml")]
        file: PathBuf,
    },
    /// Note that a job is done, for those that wait for it. Example: mongodump … && passmuster runner done nightly-dump --state /var/lib/passmuster-runner
    Done {
        /// Lower-case letters, digits, hyphens.
        job: String,
        /// The runner's folder.
        #[arg(long)]
        state: PathBuf,
    },
}

#[derive(Args)]
struct AttestArgs {
    /// The MongoDB address of the cluster the tenants live on.
    #[arg(long, env = "PASSMUSTER_ATTEST_URI", hide_env_values = true)]
    uri: String,
    /// What the vendor says: atlas backups snapshots list CLUSTER -o json; or a mongodump directory.
    #[arg(long)]
    recovery_points: PathBuf,
    /// The vendor's list of databases in the newest of them.
    #[arg(long)]
    databases: Option<PathBuf>,
    /// The most that is looked at: declared, listed, counted or fingerprinted (reads every document).
    #[arg(long, value_parser = strength, default_value = "counted")]
    strength: domain::attestation::Strength,
    /// Only these databases are tenants; a name may end with *.
    #[arg(long, value_name = "NAME")]
    include: Vec<String>,
    /// A database that is left out, and why: NAME=WHY.
    #[arg(long, value_name = "NAME=WHY")]
    exclude: Vec<String>,
    /// The cluster's name, as it will stand on pages.
    #[arg(long)]
    cluster: Option<String>,
    #[arg(long, default_value = "operator")]
    by: String,
    #[command(flatten)]
    portal: PortalArgs,
}

/// Who acts where nobody is signed in.
const COMMAND_LINE: &str = "the administrator";

#[derive(Subcommand)]
enum UserCommand {
    /// Print a link that signs a person in once, within a day, and send it when mail is configured. A new person is
    /// made when nobody has that address (or, without one, that name).
    Invite {
        /// As it stands on every page.
        #[arg(long)]
        name: String,
        /// Where codes and invitations go.
        #[arg(long, value_parser = Email::parse)]
        email: Option<Email>,
        /// owner, operator or auditor. An auditor sees the audit period in course, and the controls given.
        #[arg(long, value_parser = role)]
        role: Role,
        /// Such as CC7.5,A1.2; for an auditor. Without it, all.
        #[arg(long, value_delimiter = ',')]
        controls: Vec<String>,
    },
    /// Who may sign in, and who was removed.
    List,
    /// Take somebody's sign-in away: sessions and links end, passkeys are revoked. The last owner stays.
    Remove {
        /// As `passmuster user list` prints it.
        id: String,
    },
}

#[derive(Subcommand)]
enum TokenCommand {
    /// Print a new token; it is shown once.
    New {
        /// Who uses it, as it will stand in the log.
        #[arg(long)]
        name: String,
        /// drills:write, evidence:read; more than one by repeating.
        #[arg(long, required = true)]
        scope: Vec<String>,
        /// After how many days it ends by itself.
        #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
        days: u32,
    },
}

#[derive(Args)]
struct VerifyArgs {
    bundle: PathBuf,
    /// anchors.json as it was handed over when the engagement began: the root's digest, the log's key, time authorities.
    #[arg(long, conflicts_with_all = ["root", "key", "tsa_roots"])]
    anchors: Option<PathBuf>,
    /// The root certificate as it was handed over outside the bundle.
    #[arg(long)]
    root: Option<PathBuf>,
    /// The log's verifier key as it was handed over: a file, with earlier keys that count as well below it.
    #[arg(long)]
    key: Option<PathBuf>,
    /// Roots of the time authorities that are believed: a PEM file.
    #[arg(long)]
    tsa_roots: Option<PathBuf>,
    /// A bundle received earlier.
    #[arg(long)]
    previous: Option<PathBuf>,
}

#[derive(Args)]
struct PortalArgs {
    /// The portal's address.
    #[arg(long, env = "PASSMUSTER_PORTAL_URL")]
    portal: Option<String>,
    /// A file that holds the token.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// The runner's own key, which signs what is pushed; made where there is none yet.
    #[arg(long)]
    key_file: Option<PathBuf>,
}

#[derive(Args)]
struct DrillArgs {
    /// A TOML file; the flags below win over it.
    #[arg(long)]
    plan: Option<PathBuf>,
    /// A MongoDB address, or a directory as mongodump writes it.
    #[arg(long)]
    source: Option<String>,
    /// The MongoDB address to restore into; a database of the drill's own is made there and dropped.
    #[arg(long)]
    target: Option<String>,
    /// Drill this database instead of drawing one.
    #[arg(long, conflicts_with = "draw")]
    db: Option<String>,
    /// Draw, also when the plan names a tenant.
    #[arg(long)]
    draw: bool,
    /// A database that must not be drawn, and why: NAME=WHY.
    #[arg(long, value_name = "NAME=WHY")]
    exclude: Vec<String>,
    /// A host that must never be written to, with or without its port; more than one by repeating.
    #[arg(long, value_name = "HOST")]
    never: Vec<String>,
    /// The target may be the source's own cluster; the record says so.
    #[arg(long)]
    same_cluster: bool,
    /// A value somebody else chose, such as the auditor's number; part of the draw's seed.
    #[arg(long, default_value = "")]
    public_value: String,
    #[arg(long)]
    scenario: Option<String>,
    #[arg(long)]
    rto_minutes: Option<i64>,
    #[arg(long)]
    rpo_minutes: Option<i64>,
    /// Push a record that was saved because the portal was away.
    #[arg(long, value_name = "FILE")]
    push: Option<PathBuf>,
    /// Run no drill; drop copies that earlier drills left on the target: those whose drill the portal says is over, or
    /// those named here.
    #[arg(long, value_name = "DATABASE", num_args = 0..)]
    clear_leftovers: Option<Vec<String>>,
    #[command(flatten)]
    portal: PortalArgs,
}

#[derive(Args)]
struct ExportArgs {
    /// A quarter (2026-Q3) or two days (2026-01-01..2026-06-30); without it, the audit period in course.
    #[arg(long)]
    period: Option<String>,
    /// Such as CC7.5,A1.2; without it, all.
    #[arg(long, value_delimiter = ',')]
    controls: Vec<String>,
    /// Draw this many of the population as a sample; the draw and its shell line are in the bundle.
    #[arg(long, value_name = "N", requires_all = ["population", "public_value"])]
    sample: Option<std::num::NonZeroU32>,
    /// What to draw from: attestations, drills, findings or gaps.
    #[arg(long, requires = "sample", value_parser = population)]
    population: Option<Population>,
    /// A value that the auditor gives, after noting the ledger's head; part of the draw's seed.
    #[arg(long, requires = "sample", value_name = "VALUE")]
    public_value: Option<String>,
    /// Where to save it.
    #[arg(short, long)]
    output: PathBuf,
    #[command(flatten)]
    portal: PortalArgs,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    // Machines' stdout stays clean: the log goes to stderr.
    let filter =
        tracing_subscriber::EnvFilter::try_from_env("PASSMUSTER_LOG").unwrap_or_else(|_| "warn,server=info".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .init();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(e) => {
            eprintln!("passmuster: the system gives no threads: {e}");
            return ExitCode::from(2);
        }
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(e) => {
            server::aside!("passmuster: {e:#}");
            ExitCode::from(1)
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode> {
    let config = || Config::load(&cli.config, std::env::vars());
    match cli.command {
        Command::Serve => serve(config()?).await,
        Command::Demo { listen, data } => run_demo(listen, data, cli.json).await,
        Command::Migrate { dry_run } => run_migrate(config()?, dry_run).await,
        Command::Drill(args) => run_drill(*args, cli.json).await,
        Command::Attest(args) => run_attest(*args, cli.json).await,
        Command::Runner(command) => run_runner(command).await,
        Command::Fingerprint(args) => Ok(look::fingerprint(args).await),
        Command::Compare(args) => Ok(look::compare(args, cli.json).await),
        Command::Import { import, portal } => {
            let portal = if import.pushes() { portal.open()? } else { None };
            import::run(*import, portal, cli.json).await
        }
        Command::Export(args) => export(args, cli.json).await,
        Command::EmergencyKit { output } => emergency_kit(config()?, &output, cli.json).await,
        Command::Verify(args) => run_verify(&args, cli.json),
        Command::Key(command) => key::run(command, &config()?, cli.json).map(|()| ExitCode::SUCCESS),
        Command::User(command) => user(config()?, command, cli.json).await,
        Command::Token(TokenCommand::New { name, scope, days }) => new_token(config()?, &name, &scope, days).await,
        Command::Doctor => run_doctor(config()?, cli.json).await,
    }
}

/// Writes the folder, which must not be there yet.
async fn emergency_kit(config: Config, output: &std::path::Path, json: bool) -> Result<ExitCode> {
    let house = House::open(config).await?;
    let made = server::exports::kit::folder(&house).await?;
    let folder =
        made.context("no version of the runbook is in force, so there is no kit to make: approve one first")?;
    let path = output.join(&folder.name);
    std::fs::create_dir_all(output).with_context(|| format!("{} cannot be made", output.display()))?;
    std::fs::create_dir(&path).with_context(|| format!("{} cannot be made; nothing was written", path.display()))?;
    for file in &folder.files {
        std::fs::write(path.join(file.name), &file.bytes).with_context(|| format!("writing {}", file.name))?;
    }
    if json {
        println!("{}", serde_json::json!({ "folder": path, "files": folder.files.len() }));
    } else {
        println!("{}\nOpen index.html or print runbook.pdf; START-HERE.txt says how to check it.", path.display());
    }
    Ok(ExitCode::SUCCESS)
}

/// Cancelled at the first Ctrl-C or TERM.
fn stop_at_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        let mut term = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(term) => term,
            Err(_) => return,
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = term.recv() => {}
        }
        token.cancel();
    });
    stop
}

async fn serve(config: Config) -> Result<ExitCode> {
    let stop = stop_at_signal();
    let house = House::open(config).await?;
    house.begin().await?;
    let listener = http::bind(&house).await?;
    eprintln!("Passmuster for {} on {}", house.company.name, house.config.portal.public_url);
    if let Some(link) = house.people.first_owner().await? {
        eprintln!("Nobody has signed in here yet. This link signs the first owner in once, within a day:\n  {link}");
    }
    http::serve(&house, listener, stop).await?;
    Ok(ExitCode::SUCCESS)
}

async fn run_demo(listen: SocketAddr, data: PathBuf, json: bool) -> Result<ExitCode> {
    let stop = stop_at_signal();
    let site_root = std::env::var_os("LEPTOS_SITE_ROOT").map_or_else(|| PathBuf::from("target/site"), PathBuf::from);
    let progress = progress();
    let options = demo::Options { listen, data, site_root };
    demo::run(options, &*progress, stop, |ready| {
        if json {
            println!("{}", serde_json::to_string(ready).expect("four lines of text are JSON"));
        } else {
            println!("\nPassmuster for CARTIE, the example company: {}\n", ready.url);
            println!("Sign in once with each of these, within a day:");
            println!("  founder   {}", ready.links.owner);
            println!("  operator  {}", ready.links.operator);
            println!("  auditor   {}\n", ready.links.auditor);
            println!("Its database: {}\nCtrl-C stops everything; the data stays.", ready.mongodb_uri);
        }
    })
    .await?;
    Ok(ExitCode::SUCCESS)
}

async fn run_migrate(config: Config, dry_run: bool) -> Result<ExitCode> {
    let store = Store::connect(&config.database.uri, &config.database.name).await?;
    for migration in migrate::migrate(&store, dry_run).await? {
        let state = match (migration.now, dry_run) {
            (false, _) => "there already",
            (true, false) => "applied",
            (true, true) => "would be applied",
        };
        println!("{}  {state}", migration.name);
        if migration.now {
            for why in migration.whys {
                println!("  {why}");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_drill(args: DrillArgs, json: bool) -> Result<ExitCode> {
    let portal = args.portal.open_signing().await?;
    if let Some(file) = &args.push {
        return push(portal, file).await;
    }
    let mut plan = match &args.plan {
        Some(path) => PlanFile::read(path)?,
        None => PlanFile::default(),
    };
    for (flag, field) in
        [(args.source, &mut plan.source), (args.target, &mut plan.target), (args.scenario, &mut plan.scenario)]
    {
        if flag.is_some() {
            *field = flag;
        }
    }
    plan.never.extend(args.never);
    plan.same_cluster = args.same_cluster.then_some(true).or(plan.same_cluster);
    plan.rto_minutes = args.rto_minutes.or(plan.rto_minutes);
    plan.rpo_minutes = args.rpo_minutes.or(plan.rpo_minutes);
    plan.tenant = if args.draw { None } else { args.db.or(plan.tenant) };
    for text in args.exclude {
        plan.exclude.push(exclusion(&text)?);
    }
    let plan = plan.ready(args.public_value)?;
    if let Some(named) = &args.clear_leftovers {
        return clear_leftovers(&plan, portal.as_ref(), named).await;
    }
    let progress = progress();
    let ended = runner::run(&plan, portal.as_ref(), &*progress, &stop_at_signal()).await?;
    let drill = &ended.drill;
    let record = serde_json::to_string_pretty(drill).context("the record as JSON")?;
    if json {
        server::say!("{record}");
    } else {
        server::say!("{}  {}", ended.id, drill.sentence());
        for check in &drill.checks {
            server::say!("  {:9} {}: {}", check_word(check.verdict), check.id.title(), check.detail);
        }
        server::say!(
            "  RTO {}, RPO {}, contents {}",
            drill.verdict.rto.word(),
            drill.verdict.rpo.word(),
            drill.verdict.contents.word()
        );
    }
    match ended.filed {
        Filed::Sealed(seq) => server::aside!("Filed and sealed at № {seq}."),
        Filed::Nowhere => server::aside!("No portal was named (--portal), so the record is not filed anywhere."),
        Filed::Later(why) => {
            let file = kept(&ended.id, &record)?;
            bail!(
                "the drill ran, and its record was not taken: {why}. It is kept in {0}; file it with: passmuster drill --push {0} --portal … --token-file …",
                file.display()
            );
        }
        Filed::Refused(why) => {
            let file = kept(&ended.id, &record)?;
            bail!("the drill ran, and its record was refused: {why}. It is kept in {}", file.display());
        }
    }
    Ok(if drill.abandoned.is_some() || drill.verdict.contents == domain::verdict::Verdict::Missed {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    })
}

/// Keeps a record that the portal did not take; where the disk does not take it either, it is printed.
fn kept(id: &str, record: &str) -> Result<PathBuf> {
    let file = PathBuf::from(format!("./{id}.json"));
    runner::queue::write_whole(&file, record.as_bytes()).with_context(|| {
        println!("{record}");
        format!(
            "the portal did not take the record of {id}, and {} cannot be written; it is printed above",
            file.display()
        )
    })?;
    Ok(file)
}

async fn clear_leftovers(plan: &runner::plan::Plan, portal: Option<&Portal>, named: &[String]) -> Result<ExitCode> {
    let cleared = runner::leftovers::clear(plan, portal, named).await?;
    for name in &cleared.dropped {
        println!("{name}  dropped");
    }
    for (name, why) in &cleared.kept {
        println!("{name}  kept: {why}");
    }
    if cleared.dropped.is_empty() && cleared.kept.is_empty() {
        println!("No copy of a drill is on {}.", plan.target_host());
    } else if portal.is_none() && named.is_empty() {
        eprintln!(
            "Name those to drop, --clear-leftovers DATABASE …, or let the portal say which are over: --portal, --token-file."
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_attest(args: AttestArgs, json: bool) -> Result<ExitCode> {
    let portal = args.portal.open_signing().await?;
    let at = domain::Moment::from(chrono::Utc::now());
    let plan = attest::Plan {
        uri: args.uri,
        vendor: attest::Vendor::Files { recovery_points: args.recovery_points, databases: args.databases },
        strength: args.strength,
        include: (!args.include.is_empty()).then_some(args.include),
        exclude: args.exclude.iter().map(|text| exclusion(text)).collect::<Result<_>>()?,
        cluster: args.cluster,
        by: args.by,
    };
    let progress = progress();
    let run_id = format!("attest-{}", at.utc().format("%Y%m%dT%H%M%S"));
    let ran = attest::run(&plan, &run_id, at, &*progress).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&ran.attestations).context("attestations as JSON")?);
    } else {
        for a in &ran.attestations {
            let read = a.read.as_ref().map(|r| format!(", {} documents", domain::words::count(r.documents)));
            println!("{}  {} in {}{}", a.tenant, a.strength.word(), a.recovery_point.id, read.unwrap_or_default());
        }
        for left in &ran.attested.left_out {
            println!("{}  left out: {}", left.name, left.why);
        }
    }
    match portal {
        Some(portal) => {
            let filed = portal.attest(&ran.attestations).await?;
            eprintln!("{} filed and sealed, {} were there already.", filed.filed, filed.known);
        }
        None => eprintln!("No portal was named (--portal), so nothing is filed anywhere."),
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_runner(command: RunnerCommand) -> Result<ExitCode> {
    match command {
        RunnerCommand::Done { job, state } => {
            if !domain::job::is_name(&job) {
                bail!("{job:?} is not 1 to 60 lower-case letters, digits or hyphens");
            }
            daemon::state::report(&state, &job, domain::Moment::from(chrono::Utc::now()))?;
        }
        RunnerCommand::Check { file } => {
            let config = daemon::config::Config::read(&file).await?;
            let now = domain::Moment::from(chrono::Utc::now());
            for job in &config.jobs {
                let next = job.calendar.next(now).map(domain::words::date_time).unwrap_or_default();
                println!("{}  {}, {} Next: {next} UTC", job.name, job.kind().word(), job.calendar.says());
            }
        }
        RunnerCommand::Start { file } => {
            let config = daemon::config::Config::read(&file).await?;
            let clock = std::sync::Arc::new(server::compose::SystemClock);
            let progress: std::sync::Arc<dyn Progress> = progress().into();
            let daemon = daemon::Daemon::open(config, clock, progress).await?;
            daemon::run(daemon, stop_at_signal()).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// NAME=WHY
fn exclusion(text: &str) -> Result<domain::drill::Excluded> {
    let (name, why) =
        text.split_once('=').context("--exclude takes NAME=WHY: an exclusion without a reason proves nothing")?;
    Ok(domain::drill::Excluded { name: name.to_owned(), why: why.to_owned() })
}

fn strength(text: &str) -> Result<domain::attestation::Strength, String> {
    use domain::attestation::Strength::*;
    let known = [Declared, Listed, Counted, Fingerprinted].into_iter().find(|s| s.word() == text);
    known.ok_or_else(|| "declared, listed, counted or fingerprinted".to_owned())
}

async fn push(portal: Option<Portal>, file: &Path) -> Result<ExitCode> {
    let portal = portal.context("--push needs --portal and --token-file")?;
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let drill = serde_json::from_str(&text).with_context(|| format!("{} is not a drill's record", file.display()))?;
    let id = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let seq = portal.finish(&id, &drill).await?;
    eprintln!("Filed and sealed at № {seq}.");
    Ok(ExitCode::SUCCESS)
}

fn check_word(verdict: domain::drill::CheckVerdict) -> &'static str {
    match verdict {
        domain::drill::CheckVerdict::Passes => "passes",
        domain::drill::CheckVerdict::Fails => "FAILS",
        domain::drill::CheckVerdict::NotRun => "not run",
    }
}

async fn export(args: ExportArgs, json: bool) -> Result<ExitCode> {
    let portal = args.portal.open()?.context("which portal? Give --portal and --token-file")?;
    if !json {
        eprintln!("Making the bundle …");
    }
    let mut wish = serde_json::json!({ "period": args.period, "controls": args.controls });
    if let (Some(size), Some(population), Some(value)) = (args.sample, args.population, &args.public_value) {
        let ask = sample::Ask::new(population, size.get(), value)?;
        wish["sample"] =
            serde_json::json!({ "population": ask.population, "size": ask.size, "publicValue": ask.public_value });
    }
    let told = std::cell::RefCell::new(String::new());
    let tell = |step: &str, done: u64, total: u64| {
        let says = if total > 0 { format!("{step}: {done} of {total}") } else { step.to_owned() };
        if !json && *told.borrow() != says {
            eprintln!("{says}");
            told.replace(says);
        }
    };
    // Whole or not at all: a name that exists holds a whole bundle.
    let dir = args.output.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file =
        tempfile::NamedTempFile::new_in(dir).with_context(|| format!("cannot write in {}", dir.display()))?;
    let id = portal.export(&wish, tell, &mut file).await?;
    let bytes = file.as_file().metadata()?.len();
    file.persist(&args.output).with_context(|| format!("cannot write {}", args.output.display()))?;
    let drawn = match args.sample {
        Some(_) => Some(drawn(&args.output).context("the bundle was saved, and the sample in it cannot be read")?),
        None => None,
    };
    if json {
        let made = serde_json::json!({ "id": id, "bytes": bytes, "file": args.output, "sample": drawn });
        println!("{made}");
    } else {
        println!(
            "{id}, {}, saved as {}",
            domain::words::bytes(i64::try_from(bytes).unwrap_or(i64::MAX)),
            args.output.display()
        );
        if let Some(drawn) = drawn {
            println!("sample: {}", drawn.says());
            for item in &drawn.chosen {
                println!("  № {:<6} {}", item.seq, item.id);
            }
            println!("to draw again, in the bundle's folder:\n{}", drawn.recipe);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The draw as the bundle says it; `passmuster verify` makes it again.
fn drawn(zip: &Path) -> Result<sample::Drawn> {
    let zip = std::fs::read(zip)?;
    Ok(serde_json::from_slice(&UnverifiedBundle::read(&zip)?.file(layout::DRAW)?)?)
}

fn population(text: &str) -> Result<Population, sample::AskError> {
    Population::from_id(text).ok_or(sample::AskError::Population)
}

fn run_verify(args: &VerifyArgs, json: bool) -> Result<ExitCode> {
    let unreadable = |path: &Path, e: std::io::Error| {
        eprintln!("passmuster: cannot read {}: {e}", path.display());
        ExitCode::from(2)
    };
    macro_rules! read {
        ($path:expr) => {
            match std::fs::read($path) {
                Ok(bytes) => bytes,
                Err(e) => return Ok(unreadable($path, e)),
            }
        };
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim().to_owned();
    let bytes = read!(&args.bundle);
    let mut trust = Trust::default();
    if let Some(path) = &args.anchors {
        trust = match Anchors::parse(&text(read!(path))) {
            Ok(anchors) => anchors.trust(),
            Err(e) => {
                eprintln!("passmuster: {}: {e}", path.display());
                return Ok(ExitCode::from(2));
            }
        };
    }
    if let Some(path) = &args.root {
        trust.root_pem = Some(text(read!(path)));
    }
    if let Some(path) = &args.key {
        let mut keys = text(read!(path)).lines().map(str::to_owned).collect::<Vec<_>>().into_iter();
        trust.vkey = Some(keys.next().unwrap_or_default());
        trust.earlier_vkeys = keys.collect();
    }
    if let Some(path) = &args.tsa_roots {
        trust.tsa_roots_pem = Some(text(read!(path)));
    }
    if let Some(path) = &args.previous {
        trust.previous = Some(read!(path));
    }
    let report = verify(&bytes, &trust, domain::Moment::from(chrono::Utc::now()));
    if json {
        print!("{}", report.json());
    } else {
        print!("{}", report.text());
    }
    Ok(match report.outcome {
        Outcome::Verified => ExitCode::SUCCESS,
        Outcome::NotVerified => ExitCode::from(1),
        Outcome::Unreadable => ExitCode::from(2),
    })
}

async fn user(config: Config, command: UserCommand, json: bool) -> Result<ExitCode> {
    let house = House::open(config).await?;
    match command {
        UserCommand::Invite { name, email, role, controls } => {
            invite(&house, &name, email, role, &controls, json).await
        }
        UserCommand::List => list_people(&house, json).await,
        UserCommand::Remove { id } => {
            if !house.people.remove_by(COMMAND_LINE, &id).await? {
                bail!("nobody here has the id {id}; passmuster user list prints them");
            }
            eprintln!("{id} is removed: sessions and links have ended, passkeys are revoked.");
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn invite(
    house: &House,
    name: &str,
    email: Option<Email>,
    role: Role,
    controls: &[String],
    json: bool,
) -> Result<ExitCode> {
    let name = person::name(name)?;
    let controls = controls
        .iter()
        .map(|id| Control::from_id(id).with_context(|| format!("{id} is none of CC7.1 to CC7.5, A1.1 to A1.3")))
        .collect::<Result<Vec<_>>>()?;
    if role != Role::Auditor && !controls.is_empty() {
        bail!("--controls is for auditors; an owner and an operator see everything");
    }
    let people = house.store.people().await?;
    let there = people.iter().filter(|p| p.removed.is_none()).find(|p| match &email {
        Some(_) => p.email == email,
        None => p.actor.name == name,
    });
    let invited = match there {
        Some(p) if p.actor.role != role => {
            bail!("{} is here as {}; an owner changes that on /settings/people", p.actor.name, p.actor.role.word())
        }
        Some(p) => house.people.invite_again_by(COMMAND_LINE, &p.actor.id).await?.context("removed just now")?,
        None => {
            let invited = house.people.invite_by(COMMAND_LINE, &Invitation { name, email, role }).await?;
            if role == Role::Auditor {
                open_audit(house, &invited, controls).await?;
            }
            invited
        }
    };
    if json {
        println!("{}", serde_json::to_string(&invited)?);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", invited.link);
    eprintln!("It signs {} in once, within a day.", invited.name);
    match invited.mail {
        Mailed::Sent(to) => eprintln!("It was sent to {to} as well."),
        Mailed::Refused(why) => eprintln!("It was not sent: {why}."),
        Mailed::NotTried => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Somebody invited as an auditor from here sees the period in course; without an audit they would see nothing.
async fn open_audit(house: &House, auditor: &Invited, controls: Vec<Control>) -> Result<()> {
    let now = house.clock.now();
    let terms = Terms {
        firm: auditor.name.clone(),
        people: vec![auditor.id.clone()],
        period: house.company.audit_period,
        controls: if controls.is_empty() { Control::ALL.to_vec() } else { controls },
        access: Period { from: now, to: now.plus_millis(365 * 24 * 3600 * 1000) },
    };
    let by = Actor { id: "cli".into(), name: COMMAND_LINE.into(), role: Role::Owner, scope: Scope::EVERYTHING };
    let audit = house.ports.audits.open(terms, &by).await?;
    eprintln!("Audit {audit}: the period in course, for a year; change it on /settings/audits.");
    Ok(())
}

async fn list_people(house: &House, json: bool) -> Result<ExitCode> {
    let people = app::ports::People::all(&*house.people).await?;
    if json {
        println!("{}", serde_json::to_string(&people)?);
        return Ok(ExitCode::SUCCESS);
    }
    for p in people {
        let seen = match (&p.removed, p.last_seen) {
            (Some(removed), _) => format!("removed {} by {}", domain::words::date(removed.at), removed.by),
            (None, Some(at)) => format!("last seen {}", domain::words::date_time(at)),
            (None, None) => "never signed in".to_owned(),
        };
        let email = p.email.map(String::from).unwrap_or_default();
        println!("{:24} {:10} {:32} {email:32} {seen}", p.actor.id, p.actor.role.word(), p.actor.name);
    }
    Ok(ExitCode::SUCCESS)
}

fn role(word: &str) -> Result<Role, String> {
    Role::from_word(word).ok_or_else(|| "owner, operator or auditor".to_owned())
}

fn plural_days(days: u32) -> String {
    if days == 1 { "a day".to_owned() } else { format!("{days} days") }
}

async fn new_token(config: Config, name: &str, scopes: &[String], days: u32) -> Result<ExitCode> {
    let house = House::open(config).await?;
    let scopes = scopes
        .iter()
        .map(|s| {
            serde_json::from_value(serde_json::json!(s))
                .with_context(|| format!("{s} is no scope: drills:write or evidence:read"))
        })
        .collect::<Result<Vec<TokenScope>>>()?;
    println!("{}", house.store.new_token(name, &scopes, days, "the command line", house.clock.now()).await?);
    eprintln!("It is shown once and kept only as its digest; it ends after {}.", plural_days(days));
    Ok(ExitCode::SUCCESS)
}

async fn run_doctor(config: Config, json: bool) -> Result<ExitCode> {
    let shown = config.shown();
    let findings = doctor::look(config).await;
    let well = findings.iter().all(|f| f.ok);
    if json {
        println!("{}", serde_json::json!({ "configuration": shown, "findings": findings }));
    } else {
        for (key, value) in shown {
            println!("{key:22} {value}");
        }
        println!();
        for f in findings {
            let mark = match (f.ok, f.next.is_empty()) {
                (false, _) => "WRONG",
                (true, true) => "ok   ",
                (true, false) => "note ",
            };
            println!("{mark}  {}: {}", f.what, f.found);
            if !f.next.is_empty() {
                println!("       {}", f.next);
            }
        }
    }
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

impl PortalArgs {
    fn open(&self) -> Result<Option<Portal>> {
        let Some(url) = &self.portal else { return Ok(None) };
        let path = self.token_file.as_ref().context("--portal needs --token-file: the file that holds its token")?;
        let token =
            std::fs::read_to_string(path).with_context(|| format!("cannot read the token in {}", path.display()))?;
        Ok(Some(Portal::new(url, &token)?))
    }

    /// The same for what files records: signed, where a key is named.
    async fn open_signing(&self) -> Result<Option<Portal>> {
        match (self.open()?, &self.key_file) {
            (Some(portal), Some(path)) => Ok(Some(portal.signing(std::sync::Arc::new(Identity::at(path)?)).await?)),
            (portal, _) => Ok(portal),
        }
    }
}

fn progress() -> Box<dyn Progress> {
    if std::env::var_os("PASSMUSTER_QUIET").is_some() { Box::new(Silent) } else { Box::new(Terminal::default()) }
}
