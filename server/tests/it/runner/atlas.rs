//! A restore that Atlas does, against an Atlas of the tests' own.

mod described;
mod drilled;
mod mock;

use std::collections::VecDeque;

use bson::Timestamp;
use domain::{Moment, attestation::Strength, draw::hex};
use md5::{Digest, Md5};
use serde_json::{Value, json};
use server::runner::{
    attest,
    progress::Silent,
    restorer::{
        Gone, Restorer,
        atlas::{Atlas, Config},
    },
};

use self::mock::{
    ACCOUNT, ACCOUNT_SECRET, Mock, PRIVATE, PROJECT, PUBLIC, TARGET_PROJECT, Trouble, World, job, snapshot,
};

const SNAPSHOT: &str = "6a79468a2c88faeba59de489";

/// The table of a plan, with an API key.
fn table(url: &str, more: &str) -> String {
    let key = secret(PRIVATE);
    format!(
        "project = \"{PROJECT}\"\ncluster = \"production\"\ntarget_project = \"{TARGET_PROJECT}\"\n\
         target_cluster = \"drills\"\nurl = \"{url}\"\npublic_key = \"{PUBLIC}\"\nprivate_key_file = \"{key}\"\n\
         poll_seconds = 0.01\n{more}"
    )
}

/// The path of a file with a secret.
fn secret(text: &str) -> String {
    let dir = env!("CARGO_TARGET_TMPDIR");
    // Moved into its place whole: another test may be reading it.
    let file = tempfile::NamedTempFile::new_in(dir).expect("a file");
    std::fs::write(file.path(), format!("{text}\n")).expect("a secret");
    let path = format!("{dir}/atlas-{}", hex(&Md5::digest(text)));
    file.persist(&path).expect("kept");
    path
}

fn opened(table: &str) -> anyhow::Result<Atlas> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let config: Config = toml::from_str(table)?;
    Atlas::open(config.clone())
}

fn atlas(mock: &Mock, more: &str) -> Atlas {
    opened(&table(&mock.url, more)).expect("it opens")
}

fn why<A: std::fmt::Debug>(result: anyhow::Result<A>) -> String {
    let why = format!("{:#}", result.expect_err("it is refused"));
    for hidden in [PRIVATE, ACCOUNT_SECRET, "token-"] {
        assert!(!why.contains(hidden), "{why}");
    }
    why
}

fn posts(world: &World) -> Vec<Value> {
    world.asked.iter().filter(|asked| asked.method == "POST").filter_map(|asked| asked.body.clone()).collect()
}

#[tokio::test]
async fn the_newest_snapshot_that_can_be_restored_is_restored_and_the_cluster_is_idle_again() {
    let mock = Mock::start().await;
    {
        let mut world = mock.world();
        world.snapshots = vec![
            snapshot("6a7900000000000000000001", "completed", 3, 4),
            snapshot("6a7900000000000000000002", "completed", 2, 5),
            snapshot("6a7900000000000000000003", "inProgress", 1, 6),
            snapshot("6a7900000000000000000004", "something new", 1, 6),
            snapshot("6a7900000000000000000005", "completed", 1, -1),
        ];
        world.page = 2;
        world.nonce_uses = 3;
        world.jobs = vec![job("6a7800000000000000000001", SNAPSHOT, "drills", TARGET_PROJECT)];
        world.jobs[0]["finishedAt"] = "2026-08-10T03:40:10Z".into();
        world.target_states = VecDeque::from(["IDLE", "UPDATING", "a new one", "IDLE"]);
    }
    let mut atlas = atlas(&mock, "");
    let chosen = atlas.choose(None).await.expect("chosen");
    assert_eq!(
        (chosen.name.as_str(), chosen.kind.as_str()),
        ("snapshot 6a7900000000000000000002", "MongoDB Atlas snapshot")
    );
    assert_eq!(atlas.databases().await.expect("names"), ["tenant_a", "tenant_b", "tenant_c"]);
    let said = atlas.request().await.expect("accepted");
    let id = mock.world().jobs[1]["id"].as_str().expect("an id").to_owned();
    assert_eq!(said, format!("restore job {id} to drills (project {TARGET_PROJECT})"));
    let said = atlas.wait(&Silent).await.expect("restored");
    let finished = mock.world().jobs[1]["finishedAt"].as_str().expect("a date").replace('Z', ".000Z");
    assert!(said.starts_with(&format!("restore job {id} finished at {finished} as Atlas says, ")), "{said}");
    assert!(said.contains("after it was asked for at 20"), "{said}");
    assert_eq!(atlas.tear_down().await.expect("torn down"), Gone::Databases);

    let world = mock.world();
    assert_eq!(world.target_states.len(), 1, "it was waited for");
    assert_eq!(
        posts(&world),
        [json!({ "deliveryType": "automated", "snapshotId": "6a7900000000000000000002",
            "targetClusterName": "drills", "targetGroupId": TARGET_PROJECT })]
    );
    assert!(world.refused > 3, "a nonce that is stale is replaced: {}", world.refused);
    let seen = |path: &str| world.asked.iter().filter(|asked| asked.path.contains(path)).count();
    assert_eq!((seen("backup/snapshots?"), seen("databases?")), (3, 2), "all pages");
}

