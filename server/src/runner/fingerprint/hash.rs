//! What MongoDB's own `dbHash` says of a collection: MD5 over the raw documents in the order of their `_id`s.
//!
//! Of a live collection the server reads in that order. Of a recovery point it is told here while it is read: most
//! lie in that order already, and the others are sorted where they are small. It cannot be told of a collection with
//! a collation (whose order is the server's) and of `_id`s whose order is not implemented here (decimals, regular
//! expressions, code), nor of a time-series collection's buckets where their order is not that of their `_id`s.

use std::cmp::Ordering;

use bson::Bson;
use domain::draw::hex;
use md5::{Digest, Md5};

use super::id;
use crate::runner::source::Collection;

/// What is kept at most to be sorted.
const SORTED: usize = 64 * 1024 * 1024;

pub struct DbHash {
    md5: Md5,
    last: Option<Bson>,
    /// Every document so far, until it is known that they need no sorting or are too large for it.
    kept: Option<Vec<(Bson, Vec<u8>)>>,
    bytes: usize,
    out_of_order: bool,
    not: Option<&'static str>,
}

impl DbHash {
    pub fn of_dump(collection: &Collection) -> Self {
        let not = collection
            .options
            .contains_key("collation")
            .then_some("the order of its _ids follows a collation, which only the server knows");
        Self { md5: Md5::new(), last: None, kept: Some(Vec::new()), bytes: 0, out_of_order: false, not }
    }

    pub fn add(&mut self, raw: &[u8]) {
        if self.not.is_some() {
            return;
        }
        let Some(id) = id::element(raw).and_then(|(kind, value)| id::decoded(kind, value)) else {
            self.not = Some("a document has no _id");
            return;
        };
        self.md5.update(raw);
        match self.last.as_ref().map(|last| order(last, &id)) {
            Some(None) => self.not = Some("the order of these _ids is not implemented here"),
            Some(Some(Ordering::Greater)) => self.out_of_order = true,
            _ => {}
        }
        self.bytes += raw.len();
        if self.bytes > SORTED {
            self.kept = None;
        }
        if let Some(kept) = &mut self.kept {
            kept.push((id.clone(), raw.to_vec()));
        }
        if self.out_of_order && self.kept.is_none() {
            self.not = Some("its documents are not in the order of their _ids, and too large to be sorted here");
        }
        self.last = Some(id);
    }

    /// 32 hex digits, or why there are none.
    pub fn finish(self) -> Result<String, &'static str> {
        if let Some(why) = self.not {
            return Err(why);
        }
        if !self.out_of_order {
            return Ok(hex(&self.md5.finalize()));
        }
        let mut kept = self.kept.ok_or("its documents are not in the order of their _ids")?;
        let mut told = true;
        kept.sort_by(|(a, _), (b, _)| {
            order(a, b).unwrap_or_else(|| {
                told = false;
                Ordering::Equal
            })
        });
        if !told {
            return Err("the order of these _ids is not implemented here");
        }
        let mut md5 = Md5::new();
        kept.iter().for_each(|(_, raw)| md5.update(raw));
        Ok(hex(&md5.finalize()))
    }
}

/// MongoDB's order of values, where it is implemented.
/// Source: <https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/>
pub fn order(a: &Bson, b: &Bson) -> Option<Ordering> {
    let (ka, kb) = (class(a)?, class(b)?);
    if ka != kb {
        return Some(ka.cmp(&kb));
    }
    Some(match (a, b) {
        (Bson::String(a), Bson::String(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Bson::Symbol(a), Bson::Symbol(b)) => a.as_bytes().cmp(b.as_bytes()),
        (Bson::Document(a), Bson::Document(b)) => fields(a.iter(), b.iter())?,
        (Bson::Binary(a), Bson::Binary(b)) => {
            (a.bytes.len(), u8::from(a.subtype), &a.bytes).cmp(&(b.bytes.len(), u8::from(b.subtype), &b.bytes))
        }
        (Bson::ObjectId(a), Bson::ObjectId(b)) => a.bytes().cmp(&b.bytes()),
        (Bson::Boolean(a), Bson::Boolean(b)) => a.cmp(b),
        (Bson::DateTime(a), Bson::DateTime(b)) => a.cmp(b),
        (Bson::Timestamp(a), Bson::Timestamp(b)) => (a.time, a.increment).cmp(&(b.time, b.increment)),
        (a, b) if ka == NUMBER => numbers(a, b)?,
        // The two ends, null and undefined are all there is of their classes.
        _ if [0, 1, 2, 13].contains(&ka) => Ordering::Equal,
        _ => return None,
    })
}

const NUMBER: u8 = 3;

fn class(value: &Bson) -> Option<u8> {
    Some(match value {
        Bson::MinKey => 0,
        Bson::Undefined => 1,
        Bson::Null => 2,
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) => NUMBER,
        Bson::String(_) | Bson::Symbol(_) => 4,
        Bson::Document(_) => 5,
        Bson::Binary(_) => 7,
        Bson::ObjectId(_) => 8,
        Bson::Boolean(_) => 9,
        Bson::DateTime(_) => 10,
        Bson::Timestamp(_) => 11,
        Bson::MaxKey => 13,
        _ => return None,
    })
}

