//! The company's keys: a P-256 root and signer for bundles, an Ed25519 key for the ledger's head.
//!
//! They lie in one folder outside the database (`folder`), in clear with mode 0600 or under a passphrase
//! (`secret`). What is here signs; it never prints, logs or ships a private key, and never replaces one:
//! that is done by name, whole or not at all (`rotate`, `import`, on `change`).

mod certificates;
mod change;
pub mod command;
mod folder;
mod import;
mod journal;
mod rotate;
mod secret;

use std::{
    io,
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber},
    content_info::{CmsVersion, ContentInfo},
    signed_data::{CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos},
};
use der::{
    Any, Decode, Encode, EncodePem,
    asn1::{ObjectIdentifier, OctetString, SetOfVec},
    pem::LineEnding,
};
use domain::{
    Moment,
    proof::{
        anchors::Anchors,
        checkpoint::{self, Checkpoint, VerifierKey},
        sha256_hex,
        signature::{self, EssCertIdV2, Root, SignatureError, SigningCertificateV2, sha256_algorithm},
        timestamp,
    },
};
use ed25519_dalek::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use sha2::{Digest, Sha256};
use x509_cert::{Certificate, attr::Attribute, spki::AlgorithmIdentifierOwned};

pub use folder::{Folder, RootKey, State};
pub use import::{Import, Requested};
pub use rotate::RootKeyFile;
pub use secret::Passphrase;

use crate::time::{Stamping, TimeError};

#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("the key folder {folder}: {cause}")]
    Folder { folder: PathBuf, cause: io::Error },
    #[error("{0} is a file, and keys.dir must name a folder")]
    NotAFolder(PathBuf),
    #[error(
        "{file} cannot be read ({cause}); give it to the user who runs passmuster, with mode 600, or bring it back from its backup"
    )]
    CannotRead { file: PathBuf, cause: io::Error },
    #[error(
        "{file} may be read by others (mode {mode:03o}); run: chmod 600 '{file}', and if others were on this machine, replace the key"
    )]
    TooOpen { file: PathBuf, mode: u32 },
    #[error(
        "the key folder {folder} lacks {missing}; bring it back from its backup, or name another folder to begin with new keys"
    )]
    Incomplete { folder: PathBuf, missing: String },
    #[error(
        "the key folder {0} waits for a certificate that was requested and is not there yet; when the company's authority has answered: passmuster key import --signer FILE --root FILE"
    )]
    Awaiting(PathBuf),
    #[error(
        "the key folder {0} holds no keys yet: passmuster key init makes them, and so does the portal's first start"
    )]
    NoKeys(PathBuf),
    #[error(
        "the key folder {0} holds keys already, and none is ever written over; to replace one: passmuster key rotate"
    )]
    Already(PathBuf),
    #[error("{file} is cut short or damaged ({cause}); bring it back from its backup")]
    Damaged { file: PathBuf, cause: String },
    #[error("{file} is not what it should be: {cause}")]
    NotAKey { file: PathBuf, cause: String },
    #[error("{file} holds no certificate that can be read ({cause}); it must be PEM, as the authority sent it")]
    NotACertificate { file: PathBuf, cause: String },
    #[error(
        "{0} is encrypted, and no passphrase is configured: set keys.passphrase, or PASSMUSTER_KEYS__PASSPHRASE_FILE to a file that holds it"
    )]
    Locked(PathBuf),
    #[error("the passphrase does not open {0}: it is another one, or the file is damaged")]
    WrongPassphrase(PathBuf),
    #[error("the passphrase has {0} characters, and whoever steals the files can try billions: take at least {least}", least = secret::SHORTEST)]
    ShortPassphrase(usize),
    #[error("{key} is not the key of {certificate}: they come from two folders; bring both back from one backup")]
    Mixed { key: PathBuf, certificate: PathBuf },
    #[error("{file} does not do for signing evidence: {cause}")]
    Unfit { file: PathBuf, cause: SignatureError },
    #[error("{0}")]
    Refused(String),
    #[error("a key or certificate could not be made: {0}")]
    Made(String),
    #[error(transparent)]
    Time(TimeError),
    #[error("the signature could not be made: {0}")]
    Signature(String),
    #[error(
        "the signer's certificate holds from {from} until {until}, and this machine's clock says {now}: set the clock, or replace the key with passmuster key rotate; no bundle was made, and the ledger is as it was"
    )]
    NotValidNow { from: Moment, until: Moment, now: Moment },
}

/// Everything this portal signs with.
pub struct Keys {
    root: Certificate,
    root_der: Vec<u8>,
    signer: Certificate,
    signer_der: Vec<u8>,
    /// Between the two, the signer's issuer first; empty: the root issued it itself.
    chain: Vec<Certificate>,
    signer_key: SigningKey,
    log: LogKey,
    /// Those before it that sign beside it, until they are retired.
    earlier: Vec<LogKey>,
    /// Those that signed once and no longer do.
    retired: Vec<VerifierKey>,
}