#[tokio::test]
async fn a_service_accounts_token_is_renewed_in_time_and_when_it_is_no_longer_taken() {
    let mock = Mock::start().await;
    let account = |secret_file: &str| {
        let table = table(&mock.url, &format!("client_id = \"{ACCOUNT}\"\nclient_secret_file = \"{secret_file}\"\n"));
        let lines: Vec<_> = table.lines().filter(|line| !line.contains("_key")).collect();
        opened(&lines.join("\n")).expect("it opens")
    };
    let mut atlas = account(&secret(ACCOUNT_SECRET));
    atlas.choose(None).await.expect("chosen");
    assert_eq!(mock.world().tokens, 1, "one serves all");
    mock.world().revoke();
    atlas.request().await.expect("accepted");
    assert_eq!(mock.world().tokens, 2, "a new one after a 401");
    // One that is good for no time is asked for each time.
    mock.world().token_good_for = 0;
    mock.world().revoke();
    atlas.wait(&Silent).await.expect("restored");
    assert!(mock.world().tokens > 3, "{}", mock.world().tokens);
    assert_eq!(posts(&mock.world()).len(), 1);

    let why = why(account(&secret("another")).choose(None).await);
    assert!(why.contains("does not take the service account (401 Unauthorized): look at client_id"), "{why}");
    mock.world().troubles.push_back(("oauth/token", Trouble::NotAtlas(503)));
    account(&secret(ACCOUNT_SECRET)).choose(None).await.expect("what passes is waited out");
}

#[tokio::test]
async fn a_moment_is_restored_or_it_is_said_why_it_is_not() {
    let now = u32::try_from(chrono::Utc::now().timestamp()).expect("a time");
    let hour = 3600;
    for (change, seconds_ago, says) in [
        ((|_| ()) as fn(&mut World), 2 * hour, ""),
        (|world| world.source["pitEnabled"] = false.into(), 2 * hour, "production has no continuous backup"),
        (|world| world.window = None, 2 * hour, "states no restore window"),
        (|world| world.snapshots.push(snapshot(SNAPSHOT, "completed", 20, 3)), 8 * 24 * hour, "window of 7 days"),
    ] {
        let mock = Mock::start().await;
        change(&mut mock.world());
        let mut atlas = atlas(&mock, "");
        let until = Timestamp { time: now - seconds_ago, increment: 7 };
        let chosen = atlas.choose(Some(until)).await.expect("chosen");
        atlas.request().await.expect("accepted");
        let (world, at) = (mock.world(), until.time);
        if says.is_empty() {
            assert_eq!(chosen.kind, "MongoDB Atlas point in time");
            assert!(chosen.name.ends_with(&format!("Z ({at}, 6)")), "{}", chosen.name);
            assert_eq!(chosen.taken_at.millis(), i64::from(at) * 1000);
            let wanted = json!({ "deliveryType": "pointInTime", "oplogTs": at, "oplogInc": 6,
                "targetClusterName": "drills", "targetGroupId": TARGET_PROJECT });
            assert_eq!(posts(&world), [wanted]);
        } else {
            assert!(chosen.name.starts_with(&format!("snapshot {SNAPSHOT}, for the moment")), "{}", chosen.name);
            assert!(chosen.name.contains(says), "{}", chosen.name);
            assert!(chosen.taken_at.millis() <= i64::from(at) * 1000);
            assert_eq!(posts(&world)[0]["deliveryType"], "automated");
        }
    }
    let mock = Mock::start().await;
    let why = why(atlas(&mock, "").choose(Some(Timestamp { time: now - 30 * 24 * hour, increment: 1 })).await);
    assert!(why.contains("no snapshot was taken before the moment"), "{why}");
    let named = format!("snapshot = \"{SNAPSHOT}\"");
    let chosen = atlas(&mock, &named).choose(Some(Timestamp { time: now, increment: 1 })).await.expect("chosen");
    assert_eq!(chosen.name, format!("snapshot {SNAPSHOT}"), "the plan's own word");
}

