//! Who may restore a snapshot beside its owner. The answer names the snapshot only by its short name.

use domain::fact::{Fact, Point, PointState};
use serde::Deserialize;
use serde_json::Value;

use crate::{About, Connector, Read, Unread, answer, plain};

pub static SNAPSHOT_ATTRIBUTES: Connector = Connector {
    kind: "rds-snapshot-attributes",
    title: "Amazon RDS, who a snapshot is shared with",
    command: "aws rds describe-db-snapshot-attributes --db-snapshot-identifier SNAPSHOT --output json",
    looks: |value| result(value).is_some(),
    read,
};

fn result(value: &Value) -> Option<&Value> {
    value.get("DBSnapshotAttributesResult").or_else(|| value.get("DBClusterSnapshotAttributesResult"))
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "DBSnapshotIdentifier", alias = "DBClusterSnapshotIdentifier")]
    identifier: String,
    #[serde(default, rename = "DBSnapshotAttributes", alias = "DBClusterSnapshotAttributes")]
    attributes: Vec<Attribute>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    attribute_name: String,
    #[serde(default)]
    attribute_values: Vec<String>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let result = result(&value).ok_or_else(|| {
        Unread::Whole("it has no DBSnapshotAttributesResult or DBClusterSnapshotAttributesResult".to_owned())
    })?;
    let answer = Answer::deserialize(result).map_err(|e| Unread::Whole(e.to_string()))?;
    let restore = answer.attributes.into_iter().find(|attribute| attribute.attribute_name == "restore");
    Ok(Read { facts: vec![shared(answer.identifier, restore.map(|r| r.attribute_values), about)], ..Read::default() })
}

/// A recovery point, as far as it is said who may use it.
pub(crate) fn shared(reference: String, with: Option<Vec<String>>, about: &About) -> Fact {
    Fact::Point(Point {
        region: about.region.clone(),
        shared_with: with,
        aspect: Some("sharing".to_owned()),
        ..plain::point(reference, PointState::Unknown, String::new())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_nobody_and_not_said_are_three_things() {
        let with = |attributes: &str| {
            let text = format!(
                r#"{{"DBSnapshotAttributesResult":{{"DBSnapshotIdentifier":"s1","DBSnapshotAttributes":{attributes}}}}}"#
            );
            let facts = read(text.as_bytes(), &About::default()).expect("it reads").facts;
            let [fact @ Fact::Point(point)] = facts.as_slice() else { panic!("one") };
            assert_eq!(fact.about(), "point/s1/sharing");
            point.shared_with.clone()
        };
        let restore = |who: &str| with(&format!(r#"[{{"AttributeName":"restore","AttributeValues":[{who}]}}]"#));
        assert_eq!(restore("\"all\""), Some(vec!["all".to_owned()]));
        assert_eq!((restore(""), with("[]")), (Some(vec![]), None));
        assert!(read(br#"{"DBSnapshotAttributesResult":{}}"#, &About::default()).is_err());
    }
}
