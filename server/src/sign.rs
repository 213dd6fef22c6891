//! The company's keys: a P-256 root and signer for bundles, an Ed25519 key for the ledger's head.
//!
//! Kept in one folder, private keys with mode 0600. It never prints, logs or ships a private key,
//! and never replaces one: a folder with a missing file is refused.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, Utc};
use cms::{
    cert::{CertificateChoices, IssuerAndSerialNumber},
    content_info::{CmsVersion, ContentInfo},
    signed_data::{CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos},
};
use der::{
    Any, Decode, DecodePem, Encode, EncodePem,
    asn1::{GeneralizedTime, ObjectIdentifier, OctetString, SetOfVec, UtcTime},
    pem::LineEnding,
};
use domain::{
    draw::hex,
    proof::{
        anchors::Anchors,
        checkpoint::{self, Checkpoint, VerifierKey},
        hash_from_hex, sha256_hex,
        signature::{self, EssCertIdV2, SigningCertificateV2, sha256_algorithm},
        timestamp,
    },
};
use ed25519_dalek::Signer as _;
use p256::{
    ecdsa::{DerSignature, SigningKey},
    pkcs8::{DecodePrivateKey, EncodePrivateKey},
};
use sha2::{Digest, Sha256};
use x509_cert::{
    Certificate,
    attr::Attribute,
    builder::{Builder, CertificateBuilder, profile::BuilderProfile},
    certificate::TbsCertificate,
    ext::{
        Extension, ToExtension,
        pkix::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier},
    },
    name::Name,
    serial_number::SerialNumber,
    spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfo, SubjectPublicKeyInfoRef},
    time::{Time, Validity},
};

use crate::time::{Stamping, TimeError};

const ROOT_KEY: &str = "root.key";
const ROOT_CERTIFICATE: &str = "evidence-root.pem";
const SIGNER_KEY: &str = "signer.key";
const SIGNER_CERTIFICATE: &str = "signer.pem";
const LOG_KEY: &str = "log.key";
/// Every file of a complete folder. A root key kept offline may be taken away later.
const REQUIRED: [&str; 4] = [ROOT_CERTIFICATE, SIGNER_KEY, SIGNER_CERTIFICATE, LOG_KEY];
const PRIVATE: [&str; 3] = [ROOT_KEY, SIGNER_KEY, LOG_KEY];

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Ten years of 365.25 days.
const ROOT_LASTS: Duration = DAY.saturating_mul(3652);
/// Two years of 365 days.
const SIGNER_LASTS: Duration = DAY.saturating_mul(730);

#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("the key folder {folder}: {cause}")]
    Folder { folder: PathBuf, cause: io::Error },
    #[error(
        "{file} may be read by others (mode {mode:03o}); run: chmod 600 '{file}', and if others were on this machine, replace the key"
    )]
    TooOpen { file: PathBuf, mode: u32 },
    #[error(
        "the key folder {folder} lacks {missing}; bring it back from its backup, or name another folder to begin with new keys"
    )]
    Incomplete { folder: PathBuf, missing: String },
    #[error("{file} is not what it should be: {cause}")]
    Unreadable { file: PathBuf, cause: String },
    #[error("a key or certificate could not be made: {0}")]
    Made(String),
    #[error(transparent)]
    Time(TimeError),
    #[error("the signature could not be made: {0}")]
    Signature(String),
}

/// Everything this portal signs with.
pub struct Keys {
    root: Certificate,
    root_der: Vec<u8>,
    signer: Certificate,
    signer_der: Vec<u8>,
    signer_key: SigningKey,
    log_key: ed25519_dalek::SigningKey,
    log: VerifierKey,
}

impl Keys {
    /// Reads the keys of `dir`; makes them when the folder is absent or empty.
    ///
    /// `org` names the company in the certificates, `log_name` is the ledger's origin line (no spaces,
    /// no plus): "passmuster.example/cartie". New certificates hold from an hour before `now`.
    pub fn open_or_create(dir: &Path, org: &str, log_name: &str, now: DateTime<Utc>) -> Result<Keys, SignError> {
        if is_empty(dir)? {
            create(dir, org, now)?;
        }
        Self::open(dir, log_name)
    }

