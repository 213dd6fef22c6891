//! The bundle's signature: CMS SignedData, detached, ECDSA P-256 with SHA-256, against a pinned root.
//!
//! Sources: RFC 5652 (CMS), RFC 5035 (signingCertificateV2), RFC 5280 (certificates). What is read
//! here is only what this house writes; everything else is refused by name. The certificates inside
//! a signature are never trusted: the chain (`chain`) must end in the root the caller pinned.

use cms::{
    cert::CertificateChoices,
    content_info::{CmsVersion, ContentInfo},
    signed_data::{SignedData, SignerIdentifier, SignerInfo},
};
use der::{
    Any, Decode, Encode, Reader, Sequence, SliceReader, Tag, TagNumber, Tagged,
    asn1::{ObjectIdentifier, OctetString},
    pem,
};
use p256::{
    ecdsa::{Signature, VerifyingKey, signature::Verifier},
    pkcs8::DecodePublicKey,
};
use sha2::{Digest, Sha256};
use x509_cert::{
    Certificate,
    certificate::{TbsCertificate, Version},
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier},
    spki::AlgorithmIdentifierOwned,
};

use crate::{
    Moment,
    proof::{chain, sha256_hex},
};

pub const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
pub const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// id-aa-timeStampToken (RFC 3161 appendix A)
pub const TIME_STAMP_TOKEN: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.14");
pub const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
pub const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
pub const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
pub const EMAIL_PROTECTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.4");
/// RFC 9336.
pub const DOCUMENT_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.36");

/// Extensions whose meaning is checked here; any other that is critical is refused (RFC 5280 section 4.2).
const UNDERSTOOD: [&str; 3] = ["2.5.29.15", "2.5.29.19", "2.5.29.37"];

/// `SigningCertificateV2` of RFC 5035, without policies.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct SigningCertificateV2 {
    pub certs: Vec<EssCertIdV2>,
}

/// Which certificate signed, by its SHA-256: the default algorithm, which DER therefore never writes.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub struct EssCertIdV2 {
    pub cert_hash: OctetString,
    /// Says again what the signer's identifier says; the digest decides.
    pub issuer_serial: Option<Any>,
}

