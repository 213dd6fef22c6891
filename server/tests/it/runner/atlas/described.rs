//! What is asked for, held against Atlas' own description where it is at hand. It is not ours to copy.

use std::{collections::BTreeSet, path::Path};

use bson::Timestamp;
use serde_json::Value;
use server::runner::{progress::Silent, restorer::Restorer};

use super::{SNAPSHOT, atlas, mock::Mock};

#[tokio::test]
async fn what_is_asked_for_is_what_atlas_describes() {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/samples");
    let samples = std::env::var_os("PASSMUSTER_SAMPLES").map_or(beside, Into::into);
    let file = samples.join("openapi/atlas-admin-v2.backup.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("Not tested: Atlas' description is not at {}.", file.display());
        return;
    };
    let described: Value = serde_json::from_str(&text).expect("JSON");
    let mock = Mock::start().await;
    let now = u32::try_from(chrono::Utc::now().timestamp()).expect("a time");
    for (sharded, named, until) in
        [(false, true, false), (false, false, true), (true, true, false), (true, false, false)]
    {
        mock.world().source["clusterType"] = if sharded { "SHARDED" } else { "REPLICASET" }.into();
        mock.world().polls = 1;
        let named = if named { format!("snapshot = \"{SNAPSHOT}\"") } else { String::new() };
        let mut atlas = atlas(&mock, &named);
        atlas.choose(until.then_some(Timestamp { time: now - 60, increment: 2 })).await.expect("chosen");
        atlas.databases().await.expect("names");
        atlas.request().await.expect("accepted");
        atlas.wait(&Silent).await.expect("restored");
    }
    let asked = mock.world().asked.clone();
    let mut held = BTreeSet::new();
    for one in asked.iter().filter(|one| one.path.contains("/backup/")) {
        let (path, query) = one.path.split_once('?').unwrap_or((&one.path, ""));
        let fits = |template: &str| {
            let (parts, wanted): (Vec<_>, Vec<_>) = (path.split('/').collect(), template.split('/').collect());
            parts.len() == wanted.len()
                && parts.iter().zip(&wanted).all(|(part, want)| want.starts_with('{') || part == want)
        };
        let paths = described["paths"].as_object().expect("paths");
        // A fixed name is meant before a variable one.
        let fitting = paths
            .iter()
            .filter(|(template, _)| fits(template))
            .min_by_key(|(template, _)| template.matches('{').count());
        let (template, item) = fitting.unwrap_or_else(|| panic!("{path} is not described"));
        let operation = &item[one.method.to_lowercase()];
        assert!(operation.is_object(), "{} {template} is not described", one.method);
        let media = format!("application/vnd.atlas.{}+json", one.version);
        let answers = operation["responses"].as_object().expect("answers");
        let answered =
            answers.iter().any(|(status, answer)| status.starts_with('2') && answer["content"].get(&media).is_some());
        assert!(answered, "{template} has no {media}");
        for (name, _) in form_urlencoded::parse(query.as_bytes()) {
            let parameters = operation["parameters"].as_array().expect("parameters");
            let known = parameters.iter().any(|p| resolved(&described, p)["name"] == *name);
            assert!(known, "{template} has no parameter {name}");
        }
        if let Some(body) = &one.body {
            let schema = resolved(&described, &operation["requestBody"]["content"][&media]["schema"]);
            for (name, value) in body.as_object().expect("an object") {
                let property = resolved(&described, &schema["properties"][name]);
                let right = match property["type"].as_str() {
                    Some("string") => value.is_string(),
                    Some("integer") => value.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
                    _ => false,
                };
                assert!(
                    right && property["readOnly"] != true,
                    "{template}: {name} is {property}, and {value} was sent"
                );
                if let Some(known) = property["enum"].as_array() {
                    assert!(known.contains(value), "{name}: {value}");
                }
            }
        }
        held.insert(format!("{} {template}", one.method));
    }
    assert_eq!(held.len(), 9, "{held:#?}");
}

fn resolved<'a>(described: &'a Value, mut part: &'a Value) -> &'a Value {
    while let Some(at) = part["$ref"].as_str() {
        part = described.pointer(at.trim_start_matches('#')).expect("what is referred to");
    }
    part
}
