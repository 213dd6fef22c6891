//! `passmuster import`: brings a vendor's own output to the portal, as it was printed.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result, bail};
use clap::Args;
use connectors::Connector;

use super::portal::Portal;
use crate::http::imports::{Beside, LARGEST};

#[derive(Args)]
pub struct ImportArgs {
    /// Which tool's output: --list names them.
    #[arg(required_unless_present = "list")]
    kind: Option<String>,
    /// A file, or - for what is piped in.
    #[arg(required_unless_present = "list")]
    file: Option<PathBuf>,
    /// Name the kinds and what prints each, and do nothing.
    #[arg(long)]
    list: bool,
    /// Only read it and say what was understood; no portal is needed.
    #[arg(long, conflicts_with = "list")]
    check: bool,
    /// The datastore, bucket or cluster that was asked about, where the output does not say.
    #[arg(long)]
    resource: Option<String>,
    #[arg(long)]
    region: Option<String>,
    #[arg(long)]
    account: Option<String>,
    /// When the tool was asked: 2026-11-16T12:00:00Z.
    #[arg(long)]
    collected_at: Option<String>,
    /// The command that printed it, for the record.
    #[arg(long)]
    command: Option<String>,
    /// The tool's version, for the record.
    #[arg(long)]
    tool: Option<String>,
}

impl ImportArgs {
    /// Whether a portal is wanted.
    pub fn pushes(&self) -> bool {
        !self.list && !self.check
    }
}

pub async fn run(args: ImportArgs, portal: Option<Portal>, json: bool) -> Result<ExitCode> {
    if args.list {
        list(json)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (Some(kind), Some(file)) = (&args.kind, &args.file) else { bail!("which kind, and which file?") };
    let Some(connector) = connectors::of(kind) else {
        bail!("there is no kind {kind}: passmuster import --list names them");
    };
    let bytes = bytes(file)?;
    if args.check {
        return check(connector, &bytes, &args, json);
    }
    let portal = portal.context("no portal: give --portal and --token-file, or --check to only read it")?;
    let beside = Beside {
        resource: args.resource,
        region: args.region,
        account: args.account,
        collected_at: args.collected_at,
        command: args.command,
        tool: args.tool,
    };
    let imported = portal.import(connector.kind, &beside, bytes).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&imported)?);
        return Ok(ExitCode::SUCCESS);
    }
    let known = imported.facts - imported.new;
    println!("{}: {} facts, {} of them new, {known} known before.", imported.import, imported.facts, imported.new);
    for place in &imported.not_understood {
        println!("  not understood, and kept as it was said: {place}");
    }
    Ok(ExitCode::SUCCESS)
}

fn list(json: bool) -> Result<()> {
    if json {
        let each = connectors::ALL
            .iter()
            .map(|c| serde_json::json!({ "kind": c.kind, "title": c.title, "command": c.command }));
        println!("{}", serde_json::to_string_pretty(&each.collect::<Vec<_>>())?);
        return Ok(());
    }
    for connector in connectors::ALL {
        println!("{:24} {}\n{:24} {}", connector.kind, connector.title, "", connector.command);
    }
    Ok(())
}

fn check(connector: &Connector, bytes: &[u8], args: &ImportArgs, json: bool) -> Result<ExitCode> {
    let about = connectors::About {
        resource: args.resource.clone(),
        region: args.region.clone(),
        account: args.account.clone(),
        collected_at: args.collected_at.as_deref().and_then(domain::Moment::parse),
    };
    let read = match (connector.read)(bytes, &about) {
        Ok(read) => read,
        Err(unread) => {
            let others = connectors::looks_like(bytes, connector.kind);
            let hint =
                if others.is_empty() { String::new() } else { format!("; it looks like {}", others.join(" or ")) };
            bail!("{}: {unread}{hint}", connector.kind);
        }
    };
    if json {
        println!("{}", serde_json::to_string_pretty(&read.facts)?);
        return Ok(ExitCode::SUCCESS);
    }
    for fact in &read.facts {
        println!("{}", fact.about());
    }
    for place in &read.not_understood {
        println!("not understood, and kept as it was said: {}: {}", place.at, place.says);
    }
    if read.passed_by > 0 {
        println!("{} more are of no concern here and were passed by.", read.passed_by);
    }
    println!("{} facts; nothing was sent.", read.facts.len());
    Ok(ExitCode::SUCCESS)
}

fn bytes(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = LARGEST as u64 + 1;
    if file == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes).context("what is piped in cannot be read")?;
    } else {
        let open = std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
        open.take(most).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", file.display()))?;
    }
    if bytes.len() > LARGEST {
        bail!("it is larger than 64 MiB: ask the tool for less at once");
    }
    Ok(bytes)
}
