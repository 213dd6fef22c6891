//! A private mongod: a replica set of one on loopback, started and stopped with the portal.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use bson::{Document, doc};
use mongodb::{Client, options::ClientOptions};
use tokio::process::{Child, Command};

/// Runs its arguments, and ends them when its standard input closes: also a killed portal leaves no mongod.
const GUARD: &str = r#"exec 3<&0
"$@" </dev/null & pid=$!
(cat <&3 >/dev/null; kill "$pid" 2>/dev/null) & guard=$!
wait "$pid"; code=$?
kill "$guard" 2>/dev/null
exit "$code""#;

pub struct Mongod {
    child: Child,
    port: u16,
}

impl Mongod {
    /// Starts one on a free port with its data in `dir`. One left over from a killed demo is stopped first.
    pub async fn start(dir: &Path) -> Result<Self> {
        Self::start_with(dir, &[]).await
    }

    /// The same with further arguments for mongod.
    pub async fn start_with(dir: &Path, further: &[&str]) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        stop_leftover(dir).await;
        let binary = binary()?;
        let port = free_port()?;
        std::fs::write(dir.join("port"), port.to_string())?;
        let log = dir.join("mongod.log");
        let mut child = Command::new("sh")
            .args(["-c", GUARD, "sh"])
            .arg(&binary)
            .args(["--replSet", "rs0", "--bind_ip", "127.0.0.1", "--nounixsocket", "--quiet"])
            .args(["--wiredTigerCacheSizeGB", "0.5", "--oplogSize", "512", "--logappend"])
            .arg("--port")
            .arg(port.to_string())
            .arg("--dbpath")
            .arg(dir)
            .arg("--logpath")
            .arg(&log)
            .args(further)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C reaches the portal alone, which then stops mongod in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} does not start", binary.display()))?;
        let client = direct(port).await?;
        let admin = client.database("admin");
        let mut initiated = false;
        for _ in 0..600 {
            if let Some(status) = child.try_wait()? {
                bail!("mongod ended at once ({status}). Its log says why: {}{}", log.display(), last_words(&log));
            }
            match admin.run_command(doc! { "hello": 1 }).await {
                Ok(hello) if hello.get_bool("isWritablePrimary").ok() == Some(true) => return Ok(Self { child, port }),
                Ok(_) if !initiated => {
                    let set = doc! { "_id": "rs0", "members": [{ "_id": 0, "host": format!("127.0.0.1:{port}") }] };
                    match admin.run_command(doc! { "replSetInitiate": set.clone() }).await {
                        Ok(_) => {}
                        // Already initiated, under the port of the last start: tell it the new one.
                        Err(_) => reconfigure(&client, port).await?,
                    }
                    initiated = true;
                }
                _ => {}
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        bail!("mongod did not become ready within a minute. Its log: {}{}", log.display(), last_words(&log));
    }

    pub fn uri(&self) -> String {
        format!("mongodb://127.0.0.1:{}/?replicaSet=rs0", self.port)
    }

    /// In order, so that the next start needs no recovery.
    pub async fn stop(mut self) {
        if let Ok(client) = direct(self.port).await {
            // The server hangs up instead of answering.
            let _ = client.database("admin").run_command(doc! { "shutdown": 1, "force": true }).await;
        }
        drop(self.child.stdin.take());
        if tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

async fn direct(port: u16) -> Result<Client> {
    let mut options = ClientOptions::parse(format!("mongodb://127.0.0.1:{port}/?directConnection=true")).await?;
    options.server_selection_timeout = Some(Duration::from_millis(500));
    Ok(Client::with_options(options)?)
}

/// The set's own configuration names a host and port; a restart on another port must say so.
async fn reconfigure(client: &Client, port: u16) -> Result<()> {
    let admin = client.database("admin");
    let mut kept = None;
    for _ in 0..100 {
        // While the set does not find itself in its configuration, only the local copy can be read.
        let found = client.database("local").collection::<Document>("system.replset").find_one(doc! {}).await;
        if let Ok(Some(config)) = found {
            kept = Some(config);
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut config =
        kept.context("mongod's data holds no replica set configuration; move the folder away to begin anew")?;
    let version = config.get_i32("version").unwrap_or(1);
    config.insert("version", version + 1);
    config.insert("members", vec![doc! { "_id": 0, "host": format!("127.0.0.1:{port}") }]);
    admin
        .run_command(doc! { "replSetReconfig": config, "force": true })
        .await
        .context("the replica set cannot be told its new port")?;
    Ok(())
}

async fn stop_leftover(dir: &Path) {
    let port = std::fs::read_to_string(dir.join("port")).ok().and_then(|p| p.trim().parse().ok());
    let Some(port) = port else { return };
    let Ok(client) = direct(port).await else { return };
    let admin = client.database("admin");
    // Another program may have that port by now: only a mongod on this very folder is stopped.
    let Ok(answer) = admin.run_command(doc! { "getCmdLineOpts": 1 }).await else { return };
    let theirs =
        answer.get_document("parsed").and_then(|p| p.get_document("storage")).and_then(|s| s.get_str("dbPath"));
    if theirs
        .is_ok_and(|path| Path::new(path) == dir || std::fs::canonicalize(path).ok() == std::fs::canonicalize(dir).ok())
    {
        let _ = admin.run_command(doc! { "shutdown": 1, "force": true }).await;
        for _ in 0..100 {
            if admin.run_command(doc! { "ping": 1 }).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// `PASSMUSTER_MONGOD`, or `mongod` on the PATH.
pub fn binary() -> Result<PathBuf> {
    if let Some(named) = std::env::var_os("PASSMUSTER_MONGOD") {
        let path = PathBuf::from(named);
        if path.is_file() {
            return Ok(path);
        }
        bail!("PASSMUSTER_MONGOD names {}, which is not there", path.display());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|dir| dir.join("mongod")).find(|p| p.is_file()).context(
        "no mongod on the PATH. `make run` finds or fetches one; else install MongoDB 6 or newer, or set PASSMUSTER_MONGOD to its path",
    )
}

fn free_port() -> Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").context("no free port on the loopback")?;
    Ok(listener.local_addr()?.port())
}

/// The log's last fatal line, if it says one.
fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines()
        .rev()
        .find(|l| l.contains("\"s\":\"F\"") || l.contains("\"s\":\"E\""))
        .map(|l| format!("\n  {l}"))
        .unwrap_or_default()
}