    /// Reads the keys of `dir`, and makes none.
    pub fn open(dir: &Path, log_name: &str) -> Result<Keys, SignError> {
        let missing: Vec<&str> = REQUIRED.into_iter().filter(|name| !dir.join(name).exists()).collect();
        if !missing.is_empty() {
            return Err(SignError::Incomplete { folder: dir.to_owned(), missing: missing.join(", ") });
        }
        for name in PRIVATE {
            let file = dir.join(name);
            match fs::metadata(&file) {
                Ok(facts) if facts.permissions().mode() & 0o077 != 0 => {
                    return Err(SignError::TooOpen { file, mode: facts.permissions().mode() & 0o777 });
                }
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(cause) => return Err(SignError::Folder { folder: file, cause }),
            }
        }
        let read = |name: &str| {
            let file = dir.join(name);
            fs::read_to_string(&file).map_err(|cause| SignError::Folder { folder: file, cause })
        };
        let unreadable = |name: &str, cause: &dyn std::fmt::Display| SignError::Unreadable {
            file: dir.join(name),
            cause: cause.to_string(),
        };
        let certificate = |name: &str| {
            let certificate = Certificate::from_pem(read(name)?).map_err(|e| unreadable(name, &e))?;
            let der = certificate.to_der().map_err(|e| unreadable(name, &e))?;
            Ok::<_, SignError>((certificate, der))
        };
        let (root, root_der) = certificate(ROOT_CERTIFICATE)?;
        let (signer, signer_der) = certificate(SIGNER_CERTIFICATE)?;
        let signer_key = SigningKey::from_pkcs8_pem(&read(SIGNER_KEY)?).map_err(|e| unreadable(SIGNER_KEY, &e))?;
        let secret =
            hash_from_hex(read(LOG_KEY)?.trim_end()).ok_or_else(|| unreadable(LOG_KEY, &"not 64 hex digits"))?;
        let log_key = ed25519_dalek::SigningKey::from_bytes(&secret);
        let log = VerifierKey::new(log_name, log_key.verifying_key().as_bytes())
            .map_err(|e| SignError::Made(format!("the ledger's name {log_name:?}: {e}")))?;
        let keys = Keys { root, root_der, signer, signer_der, signer_key, log_key, log };
        keys.belong_together().map_err(|e| unreadable(SIGNER_CERTIFICATE, &e))?;
        Ok(keys)
    }

    /// Signs a trial and checks it as anybody would, so that a wrong pair is found at start.
    fn belong_together(&self) -> Result<(), String> {
        let root = signature::Root::from_der(&self.root_der).map_err(|e| e.to_string())?;
        let trial = self.sign_cms(b"trial").map_err(|e| e.to_string())?;
        signature::verify(&trial, b"trial", &root).map(|_| ()).map_err(|e| e.to_string())
    }

    /// The ledger's head as a C2SP checkpoint; its origin is the ledger's name.
    pub fn sign_checkpoint(&self, size: u64, root: &[u8; 32]) -> String {
        let head = Checkpoint { origin: self.log.name().to_owned(), size, root: *root };
        checkpoint::sign(&head, &self.log, |message| self.log_key.sign(message).to_bytes())
    }

    /// The ledger's name, which is the origin line of its checkpoints.
    pub fn origin(&self) -> &str {
        self.log.name()
    }

    /// The ledger's public key in C2SP form.
    pub fn vkey(&self) -> String {
        self.log.to_string()
    }

