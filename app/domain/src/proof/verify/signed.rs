//! Who made it: the signature over the whole, its certificates, and the statement for other tools.

use super::{Checking, Trust};
use crate::{
    Moment,
    proof::{
        bundle::UnverifiedBundle,
        dsse,
        layout::{self, Index},
        signature::{self, Root, Signer},
    },
    words,
};

impl Checking {
    pub(super) fn signature(&mut self, bundle: &UnverifiedBundle, trust: &Trust) -> Option<(Root, Signer)> {
        const WHAT: &str = "The signature over the whole bundle";
        let own = bundle.file(layout::ROOT_CERTIFICATE).ok().and_then(|f| String::from_utf8(f).ok());
        let Some(pem) = trust.root_pem.as_ref().or(own.as_ref()) else {
            self.bad(WHAT, format!("{} is missing, and no root was given", layout::ROOT_CERTIFICATE));
            return None;
        };
        let root = match Root::from_pem(pem) {
            Ok(root) => root,
            Err(e) => {
                self.bad(WHAT, e.to_string());
                return None;
            }
        };
        self.facts.root_fingerprint = root.fingerprint();
        if trust.root_sha256.as_ref().is_some_and(|held| *held != self.facts.root_fingerprint) {
            let found = words::short_digest(&self.facts.root_fingerprint);
            self.bad(WHAT, format!("It leads to another root ({found} …) than the one your anchors name"));
            return None;
        }
        let signed = bundle.file(layout::SIGNATURE).and_then(|p7s| Ok((p7s, bundle.file(layout::TAG_MANIFEST)?)));
        let (p7s, content) = match signed {
            Ok(both) => both,
            Err(e) => {
                self.bad(WHAT, e.to_string());
                return None;
            }
        };
        match signature::verify(&p7s, &content, &root) {
            Ok(signer) => {
                let by = if trust.root_pem.is_some() || trust.root_sha256.is_some() {
                    "the root you hold"
                } else {
                    "the root in the bundle itself"
                };
                self.good(WHAT, format!("Made by {}, whose certificate was issued by {by}.", signer.name));
                self.facts.signer.clone_from(&signer.name);
                self.facts.signer_fingerprint.clone_from(&signer.fingerprint);
                self.keys(bundle, &root, &signer);
                Some((root, signer))
            }
            Err(e) => {
                self.bad(WHAT, e.to_string());
                None
            }
        }
    }

    /// The certificates shipped for convenience must be the ones that were used.
    fn keys(&mut self, bundle: &UnverifiedBundle, root: &Root, signer: &Signer) {
        let mut wrong = Vec::new();
        for (name, expected) in
            [(layout::ROOT_CERTIFICATE, root.fingerprint()), (layout::SIGNER_CERTIFICATE, signer.fingerprint.clone())]
        {
            let shipped = bundle.file(name).ok().and_then(|f| signature::pem_fingerprint(&f));
            if shipped != Some(expected) {
                wrong.push(format!("{name} is not the certificate the signature was made with"));
            }
        }
        self.none_wrong("The certificates in the bundle", wrong, "They are the ones the signature was made with.");
    }

    pub(super) fn validity(&mut self, signer: &Signer, index: &Index, now: Moment) {
        const WHAT: &str = "The certificate held when the bundle was made";
        let Some(made) = Moment::parse(&index.made_at) else {
            return self.bad(WHAT, "The index does not say when the bundle was made");
        };
        // A day, for clocks that differ.
        if made > now.plus_millis(24 * 3600 * 1000) {
            return self.bad(WHAT, format!("The bundle says it was made in the future, on {}", made.rfc3339()));
        }
        match signer.valid_at(made) {
            Err(e) => self.bad(WHAT, e.to_string()),
            Ok(()) => {
                self.good(
                    WHAT,
                    format!(
                        "Made on {}, as the bundle says; valid until {}.",
                        words::date(made),
                        words::date(signer.until)
                    ),
                );
                if signer.valid_at(now).is_err() {
                    self.not_proven.push(format!(
                        "The signer's certificate ended on {}; that the signature is older rests on the bundle's own word.",
                        words::date(signer.until)
                    ));
                }
            }
        }
    }

    /// Bundles made before there was a statement have none, and lose nothing by it.
    pub(super) fn statement(&mut self, bundle: &UnverifiedBundle, signer: &Signer, index: &Index) {
        const WHAT: &str = "The statement for other tools";
        if !bundle.has(layout::STATEMENT) {
            return;
        }
        let envelope = match bundle.file(layout::STATEMENT) {
            Ok(envelope) => envelope,
            Err(e) => return self.bad(WHAT, e.to_string()),
        };
        match dsse::verify(&envelope, index, &self.facts.tagmanifest_sha256, signer) {
            Ok(()) => self.good(WHAT, "An in-toto statement over the same bytes, signed by the same key."),
            Err(e) => self.bad(WHAT, format!("{}: {e}", layout::STATEMENT)),
        }
    }
}
