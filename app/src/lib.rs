//! What people see.
//!
//! Pages, parts and loaders run on the server only; the browser build holds the islands and nothing else.

// A page is one nested type; the frame around the deepest goes past the default of 128.
#![recursion_limit = "256"]

#[cfg(feature = "ssr")]
pub mod api;
#[cfg(feature = "ssr")]
pub mod app;
#[cfg(feature = "ssr")]
mod csp;
pub mod islands;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod parts;
#[cfg(feature = "ssr")]
pub mod ports;
pub mod problem;
#[cfg(feature = "ssr")]
pub mod seat;

#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