/// SHA-256 without parameters, as an algorithm identifier.
pub fn sha256_algorithm() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned { oid: SHA256, parameters: None }
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the root is not a certificate: {0}")]
    NotARoot(String),
    #[error("not a CMS signature: {0}")]
    NotCms(String),
    #[error("it carries its own content, and must be detached")]
    NotDetached,
    #[error("it has {0} signers, and must have one")]
    Signers(usize),
    #[error("it uses {0}, and must use ECDSA P-256 with SHA-256")]
    Algorithm(String),
    #[error("its signed attribute {0} is missing, double or not readable")]
    Attribute(&'static str),
    #[error("it carries parts that nothing signs: {0}")]
    Unsigned(&'static str),
    #[error("the signer's certificate is not in it")]
    NoSigner,
    #[error("it carries a certificate that is neither the signer's, nor the pinned root, nor between the two")]
    StrayCertificate,
    #[error("the chain from the signer's certificate to the root {0}")]
    Chain(&'static str),
    #[error("it is made for other content: the digest inside is not that of tagmanifest-sha256.txt")]
    OtherContent,
    #[error("the signature does not belong to the signer's key")]
    False,
    #[error("the signer's certificate was not issued by the pinned root")]
    OtherRoot,
    #[error("the {whose} certificate {what}")]
    Certificate { whose: &'static str, what: &'static str },
    #[error("the {whose} certificate holds from {from} until {until}, not at {at}")]
    NotValidThen { whose: &'static str, from: Moment, until: Moment, at: Moment },
}

/// A root certificate that the one who verifies has decided to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    certificate: Certificate,
    der: Vec<u8>,
}

impl Root {
    /// Refused unless it is a certificate of an authority with a P-256 key.
    pub fn from_der(der: &[u8]) -> Result<Self, SignatureError> {
        let certificate = Certificate::from_der(der).map_err(|e| SignatureError::NotARoot(e.to_string()))?;
        let wrong = |what| SignatureError::Certificate { whose: "root", what };
        let tbs = certificate.tbs_certificate();
        if !matches!(tbs.get_extension::<BasicConstraints>(), Ok(Some((_, BasicConstraints { ca: true, .. })))) {
            return Err(wrong("is not that of an authority"));
        }
        if !matches!(tbs.get_extension::<KeyUsage>(), Ok(Some((_, usage))) if usage.key_cert_sign()) {
            return Err(wrong("may not sign certificates"));
        }
        public_key(&certificate, "root")?;
        Ok(Self { certificate, der: der.to_vec() })
    }

    pub fn from_pem(text: &str) -> Result<Self, SignatureError> {
        let (label, der) = pem::decode_vec(text.as_bytes()).map_err(|e| SignatureError::NotARoot(e.to_string()))?;
        if label != "CERTIFICATE" {
            return Err(SignatureError::NotARoot(format!("it is a {label}")));
        }
        Self::from_der(&der)
    }

    /// SHA-256 over its DER, 64 lower-case hex digits.
    pub fn fingerprint(&self) -> String {
        sha256_hex(&self.der)
    }

    pub fn name(&self) -> String {
        self.certificate.tbs_certificate().subject().to_string()
    }
}

/// Who signed, as the checked certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// "CN=CARTIE evidence signer,O=CARTIE"
    pub name: String,
    /// SHA-256 over the certificate's DER, 64 lower-case hex digits.
    pub fingerprint: String,
    pub from: Moment,
    pub until: Moment,
    /// Names of the authorities between its certificate and the root, its issuer first.
    pub through: Vec<String>,
    /// When they held, and last when the root did.
    above: Vec<(&'static str, (Moment, Moment))>,
    key: VerifyingKey,
}

impl Signer {
    /// Whether the same key made this DER signature over the message.
    pub fn signed(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_der(signature).is_ok_and(|signature| self.key.verify(message, &signature).is_ok())
    }

    /// Whether every certificate held at that instant. Nothing here shows *when* it was signed.
    pub fn valid_at(&self, at: Moment) -> Result<(), SignatureError> {
        let own = ("signer's", (self.from, self.until));
        for (whose, (from, until)) in [own].iter().chain(&self.above).copied() {
            if at < from || at > until {
                return Err(SignatureError::NotValidThen { whose, from, until, at });
            }
        }
        Ok(())
    }
}

/// Checks a detached signature over `content` against the pinned root, whatever the date.
///
/// The caller asks [`Signer::valid_at`] for the instant it has reason to believe in.
pub fn verify(p7s: &[u8], content: &[u8], root: &Root) -> Result<Signer, SignatureError> {
    checked(p7s, content, root, false)
}

/// The same for a signature in a PDF, which may carry a time authority's token over itself.
///
/// The token is not looked at: the bundle's own tells the time.
pub fn verify_with_token(p7s: &[u8], content: &[u8], root: &Root) -> Result<Signer, SignatureError> {
    checked(p7s, content, root, true)
}

fn checked(p7s: &[u8], content: &[u8], root: &Root, with_token: bool) -> Result<Signer, SignatureError> {
    let signed = signed_data(p7s)?;
    let info = only_signer(&signed, with_token)?;
    let (certificate, shipped) = signer_certificate(&signed, info, root)?;
    let der = certificate.to_der().map_err(not_cms)?;
    signed_attributes(info, content, &der)?;

    let attributes = info.signed_attrs.as_ref().ok_or(SignatureError::Attribute("set"))?;
    let message = attributes.to_der().map_err(not_cms)?;
    let signature = Signature::from_der(info.signature.as_bytes()).map_err(|_| SignatureError::False)?;
    let key = public_key(&certificate, "signer's")?;
    key.verify(&message, &signature).map_err(|_| SignatureError::False)?;

    let path = chain::path(&certificate, shipped, &root.certificate)?;
    fit_to_sign(&certificate)?;
    let (from, until) = validity(&certificate);
    let above = path.iter().map(|c| ("intermediate", validity(c))).chain([("root", validity(&root.certificate))]);
    Ok(Signer {
        name: certificate.tbs_certificate().subject().to_string(),
        fingerprint: sha256_hex(&der),
        from,
        until,
        through: path.iter().map(|c| c.tbs_certificate().subject().to_string()).collect(),
        above: above.collect(),
        key,
    })
}

fn signed_data(p7s: &[u8]) -> Result<SignedData, SignatureError> {
    let info = ContentInfo::from_der(p7s).map_err(not_cms)?;
    if info.to_der().map_err(not_cms)? != p7s {
        return Err(SignatureError::NotCms("it is not in its one canonical encoding".to_owned()));
    }
    if info.content_type != SIGNED_DATA {
        return Err(SignatureError::NotCms(format!("its content is {}", info.content_type)));
    }
    let signed: SignedData = info.content.decode_as().map_err(not_cms)?;
    if signed.version != CmsVersion::V1 || signed.encap_content_info.econtent_type != DATA {
        return Err(SignatureError::NotCms("its version or content type is another".to_owned()));
    }
    // What decoding passed over would come back different: sets out of order, forms that are not DER.
    if !is_canonical(&info.content, &signed).map_err(not_cms)? {
        return Err(SignatureError::NotCms("it is not in its one canonical encoding".to_owned()));
    }
    if signed.encap_content_info.econtent.is_some() {
        return Err(SignatureError::NotDetached);
    }
    if signed.crls.is_some() {
        return Err(SignatureError::Unsigned("revocation lists"));
    }
    if signed.digest_algorithms.len() != 1 {
        return Err(SignatureError::Algorithm("several digests".to_owned()));
    }
    for algorithm in signed.digest_algorithms.iter() {
        exactly(algorithm, SHA256)?;
    }
    Ok(signed)
}

/// Whether these bytes are the one encoding of what was read from them.
///
/// The certificates may stand in DER's order or in the one `cms` writes, which puts certificates of one length
/// in an order of its own (0.3.0-rc.0: it compares how many of their bytes are above 127 first). Nothing signs
/// their order, and nothing is taken from it.
fn is_canonical(content: &Any, signed: &SignedData) -> der::Result<bool> {
    let written = Any::encode_from(signed)?;
    if written == *content {
        return Ok(true);
    }
    let (theirs, ours): (Vec<Any>, Vec<Any>) = (content.decode_as()?, written.decode_as()?);
    let mut same = theirs.len() == ours.len();
    for (their, our) in theirs.iter().zip(&ours) {
        let certificates = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };
        if their == our {
            continue;
        }
        same &= their.tag() == certificates && our.tag() == certificates && {
            let (theirs, mut ours) = (members(their)?, members(our)?);
            ours.sort();
            // In order, and none twice.
            theirs.is_sorted_by(|a, b| a < b) && theirs == ours
        };
    }
    Ok(same)
}

/// The members of a set, each as its own bytes.
fn members(set: &Any) -> der::Result<Vec<Vec<u8>>> {
    let mut reader = SliceReader::new(set.value())?;
    let mut all = Vec::new();
    while !reader.is_finished() {
        all.push(Any::decode(&mut reader)?.to_der()?);
    }
    Ok(all)
}

fn only_signer(signed: &SignedData, with_token: bool) -> Result<&SignerInfo, SignatureError> {
    let infos = &signed.signer_infos.0;
    let info = match infos.as_slice() {
        [only] => only,
        several => return Err(SignatureError::Signers(several.len())),
    };
    exactly(&info.digest_alg, SHA256)?;
    exactly(&info.signature_algorithm, ECDSA_WITH_SHA256)?;
    let expected = match info.sid {
        SignerIdentifier::IssuerAndSerialNumber(_) => CmsVersion::V1,
        SignerIdentifier::SubjectKeyIdentifier(_) => CmsVersion::V3,
    };
    if info.version != expected {
        return Err(SignatureError::NotCms("its signer's version is another".to_owned()));
    }
    if info.unsigned_attrs.iter().flat_map(|set| set.iter()).any(|a| !with_token || a.oid != TIME_STAMP_TOKEN)
        || info.unsigned_attrs.as_ref().is_some_and(|set| set.len() != 1)
    {
        return Err(SignatureError::Unsigned("attributes"));
    }
    Ok(info)
}

/// The signer's certificate, and whatever came along beside it and the root.
fn signer_certificate(
    signed: &SignedData,
    info: &SignerInfo,
    root: &Root,
) -> Result<(Certificate, Vec<Certificate>), SignatureError> {
    let (mut found, mut shipped) = (None, Vec::new());
    for choice in signed.certificates.iter().flat_map(|set| set.0.iter()) {
        let CertificateChoices::Certificate(certificate) = choice else {
            return Err(SignatureError::StrayCertificate);
        };
        let tbs = certificate.tbs_certificate();
        let signs = match &info.sid {
            SignerIdentifier::IssuerAndSerialNumber(id) => {
                id.issuer == *tbs.issuer() && id.serial_number == *tbs.serial_number()
            }
            SignerIdentifier::SubjectKeyIdentifier(id) => {
                matches!(tbs.get_extension::<SubjectKeyIdentifier>(), Ok(Some((_, mine))) if mine == *id)
            }
        };
        if signs && found.is_some() {
            return Err(SignatureError::StrayCertificate);
        } else if signs {
            found = Some(certificate.clone());
        } else if certificate.to_der().map_err(not_cms)? != root.der {
            shipped.push(certificate.clone());
        }
    }
    Ok((found.ok_or(SignatureError::NoSigner)?, shipped))
}

fn signed_attributes(info: &SignerInfo, content: &[u8], certificate: &[u8]) -> Result<(), SignatureError> {
    let one = |oid: ObjectIdentifier, name: &'static str| {
        let wrong = SignatureError::Attribute(name);
        let mut all = info.signed_attrs.iter().flat_map(|set| set.iter()).filter(|a| a.oid == oid);
        match (all.next(), all.next()) {
            (Some(attribute), None) => match attribute.values.as_slice() {
                [value] => Ok(value),
                _ => Err(wrong),
            },
            _ => Err(wrong),
        }
    };
    let kind = one(CONTENT_TYPE, "contentType")?;
    if kind.decode_as::<ObjectIdentifier>() != Ok(DATA) {
        return Err(SignatureError::Attribute("contentType"));
    }
    let signing = one(SIGNING_CERTIFICATE_V2, "signingCertificateV2")?
        .decode_as::<SigningCertificateV2>()
        .map_err(|_| SignatureError::Attribute("signingCertificateV2"))?;
    let digest_of_it = Sha256::digest(certificate);
    if signing.certs.first().is_none_or(|id| id.cert_hash.as_bytes() != digest_of_it.as_slice()) {
        return Err(SignatureError::Attribute("signingCertificateV2"));
    }
    let digest = one(MESSAGE_DIGEST, "messageDigest")?
        .decode_as::<OctetString>()
        .map_err(|_| SignatureError::Attribute("messageDigest"))?;
    if digest.as_bytes() != Sha256::digest(content).as_slice() {
        return Err(SignatureError::OtherContent);
    }
    Ok(())
}

