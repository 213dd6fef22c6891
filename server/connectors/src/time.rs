//! Times as vendors write them. One without a zone is of no moment, and refused.

use chrono::{DateTime, Utc};
use domain::Moment;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// Seconds since 1970 as a number (AWS CLI v1), or RFC 3339 (everything else).
pub fn moment(value: &Value) -> Result<Moment, String> {
    match value {
        Value::Number(n) => n
            .as_f64()
            .filter(|seconds| seconds.is_finite() && seconds.abs() < 1e11)
            .and_then(|seconds| Moment::from_millis((seconds * 1000.0).round() as i64))
            .ok_or_else(|| format!("{n} is no time in seconds since 1970")),
        Value::String(text) => Moment::parse(text).ok_or_else(|| match DateTime::parse_from_rfc2822(text) {
            Ok(_) => format!("{text:?} is no time as RFC 3339 has it"),
            Err(_) if chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").is_ok() => {
                format!("{text:?} has no zone, so it is of no moment")
            }
            Err(_) => format!("{text:?} is no time"),
        }),
        other => Err(format!("{other} is no time")),
    }
}

/// For `#[serde(default, deserialize_with = "time::maybe")]`.
pub fn maybe<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Moment>, D::Error> {
    match Option::<Value>::deserialize(from)? {
        None => Ok(None),
        Some(Value::String(text)) if text.is_empty() => Ok(None),
        Some(value) => moment(&value).map(Some).map_err(D::Error::custom),
    }
}

/// When a MongoDB ObjectId was made.
pub fn of_object_id(id: &str) -> Option<Moment> {
    if id.len() != 24 || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let seconds = i64::from_str_radix(&id[..8], 16).ok()?;
    DateTime::<Utc>::from_timestamp(seconds, 0).map(Moment::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn both_ways_of_writing_give_one_moment_and_a_time_without_a_zone_gives_none() {
        let at = |value: Value| moment(&value).map(Moment::rfc3339);
        assert_eq!(at(json!(1_600_721_892.929)).expect("a time"), "2020-09-21T20:58:12.929Z");
        assert_eq!(at(json!("2020-09-21T22:58:12.929000+02:00")).expect("a time"), "2020-09-21T20:58:12.929Z");
        assert!(at(json!("2020-09-21T20:58:12")).expect_err("no zone").contains("no zone"));
        for bad in [json!("yesterday"), json!(1e18), json!(true), json!([])] {
            assert!(at(bad.clone()).is_err(), "{bad}");
        }
        assert_eq!(
            of_object_id("6a794559c0eb9e7a17740661").map(Moment::rfc3339).as_deref(),
            Some("2026-08-10T03:28:25.000Z")
        );
    }
}
