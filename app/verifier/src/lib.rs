//! The way from a page's worker into `domain::proof::verify`: bytes in, the report's own JSON and text out.

use domain::{
    Moment,
    proof::{
        anchors::Anchors,
        verify::{Report, Trust, verify_with},
    },
};
use wasm_bindgen::prelude::wasm_bindgen;

/// A file as it comes from the disk, part by part, so that it stands in memory once.
#[wasm_bindgen]
pub struct Bytes(Vec<u8>);

#[wasm_bindgen]
impl Bytes {
    /// Room for a file of this size; an error when the browser has not that much memory.
    #[wasm_bindgen(constructor)]
    pub fn new(size: usize) -> Result<Self, String> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size).map_err(|_| "There is not enough memory for a file of this size.")?;
        Ok(Self(bytes))
    }

    pub fn push(&mut self, part: &[u8]) {
        self.0.extend_from_slice(part);
    }
}

/// What was found.
#[wasm_bindgen]
pub struct Found(Report);

#[wasm_bindgen]
impl Found {
    pub fn json(&self) -> String {
        self.0.json()
    }

    pub fn text(&self) -> String {
        self.0.text()
    }
}

/// Checks a bundle; `Err` says why the anchors cannot be used, and then nothing was checked.
#[wasm_bindgen]
pub fn verify(
    bundle: &Bytes,
    anchors: Option<String>,
    previous: Option<Bytes>,
    now_ms: f64,
    step: &js_sys::Function,
) -> Result<Found, String> {
    let mut trust = match anchors {
        Some(json) => Anchors::parse(json.trim()).map_err(|e| format!("The anchors cannot be used: {e}."))?.trust(),
        None => Trust::default(),
    };
    trust.previous = previous.map(|older| older.0);
    let now = Moment::from_millis(now_ms as i64).ok_or("This device’s clock shows no date.")?;
    let mut tell = |says: &'static str| {
        // A page that does not listen changes nothing about the check.
        let _ = step.call1(&wasm_bindgen::JsValue::NULL, &says.into());
    };
    Ok(Found(verify_with(&bundle.0, &trust, now, &mut tell)))
}
