//! Clusters: whether they are backed up, and how they are protected.

use domain::fact::{Encryption, Fact, Store};
use serde::Deserialize;
use serde_json::Value;

use super::{first_is, listed};
use crate::{About, Connector, Read, Unread, answer};

pub static CLUSTERS: Connector = Connector {
    kind: "atlas-clusters",
    title: "MongoDB Atlas, clusters",
    command: "atlas clusters list -o json",
    looks: |value| first_is(value, is_cluster),
    read,
};

fn is_cluster(value: &Value) -> bool {
    value.get("clusterType").is_some() && value.get("name").is_some()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cluster {
    id: Option<String>,
    name: String,
    backup_enabled: Option<bool>,
    pit_enabled: Option<bool>,
    encryption_at_rest_provider: Option<String>,
    termination_protection_enabled: Option<bool>,
    #[serde(default)]
    replication_specs: Vec<Replication>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Replication {
    #[serde(default)]
    region_configs: Vec<Region>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    region_name: Option<String>,
    priority: Option<i64>,
}

fn read(bytes: &[u8], _about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = listed(&value, "cluster: it has no clusterType", is_cluster)?;
    let clusters = answer::each::<Cluster>(list, "results")?;
    let facts = clusters.into_iter().map(|cluster| Fact::Store(store(cluster))).collect();
    Ok(Read { facts, ..Read::default() })
}

fn store(cluster: Cluster) -> Store {
    // Where it is written: the region that is elected first.
    let regions = cluster.replication_specs.into_iter().flat_map(|spec| spec.region_configs);
    let region = regions.max_by_key(|region| region.priority.unwrap_or_default()).and_then(|region| region.region_name);
    let encryption = cluster.encryption_at_rest_provider.map(|provider| match provider.as_str() {
        // Atlas encrypts its disks anyway, with the cloud's own key.
        "NONE" => Encryption::VendorManaged,
        "AWS" | "AZURE" | "GCP" => Encryption::CustomerManaged,
        _ => Encryption::Unknown,
    });
    Store {
        reference: cluster.id.unwrap_or_else(|| cluster.name.clone()),
        name: cluster.name,
        kind: "MongoDB Atlas cluster".to_owned(),
        region,
        backed_up: cluster.backup_enabled,
        continuous: cluster.pit_enabled,
        encryption,
        deletion_protected: cluster.termination_protection_enabled,
        ..Store::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cluster_says_what_protects_it_and_where_it_is_written() {
        let text = r#"{"results":[{"id":"c1","name":"cartie-prod","clusterType":"REPLICASET","backupEnabled":true,"pitEnabled":true,
            "encryptionAtRestProvider":"NONE","terminationProtectionEnabled":false,"replicationSpecs":[{"regionConfigs":[
            {"regionName":"EU_WEST_1","priority":6},{"regionName":"EU_CENTRAL_1","priority":7}]}]},
            {"name":"small","clusterType":"REPLICASET"}]}"#;
        let facts = read(text.as_bytes(), &About::default()).expect("it reads").facts;
        let [Fact::Store(prod), Fact::Store(small)] = facts.as_slice() else { panic!("two clusters") };
        assert_eq!((prod.reference.as_str(), prod.region.as_deref()), ("c1", Some("EU_CENTRAL_1")));
        assert_eq!(
            (prod.backed_up, prod.continuous, prod.encryption, prod.deletion_protected),
            (Some(true), Some(true), Some(Encryption::VendorManaged), Some(false))
        );
        assert_eq!((small.backed_up, small.encryption, small.region.as_deref()), (None, None, None));
        assert!(read(br#"{"results":[{"name":"x"}]}"#, &About::default()).is_err());
    }
}
