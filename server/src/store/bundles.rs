//! Bundles: made whole or not at all, kept in GridFS, each export an entry of the ledger.

use std::{sync::Arc, time::Duration};

use app::ports::{Bundle, Bundles, Company, Order, PortError, Stage, Wish};
use async_trait::async_trait;
use bson::{Bson, doc};
use domain::{
    Moment,
    control::Control,
    draw::hex,
    ejson,
    role::{Actor, Scope},
    sample::Drawn,
    schedule::Period,
};
use futures::{AsyncReadExt, AsyncWriteExt, Stream, StreamExt, TryStreamExt, stream::BoxStream};
use mongodb::options::GridFsBucketOptions;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{evidence::Evidence, port_error, rows};
use crate::{
    exports::{self, Pressed, gather, orders::Progress, spool::Scratch},
    ledger::canonical,
    time::{Blocking, Outside},
};

/// How often somebody who waits for an order looks.
const LOOK: Duration = Duration::from_millis(100);

#[derive(Clone)]
pub struct Exports {
    pub evidence: Evidence,
    pub company: Arc<Company>,
    pub scratch: Scratch,
}

/// A bundle on its way out.
pub struct Download {
    /// "evidence-cartie-2026-Q3-1.zip"
    pub name: String,
    pub bytes: i64,
    pub parts: BoxStream<'static, std::io::Result<Vec<u8>>>,
}

/// The export as it is sealed (`exports`).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Export {
    schema: u32,
    period_name: String,
    scope_from: Moment,
    scope_to: Moment,
    controls: Vec<Control>,
    records: u64,
    bytes: i64,
    /// Of the ZIP.
    sha256: String,
    tagmanifest_sha256: String,
    folder: String,
    /// Whether an outside authority stamped it.
    #[serde(default)]
    stamped: bool,
    /// The sample drawn into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sample: Option<Drawn>,
    /// The order it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    occurred_at: Moment,
    by: String,
}

impl Download {
    /// All of it in memory; for bundles that are known to be small.
    pub async fn whole(self) -> std::io::Result<Vec<u8>> {
        let parts: Vec<Vec<u8>> = self.parts.try_collect().await?;
        Ok(parts.concat())
    }
}

impl Exports {
    /// The ZIP; `None` outside the actor's scope. It is read once before a byte of it goes out, so that what goes
    /// out is what was sealed.
    pub async fn download(&self, actor: &Actor, id: &str) -> Result<Option<Download>, PortError> {
        let Some((bundle, folder)) = self.rows(actor).await?.into_iter().find(|(b, _)| b.id == id) else {
            return Ok(None);
        };
        let mut sha256 = Sha256::new();
        let mut parts = std::pin::pin!(self.parts(&bundle.sha256).await?);
        while let Some(part) = parts.try_next().await.map_err(|e| PortError::Unavailable(e.to_string()))? {
            sha256.update(&part);
        }
        if hex(&sha256.finalize()) != bundle.sha256 {
            return Err(PortError::Conflict(format!(
                "The kept file of {id} is no longer what was sealed. Make it again"
            )));
        }
        let parts = self.parts(&bundle.sha256).await?.boxed();
        Ok(Some(Download { name: format!("{folder}.zip"), bytes: bundle.bytes, parts }))
    }

    /// A kept file, a quarter of a megabyte at a time.
    async fn parts(
        &self,
        sha256: &str,
    ) -> Result<impl Stream<Item = std::io::Result<Vec<u8>>> + Send + use<>, PortError> {
        let stream = self.files().open_download_stream(Bson::String(sha256.to_owned())).await.map_err(port_error)?;
        Ok(futures::stream::try_unfold(stream, |mut stream| async move {
            let mut part = vec![0; 256 << 10];
            let read = stream.read(&mut part).await?;
            part.truncate(read);
            Ok((read > 0).then_some((part, stream)))
        }))
    }

    /// Puts a ZIP beside the others, under its digest, so that two exports at once never write over each other.
    async fn keep(&self, id: &str, pressed: Pressed, progress: &Progress) -> Result<(), PortError> {
        let unavailable = |e: std::io::Error| PortError::Unavailable(e.to_string());
        progress.begin("Keeping the bundle", pressed.made.bytes >> 20);
        let files = self.files();
        let upload = files.open_upload_stream(format!("{id}.zip")).id(Bson::String(pressed.sha256));
        let mut upload = upload.await.map_err(port_error)?;
        let mut file = tokio::fs::File::from_std(pressed.file);
        let mut part = vec![0; 1 << 20];
        let kept = async {
            loop {
                match tokio::io::AsyncReadExt::read(&mut file, &mut part).await? {
                    0 => return upload.close().await,
                    n => upload.write_all(&part[..n]).await?,
                }
                progress.add(1);
            }
        };
        let kept = kept.await;
        if kept.is_err() {
            // What was written of it would stay for ever.
            let _ = upload.abort().await;
        }
        kept.map_err(unavailable)
    }