#[tokio::test]
async fn a_sharded_clusters_snapshots_are_in_a_list_of_their_own() {
    let mock = Mock::start().await;
    mock.world().source["clusterType"] = "SHARDED".into();
    for more in [String::new(), format!("snapshot = \"{SNAPSHOT}\"")] {
        let chosen = atlas(&mock, &more).choose(None).await.expect("chosen");
        assert_eq!(chosen.name, format!("snapshot {SNAPSHOT}"));
    }
    let asked: Vec<_> = mock.world().asked.iter().map(|asked| asked.path.clone()).collect();
    assert!(asked.iter().any(|path| path.ends_with("/snapshots/shardedClusters")), "{asked:?}");
    assert!(asked.iter().any(|path| path.ends_with(&format!("/snapshots/shardedCluster/{SNAPSHOT}"))), "{asked:?}");
}

/// Nobody listens at this address: whatever is refused here is refused before anything is asked.
#[test]
fn what_must_not_be_is_refused_before_anything_is_asked() {
    let good = table("http://127.0.0.1:9", "");
    opened(&good).expect("it opens");
    let empty = secret("");
    for (from, to, says) in [
        ("\"drills\"", "\"drills\"\nnever_clusters = [\"staging\", \"DRILLS\"]", "one of never_clusters"),
        (PROJECT, "6A79", "project \"6A79\" is no id"),
        (TARGET_PROJECT, "../../x", "target_project \"../../x\" is no id"),
        ("\"drills\"", "\"drills\"\nsnapshot = \"newest\"", "snapshot \"newest\" is no id"),
        ("\"drills\"", "\"a/b\"", "target_cluster \"a/b\" is no cluster's name"),
        ("\"production\"", "\"\"", "cluster \"\" is no cluster's name"),
        ("http://127.0.0.1:9", "http://cloud.mongodb.com", "in the clear"),
        ("http://127.0.0.1:9", "https://user:word@cloud.mongodb.com", "a host and nothing else"),
        ("http://127.0.0.1:9", "https://cloud.mongodb.com/api", "a host and nothing else"),
        ("http://127.0.0.1:9", "cloud", "is no address"),
        ("poll_seconds = 0.01", "poll_seconds = 0", "poll_seconds is more than 0"),
        ("poll_seconds = 0.01", "timeout_minutes = nan", "timeout_minutes is more than 0"),
        ("poll_seconds = 0.01", "pool_seconds = 1", "unknown field"),
        ("public_key", "client_id", "either public_key and private_key_file, or"),
        ("public_key", "client_id = \"x\"\npublic_key", "either public_key and private_key_file, or"),
        (
            &format!("private_key_file = \"{}", env!("CARGO_TARGET_TMPDIR")),
            "private_key_file = \"/nowhere",
            "cannot read the secret",
        ),
    ] {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from} is in it");
        let why = why(opened(&changed).map(drop));
        assert!(why.contains(says), "{to}: {why}");
    }
    let same = good.replace(TARGET_PROJECT, PROJECT).replace("\"drills\"", "\"Production\"");
    assert!(why(opened(&same).map(drop)).contains("the target is the source itself"));
    let same = same.replace(&format!("target_project = \"{PROJECT}\"\n"), "");
    assert!(why(opened(&same).map(drop)).contains("the target is the source itself"));
    let key = good.lines().find(|line| line.starts_with("private_key_file")).expect("the key");
    let why = why(opened(&good.replace(key, &format!("private_key_file = \"{empty}\""))).map(drop));
    assert!(why.contains("holds no secret"), "{why}");
}