/// A key that signs the ledger's heads, and its public part under the ledger's name.
struct LogKey {
    secret: ed25519_dalek::SigningKey,
    public: VerifierKey,
}

impl LogKey {
    fn new(secret: ed25519_dalek::SigningKey, log_name: &str) -> Result<Self, SignError> {
        let public = VerifierKey::new(log_name, secret.verifying_key().as_bytes())
            .map_err(|e| SignError::Made(format!("the ledger's name {log_name:?}: {e}")))?;
        Ok(Self { secret, public })
    }
}

impl Keys {
    /// Reads the keys of `dir`, which lie there in clear; makes them when the folder is absent or empty.
    ///
    /// `org` names the company in the certificates, `log_name` is the ledger's origin line (no spaces,
    /// no plus): "passmuster.example/cartie". New certificates hold from an hour before `now`.
    pub fn open_or_create(dir: &Path, org: &str, log_name: &str, now: DateTime<Utc>) -> Result<Keys, SignError> {
        Folder::new(dir, None).open_or_create(org, log_name, now, crate::jobs::PORTAL)
    }

    /// Signs a trial and checks it as anybody would, so that what nobody could verify is found at start.
    fn trial(&self) -> Result<signature::Signer, SignatureError> {
        let root = Root::from_der(&self.root_der)?;
        let made = self.sign_cms(b"trial").map_err(|e| SignatureError::NotCms(e.to_string()))?;
        signature::verify(&made, b"trial", &root)
    }

    /// The ledger's head as a C2SP checkpoint; its origin is the ledger's name. Earlier keys sign it too.
    pub fn sign_checkpoint(&self, size: u64, root: &[u8; 32]) -> String {
        let head = Checkpoint { origin: self.log.public.name().to_owned(), size, root: *root };
        let note = checkpoint::sign(&head, &self.log.public, |message| self.log.secret.sign(message).to_bytes());
        self.earlier.iter().fold(note, |note, key| {
            checkpoint::cosign(&note, &key.public, |message| key.secret.sign(message).to_bytes())
                .expect("a note that was just signed is one")
        })
    }

    /// Whether every key that signs heads now has signed this one.
    pub fn signed(&self, note: &str) -> bool {
        std::iter::once(&self.log).chain(&self.earlier).all(|key| checkpoint::open(note, &key.public).is_ok())
    }

    /// The ledger's name, which is the origin line of its checkpoints.
    pub fn origin(&self) -> &str {
        self.log.public.name()
    }

    /// The ledger's public key in C2SP form.
    pub fn vkey(&self) -> String {
        self.log.public.to_string()
    }

    /// The same, then every key that the ledger had before, retired ones last.
    pub fn vkeys(&self) -> Vec<VerifierKey> {
        let before = self.earlier.iter().map(|key| &key.public).chain(&self.retired);
        std::iter::once(&self.log.public).chain(before).cloned().collect()
    }

    /// Earlier keys that still sign beside the ledger's own.
    pub fn earlier_vkeys(&self) -> Vec<String> {
        self.earlier.iter().map(|key| key.public.to_string()).collect()
    }

    /// What an auditor is handed outside every bundle.
    ///
    /// `tsa_roots` are those of the time authorities, one PEM each.
    pub fn anchors(&self, org: &str, tsa_roots: Vec<String>) -> Anchors {
        Anchors {
            schema: 3,
            org: org.to_owned(),
            root_sha256: self.root_fingerprint(),
            log_vkey: self.vkey(),
            earlier_log_vkeys: self.earlier_vkeys(),
            tsa_roots,
            rp_id: None,
            origins: Vec::new(),
        }
    }

    pub fn root_pem(&self) -> String {
        self.root.to_pem(LineEnding::LF).expect("a certificate that was read writes back")
    }

    pub fn signer_pem(&self) -> String {
        self.signer.to_pem(LineEnding::LF).expect("a certificate that was read writes back")
    }

    /// SHA-256 over the root certificate's DER, 64 lower-case hex digits.
    pub fn root_fingerprint(&self) -> String {
        sha256_hex(&self.root_der)
    }

    /// SHA-256 over the signer certificate's DER, 64 lower-case hex digits.
    pub fn signer_fingerprint(&self) -> String {
        sha256_hex(&self.signer_der)
    }

    /// "CN=CARTIE evidence root,O=CARTIE"
    pub fn root_name(&self) -> String {
        self.root.tbs_certificate().subject().to_string()
    }

    pub fn signer_name(&self) -> String {
        self.signer.tbs_certificate().subject().to_string()
    }

    /// Names of the authorities between the signer and the root.
    pub fn chain_names(&self) -> Vec<String> {
        self.chain.iter().map(|c| c.tbs_certificate().subject().to_string()).collect()
    }