    fn files(&self) -> mongodb::gridfs::GridFsBucket {
        let options = GridFsBucketOptions::builder().bucket_name("bundles".to_owned()).build();
        self.evidence.ledger.store.db.gridfs_bucket(options)
    }

    async fn rows(&self, actor: &Actor) -> Result<Vec<(Bundle, String)>, PortError> {
        let rows = rows(
            self.evidence
                .ledger
                .store
                .documents("ledger_records")
                .find(doc! { "coll": "exports" })
                .sort(doc! { "_id": -1 }),
        )
        .await?;
        let mut bundles = Vec::new();
        for row in &rows {
            let bytes = row.get_binary_generic("canonical").map_err(|e| PortError::Broken(e.to_string()))?;
            let value = serde_json::from_slice(bytes).map_err(|e| PortError::Broken(e.to_string()))?;
            let export =
                Export::deserialize(ejson::plain(&value)).map_err(|e| PortError::Broken(format!("an export: {e}")))?;
            let scope = Scope {
                period: Some(Period { from: export.scope_from, to: export.scope_to }),
                controls: Some(export.controls.clone()),
            };
            // Inside means: cutting it to the reader's own scope takes nothing away.
            if actor.scope.narrowed(&scope) != scope {
                continue;
            }
            bundles.push((
                Bundle {
                    id: row.get_str("rid").unwrap_or_default().to_owned(),
                    made_at: export.occurred_at,
                    made_by: export.by,
                    period_name: export.period_name,
                    controls: export.controls,
                    records: export.records,
                    bytes: export.bytes,
                    sha256: export.sha256,
                    tagmanifest_sha256: export.tagmanifest_sha256,
                    stamped: export.stamped,
                    sample: export.sample,
                    seq: u64::try_from(row.get_i64("_id").unwrap_or_default()).unwrap_or_default(),
                    root_fingerprint: self.root_fingerprint(),
                },
                export.folder,
            ));
        }
        Ok(bundles)
    }

    /// Makes one whole bundle, or none: `Conflict` names the record that is missing or differs.
    pub async fn make(&self, actor: &Actor, wish: &Wish) -> Result<Bundle, PortError> {
        self.make_ordered(actor, wish, None, &Progress::default()).await
    }

    /// The same for an order, which gives one bundle however often it is taken up.
    pub async fn make_ordered(
        &self,
        actor: &Actor,
        wish: &Wish,
        order: Option<&str>,
        progress: &Progress,
    ) -> Result<Bundle, PortError> {
        let ledger = &self.evidence.ledger;
        let scope = reach(actor, wish)?;
        for _ in 0..3 {
            if let Some(bundle) = self.made_for(actor, order).await? {
                return Ok(bundle);
            }
            let number = ledger.store.documents("exports").count_documents(doc! {}).await.map_err(port_error)? + 1;
            let id = format!("B-{number:03}");
            let order_of = gather::Order {
                org: &self.company.name,
                id: &id,
                wish,
                scope: scope.clone(),
                by: &actor.name,
                scratch: &self.scratch,
            };
            let mut content = gather::gather(&self.evidence, order_of, progress).await?;
            if let Some(source) = &ledger.time {
                let by = Blocking { source: source.clone(), runtime: tokio::runtime::Handle::current() };
                content.outside = Outside::Stamped { by: Arc::new(by), roots: source.roots_pem().to_vec() };
            }
            let (keys, scratch, telling) = (ledger.keys.clone(), self.scratch.clone(), progress.clone());
            // Fonts, hashing and deflate keep a core busy for a while: not on the threads that answer people.
            let (content, pressed) = tokio::task::spawn_blocking(move || {
                let pressed = exports::press(&mut content, &keys, &scratch, &telling);
                pressed.map(|pressed| (content, pressed)).map_err(|e| PortError::Conflict(e.to_string()))
            })
            .await
            .map_err(|e| PortError::Broken(e.to_string()))??;
            let period = content.scope.period.unwrap_or(wish.period);
            let export = Export {
                schema: 1,
                period_name: wish.period_name.clone(),
                scope_from: period.from,
                scope_to: period.to,
                controls: content.scope.controls.clone().unwrap_or_default(),
                records: content.payload.count(),
                bytes: i64::try_from(pressed.made.bytes).unwrap_or(i64::MAX),
                sha256: pressed.sha256.clone(),
                tagmanifest_sha256: pressed.made.tagmanifest_sha256.clone(),
                folder: pressed.made.folder.clone(),
                stamped: content.outside.stamping().is_some(),
                sample: content.sample.map(|sample| sample.drawn),
                order: order.map(str::to_owned),
                occurred_at: content.made_at,
                by: actor.name.clone(),
            };
            let item = canonical::insert("exports", &id, &export).map_err(|e| PortError::Broken(e.to_string()))?;
            // The file first: an export that is listed can be downloaded. A file without an entry is never listed.
            self.keep(&id, pressed, progress).await?;
            match ledger.append_one(item).await {
                // Two exports at once: the other took the number.
                Err(PortError::Conflict(_)) => continue,
                Err(e) => return Err(e),
                Ok(_) => {}
            }
            let made = self.all(actor).await?.into_iter().find(|b| b.id == id);
            return made.ok_or_else(|| PortError::Broken("the bundle just made is not listed".to_owned()));
        }
        Err(PortError::Conflict("Several bundles are being made at once. Try again in a minute".to_owned()))
    }

