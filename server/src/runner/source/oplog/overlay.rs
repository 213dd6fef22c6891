//! The documents of a recovery point as the log left them.

use std::{collections::HashMap, sync::Arc};

use anyhow::Result;
use bson::RawDocumentBuf;

use super::{
    super::{Collection, Reader, RecoveryPoint, Stored},
    Living, Touched, changed,
};
use crate::runner::fingerprint::id;

#[derive(Debug)]
pub struct Overlay {
    base: Arc<dyn Stored>,
    shared: Arc<Ended>,
    /// Written whole since, with their collections.
    written: Vec<(usize, RawDocumentBuf)>,
}

#[derive(Debug)]
struct Ended {
    /// The number that a collection of the recovery point has now; `None`: it is gone.
    numbers: HashMap<usize, usize>,
    /// By the new number.
    touched: Vec<HashMap<Vec<u8>, Touched>>,
}

impl Overlay {
    pub fn over(point: &RecoveryPoint, living: Vec<Living>) -> (Vec<Collection>, Self) {
        let (mut collections, mut written) = (Vec::new(), Vec::new());
        let (mut numbers, mut touched) = (HashMap::new(), Vec::new());
        for (number, one) in living.into_iter().enumerate() {
            numbers.extend(one.base.map(|base| (base, number)));
            let whole = one.touched.values().filter_map(|t| {
                if let Touched::Whole(nth, whole) = t { Some((*nth, number, whole.clone())) } else { None }
            });
            written.extend(whole);
            collections.push(one.collection);
            touched.push(one.touched);
        }
        written.sort_by_key(|(nth, ..)| *nth);
        let written = written.into_iter().map(|(_, number, whole)| (number, whole)).collect();
        (collections, Self { base: point.stored.clone(), shared: Arc::new(Ended { numbers, touched }), written })
    }
}

impl Stored for Overlay {
    fn readers(&self) -> Result<Vec<Box<dyn Reader>>> {
        let mut readers: Vec<Box<dyn Reader>> = Vec::new();
        for under in self.base.readers()? {
            readers.push(Box::new(Over { under, shared: self.shared.clone() }));
        }
        readers.push(Box::new(Written(self.written.clone().into_iter())));
        Ok(readers)
    }

    fn bytes(&self) -> Option<u64> {
        let written: usize = self.written.iter().map(|(_, whole)| whole.as_bytes().len()).sum();
        Some(self.base.bytes()? + u64::try_from(written).ok()?)
    }
}

struct Over {
    under: Box<dyn Reader>,
    shared: Arc<Ended>,
}

impl Reader for Over {
    fn next(&mut self) -> Result<Option<(usize, RawDocumentBuf)>> {
        while let Some((base, document)) = self.under.next()? {
            let Some(&number) = self.shared.numbers.get(&base) else { continue };
            let touched = &self.shared.touched[number];
            if touched.is_empty() {
                return Ok(Some((number, document)));
            }
            match touched.get(&id::bytes(document.as_bytes())) {
                None => return Ok(Some((number, document))),
                Some(Touched::Changed(diffs)) => return Ok(Some((number, changed(&document, diffs)?))),
                // It comes with those written since.
                Some(Touched::Whole(..) | Touched::Gone) => {}
            }
        }
        Ok(None)
    }
}

struct Written(std::vec::IntoIter<(usize, RawDocumentBuf)>);

impl Reader for Written {
    fn next(&mut self) -> Result<Option<(usize, RawDocumentBuf)>> {
        Ok(self.0.next())
    }
}