#[tokio::test]
async fn never_two_restores_however_the_request_is_answered() {
    for (troubles, unlisted, jobs) in [
        // Taken, and the answer was lost; Atlas lists it at once, or only after a while.
        (vec![Trouble::BreaksAfterwards], 0, 1),
        (vec![Trouble::BreaksAfterwards], 2, 1),
        // Not taken: asked again.
        (vec![Trouble::Breaks], 0, 1),
        (vec![Trouble::Says(500, "UNEXPECTED_ERROR", "Unexpected error.")], 0, 1),
        (vec![Trouble::NotAtlas(502), Trouble::Says(429, "RATE_LIMITED", "Slower.")], 0, 1),
        (vec![Trouble::Garbage, Trouble::BreaksAfterwards], 0, 1),
    ] {
        let mock = Mock::start().await;
        mock.world().unlisted = unlisted;
        let said = format!("{troubles:?}, {unlisted}");
        mock.world().troubles.extend(troubles.into_iter().map(|trouble| ("POST", trouble)));
        let mut atlas = atlas(&mock, "");
        atlas.choose(None).await.expect("chosen");
        atlas.request().await.expect(&said);
        atlas.wait(&Silent).await.expect(&said);
        assert_eq!(mock.world().jobs.len(), jobs, "{said}");
        assert!(mock.world().troubles.is_empty(), "{said}");
    }

    // Neither listed nor is the cluster at rest: it is not asked again, and not said to be untouched.
    let mock = Mock::start().await;
    {
        let mut world = mock.world();
        world.unlisted = usize::MAX;
        world.target_states = VecDeque::from(["IDLE", "RESTORING"]);
        world.troubles.push_back(("POST", Trouble::BreaksAfterwards));
    }
    let mut atlas = atlas(&mock, "");
    atlas.choose(None).await.expect("chosen");
    let why = why(atlas.request().await);
    assert!(
        why.contains("it is not known whether the restore to drills") && why.contains("the cluster is RESTORING"),
        "{why}"
    );
    assert_eq!(posts(&mock.world()).len(), 1);
    let gone = atlas.tear_down().await.expect("torn down");
    assert!(matches!(&gone, Gone::No(why) if why.contains("it is not known whether Atlas restores to it")), "{gone:?}");
}

#[tokio::test]
async fn a_target_that_is_being_restored_to_is_not_asked_for_again() {
    let mock = Mock::start().await;
    mock.world().jobs.push(job("6a7800000000000000000001", SNAPSHOT, "Drills", TARGET_PROJECT));
    let mut atlas = atlas(&mock, "");
    atlas.choose(None).await.expect("chosen");
    let why = why(atlas.request().await);
    assert!(why.contains("Atlas already restores to drills") && why.contains("Nothing was asked for"), "{why}");
    assert!(posts(&mock.world()).is_empty());
    assert!(matches!(atlas.tear_down().await.expect("torn down"), Gone::Shown(said) if said.contains("is as it was")));
}

#[tokio::test]
async fn what_passes_is_waited_out() {
    let mock = Mock::start().await;
    let mut atlas = atlas(&mock, "");
    atlas.choose(None).await.expect("chosen");
    atlas.request().await.expect("accepted");
    let troubles = [
        Trouble::Later(1),
        Trouble::Says(500, "UNEXPECTED_ERROR", "Unexpected error."),
        Trouble::NotAtlas(503),
        Trouble::Breaks,
        Trouble::Garbage,
        Trouble::Says(429, "RATE_LIMITED", "Slower."),
    ];
    mock.world().troubles.extend(troubles.map(|trouble| ("restoreJobs/", trouble)));
    mock.world().troubles.push_back(("clusters/drills", Trouble::NotAtlas(504)));
    atlas.wait(&Silent).await.expect("restored");
    assert!(mock.world().troubles.is_empty());
    assert!(!mock.world().hurried, "Retry-After is a promise");
}

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Stage {
    Choose,
    Databases,
    Request,
    Wait,
}

