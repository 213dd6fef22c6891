//! Files beside the records: each is named by a record here, and is byte for byte what that record sealed.

use std::collections::BTreeMap;

use super::{Checking, records::Records};
use crate::{
    attachment::Attachment,
    draw::hex,
    proof::{bundle::UnverifiedBundle, layout},
};

impl Checking {
    /// Bundles whose records name no file have none, and lose nothing by it.
    pub(super) fn attachments(&mut self, bundle: &UnverifiedBundle, records: &Records) {
        let mut wrong = Vec::new();
        let mut named: BTreeMap<String, Vec<&(String, Attachment)>> = BTreeMap::new();
        for file in &records.named {
            named.entry(format!("{}{}", layout::ATTACHMENTS, file.1.sha256)).or_default().push(file);
        }
        for (name, by) in &named {
            let (record, said) = by[0];
            match bundle.files.get(name) {
                None => wrong.push(format!("{record} names {} ({name}), which is missing", said.name)),
                Some(file) if hex(&file.sha256) != said.sha256 => {
                    wrong.push(format!("{name}, which {record} names, is not the file that was sealed"));
                }
                Some(file) => {
                    let lies = by.iter().find(|(_, said)| said.bytes != file.size);
                    wrong.extend(lies.map(|(record, said)| {
                        format!("{name} has {} bytes, and {record} says {}", file.size, said.bytes)
                    }));
                }
            }
        }
        let strangers = bundle.files.keys().filter(|n| n.starts_with(layout::ATTACHMENTS) && !named.contains_key(*n));
        wrong.extend(strangers.map(|name| format!("{name} is named by no record here")));
        if !named.is_empty() || !wrong.is_empty() {
            let good = match named.len() {
                1 => "One file, the one that a record here names.".to_owned(),
                n => format!("{n} files, each the one that a record here names."),
            };
            self.none_wrong("The attachments", wrong, good);
        }
    }
}