    /// What an auditor is handed outside every bundle.
    ///
    /// `tsa_roots` are those of the time authorities, one PEM each.
    pub fn anchors(&self, org: &str, tsa_roots: Vec<String>) -> Anchors {
        let (root_sha256, log_vkey) = (self.root_fingerprint(), self.vkey());
        Anchors { schema: 2, org: org.to_owned(), root_sha256, log_vkey, tsa_roots, rp_id: None, origins: Vec::new() }
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

    /// Until when the signer's certificate holds.
    pub fn signer_until(&self) -> DateTime<Utc> {
        let seconds = self.signer.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
        i64::try_from(seconds).ok().and_then(|s| DateTime::from_timestamp(s, 0)).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// A detached signature over `content`: DER of CMS SignedData, with the signer's certificate and the root.
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
            certificates: Some(CertificateSet::try_from(vec![
                CertificateChoices::Certificate(self.signer.clone()),
                CertificateChoices::Certificate(self.root.clone()),
            ])?),
            crls: None,
            signer_infos: SignerInfos::try_from(vec![info])?,
        };
        Ok((signed, signature.as_bytes().to_vec()))
    }
}

fn is_empty(dir: &Path) -> Result<bool, SignError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(cause) => Err(SignError::Folder { folder: dir.to_owned(), cause }),
    }
}

/// Makes new keys in a folder beside `dir` and moves it there whole, so that a crash leaves either
/// nothing or everything. Where `dir` exists already (an empty mount), the files move one by one.
fn create(dir: &Path, org: &str, now: DateTime<Utc>) -> Result<(), SignError> {
    let failed = |cause: io::Error| SignError::Folder { folder: dir.to_owned(), cause };
    let parent = dir.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed)?;
    let name = dir.file_name().map_or_else(|| "keys".into(), |n| n.to_string_lossy().into_owned());
    let staging = parent.join(format!(".{name}.{}", hex(&random::<8>()?)));
    fs::DirBuilder::new().mode(0o700).create(&staging).map_err(failed)?;
    let written = files(org, now).and_then(|files| {
        files.iter().try_for_each(|(name, text)| write_private(&staging.join(name), text).map_err(failed))
    });
    let moved = written.and_then(|()| match fs::rename(&staging, dir) {
        Ok(()) => Ok(()),
        // Another portal was first: its keys are the keys.
        Err(_) if !is_empty(dir)? => Ok(()),
        Err(_) => fs::read_dir(&staging)
            .and_then(|mut all| all.try_for_each(|f| f.and_then(|f| fs::rename(f.path(), dir.join(f.file_name())))))
            .map_err(failed),
    });
    if staging.exists() {
        fs::remove_dir_all(&staging).map_err(failed)?;
    }
    moved
}

fn write_private(file: &Path, text: &str) -> io::Result<()> {
    let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()
}

fn files(org: &str, now: DateTime<Utc>) -> Result<Vec<(&'static str, String)>, SignError> {
    let (root_key, signer_key) = (new_p256()?, new_p256()?);
    let named =
        |what: &str| name(&format!("{org} {what}"), org).map_err(|e| SignError::Made(format!("the name {org:?}: {e}")));
    let (root_name, signer_name) = (named("evidence root")?, named("evidence signer")?);
    let root = certificate(CertificateOf::Root { name: root_name.clone() }, &root_key, &root_key, now, ROOT_LASTS)?;
    let signer = CertificateOf::Signer { name: signer_name, issuer: root_name };
    let signer = certificate(signer, &signer_key, &root_key, now, SIGNER_LASTS)?;
    let pem = |c: &Certificate| c.to_pem(LineEnding::LF).map_err(|e| SignError::Made(e.to_string()));
    let key = |k: &SigningKey| {
        k.to_pkcs8_pem(LineEnding::LF).map(|p| p.to_string()).map_err(|e| SignError::Made(e.to_string()))
    };
    Ok(vec![
        (ROOT_KEY, key(&root_key)?),
        (ROOT_CERTIFICATE, pem(&root)?),
        (SIGNER_KEY, key(&signer_key)?),
        (SIGNER_CERTIFICATE, pem(&signer)?),
        (LOG_KEY, format!("{}\n", hex(&random::<32>()?))),
    ])
}

enum CertificateOf {
    Root { name: Name },
    Signer { name: Name, issuer: Name },
}

