//! A real mail server for the tests: aiosmtpd from PyPI, by `tools/smtp.py`.

use std::{path::Path, time::Duration};

use serde::Deserialize;
use server::config::{self, Tls};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

pub struct Post {
    pub port: u16,
    lines: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

#[derive(Debug, Deserialize)]
pub struct Letter {
    pub sender: String,
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Post {
    pub async fn start() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let python = root.join("target/python/bin/python");
        assert!(python.exists(), "run tools/python first, or the tests by `make test`");
        let mut process = Command::new(python)
            .arg(root.join("tools/smtp.py"))
            .stdout(std::process::Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the mail server starts");
        let mut lines = BufReader::new(process.stdout.take().expect("its words")).lines();
        #[derive(Deserialize)]
        struct Listening {
            listening: u16,
        }
        let first = lines.next_line().await.expect("a line").expect("its port");
        let Listening { listening: port } = serde_json::from_str(&first).expect("its port");
        Self { port, lines, _process: process }
    }

    pub fn config(&self) -> config::Mail {
        config::Mail {
            from: "Evidence <evidence@testwerk.example>".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls: Tls::None,
            ..config::Mail::default()
        }
    }

    /// The next letter.
    pub async fn letter(&mut self) -> Letter {
        let line = tokio::time::timeout(Duration::from_secs(20), self.lines.next_line()).await;
        serde_json::from_str(&line.expect("a letter in time").expect("a line").expect("a letter")).expect("a letter")
    }

    /// No letter comes within a second.
    pub async fn nothing(&mut self) {
        let line = tokio::time::timeout(Duration::from_secs(1), self.lines.next_line()).await;
        assert!(line.is_err(), "nobody was to be written to: {line:?}");
    }
}