    /// What an order gave already: the portal may have ended between sealing the bundle and saying so.
    async fn made_for(&self, actor: &Actor, order: Option<&str>) -> Result<Option<Bundle>, PortError> {
        let Some(order) = order else { return Ok(None) };
        let exports = self.evidence.ledger.store.documents("exports");
        let Some(row) = exports.find_one(doc! { "order": order }).await.map_err(port_error)? else { return Ok(None) };
        let id = row.get_str("_id").unwrap_or_default();
        Ok(self.all(actor).await?.into_iter().find(|b| b.id == id))
    }
}

/// What a wish comes to for this actor: never wider than their own scope.
fn reach(actor: &Actor, wish: &Wish) -> Result<Scope, PortError> {
    let controls = if wish.controls.is_empty() { None } else { Some(wish.controls.clone()) };
    let mut scope = actor.scope.narrowed(&Scope { period: Some(wish.period), controls });
    scope.controls.get_or_insert_with(|| Control::ALL.to_vec());
    match (scope.period, &scope.controls) {
        (Some(p), Some(c)) if p.from < p.to && !c.is_empty() => Ok(scope),
        _ => Err(PortError::Conflict(
            "No bundle was made: that period or those controls lie outside your audit".to_owned(),
        )),
    }
}

#[async_trait]
impl Bundles for Exports {
    async fn all(&self, actor: &Actor) -> Result<Vec<Bundle>, PortError> {
        Ok(self.rows(actor).await?.into_iter().map(|(bundle, _)| bundle).collect())
    }

    async fn order(&self, actor: &Actor, wish: &Wish) -> Result<String, PortError> {
        reach(actor, wish)?;
        let ledger = &self.evidence.ledger;
        ledger.store.put_order(actor, wish, ledger.clock.now()).await
    }

    async fn ordered(&self, actor: &Actor, id: &str, patience: Duration) -> Result<Option<Order>, PortError> {
        let until = tokio::time::Instant::now() + patience;
        loop {
            let order = self.evidence.ledger.store.order(actor, id).await?;
            let open = order.as_ref().is_some_and(|o| matches!(o.stage, Stage::Waiting | Stage::Running(_)));
            if !open || tokio::time::Instant::now() >= until {
                return Ok(order);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn on_their_way(&self, actor: &Actor) -> Result<Vec<Order>, PortError> {
        self.evidence.ledger.store.open_orders(actor).await
    }

    async fn counts(&self, actor: &Actor, period: Period) -> Result<Vec<(Control, u64)>, PortError> {
        let mut counts = Vec::new();
        for control in super::evidence::controls_of(&actor.scope) {
            let scope = actor.scope.narrowed(&Scope { period: Some(period), controls: Some(vec![control]) });
            let mut total = 0;
            for coll in gather::COLLECTIONS {
                total += self.evidence.count(&scope, coll).await?;
            }
            counts.push((control, total));
        }
        Ok(counts)
    }

    fn root_fingerprint(&self) -> String {
        self.evidence.ledger.keys.root_fingerprint()
    }
}