/// Whether that authority's key signed the certificate; `whose` names the authority.
pub(super) fn issued_by(
    certificate: &Certificate,
    issuer: &Certificate,
    whose: &'static str,
) -> Result<(), SignatureError> {
    let tbs = certificate.tbs_certificate();
    exactly(tbs.signature(), ECDSA_WITH_SHA256)?;
    exactly(certificate.signature_algorithm(), ECDSA_WITH_SHA256)?;
    let key = public_key(issuer, whose)?;
    let bytes = certificate.signature().as_bytes().ok_or(SignatureError::OtherRoot)?;
    let signature = Signature::from_der(bytes).map_err(|_| SignatureError::OtherRoot)?;
    let message = tbs.to_der().map_err(not_cms)?;
    key.verify(&message, &signature).map_err(|_| SignatureError::OtherRoot)
}

/// Whether every critical extension is one that is checked here.
pub(super) fn understood(tbs: &TbsCertificate) -> bool {
    let strange = |id: &ObjectIdentifier| !UNDERSTOOD.contains(&id.to_string().as_str());
    !tbs.extensions().is_some_and(|all| all.iter().any(|e| e.critical && strange(&e.extn_id)))
}

fn fit_to_sign(certificate: &Certificate) -> Result<(), SignatureError> {
    let wrong = |what| SignatureError::Certificate { whose: "signer's", what };
    let tbs = certificate.tbs_certificate();
    if tbs.version() != Version::V3 {
        return Err(wrong("is not of version 3"));
    }
    if !understood(tbs) {
        return Err(wrong("has a critical extension that is not understood"));
    }
    match tbs.get_extension::<BasicConstraints>() {
        Ok(None) => {}
        Ok(Some((_, constraints))) if !constraints.ca => {}
        _ => return Err(wrong("is that of an authority")),
    }
    match tbs.get_extension::<KeyUsage>() {
        Ok(Some((_, usage))) if usage.digital_signature() && usage.non_repudiation() => {}
        _ => return Err(wrong("is not for signatures (digitalSignature, nonRepudiation)")),
    }
    match tbs.get_extension::<ExtendedKeyUsage>() {
        Ok(Some((_, usage))) if usage.0.contains(&EMAIL_PROTECTION) && usage.0.contains(&DOCUMENT_SIGNING) => Ok(()),
        _ => Err(wrong("is not for documents (emailProtection, documentSigning)")),
    }
}

