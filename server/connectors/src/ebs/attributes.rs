//! Who may make a volume of a snapshot beside its owner.

use serde::Deserialize;

use crate::{About, Connector, Read, Unread, answer, rds};

pub static SNAPSHOT_ATTRIBUTES: Connector = Connector {
    kind: "ebs-snapshot-attributes",
    title: "Amazon EBS, who a snapshot is shared with",
    command: "aws ec2 describe-snapshot-attribute --snapshot-id SNAPSHOT --attribute createVolumePermission --output json",
    looks: |value| value.get("CreateVolumePermissions").is_some(),
    read,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    snapshot_id: String,
    create_volume_permissions: Vec<Permission>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Permission {
    group: Option<String>,
    user_id: Option<String>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let answer = Answer::deserialize(&value).map_err(|e| Unread::Whole(e.to_string()))?;
    let with = answer.create_volume_permissions.into_iter().filter_map(|p| p.group.or(p.user_id)).collect();
    Ok(Read { facts: vec![rds::shared(answer.snapshot_id, Some(with), about)], ..Read::default() })
}

#[cfg(test)]
mod tests {
    use domain::fact::Fact;

    use super::*;

    #[test]
    fn a_group_and_an_account_are_both_somebody() {
        let text = br#"{"SnapshotId":"snap-1","CreateVolumePermissions":[{"Group":"all"},{"UserId":"111122223333"}]}"#;
        let facts = read(text, &About::default()).expect("it reads").facts;
        let [Fact::Point(point)] = facts.as_slice() else { panic!("one") };
        assert_eq!(point.shared_with, Some(vec!["all".to_owned(), "111122223333".to_owned()]));
        assert!(read(br#"{"SnapshotId":"snap-1"}"#, &About::default()).is_err());
    }
}
