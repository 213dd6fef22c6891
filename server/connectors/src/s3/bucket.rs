//! One answer about one bucket. None of them names it, so whoever brings it says which. What was never set up is no
//! answer but an error on stderr, and nothing is told of it here.

use domain::fact::{Bucket, Encryption, Fact};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Read, Unread, answer};

pub static BUCKET: Connector = Connector {
    kind: "s3-bucket",
    title: "Amazon S3, versioning, replication, lock, encryption, lifecycle and public access of a bucket",
    command: "aws s3api get-bucket-versioning --bucket BUCKET --output json",
    looks: |value| aspect(value).is_some(),
    read,
};

const ASPECTS: [(&str, &str); 5] = [
    ("ServerSideEncryptionConfiguration", "encryption"),
    ("ReplicationConfiguration", "replication"),
    ("ObjectLockConfiguration", "object lock"),
    ("PublicAccessBlockConfiguration", "public access block"),
    ("PolicyStatus", "policy"),
];

/// Which of the answers it is.
fn aspect(value: &Value) -> Option<&'static str> {
    let named = ASPECTS.into_iter().find(|(field, _)| value.get(field).is_some());
    let fields = value.as_object()?;
    let only = |names: &[&str]| !fields.is_empty() && fields.keys().all(|name| names.contains(&name.as_str()));
    let state = value.get("Status").and_then(Value::as_str);
    let rules = value.get("Rules").and_then(Value::as_array);
    named.map(|(_, aspect)| aspect).or_else(|| match (state, rules) {
        (Some("Enabled" | "Suspended"), _) if only(&["Status", "MFADelete"]) => Some("versioning"),
        (_, Some(rules)) if only(&["Rules", "TransitionDefaultMinimumObjectSize"]) => {
            let is = |rule: &Value| rule.get("Status").is_some() && rule.get("Destination").is_none();
            rules.iter().all(is).then_some("lifecycle")
        }
        _ => None,
    })
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let aspect =
        aspect(&value).ok_or_else(|| Unread::Whole("it is no answer about a bucket that is known".to_owned()))?;
    let reference = about.resource.clone().ok_or_else(|| {
        Unread::Whole("it does not name its bucket: say which one was asked about (--resource)".to_owned())
    })?;
    let mut bucket = Bucket { reference, aspect: Some(aspect.to_owned()), ..Bucket::default() };
    let bad = |e: serde_json::Error| Unread::Whole(e.to_string());
    match aspect {
        "versioning" => bucket.versioning = value.get("Status").and_then(Value::as_str).map(str::to_owned),
        "encryption" => {
            let told = Rules::<Encrypts>::deserialize(&value["ServerSideEncryptionConfiguration"]).map_err(bad)?;
            let default = told.rules.into_iter().find_map(|rule| rule.apply);
            bucket.encryption = default.as_ref().map(Default::encryption);
            bucket.key = default.and_then(|default| default.key);
        }
        "replication" => {
            let told = Rules::<Copies>::deserialize(&value["ReplicationConfiguration"]).map_err(bad)?;
            bucket.replication = told.rules.into_iter().map(|rule| (rule.status.clone(), rule.to())).collect();
        }
        "object lock" => {
            let told = Lock::deserialize(&value["ObjectLockConfiguration"]).map_err(bad)?;
            let keeps = told.rule.and_then(|rule| rule.default_retention);
            bucket.object_lock = keeps.as_ref().map(|keeps| keeps.mode.clone()).or(told.object_lock_enabled);
            bucket.lock_days = keeps.map(|keeps| keeps.days.unwrap_or(0) + 365 * keeps.years.unwrap_or(0));
        }
        // All four together keep everybody out; fewer leave it to policies, of which this says nothing.
        "public access block" => {
            let told = value["PublicAccessBlockConfiguration"].as_object();
            let all = told.is_some_and(|fields| fields.len() == 4 && fields.values().all(|v| v == &Value::Bool(true)));
            bucket.public = all.then_some(false);
        }
        "policy" => bucket.public = value["PolicyStatus"].get("IsPublic").and_then(Value::as_bool),
        _ => {
            let told = Rules::<Life>::deserialize(&value).map_err(bad)?;
            let in_force = told.rules.into_iter().filter(|rule| rule.status == "Enabled");
            for rule in in_force {
                bucket
                    .moves_to
                    .extend(rule.transitions.into_iter().filter_map(|to| Some((to.storage_class, to.days?))));
                let kept = rule.noncurrent_version_expiration.and_then(|expiry| expiry.noncurrent_days);
                bucket.old_versions_kept_days = bucket.old_versions_kept_days.into_iter().chain(kept).min();
            }
        }
    }
    Ok(Read { facts: vec![Fact::Bucket(bucket)], ..Read::default() })
}

#[derive(Deserialize)]
struct Rules<T> {
    #[serde(rename = "Rules")]
    rules: Vec<T>,
}