/// Where it strikes, the requests it strikes, what they are answered, what is changed before, and what is said.
type Row = (Stage, &'static str, Option<Trouble>, fn(&mut World), &'static str);

/// Each fault, where it strikes, and what is said.
#[tokio::test]
async fn every_fault_says_what_happened() {
    use Stage::{Choose, Databases, Request, Wait};
    let refused = |status, code, detail| Some(Trouble::Says(status, code, detail));
    let nothing: fn(&mut World) = |_| ();
    let table: Vec<Row> = vec![
        (
            Choose,
            "drills",
            refused(403, "USER_UNAUTHORIZED", "Current user is not authorized."),
            nothing,
            "the target drills",
        ),
        (
            Choose,
            "drills",
            refused(403, "USER_UNAUTHORIZED", "Current user is not authorized."),
            nothing,
            "role Project Backup Manager",
        ),
        (
            Choose,
            "drills",
            refused(403, "IP_ADDRESS_NOT_ON_ACCESS_LIST", "IP address 192.0.2.1 is not allowed."),
            nothing,
            "IP address 192.0.2.1 is not allowed",
        ),
        (
            Choose,
            "production",
            refused(404, "CLUSTER_NOT_FOUND", "No cluster named production exists."),
            nothing,
            "Atlas knows no such thing (404 CLUSTER_NOT_FOUND: No cluster",
        ),
        (
            Choose,
            "snapshots",
            refused(400, "INVALID", "It quotes a1f0-private-key."),
            nothing,
            "(400 INVALID: It quotes (not shown))",
        ),
        (Choose, "snapshots", Some(Trouble::Big), nothing, "larger than 8 MiB"),
        (Choose, "snapshots", refused(302, "MOVED", ""), nothing, "Atlas refused (302 MOVED)"),
        (
            Choose,
            "",
            None,
            |w| w.target_states = VecDeque::from(["UPDATING"]),
            "drills (project 6a794320c0eb9e7a17728a63) is UPDATING; a restore needs it IDLE",
        ),
        (
            Choose,
            "",
            None,
            |w| w.target_states = VecDeque::from(["a new one"]),
            "is a new one; a restore needs it IDLE",
        ),
        (Choose, "", None, |w| w.target["paused"] = true.into(), "is paused"),
        (
            Choose,
            "",
            None,
            |w| w.target["mongoDBVersion"] = "7.0.30".into(),
            "runs MongoDB 7.0.30, and the snapshot is of 8.0.29",
        ),
        (Choose, "", None, |w| w.snapshots.clear(), "Atlas lists 0 snapshots, and none of them can be restored"),
        (Choose, "", None, |w| w.snapshots[0]["status"] = "COMPLETE?".into(), "Atlas lists 1 snapshots, and none"),
        (Choose, "", None, |w| w.snapshots[0]["createdAt"] = "yesterday".into(), "yesterday is no date"),
        (
            Databases,
            "databases",
            refused(404, "SNAPSHOT_NOT_FOUND", "No such snapshot."),
            nothing,
            "the databases in snapshot 6a79468a2c88faeba59de489 cannot be listed",
        ),
        (
            Request,
            "GET",
            refused(401, "UNAUTHORIZED", "No."),
            nothing,
            "the restore jobs cannot be listed; nothing was asked for",
        ),
        (Request, "POST", refused(403, "USER_UNAUTHORIZED", "No."), nothing, "Atlas began no restore to drills"),
        (
            Request,
            "POST",
            refused(400, "INCOMPATIBLE_CLUSTERS", "The clusters differ."),
            nothing,
            "Atlas refused (400 INCOMPATIBLE_CLUSTERS: The clusters differ)",
        ),
        (Request, "POST", refused(409, "CONFLICT", "Busy."), nothing, "Atlas refused (409 CONFLICT: Busy)"),
        (
            Wait,
            "restoreJobs/",
            refused(404, "RESOURCE_NOT_FOUND", "No job."),
            nothing,
            "cannot be watched; it may go on at Atlas",
        ),
        (Wait, "restoreJobs/", refused(401, "UNAUTHORIZED", "No."), nothing, "look at public_key, private_key_file"),
        (
            Wait,
            "clusters/drills",
            refused(403, "USER_UNAUTHORIZED", "No."),
            nothing,
            "has ended, and the cluster cannot be looked at",
        ),
        (
            Wait,
            "",
            None,
            |w| w.end = "failed",
            "has failed. drills (project 6a794320c0eb9e7a17728a63) may hold part of the copy",
        ),
        (Wait, "", None, |w| w.end = "expired", "has expired"),
        (Wait, "", None, |w| w.end = "cancelled", "was cancelled"),
    ];
    for (stage, part, trouble, change, says) in table {
        let mock = Mock::start().await;
        let mut atlas = atlas(&mock, "");
        let strike = |now: Stage| {
            if now == stage {
                change(&mut mock.world());
                mock.world().troubles.extend(trouble.clone().map(|trouble| (part, trouble)));
            }
        };
        strike(Choose);
        let mut ended = atlas.choose(None).await.map(drop);
        if stage >= Databases {
            ended.expect("chosen");
            strike(Databases);
            ended = atlas.databases().await.map(drop);
        }
        if stage >= Request {
            ended.expect("listed");
            strike(Request);
            ended = atlas.request().await.map(drop);
        }
        if stage >= Wait {
            ended.expect("accepted");
            strike(Wait);
            ended = atlas.wait(&Silent).await.map(drop);
        }
        let why = why(ended);
        assert!(why.contains(says), "{stage:?}, {trouble:?}: {says} is not in: {why}");
        let gone = atlas.tear_down().await.expect("torn down");
        let clean =
            if stage == Wait { matches!(gone, Gone::Databases | Gone::No(_)) } else { matches!(gone, Gone::Shown(_)) };
        assert!(clean, "{stage:?}, {why}: {gone:?}");
    }
}

