//! Automated backups: a window within which any moment can be restored. Copies elsewhere are listed where they are.

use domain::{
    Moment,
    fact::{Fact, Point, PointState},
};
use serde::Deserialize;

use super::encryption;
use crate::{About, Connector, Problem, Read, Unread, answer, aws, plain, time};

pub static AUTOMATED_BACKUPS: Connector = Connector {
    kind: "rds-automated-backups",
    title: "Amazon RDS, automated backups",
    command: "aws rds describe-db-instance-automated-backups --output json",
    looks: |value| value.get("DBInstanceAutomatedBackups").is_some(),
    read,
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Backup {
    #[serde(rename = "DBInstanceIdentifier")]
    of: String,
    #[serde(rename = "DBInstanceAutomatedBackupsArn")]
    arn: Option<String>,
    region: Option<String>,
    status: Option<String>,
    restore_window: Option<Window>,
    encrypted: Option<bool>,
    kms_key_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Window {
    #[serde(default, deserialize_with = "time::maybe")]
    earliest_time: Option<Moment>,
    #[serde(default, deserialize_with = "time::maybe")]
    latest_time: Option<Moment>,
}

fn read(bytes: &[u8], about: &About) -> Result<Read, Unread> {
    let value = answer::json(bytes)?;
    let list = match value.get("DBInstanceAutomatedBackup") {
        Some(one) => std::slice::from_ref(one),
        None => answer::list_of(&value, "DBInstanceAutomatedBackups")?,
    };
    answer::whole(&value)?;
    let mut read = Read::default();
    for (n, backup) in answer::each::<Backup>(list, "DBInstanceAutomatedBackups")?.into_iter().enumerate() {
        let said = backup.status.unwrap_or_default();
        let state = match said.as_str() {
            // Retained: its instance is gone, and it stays for a while.
            "active" | "retained" => PointState::Available,
            "creating" | "pending" => PointState::Creating,
            _ => PointState::Unknown,
        };
        if state == PointState::Unknown {
            let place = format!("DBInstanceAutomatedBackups[{n}].Status");
            read.not_understood.push(Problem::new(place, format!("Status {said:?}")));
        }
        let window = backup.restore_window.and_then(|window| window.earliest_time.zip(window.latest_time));
        read.facts.push(Fact::Point(Point {
            region: backup.arn.as_deref().and_then(aws::region).or_else(|| about.region.clone()).or(backup.region),
            resource: Some(backup.of.clone()),
            cadence: Some("automated".to_owned()),
            data_as_of: window.map(|(_, to)| to),
            encryption: encryption(backup.encrypted, None),
            key: backup.kms_key_id,
            window,
            ..plain::point(backup.arn.unwrap_or_else(|| format!("automated backup of {}", backup.of)), state, said)
        }));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_read_where_both_ends_are_told() {
        let text = r#"{"DBInstanceAutomatedBackups":[
            {"DBInstanceIdentifier":"orders","Status":"active","RestoreWindow":{"EarliestTime":"2026-10-20T00:00:00Z","LatestTime":"2026-11-22T01:55:00Z"}},
            {"DBInstanceIdentifier":"young","Status":"pending","RestoreWindow":{}}]}"#;
        let facts = read(text.as_bytes(), &About::default()).expect("it reads").facts;
        let [Fact::Point(orders), Fact::Point(young)] = facts.as_slice() else { panic!("two") };
        assert!(orders.window.is_some_and(|(from, to)| from < to) && orders.data_as_of.is_some());
        assert_eq!((young.window, young.state), (None, PointState::Creating));
        assert!(read(br#"{"DBInstances":[]}"#, &About::default()).is_err());
    }
}