fn public_key(certificate: &Certificate, whose: &'static str) -> Result<VerifyingKey, SignatureError> {
    let der = certificate.tbs_certificate().subject_public_key_info().to_der().map_err(not_cms)?;
    VerifyingKey::from_public_key_der(&der)
        .map_err(|_| SignatureError::Certificate { whose, what: "has a key that is not P-256" })
}

/// From when until when a certificate holds, both included.
pub fn validity(certificate: &Certificate) -> (Moment, Moment) {
    let validity = certificate.tbs_certificate().validity();
    let moment = |seconds: u64| i64::try_from(seconds).ok().and_then(|s| Moment::from_millis(s.saturating_mul(1000)));
    let epoch = Moment::from_millis(0).expect("the epoch is in range");
    (
        moment(validity.not_before.to_unix_duration().as_secs()).unwrap_or(epoch),
        moment(validity.not_after.to_unix_duration().as_secs()).unwrap_or(epoch),
    )
}

/// That algorithm, with its parameters absent (RFC 5754 sections 2 and 3.2 for what we write).
fn exactly(algorithm: &AlgorithmIdentifierOwned, oid: ObjectIdentifier) -> Result<(), SignatureError> {
    if algorithm.oid == oid && algorithm.parameters.is_none() {
        Ok(())
    } else {
        Err(SignatureError::Algorithm(algorithm.oid.to_string()))
    }
}

fn not_cms(error: der::Error) -> SignatureError {
    SignatureError::NotCms(error.to_string())
}

/// SHA-256 over the DER of a certificate given as PEM; `None` when it is not one.
pub fn pem_fingerprint(pem_bytes: &[u8]) -> Option<String> {
    let (label, der) = pem::decode_vec(pem_bytes).ok()?;
    (label == "CERTIFICATE").then(|| sha256_hex(&der))
}

/// The value of a messageDigest attribute.
pub fn digest_value(content: &[u8]) -> Result<Any, der::Error> {
    Any::encode_from(&OctetString::new(Sha256::digest(content).to_vec())?)
}
