//! `terraform show -json` afterwards: addresses of what is still there. After a whole destroy it holds no values at all.

use domain::fact::{Destroy, Fact};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Read, Unread, answer};

pub static STATE: Connector = Connector {
    kind: "terraform-state",
    title: "Terraform, what is left",
    command: "terraform show -json",
    looks: |value| value.get("format_version").is_some() && value.get("planned_values").is_none(),
    read,
};

#[derive(Deserialize)]
struct State {
    values: Option<Values>,
}

#[derive(Deserialize)]
struct Values {
    root_module: Option<Module>,
}

#[derive(Deserialize)]
struct Module {
    #[serde(default)]
    address: String,
    #[serde(default)]
    resources: Vec<Resource>,
    #[serde(default)]
    child_modules: Vec<Module>,
}

#[derive(Deserialize)]
struct Resource {
    address: String,
    mode: String,
    index: Option<Value>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    if value.get("planned_values").is_some() || value.get("resource_changes").is_some() {
        return Err(Unread::Whole("it is a plan: what is left is said by terraform show -json without one".to_owned()));
    }
    if value.get("lineage").is_some() {
        return Err(Unread::Whole(
            "it is the state file itself, which holds secrets: give terraform show -json".to_owned(),
        ));
    }
    if value.get("format_version").is_none() {
        return Err(Unread::Whole("it has no format_version: it is not from terraform show -json".to_owned()));
    }
    let state = State::deserialize(&value).map_err(|e| Unread::Whole(e.to_string()))?;
    let mut read = Read::default();
    let mut left = Vec::new();
    if let Some(root) = state.values.and_then(|values| values.root_module) {
        addresses(root, &mut left, &mut read.passed_by);
    }
    let workspace = about.resource.clone().unwrap_or_else(|| "terraform".to_owned());
    read.facts.push(Fact::Destroy(Destroy {
        // Beside what the destroy itself says.
        reference: format!("{workspace}/state"),
        removed: None,
        planned: None,
        left,
        errors: Vec::new(),
        at: about.collected_at,
    }));
    Ok(read)
}

/// Older versions leave the module and the index out of an address.
fn addresses(module: Module, into: &mut Vec<String>, passed_by: &mut usize) {
    for resource in module.resources {
        // A data source is looked at and never made.
        if resource.mode == "data" {
            *passed_by += 1;
            continue;
        }
        let within = module.address.is_empty() || resource.address.starts_with(&module.address);
        let mut address = if within { resource.address } else { format!("{}.{}", module.address, resource.address) };
        if let Some(index) = resource.index.filter(|_| !address.ends_with(']')) {
            address.push_str(&format!("[{index}]"));
        }
        into.push(address);
    }
    module.child_modules.into_iter().for_each(|child| addresses(child, into, passed_by));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_kept_and_values_are_not() {
        let state = r#"{"format_version":"1.0","values":{"outputs":{"pw":{"value":"secret"}},"root_module":{"resources":[
            {"address":"data.x.y","mode":"data"},{"address":"db.main","mode":"managed","values":{"password":"secret"}},
            {"address":"db.many","mode":"managed","index":1}],
            "child_modules":[{"address":"module.net","resources":[{"address":"vpc.a","mode":"managed"},{"address":"module.net.vpc.b[\"k\"]","mode":"managed","index":"k"}]}]}}}"#;
        let whole = read(state.as_bytes(), &About::default()).expect("it reads");
        let Fact::Destroy(left) = &whole.facts[0] else { panic!("a destroy") };
        assert_eq!(left.left, ["db.main", "db.many[1]", "module.net.vpc.a", "module.net.vpc.b[\"k\"]"]);
        assert!(!format!("{whole:?}").contains("secret"));
        let about = About { resource: Some("drill-q4".to_owned()), ..About::default() };
        let empty = read(br#"{"format_version":"1.0"}"#, &about).expect("it reads");
        assert_eq!(empty.facts[0].about(), "destroy/drill-q4/state");
        for (bad, says) in [
            (r#"{"format_version":"1.2","planned_values":{}}"#, "a plan"),
            (r#"{"version":4,"lineage":"x","resources":[]}"#, "state file"),
            ("{}", "no format_version"),
        ] {
            let refused = read(bad.as_bytes(), &About::default()).expect_err("refused").to_string();
            assert!(refused.contains(says), "{refused}");
        }
    }
}