#[derive(Deserialize)]
struct Encrypts {
    #[serde(rename = "ApplyServerSideEncryptionByDefault")]
    apply: Option<Default>,
}

#[derive(Deserialize)]
struct Default {
    #[serde(rename = "SSEAlgorithm")]
    algorithm: String,
    #[serde(rename = "KMSMasterKeyID")]
    key: Option<String>,
}

impl Default {
    fn encryption(&self) -> Encryption {
        match (self.algorithm.as_str(), &self.key) {
            ("AES256", _) => Encryption::VendorOwned,
            // Without a key it is the account's default one.
            ("aws:kms" | "aws:kms:dsse", None) => Encryption::VendorManaged,
            _ => Encryption::Unknown,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Copies {
    status: String,
    prefix: Option<String>,
    filter: Option<Value>,
    destination: Destination,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Destination {
    bucket: String,
}

impl Copies {
    /// A rule may be enabled and cover almost nothing: what it covers stands beside where it copies to.
    fn to(self) -> String {
        let of_filter = self.filter.filter(|filter| filter.get("Prefix") != Some(&Value::from("")));
        let covers = self.prefix.filter(|prefix| !prefix.is_empty()).map(|prefix| format!("prefix {prefix}"));
        match covers.or_else(|| of_filter.map(|filter| filter.to_string())) {
            Some(covers) => format!("{} (only {covers})", self.destination.bucket),
            None => self.destination.bucket,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Lock {
    object_lock_enabled: Option<String>,
    rule: Option<LockRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LockRule {
    default_retention: Option<Retention>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Retention {
    mode: String,
    days: Option<i64>,
    years: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Life {
    status: String,
    #[serde(default)]
    transitions: Vec<Transition>,
    noncurrent_version_expiration: Option<Expiry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Transition {
    storage_class: String,
    /// Or a date, which has no number of days.
    days: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Expiry {
    noncurrent_days: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(text: &str) -> Bucket {
        let about = About { resource: Some("backups".to_owned()), ..About::default() };
        let facts = read(text.as_bytes(), &about).expect("it reads").facts;
        let [Fact::Bucket(bucket)] = facts.as_slice() else { panic!("one") };
        bucket.clone()
    }

    #[test]
    fn each_answer_is_an_aspect_and_says_only_that() {
        assert_eq!(bucket(r#"{"Status":"Suspended","MFADelete":"Disabled"}"#).versioning.as_deref(), Some("Suspended"));
        let encrypts = |default: &str| {
            bucket(&format!(r#"{{"ServerSideEncryptionConfiguration":{{"Rules":[{{"ApplyServerSideEncryptionByDefault":{default}}}]}}}}"#)).encryption
        };
        assert_eq!(encrypts(r#"{"SSEAlgorithm":"AES256"}"#), Some(Encryption::VendorOwned));
        assert_eq!(encrypts(r#"{"SSEAlgorithm":"aws:kms"}"#), Some(Encryption::VendorManaged));
        assert_eq!(encrypts(r#"{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"k"}"#), Some(Encryption::Unknown));
        let copies = bucket(
            r#"{"ReplicationConfiguration":{"Role":"r","Rules":[{"Status":"Enabled","Filter":{"Prefix":""},"Destination":{"Bucket":"arn:dr"}},{"Status":"Disabled","Prefix":"Tax","Destination":{"Bucket":"arn:tax"}}]}}"#,
        );
        let copies: Vec<_> = copies.replication.iter().map(|(state, to)| (state.as_str(), to.as_str())).collect();
        assert_eq!(copies, [("Enabled", "arn:dr"), ("Disabled", "arn:tax (only prefix Tax)")]);
        let lock = bucket(
            r#"{"ObjectLockConfiguration":{"ObjectLockEnabled":"Enabled","Rule":{"DefaultRetention":{"Mode":"COMPLIANCE","Years":1}}}}"#,
        );
        assert_eq!((lock.object_lock.as_deref(), lock.lock_days), (Some("COMPLIANCE"), Some(365)));
        assert_eq!(bucket(r#"{"PolicyStatus":{"IsPublic":true}}"#).public, Some(true));
        assert_eq!(bucket(r#"{"PublicAccessBlockConfiguration":{"BlockPublicAcls":true}}"#).public, None);
        let life = bucket(
            r#"{"Rules":[{"Status":"Enabled","Transitions":[{"Days":30,"StorageClass":"GLACIER"}],"NoncurrentVersionExpiration":{"NoncurrentDays":90}},{"Status":"Disabled","Transitions":[{"Days":1,"StorageClass":"DEEP_ARCHIVE"}]}]}"#,
        );
        assert_eq!((life.moves_to, life.old_versions_kept_days), (vec![("GLACIER".to_owned(), 30)], Some(90)));
    }

    #[test]
    fn without_the_buckets_name_nothing_is_told() {
        let refused = read(br#"{"Status":"Enabled"}"#, &About::default()).expect_err("refused").to_string();
        assert!(refused.contains("--resource"), "{refused}");
    }
}
