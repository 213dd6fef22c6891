//! Processes that can be killed and started again: a mongod on a port of its own, the portal, the runner.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use bson::doc;
use mongodb::{Client, options::ClientOptions};

use crate::portal::Portal;

/// Waits for what must come; how long it takes is nobody's matter.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "{what} never came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|s| s.local_addr()).expect("a port").port()
}

/// A process, and the file in which all that it prints lies.
pub struct Process {
    child: Child,
    said: PathBuf,
}

impl Process {
    pub fn start(command: &mut Command, said: PathBuf) -> Self {
        let file = File::create(&said).expect("a file");
        let twin = file.try_clone().expect("a file");
        let child = command.stdin(Stdio::null()).stdout(file).stderr(twin).spawn().expect("it starts");
        Self { child, said }
    }

    /// SIGKILL, and it is gone.
    pub fn kill(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }

    pub fn said(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.said).expect("what it said")).into_owned()
    }

    pub async fn says(&self, words: &str) {
        until(words, async || self.said().contains(words).then_some(())).await;
    }

    pub async fn ended(&mut self) -> (ExitStatus, String) {
        let status = until("its end", async || self.child.try_wait().expect("asked")).await;
        (status, self.said())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A replica set of one, always on the same port.
pub struct Mongod {
    pub port: u16,
    dir: PathBuf,
    process: Process,
}

impl Mongod {
    pub async fn open(dir: &Path) -> Self {
        let (port, dir) = (free_port(), dir.join("db"));
        fs::create_dir(&dir).expect("a folder");
        let mongod = Self { port, process: start(port, &dir), dir };
        let admin = mongod.direct().await.database("admin");
        let set = doc! { "_id": "rs0", "members": [{ "_id": 0, "host": format!("127.0.0.1:{port}") }] };
        until("mongod", async || admin.run_command(doc! { "replSetInitiate": set.clone() }).await.ok()).await;
        mongod.ready().await;
        mongod
    }

    pub fn uri(&self) -> String {
        format!("mongodb://127.0.0.1:{}/?replicaSet=rs0", self.port)
    }

    async fn direct(&self) -> Client {
        let uri = format!("mongodb://127.0.0.1:{}/?directConnection=true", self.port);
        let mut options = ClientOptions::parse(uri).await.expect("an address");
        options.server_selection_timeout = Some(Duration::from_millis(200));
        Client::with_options(options).expect("a client")
    }

    async fn ready(&self) {
        let admin = self.direct().await.database("admin");
        until("a primary", async || {
            let hello = admin.run_command(doc! { "hello": 1 }).await.ok()?;
            hello.get_bool("isWritablePrimary").ok()?.then_some(())
        })
        .await;
    }

    pub fn kill(&mut self) {
        self.process.kill();
    }

    pub async fn start_again(&mut self) {
        self.process = start(self.port, &self.dir);
        self.ready().await;
    }
}

fn start(port: u16, dir: &Path) -> Process {
    let mut command = Command::new(server::demo::mongod::binary().expect("a mongod: set PASSMUSTER_MONGOD"));
    command.args(["--replSet", "rs0", "--bind_ip", "127.0.0.1", "--nounixsocket", "--quiet"]);
    command.args(["--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64", "--setParameter", "enableTestCommands=1"]);
    command.arg("--port").arg(port.to_string()).arg("--dbpath").arg(dir);
    Process::start(&mut command, dir.with_extension("log"))
}

/// `passmuster serve` on a fixed port; its database and keys are those of a portal in this process, which looks at them.
pub struct Serve {
    pub url: String,
    listen: std::net::SocketAddr,
    file: PathBuf,
    process: Process,
}

impl Serve {
    pub async fn start(portal: &Portal, dir: &Path) -> Self {
        let config = &*portal.house.config;
        let file = dir.join("portal.toml");
        fs::write(&file, toml::to_string(config).expect("TOML")).expect("written");
        let listen = config.portal.listen;
        let serve = Self { url: format!("http://{listen}"), listen, process: serve(&file), file };
        serve.ready().await;
        serve
    }

    async fn ready(&self) {
        until("the portal", async || tokio::net::TcpStream::connect(self.listen).await.ok()).await;
    }

    pub fn kill(&mut self) {
        self.process.kill();
    }

    pub async fn start_again(&mut self) {
        self.process = serve(&self.file);
        self.ready().await;
    }
}

fn serve(file: &Path) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_passmuster"));
    command.arg("serve").arg("--config").arg(file);
    Process::start(&mut command, file.with_extension("said"))
}