#[tokio::test]
async fn trouble_that_does_not_pass_ends_what_nobody_was_promised() {
    let mock = Mock::start().await;
    mock.world().troubles.extend((0..9).map(|_| ("snapshots", Trouble::NotAtlas(503))));
    let why = why(atlas(&mock, "").choose(None).await);
    assert!(why.contains("Atlas failed to answer (503)"), "{why}");
    assert_eq!(mock.world().troubles.len(), 5, "four tries");

    let closed = table("http://127.0.0.1:9", "");
    let why = self::why(opened(&closed).expect("it opens").choose(None).await);
    assert!(why.contains("Atlas cannot be reached"), "{why}");
    let wrong = table(&mock.url, "").replacen(PUBLIC, "nobody", 1);
    mock.world().troubles.clear();
    let why = self::why(opened(&wrong).expect("it opens").choose(None).await);
    assert!(why.contains("does not take these credentials (401 UNAUTHORIZED"), "{why}");
}

#[tokio::test]
async fn waiting_ends_and_what_goes_on_at_atlas_is_not_called_gone() {
    for (change, says) in [
        ((|w| w.polls = usize::MAX) as fn(&mut World), "has not ended after 1.8 s"),
        (|w| w.target_states = VecDeque::from(["IDLE", "UPDATING"]), "is UPDATING still after 1.8 s"),
    ] {
        let mock = Mock::start().await;
        change(&mut mock.world());
        let mut atlas = atlas(&mock, "timeout_minutes = 0.03");
        atlas.choose(None).await.expect("chosen");
        atlas.request().await.expect("accepted");
        let why = why(atlas.wait(&Silent).await);
        assert!(why.contains(says) && why.contains("Atlas goes on"), "{why}");
    }
    // Stopped half way: the job goes on, so the databases cannot be dropped for good yet.
    let mock = Mock::start().await;
    mock.world().polls = usize::MAX;
    let mut atlas = atlas(&mock, "");
    atlas.choose(None).await.expect("chosen");
    atlas.request().await.expect("accepted");
    tokio::select! {
        biased;
        ended = atlas.wait(&Silent) => panic!("it cannot end: {ended:?}"),
        () = tokio::time::sleep(std::time::Duration::from_millis(50)) => (),
    }
    let gone = atlas.tear_down().await.expect("torn down");
    assert!(matches!(&gone, Gone::No(why) if why.contains("goes on at Atlas: look at the restore jobs")), "{gone:?}");
}

