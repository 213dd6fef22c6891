//! Keys of AWS KMS: one described, the aliases of all, or whether one rotates. Each is an aspect of its own.

use domain::{
    Moment,
    fact::{Fact, Key},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Read, Unread, answer, time};

pub static KEYS: Connector = Connector {
    kind: "kms-keys",
    title: "AWS KMS, keys, aliases and rotation",
    command: "aws kms describe-key --key-id KEY --output json",
    looks: |value| ["KeyMetadata", "Aliases", "KeyRotationEnabled"].iter().any(|name| value.get(name).is_some()),
    read,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    key_id: String,
    key_manager: Option<String>,
    key_state: Option<String>,
    #[serde(default, deserialize_with = "time::maybe")]
    deletion_date: Option<Moment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alias {
    alias_name: String,
    alias_arn: Option<String>,
    target_key_id: Option<String>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    answer::whole(&value)?;
    let truncated = value.get("Truncated") == Some(&Value::Bool(true));
    let facts = if let Some(metadata) = value.get("KeyMetadata") {
        let told = Metadata::deserialize(metadata).map_err(|e| Unread::Whole(e.to_string()))?;
        vec![Key {
            reference: told.key_id,
            customers: told.key_manager.map(|manager| manager == "CUSTOMER"),
            said: told.key_state,
            deleted_at: told.deletion_date,
            ..Key::default()
        }]
    } else if value.get("Aliases").is_some() && !truncated {
        let list = answer::each::<Alias>(answer::list_of(&value, "Aliases")?, "Aliases")?;
        let key = |alias: Alias| Key {
            // Amazon's own aliases are the account's default keys.
            customers: alias.alias_name.starts_with("alias/aws/").then_some(false),
            reference: alias.target_key_id.or(alias.alias_arn).unwrap_or_else(|| alias.alias_name.clone()),
            aspect: Some(alias.alias_name.clone()),
            aliases: vec![alias.alias_name],
            ..Key::default()
        };
        list.into_iter().map(key).collect()
    } else if let Some(rotates) = value.get("KeyRotationEnabled") {
        let named = value.get("KeyId").and_then(Value::as_str).map(str::to_owned).or_else(|| about.resource.clone());
        let reference = named.ok_or_else(|| {
            Unread::Whole("it does not name its key: say which one was asked about (--resource)".to_owned())
        })?;
        vec![Key {
            reference,
            rotates: Some(
                rotates.as_bool().ok_or_else(|| Unread::Whole("KeyRotationEnabled is no yes or no".to_owned()))?,
            ),
            aspect: Some("rotation".to_owned()),
            ..Key::default()
        }]
    } else {
        return Err(Unread::Whole("it has no KeyMetadata, Aliases (all of them) or KeyRotationEnabled".to_owned()));
    };
    Ok(Read { facts: facts.into_iter().map(Fact::Key).collect(), ..Read::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_its_aliases_and_its_rotation_are_told_apart() {
        let facts = |text: &str| read(text.as_bytes(), &About::default()).expect("it reads").facts;
        let described = facts(
            r#"{"KeyMetadata":{"KeyId":"k1","KeyManager":"CUSTOMER","KeyState":"PendingDeletion","DeletionDate":1795571363.6}}"#,
        );
        let aliases = facts(
            r#"{"Truncated":false,"Aliases":[{"AliasName":"alias/prod","TargetKeyId":"k1"},{"AliasName":"alias/aws/ebs","TargetKeyId":"k2"}]}"#,
        );
        let rotation = facts(r#"{"KeyId":"k1","KeyRotationEnabled":true}"#);
        let about: Vec<String> = [&described, &aliases, &rotation].into_iter().flatten().map(Fact::about).collect();
        assert_eq!(about, ["key/k1", "key/k1/alias/prod", "key/k2/alias/aws/ebs", "key/k1/rotation"]);
        let customers: Vec<_> = [&described, &aliases]
            .into_iter()
            .flatten()
            .map(|f| if let Fact::Key(key) = f { key.customers } else { None })
            .collect();
        assert_eq!(customers, [Some(true), None, Some(false)]);
        let said = |text: &str| read(text.as_bytes(), &About::default()).expect_err("refused").to_string();
        assert!(said(r#"{"KeyRotationEnabled":true}"#).contains("does not name its key"));
        assert!(said(r#"{"Aliases":[],"Truncated":true}"#).contains("all of them"));
    }
}
