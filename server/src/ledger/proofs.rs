//! What others fold the ledger from: tiles, and proofs for one entry or one older head.
//!
//! Everything is folded from the entries themselves, so that what is served cannot agree with a
//! head that the entries do not give. A proof reads each entry once; a tile only those it covers.

use std::ops::Range;

use app::ports::PortError;
use bson::doc;
use domain::{
    proof::{
        inclusion::InclusionProof,
        tile::{Level, Tile},
        tree::{self, Frontier, Hash, leaf_hash},
    },
    record::Head,
};
use futures::TryStreamExt;

use super::{Ledger, as_i64};
use crate::store::port_error;

impl Ledger {
    /// The bytes of a tile; `None` when the ledger has not grown to it.
    pub async fn tile(&self, tile: &Tile) -> Result<Option<Vec<u8>>, PortError> {
        let head = self.head().await?;
        let Some(range) = tile.covers(head.size) else { return Ok(None) };
        let (mut bytes, mut below) = (Vec::new(), Frontier::new());
        self.each_line(range, |line| {
            match tile.level {
                Level::Entries => {
                    let length = u16::try_from(line.len())
                        .map_err(|_| PortError::Broken("an entry is longer than a tile holds".to_owned()))?;
                    bytes.extend(length.to_be_bytes());
                    bytes.extend(line.as_bytes());
                }
                Level::Hashes(_) => {
                    below.append(leaf_hash(line.as_bytes()));
                    if below.size == tile.step() {
                        bytes.extend(std::mem::take(&mut below).root());
                    }
                }
            }
            Ok(())
        })
        .await?;
        Ok(Some(bytes))
    }

    /// Where the entry stands below today's head; `None` when there is none yet.
    pub async fn inclusion(&self, index: u64) -> Result<Option<InclusionProof>, PortError> {
        let head = self.head().await?;
        if index >= head.size {
            return Ok(None);
        }
        let leaves = self.leaves(&head).await?;
        let hashes = usize::try_from(index).ok().and_then(|i| tree::inclusion_proof(&leaves, i));
        Ok(hashes.map(|hashes| InclusionProof { index, hashes, checkpoint: head.checkpoint }))
    }

    /// The hashes that show the first `old` entries to be the beginning of the head's; `None` when it has fewer.
    pub async fn consistency(&self, old: u64, head: &Head) -> Result<Option<Vec<Hash>>, PortError> {
        if old > head.size {
            return Ok(None);
        }
        let leaves = self.leaves(head).await?;
        Ok(usize::try_from(old).ok().and_then(|old| tree::consistency_proof(&leaves, old)))
    }

    async fn leaves(&self, head: &Head) -> Result<Vec<Hash>, PortError> {
        let mut leaves = Vec::new();
        self.each_line(0..head.size, |line| {
            leaves.push(leaf_hash(line.as_bytes()));
            Ok(())
        })
        .await?;
        Ok(leaves)
    }

    /// Every entry's line in order, none left out.
    pub(crate) async fn each_line(
        &self,
        range: Range<u64>,
        mut take: impl FnMut(&str) -> Result<(), PortError> + Send,
    ) -> Result<(), PortError> {
        let mut expected = range.start;
        let mut rows = self
            .store
            .documents("ledger_entries")
            .find(doc! { "_id": { "$gte": as_i64(range.start), "$lt": as_i64(range.end) } })
            .sort(doc! { "_id": 1 })
            .await
            .map_err(port_error)?;
        while let Some(row) = rows.try_next().await.map_err(port_error)? {
            if row.get_i64("_id").ok() != Some(as_i64(expected)) {
                break;
            }
            take(row.get_str("line").map_err(|e| PortError::Broken(e.to_string()))?)?;
            expected += 1;
        }
        if expected == range.end {
            Ok(())
        } else {
            Err(PortError::Broken(format!("ledger entry {expected} is missing")))
        }
    }
}