/// Field by field: the type, then the name, then the value; the shorter one first.
fn fields<'a>(
    mut a: impl Iterator<Item = (&'a String, &'a Bson)>,
    mut b: impl Iterator<Item = (&'a String, &'a Bson)>,
) -> Option<Ordering> {
    loop {
        let ((name_a, a), (name_b, b)) = match (a.next(), b.next()) {
            (None, None) => return Some(Ordering::Equal),
            (None, _) => return Some(Ordering::Less),
            (_, None) => return Some(Ordering::Greater),
            (Some(a), Some(b)) => (a, b),
        };
        let here = class(a)?.cmp(&class(b)?).then_with(|| name_a.as_bytes().cmp(name_b.as_bytes()));
        match here {
            Ordering::Equal => match order(a, b)? {
                Ordering::Equal => {}
                other => return Some(other),
            },
            other => return Some(other),
        }
    }
}

/// Integers and doubles on one line; not a number comes before all.
fn numbers(a: &Bson, b: &Bson) -> Option<Ordering> {
    let whole = |v: &Bson| match v {
        Bson::Int32(n) => Some(i64::from(*n)),
        Bson::Int64(n) => Some(*n),
        _ => None,
    };
    match (whole(a), whole(b), a, b) {
        (Some(a), Some(b), ..) => Some(a.cmp(&b)),
        (Some(a), None, _, Bson::Double(b)) => Some(whole_and_double(a, *b)),
        (None, Some(b), Bson::Double(a), _) => Some(whole_and_double(b, *a).reverse()),
        (None, None, Bson::Double(a), Bson::Double(b)) => Some(match (a.is_nan(), b.is_nan()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => a.partial_cmp(b)?,
        }),
        _ => None,
    }
}

fn whole_and_double(a: i64, b: f64) -> Ordering {
    // 2^63 as a double; beyond it no i64 reaches.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if b.is_nan() || b < -BEYOND {
        return Ordering::Greater;
    }
    if b >= BEYOND {
        return Ordering::Less;
    }
    // Within the range the cast cuts off the fraction and nothing else.
    let cut = b as i64;
    a.cmp(&cut).then_with(|| 0.0_f64.partial_cmp(&(b - cut as f64)).unwrap_or(Ordering::Equal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bson::doc;

    #[test]
    fn values_stand_in_the_order_of_mongodb() {
        let sorted = [
            Bson::MinKey,
            Bson::Null,
            f64::NAN.into(),
            f64::NEG_INFINITY.into(),
            (-2.5).into(),
            (-2_i32).into(),
            0.5.into(),
            1_i64.into(),
            1.5.into(),
            i64::MAX.into(),
            1e300.into(),
            "".into(),
            "a".into(),
            "b".into(),
            "ä".into(),
            doc! {}.into(),
            doc! { "a": 1 }.into(),
            doc! { "a": 1, "b": 0 }.into(),
            doc! { "b": 0 }.into(),
            doc! { "a": "x" }.into(),
            bson::oid::ObjectId::from_bytes([1; 12]).into(),
            false.into(),
            true.into(),
            bson::DateTime::from_millis(-5).into(),
            bson::DateTime::from_millis(5).into(),
            Bson::MaxKey,
        ];
        for (i, a) in sorted.iter().enumerate() {
            for (j, b) in sorted.iter().enumerate() {
                assert_eq!(order(a, b), Some(i.cmp(&j)), "{a:?} {b:?}");
            }
        }
        assert_eq!(order(&1_i32.into(), &1.0.into()), Some(Ordering::Equal));
        assert_eq!(order(&Bson::Decimal128(bson::Decimal128::from_bytes([0; 16])), &1.into()), None);
    }
}
