//! What lies between them is cut: for a moment, for a while, for good.

use std::{net::SocketAddr, sync::Arc};

use domain::{drill::StepId, verdict::Verdict};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{
    Held,
    field::{Field, NEVER, Ways, copy_of, note},
};

/// A way to somebody that can be cut and mended.
pub struct Wire {
    pub at: SocketAddr,
    open: Arc<watch::Sender<bool>>,
}

impl Wire {
    pub async fn to(there: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("an address");
        let open = Arc::new(watch::Sender::new(true));
        let state = open.clone();
        tokio::spawn(async move {
            while let Ok((mut here, _)) = listener.accept().await {
                let mut cut = state.subscribe();
                tokio::spawn(async move {
                    if !*cut.borrow() {
                        return;
                    }
                    let Ok(mut there) = TcpStream::connect(there).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut here, &mut there) => {}
                        _ = cut.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Self { at, open }
    }

    pub async fn to_portal(url: &str) -> Self {
        Self::to(url.trim_start_matches("http://").parse().expect("an address")).await
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.at)
    }

    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    pub fn mend(&self) {
        self.open.send_replace(true);
    }
}

/// The source is reached directly, and the target by the wire.
fn ways(field: &Field, wire: &Wire, patience_ms: u32) -> Ways {
    let more = format!("directConnection=true&appName=target&serverSelectionTimeoutMS={patience_ms}");
    Ways { target: format!("mongodb://{}/?{more}", wire.at), ..field.ways(patience_ms) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_cut_off_in_mid_restore_is_carried_on_with_or_told_as_an_open_copy() {
    let field = Field::open().await;
    let url = field.portal.serve().await;
    let wire = Wire::to(([127, 0, 0, 1], field.mongod.port).into()).await;
    let held = Held::at(StepId::Restore);

    // For a moment: what was under way is sent once more, and is there once.
    field.hold(&held, NEVER).await;
    let mut runner = field.start(field.command(&ways(&field, &wire, 60_000), &url, &[]));
    let id = field.held_in(&held).await;
    wire.cut();
    field.forget().await;
    wire.mend();
    let (status, said) = runner.ended().await;
    assert!(status.success(), "{said}");
    let drill = field.one(&id).await;
    assert_eq!((drill.abandoned.as_deref(), drill.verdict.contents), (None, Verdict::Met));
    assert!(field.copies().await.is_empty());

    // For good: the copy stays, and everybody says so.
    field.hold(&held, NEVER).await;
    let mut runner = field.start(field.command(&ways(&field, &wire, 1000), &url, &[]));
    let id = field.held_in(&held).await;
    wire.cut();
    let (status, said) = runner.ended().await;
    field.forget().await;
    assert_eq!(status.code(), Some(1), "{said}");
    let drill = field.one(&id).await;
    let why = drill.abandoned.as_deref().expect("abandoned");
    let creating = why.contains("creating");
    assert!(
        (creating || why.contains("restoring")) && (why.contains("connection") || why.contains("no server answers")),
        "{why}"
    );
    assert!(drill.open_copy().is_some() && note(&drill, StepId::TearDown).contains("the target did not answer"));
    assert_eq!(field.copies().await, [copy_of(&id)]);
    assert!(field.canaries().await.is_empty(), "the source was in reach");
    let next = field.succeeds(&url).await;
    assert!(note(&next, StepId::Provision).contains(&format!("{} of drill {id}", copy_of(&id))));
    field.clear_leftovers(&url).await;
    assert!(field.copies().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_cut_off_in_the_middle_gets_the_record_when_it_is_in_reach_again_or_from_a_file() {
    let field = Field::open().await;
    let url = field.portal.serve().await;
    let wire = Wire::to_portal(&url).await;
    let held = Held { step: StepId::Query, ..Held::at(StepId::Query) };

    // Away to the end, and back while the runner still tries.
    field.hold(&held, 1000).await;
    let mut runner = field.drill(&wire.url());
    let id = field.held_in(&held).await;
    wire.cut();
    field.let_go().await;
    runner.says(StepId::TearDown.title()).await;
    wire.mend();
    let (status, said) = runner.ended().await;
    assert!(status.success() && said.contains("Filed and sealed"), "{said}");
    assert_eq!(field.one(&id).await.abandoned, None);

    // Away for so long that the portal takes the runner for dead: that is the record, and the other is kept beside. The
    // folder it is to be kept in is gone as well, so it is printed.
    field.hold(&held, 1000).await;
    let nowhere = field.path("nowhere");
    std::fs::create_dir(&nowhere).expect("a folder");
    let mut command = field.command(&field.ways(1000), &wire.url(), &[]);
    command.current_dir(&nowhere);
    let mut runner = field.start(command);
    let id = field.held_in(&held).await;
    wire.cut();
    std::fs::remove_dir(&nowhere).expect("removed");
    field.fall_silent().await;
    field.let_go().await;
    runner.says(StepId::TearDown.title()).await;
    wire.mend();
    let (status, said) = runner.ended().await;
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains("cannot be written; it is printed above") && said.contains("\"restoreMs\""), "{said}");
    assert!(field.one(&id).await.abandoned.is_some_and(|why| why.contains("fell silent")));

    // Away for good: the record lies in a file, and is filed from there, once.
    field.hold(&held, 1000).await;
    let mut runner = field.drill(&wire.url());
    let id = field.held_in(&held).await;
    wire.cut();
    field.let_go().await;
    let (status, said) = runner.ended().await;
    let file = format!("{id}.json");
    assert_eq!(status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("It is kept in ./{file}; file it with: passmuster drill --push")), "{said}");
    assert!(field.path(&file).exists() && field.filed(&id).await.is_empty() && field.copies().await.is_empty());
    for _ in 0..2 {
        let (status, said) = field.start(field.command(&field.ways(1000), &url, &["--push", &file])).ended().await;
        assert!(status.success(), "{said}");
    }
    assert_eq!(field.one(&id).await.abandoned, None);
}
