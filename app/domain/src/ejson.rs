//! Canonical MongoDB Extended JSON v2, as far as a record needs it.
//!
//! A record's sealed bytes are canonical Extended JSON (dates as `{"$date":{"$numberLong":"…"}}`).
//! [`plain`] turns such a value into everyday JSON that the types of this crate read; [`Moment`]
//! writes itself back in the canonical form, so that a date stays a date in the database.
//! Source: <https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md>

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};
use serde_json::{Map, Value};

/// An instant in UTC, kept to the millisecond as BSON keeps it.
///
/// Serialises as canonical Extended JSON; reads that form or an RFC 3339 string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(DateTime<Utc>);

impl Moment {
    /// 1970-01-01T00:00:00Z
    pub const EPOCH: Moment = Moment(DateTime::UNIX_EPOCH);

    /// From milliseconds since 1970-01-01T00:00:00Z. `None` outside what a calendar can show.
    pub fn from_millis(millis: i64) -> Option<Self> {
        DateTime::from_timestamp_millis(millis).map(Self)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// From RFC 3339 text; `None` when it is not that.
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().map(|t| Self::from(t.with_timezone(&Utc)))
    }

    /// `2026-11-16T14:04:18.512Z`
    pub fn rfc3339(self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// This instant moved by so many milliseconds, held at the ends of the calendar.
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.checked_add_signed(chrono::Duration::milliseconds(millis)).unwrap_or(if millis < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        }))
    }

    /// Milliseconds from `earlier` to here; negative when `earlier` is later.
    pub fn since(self, earlier: Moment) -> i64 {
        self.millis() - earlier.millis()
    }
}

impl From<DateTime<Utc>> for Moment {
    fn from(t: DateTime<Utc>) -> Self {
        Self(DateTime::from_timestamp_millis(t.timestamp_millis()).unwrap_or(t))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct NumberLong {
            #[serde(rename = "$numberLong")]
            value: String,
        }
        let mut map = s.serialize_map(Some(1))?;
        map.serialize_entry("$date", &NumberLong { value: self.millis().to_string() })?;
        map.end()
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let value = plain(&Value::deserialize(d)?);
        value.as_str().and_then(Moment::parse).ok_or_else(|| de::Error::custom("expected a UTC date"))
    }
}

/// Canonical Extended JSON as everyday JSON: dates as RFC 3339, 32- and 64-bit integers and finite
/// doubles as numbers, ObjectIds as 24 hex digits, decimals and the rest as their text.
pub fn plain(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Value::Object(map) => {
            wrapped(map).unwrap_or_else(|| Value::Object(map.iter().map(|(k, v)| (k.clone(), plain(v))).collect()))
        }
        other => other.clone(),
    }
}

fn wrapped(map: &Map<String, Value>) -> Option<Value> {
    let (key, inner) = match map.len() {
        1 => map.iter().next()?,
        _ => return None,
    };
    match key.as_str() {
        "$numberInt" | "$numberLong" => inner.as_str()?.parse::<i64>().ok().map(Value::from),
        "$numberDouble" => {
            let n: f64 = inner.as_str()?.parse().ok()?;
            Some(serde_json::Number::from_f64(n).map_or_else(|| inner.clone(), Value::Number))
        }
        "$numberDecimal" | "$oid" | "$symbol" => Some(inner.clone()),
        "$date" => {
            let millis = match inner {
                Value::String(text) => return Moment::parse(text).map(|m| m.rfc3339().into()),
                other => plain(other).as_i64()?,
            };
            Moment::from_millis(millis).map(|m| m.rfc3339().into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_canonical_value_reads_as_everyday_json() {
        let canonical = json!({
            "n": {"$numberLong": "9007199254740993"}, "d": {"$date": {"$numberLong": "1000"}},
            "x": {"$numberDouble": "0.5"}, "nan": {"$numberDouble": "NaN"}, "id": {"$oid": "65f0"},
            "list": [{"$numberInt": "1"}]
        });
        let expected = json!({
            "n": 9007199254740993i64, "d": "1970-01-01T00:00:01.000Z", "x": 0.5, "nan": "NaN",
            "id": "65f0", "list": [1]
        });
        assert_eq!(plain(&canonical), expected);
    }

    #[test]
    fn a_moment_comes_back_as_it_went() {
        let m = Moment::from_millis(1_795_000_000_123).expect("a date in range");
        let json = serde_json::to_value(m).expect("a moment serialises");
        assert_eq!(json, json!({"$date": {"$numberLong": "1795000000123"}}));
        assert_eq!(serde_json::from_value::<Moment>(json).expect("it reads back"), m);
    }
}