    /// Until when the root certificate holds.
    pub fn root_until(&self) -> DateTime<Utc> {
        signature::validity(&self.root).1.utc()
    }

    /// Until when the signer's certificate holds.
    pub fn signer_until(&self) -> DateTime<Utc> {
        signature::validity(&self.signer).1.utc()
    }

    /// Refuses to sign at an instant for which nobody could verify it.
    pub fn may_sign_at(&self, now: Moment) -> Result<(), SignError> {
        let (from, until) = signature::validity(&self.signer);
        if (from..=until).contains(&now) { Ok(()) } else { Err(SignError::NotValidNow { from, until, now }) }
    }

    /// A detached signature over `content`: DER of CMS SignedData, with the certificates from the signer's to the root.
    ///
    /// There is no signingTime: the signer's own clock proves nothing.
    pub fn sign_cms(&self, content: &[u8]) -> Result<Vec<u8>, SignError> {
        self.sign_cms_stamped(content, None)
    }

    /// The same with a time authority's token over the signature, if there is one to ask.
    pub fn sign_cms_stamped(&self, content: &[u8], time: Option<&dyn Stamping>) -> Result<Vec<u8>, SignError> {
        let wrong = |e: der::Error| SignError::Signature(e.to_string());
        let (mut signed, signature) = self.signed_data(content).map_err(wrong)?;
        if let Some(authority) = time {
            let response = authority.stamp(&timestamp::digest(&signature)).map_err(SignError::Time)?;
            let token = timestamp::token_der(&response).map_err(|e| SignError::Signature(e.to_string()))?;
            let token = Any::from_der(&token).map_err(wrong)?;
            let mut info =
                signed.signer_infos.0.get(0).cloned().ok_or_else(|| SignError::Signature("no signer".to_owned()))?;
            let values = SetOfVec::try_from(vec![token]).map_err(wrong)?;
            let token = Attribute { oid: signature::TIME_STAMP_TOKEN, values };
            info.unsigned_attrs = Some(SetOfVec::try_from(vec![token]).map_err(wrong)?);
            signed.signer_infos = SignerInfos::try_from(vec![info]).map_err(wrong)?;
        }
        let content = Any::encode_from(&signed).map_err(wrong)?;
        ContentInfo { content_type: signature::SIGNED_DATA, content }.to_der().map_err(wrong)
    }

    /// DER of an ECDSA P-256 signature with SHA-256 over the message, by the signer's key.
    pub fn sign_bytes(&self, message: &[u8]) -> Vec<u8> {
        let signature: DerSignature = self.signer_key.sign(message);
        signature.as_bytes().to_vec()
    }

    /// Without a token; the second part is the signature's own value.
    fn signed_data(&self, content: &[u8]) -> der::Result<(SignedData, Vec<u8>)> {
        let signing_certificate = SigningCertificateV2 {
            certs: vec![EssCertIdV2 {
                cert_hash: OctetString::new(Sha256::digest(&self.signer_der).to_vec())?,
                issuer_serial: None,
            }],
        };
        let attribute = |oid: ObjectIdentifier, value: Any| {
            Ok::<_, der::Error>(Attribute { oid, values: SetOfVec::try_from(vec![value])? })
        };
        let signed_attrs = SetOfVec::try_from(vec![
            attribute(signature::CONTENT_TYPE, Any::encode_from(&signature::DATA)?)?,
            attribute(signature::MESSAGE_DIGEST, signature::digest_value(content)?)?,
            attribute(signature::SIGNING_CERTIFICATE_V2, Any::encode_from(&signing_certificate)?)?,
        ])?;
        let signature: DerSignature = self.signer_key.sign(&signed_attrs.to_der()?);
        let tbs = self.signer.tbs_certificate();
        let info = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: tbs.issuer().clone(),
                serial_number: tbs.serial_number().clone(),
            }),
            digest_alg: sha256_algorithm(),
            signed_attrs: Some(signed_attrs),
            signature_algorithm: AlgorithmIdentifierOwned { oid: signature::ECDSA_WITH_SHA256, parameters: None },
            signature: OctetString::new(signature.as_bytes())?,
            unsigned_attrs: None,
        };
        let signed = SignedData {
            version: CmsVersion::V1,
            digest_algorithms: SetOfVec::try_from(vec![sha256_algorithm()])?,
            encap_content_info: EncapsulatedContentInfo { econtent_type: signature::DATA, econtent: None },
            certificates: Some(CertificateSet::try_from(
                [&self.signer, &self.root]
                    .into_iter()
                    .chain(&self.chain)
                    .map(|c| CertificateChoices::Certificate(c.clone()))
                    .collect::<Vec<_>>(),
            )?),
            crls: None,
            signer_infos: SignerInfos::try_from(vec![info])?,
        };
        Ok((signed, signature.as_bytes().to_vec()))
    }
}