impl BuilderProfile for CertificateOf {
    fn get_issuer(&self, subject: &Name) -> Name {
        match self {
            CertificateOf::Root { .. } => subject.clone(),
            CertificateOf::Signer { issuer, .. } => issuer.clone(),
        }
    }

    fn get_subject(&self) -> Name {
        match self {
            CertificateOf::Root { name } | CertificateOf::Signer { name, .. } => name.clone(),
        }
    }

    fn build_extensions(
        &self,
        own: SubjectPublicKeyInfoRef<'_>,
        issuer: SubjectPublicKeyInfoRef<'_>,
        tbs: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let subject = tbs.subject();
        let mut all = vec![(&SubjectKeyIdentifier::try_from(own)?).to_extension(subject, &[])?];
        match self {
            CertificateOf::Root { .. } => {
                let authority = BasicConstraints { ca: true, path_len_constraint: Some(0) };
                all.push((true, &authority).to_extension(subject, &[])?);
                all.push((true, &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign)).to_extension(subject, &[])?);
            }
            CertificateOf::Signer { .. } => {
                all.push((&AuthorityKeyIdentifier::try_from(issuer)?).to_extension(subject, &[])?);
                let nobody = BasicConstraints { ca: false, path_len_constraint: None };
                all.push((true, &nobody).to_extension(subject, &[])?);
                let usage = KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation);
                all.push((true, &usage).to_extension(subject, &[])?);
                // Stock `openssl cms -verify` refuses a certificate with documentSigning alone.
                let purposes = ExtendedKeyUsage(vec![signature::EMAIL_PROTECTION, signature::DOCUMENT_SIGNING]);
                all.push((false, &purposes).to_extension(subject, &[])?);
            }
        }
        Ok(all)
    }
}

fn certificate(
    of: CertificateOf,
    key: &SigningKey,
    issuer: &SigningKey,
    now: DateTime<Utc>,
    lasts: Duration,
) -> Result<Certificate, SignError> {
    let made = |e: &dyn std::fmt::Display| SignError::Made(e.to_string());
    let mut serial = random::<16>()?;
    // A positive number of exactly sixteen bytes.
    serial[0] = serial[0] & 0x3f | 0x40;
    let from = Duration::from_secs(u64::try_from(now.timestamp() - 3600).unwrap_or(0));
    let validity = Validity::new(time(from).map_err(|e| made(&e))?, time(from + lasts).map_err(|e| made(&e))?);
    let public = SubjectPublicKeyInfo::from_key(key.verifying_key()).map_err(|e| made(&e))?;
    let serial = SerialNumber::new(&serial).map_err(|e| made(&e))?;
    CertificateBuilder::new(of, serial, validity, public)
        .and_then(|builder| builder.build::<_, DerSignature>(issuer))
        .map_err(|e| made(&e))
}

/// RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime after.
fn time(since_epoch: Duration) -> der::Result<Time> {
    match UtcTime::from_unix_duration(since_epoch) {
        Ok(utc) => Ok(Time::UtcTime(utc)),
        Err(_) => GeneralizedTime::from_unix_duration(since_epoch).map(Time::GeneralTime),
    }
}

/// A distinguished name of common name and organisation; RFC 4514 escapes what would be syntax.
fn name(common: &str, org: &str) -> der::Result<Name> {
    let escaped = |text: &str| {
        text.trim().chars().fold(String::new(), |mut out, c| {
            if matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' | '#') {
                out.push('\\');
            }
            out.push(c);
            out
        })
    };
    format!("CN={},O={}", escaped(common), escaped(org)).parse()
}

fn new_p256() -> Result<SigningKey, SignError> {
    loop {
        // All but about one in 2^32 of the draws are below the order of the curve.
        if let Ok(key) = SigningKey::from_slice(&random::<32>()?) {
            return Ok(key);
        }
    }
}

fn random<const N: usize>() -> Result<[u8; N], SignError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| SignError::Made(format!("no randomness from this machine: {e}")))?;
    Ok(bytes)
}
