//! A real time authority on the loopback: `openssl ts` behind HTTP, and the ways it may go wrong.

use std::{
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::StatusCode, response::IntoResponse, routing::post};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Honest,
    /// Answers after two seconds.
    Slow,
    Refuses,
    /// HTTP 503.
    Busy,
    Garbage,
    Endless,
    /// Its first answer to anybody, again and again.
    OldAnswer,
    /// A token over other data with the right nonce.
    OtherData,
}

#[derive(Clone, Copy, Debug)]
pub enum KeyOf {
    P256,
    Rsa,
}

pub struct Authority {
    pub url: String,
    dir: Arc<tempfile::TempDir>,
    mode: Arc<Mutex<Mode>>,
}

#[derive(Clone)]
struct Answering {
    dir: Arc<tempfile::TempDir>,
    mode: Arc<Mutex<Mode>>,
    first: Arc<Mutex<Option<Vec<u8>>>>,
}

const CONFIG: &str = "\
[req]
distinguished_name = name
prompt = no
[name]
CN = Time Root
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = here
[here]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
clock_precision_digits = 3
";

impl Authority {
    pub async fn start(key: KeyOf) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
        write("ts.cnf", CONFIG);
        write("serial", "01\n");
        let new_key = match key {
            KeyOf::P256 => "ec -pkeyopt ec_paramgen_curve:P-256",
            KeyOf::Rsa => "rsa:2048",
        };
        let run = |line: &str| openssl(dir.path(), line);
        run(&format!(
            "req -x509 -newkey {new_key} -nodes -keyout root.key -out root.pem -days 30 -config ts.cnf -extensions root"
        ));
        run(&format!(
            "req -newkey {new_key} -nodes -keyout tsa.key -out tsa.csr -subj /CN=Time-Authority -config ts.cnf"
        ));
        run(
            "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -days 20 -out tsa.pem -extfile ts.cnf -extensions leaf",
        );
        let (dir, mode) = (Arc::new(dir), Arc::new(Mutex::new(Mode::Honest)));
        let state = Answering { dir: dir.clone(), mode: mode.clone(), first: Arc::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/tsr", listener.local_addr().expect("an address"));
        let router = Router::new().route("/tsr", post(answer)).with_state(state);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, dir, mode }
    }

    pub fn set(&self, mode: Mode) {
        *self.mode.lock().expect("no panic while it was held") = mode;
    }

    pub fn roots_file(&self) -> std::path::PathBuf {
        self.dir.path().join("root.pem")
    }

    pub fn roots(&self) -> String {
        std::fs::read_to_string(self.roots_file()).expect("a root")
    }
}

async fn answer(State(here): State<Answering>, query: Bytes) -> axum::response::Response {
    let mode = *here.mode.lock().expect("no panic while it was held");
    let reply = |query: Vec<u8>| {
        let dir = here.dir.clone();
        tokio::task::spawn_blocking(move || reply(dir.path(), &query))
    };
    match mode {
        Mode::Slow => tokio::time::sleep(Duration::from_secs(2)).await,
        Mode::Busy => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mode::Garbage => return "<html>The proxy says no</html>".into_response(),
        Mode::Endless => return vec![b'0'; 1 << 20].into_response(),
        _ => {}
    }
    let mut query = query.to_vec();
    if mode == Mode::Refuses {
        // Another digest's name: the authority answers badAlg.
        let sha256 = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
        let at = query.windows(9).position(|w| w == sha256).expect("a digest's name");
        query[at + 8] = 0x02;
    }
    if mode == Mode::OtherData {
        let at = query.windows(2).position(|w| w == [0x04, 0x20]).expect("a digest") + 2;
        query[at] ^= 1;
    }
    let made = reply(query).await.expect("a reply");
    let first = here.first.lock().expect("no panic while it was held").get_or_insert_with(|| made.clone()).clone();
    if mode == Mode::OldAnswer { first.into_response() } else { made.into_response() }
}

fn reply(dir: &Path, query: &[u8]) -> Vec<u8> {
    // One at a time: the serial number is a file.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().expect("no panic while it was held");
    std::fs::write(dir.join("query"), query).expect("written");
    openssl(dir, "ts -reply -config ts.cnf -queryfile query -signer tsa.pem -inkey tsa.key -out reply");
    std::fs::read(dir.join("reply")).expect("a reply")
}

/// Runs openssl in a folder and returns what it printed; it must succeed.
pub fn openssl(dir: &Path, line: &str) -> String {
    let done = Command::new("openssl").current_dir(dir).args(line.split(' ')).output().expect("openssl runs");
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success(), "openssl {line}: {said}");
    said
}