#[tokio::test]
async fn the_target_is_deleted_where_the_plan_says_so_and_only_atlas_own_word_shows_it() {
    for (troubles, deleting, says) in [
        (vec![], vec!["DELETING", "DELETING", "GONE"], Ok("there is no cluster drills")),
        (vec![Trouble::BreaksAfterwards], vec!["DELETING", "GONE"], Ok("there is no cluster drills")),
        (vec![Trouble::Says(500, "X", "")], vec!["GONE"], Ok("there is no cluster drills")),
        (vec![], vec!["DELETING"], Err("asked to delete it, and it is DELETING still")),
        (
            vec![Trouble::Says(
                400,
                "CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED",
                "It is protected.",
            )],
            vec!["GONE"],
            Err("It is protected"),
        ),
        (vec![Trouble::Says(403, "USER_UNAUTHORIZED", "")], vec!["GONE"], Err("Project Cluster Manager")),
        (vec![Trouble::Says(404, "GROUP_NOT_FOUND", "No project.")], vec!["GONE"], Err("No project")),
        (vec![Trouble::NotAtlas(404)], vec!["GONE"], Err("Atlas did not begin to delete it")),
    ] {
        let mock = Mock::start().await;
        mock.world().deleting = deleting.into();
        let late = matches!(says, Err(says) if says.contains("still"));
        let mut atlas =
            atlas(&mock, &format!("delete_cluster = true\ntimeout_minutes = {}", if late { "0.03" } else { "0.5" }));
        atlas.choose(None).await.expect("chosen");
        assert!(matches!(atlas.tear_down().await.expect("torn down"), Gone::Shown(said) if said.contains("as it was")));
        atlas.request().await.expect("accepted");
        atlas.wait(&Silent).await.expect("restored");
        let said = format!("{troubles:?}");
        mock.world().troubles.extend(troubles.into_iter().map(|trouble| ("DELETE", trouble)));
        match (atlas.tear_down().await.expect("torn down"), says) {
            (Gone::Shown(proof), Ok(says)) => assert!(proof.contains(says), "{said}: {proof}"),
            (Gone::No(why), Err(says)) => {
                assert!(why.contains(says) && why.contains("still stands, with the copy on it"), "{said}: {why}");
            }
            (gone, _) => panic!("{said}: {gone:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attestation_asks_atlas_which_databases_its_newest_snapshot_holds() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mock = Mock::start().await;
    let names = ["a", "b"].map(|n| format!("listed_{}_{n}", std::process::id()));
    let client = super::client().await;
    for name in &names {
        client.database(name).collection("c").insert_one(bson::doc! { "_id": 1 }).await.expect("inserted");
    }
    mock.world().databases = vec![names[0].clone(), "another".to_owned()];
    let config: Config = toml::from_str(&table(&mock.url, "")).expect("a table");
    let plan = attest::Plan {
        uri: crate::portal::mongod().to_owned(),
        vendor: attest::Vendor::Atlas(Box::new(Config { target_cluster: None, ..config.clone() })),
        strength: Strength::Listed,
        include: Some(names.to_vec()),
        exclude: Vec::new(),
        cluster: None,
        by: "runner-1".to_owned(),
    };
    let at = Moment::from(chrono::Utc::now());
    let ran = attest::run(&plan, "attest-1", at, &Silent).await.expect("it runs");
    assert_eq!((ran.attestations.len(), ran.attestations[0].tenant.as_str()), (1, names[0].as_str()));
    let listed = &ran.attestations[0];
    assert_eq!((listed.strength, listed.recovery_point.cluster.as_str()), (Strength::Listed, "production"));
    assert_eq!(listed.recovery_point.id, SNAPSHOT);
    let why = format!("not in the vendor's list of {SNAPSHOT}");
    assert!(ran.attested.left_out.iter().any(|e| e.name == names[1] && e.why == why), "{:?}", ran.attested.left_out);
    assert!(mock.world().asked.iter().all(|asked| asked.method == "GET"), "it only reads");
    let error = Atlas::open(Config { target_cluster: None, ..config }).err().expect("refused").to_string();
    assert!(error.contains("no target_cluster"), "{error}");
    for name in &names {
        client.database(name).drop().await.expect("dropped");
    }
}
