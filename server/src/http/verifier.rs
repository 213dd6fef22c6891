//! `/verify` as one file to keep. Read once, so that the bytes sent are those whose digest the page prints.

use std::path::Path;

use app::pages::verify::{Saved, SavedFile};
use axum::{
    body::Bytes,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::proof::sha256_hex;

const NAME: &str = "passmuster-verify.html";

/// The file as the build left it beside the site, or nothing.
#[derive(Clone)]
pub struct SavedPage(Option<Bytes>);

impl SavedPage {
    pub fn read(site_root: &Path) -> Self {
        let path = site_root.join("pkg").join(NAME);
        match std::fs::read(&path) {
            Ok(bytes) => Self(Some(bytes.into())),
            Err(e) => {
                tracing::warn!("{} cannot be read ({e}); /verify will not offer it", path.display());
                Self(None)
            }
        }
    }

    /// What the page says of it.
    pub fn told(&self) -> Saved {
        Saved(self.0.as_ref().map(|bytes| SavedFile { sha256: sha256_hex(bytes), bytes: bytes.len() as i64 }))
    }
}

pub async fn page(State(saved): State<SavedPage>) -> Response {
    match saved.0 {
        Some(bytes) => (
            [
                (header::CONTENT_TYPE, "text/html; charset=utf-8"),
                // To keep: opened here it would run as a page of the portal.
                (header::CONTENT_DISPOSITION, "attachment; filename=\"passmuster-verify.html\""),
            ],
            bytes,
        )
            .into_response(),
        None => (StatusCode::NOT_FOUND, "This portal was built without the page as one file.").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_digest_told_is_of_the_bytes_sent() {
        let site = tempfile::tempdir().expect("a folder");
        assert_eq!(page(State(SavedPage::read(site.path()))).await.status(), StatusCode::NOT_FOUND);
        std::fs::create_dir(site.path().join("pkg")).expect("a folder");
        std::fs::write(site.path().join("pkg").join(NAME), "<!DOCTYPE html>").expect("a file");
        let saved = SavedPage::read(site.path());
        let told = saved.told().0.expect("the file is there");
        let answer = page(State(saved)).await;
        assert!(answer.headers()[header::CONTENT_DISPOSITION].to_str().expect("text").starts_with("attachment"));
        let sent = axum::body::to_bytes(answer.into_body(), 1 << 20).await.expect("a body");
        assert_eq!((told.sha256, told.bytes), (sha256_hex(&sent), sent.len() as i64));
    }
}
