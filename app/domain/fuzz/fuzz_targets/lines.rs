//! JSON that comes from outside: entries, anchors, the index.
#![no_main]

use domain::proof::{anchors::Anchors, layout::Index, leaf};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(entry) = leaf::parse(text) {
        assert_eq!(leaf::line(&entry), text, "one entry, one line");
    }
    if let Ok(anchors) = Anchors::parse(text) {
        assert_eq!(Anchors::parse(&anchors.json()).as_ref(), Ok(&anchors));
    }
    let _ = serde_json::from_str::<Index>(text);
});
