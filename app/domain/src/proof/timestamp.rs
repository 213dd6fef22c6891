//! Outside time: RFC 3161 tokens, asked for, read and held against pinned authorities.
//!
//! Sources: RFC 3161, RFC 5816 (signingCertificateV2), RFC 5652 (CMS), RFC 5280 (certificates). Read
//! are tokens by ECDSA P-256 with SHA-256, which this house's own tests make with openssl, and by RSA
//! with SHA-256, SHA-384 or SHA-512, which the commercial authorities use. A token proves that the
//! digest existed before its time, if the authority is believed; nothing inside a token makes it so.

use cms::{
    cert::CertificateChoices,
    content_info::ContentInfo,
    signed_data::{SignedData, SignerIdentifier, SignerInfo},
};
use der::{
    Any, Decode, Encode, EncodePem, Sequence, Tag, Tagged,
    asn1::{Int, ObjectIdentifier, OctetString},
    pem::{self, LineEnding},
};
use p256::ecdsa::{Signature as P256Signature, VerifyingKey as P256Key, signature::Verifier};
use p256::pkcs8::DecodePublicKey;
use rsa::{PublicKey as RsaKey, pkcs1v15};
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_cert::{
    Certificate,
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier},
    spki::AlgorithmIdentifierOwned,
};

use crate::{
    Moment,
    proof::{
        sha256_hex,
        signature::{
            CONTENT_TYPE, ECDSA_WITH_SHA256, MESSAGE_DIGEST, SHA256, SIGNED_DATA, SIGNING_CERTIFICATE_V2,
            SigningCertificateV2, sha256_algorithm, validity,
        },
        tree::Hash,
    },
};

const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const RSA_WITH_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const RSA_WITH_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");

/// Signer, two intermediates, root.
const LONGEST_CHAIN: usize = 4;
/// A response is a few kilobytes; with a long chain of RSA certificates, about ten.
pub const LARGEST: usize = 64 << 10;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    #[error("not a timestamp response: {0}")]
    NotAResponse(String),
    #[error("the authority refused (status {0})")]
    Refused(i64),
    #[error("it is made for other data")]
    OtherData,
    #[error("it answers another request: its nonce is not the one that was sent")]
    OtherNonce,
    #[error("it uses {0}, which is not read here")]
    Algorithm(String),
    #[error("its {0} is missing, double or not readable")]
    Part(&'static str),
    #[error("its signature does not belong to its content")]
    False,
    #[error("it comes from an authority that was not pinned: {0}")]
    NotPinned(String),
    #[error("the authority's certificate {0}")]
    Certificate(&'static str),
    #[error("the authority's certificate did not hold at {0}")]
    NotValidThen(Moment),
    #[error("not a certificate of an authority: {0}")]
    NotARoot(String),
}

/// The roots that the one who verifies has decided to believe about time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorities(Vec<Certificate>);

impl Authorities {
    /// Reads one certificate or more as PEM.
    pub fn from_pem(text: &str) -> Result<Self, TimestampError> {
        const END: &str = "-----END CERTIFICATE-----";
        let not = |e: &dyn std::fmt::Display| TimestampError::NotARoot(e.to_string());
        let mut roots = Vec::new();
        for part in text.split_inclusive(END).map(str::trim).filter(|part| part.ends_with(END)) {
            let begin = part.find("-----BEGIN").unwrap_or_default();
            let (label, der) = pem::decode_vec(&part.as_bytes()[begin..]).map_err(|e| not(&e))?;
            if label != "CERTIFICATE" {
                return Err(not(&format!("it is a {label}")));
            }
            roots.push(Certificate::from_der(&der).map_err(|e| not(&e))?);
        }
        if roots.is_empty() { Err(not(&"it holds none")) } else { Ok(Self(roots)) }
    }
}

impl Authorities {
    /// Name and SHA-256 of each: "CN=Time Root", 64 lower-case hex digits.
    pub fn named(&self) -> Vec<(String, String)> {
        let der = |c: &Certificate| c.to_der().expect("a certificate that was read writes back");
        self.0.iter().map(|c| (c.tbs_certificate().subject().to_string(), sha256_hex(&der(c)))).collect()
    }

    /// Each as PEM.
    pub fn pems(&self) -> Vec<String> {
        self.0.iter().map(|c| c.to_pem(LineEnding::LF).expect("a certificate that was read writes back")).collect()
    }
}

/// What a token says, once it has been found true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub at: Moment,
    /// "CN=Time Authority,O=…"
    pub authority: String,
    /// SHA-256 of the certificate it was signed with, 64 lower-case hex digits.
    pub fingerprint: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct MessageImprint {
    hash_algorithm: AlgorithmIdentifierOwned,
    hashed_message: OctetString,
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct Request {
    version: u8,
    imprint: MessageImprint,
    nonce: Int,
    cert_req: bool,
}

/// A request for a token over a SHA-256, asking for the authority's certificates too.
pub fn request(digest: &Hash, nonce: &[u8; 8]) -> Vec<u8> {
    let imprint = MessageImprint {
        hash_algorithm: sha256_algorithm(),
        hashed_message: OctetString::new(digest.to_vec()).expect("32 bytes are an octet string"),
    };
    let request = Request { version: 1, imprint, nonce: integer(nonce), cert_req: true };
    request.to_der().expect("four small parts are DER")
}

/// A positive integer of these bytes.
fn integer(bytes: &[u8; 8]) -> Int {
    let value = [&[0x01], &bytes[..]].concat();
    Int::new(&value).expect("nine bytes with a positive first are an integer")
}

/// Holds an authority's whole response against the digest, the nonce that was sent (if it is known) and the pinned
/// roots.
pub fn verify(
    response: &[u8],
    digest: &Hash,
    nonce: Option<&[u8; 8]>,
    authorities: &Authorities,
) -> Result<Stamp, TimestampError> {
    let token = token(response)?;
    let signed: SignedData = token.content.decode_as().map_err(not)?;
    if signed.encap_content_info.econtent_type != TST_INFO {
        return Err(TimestampError::Part("content"));
    }
    let content = signed.encap_content_info.econtent.as_ref().ok_or(TimestampError::Part("content"))?;
    let content = content.decode_as::<OctetString>().map_err(not)?;
    let content = content.as_bytes();
    let said = said(content)?;
    if said.imprint.hash_algorithm.oid != SHA256 || said.imprint.hashed_message.as_bytes() != digest {
        return Err(TimestampError::OtherData);
    }
    if nonce.is_some_and(|nonce| said.nonce.as_ref() != Some(&integer(nonce))) {
        return Err(TimestampError::OtherNonce);
    }
    let [info] = signed.signer_infos.0.as_slice() else { return Err(TimestampError::Part("signer")) };
    let shipped: Vec<&Certificate> = signed
        .certificates
        .iter()
        .flat_map(|set| set.0.iter())
        .filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate),
            CertificateChoices::Other(_) => None,
        })
        .collect();
    let signer = *shipped.iter().find(|c| is_signer(c, info)).ok_or(TimestampError::Part("certificate"))?;
    attributes(info, content, signer)?;
    let message = info.signed_attrs.as_ref().ok_or(TimestampError::Part("signed attributes"))?.to_der().map_err(not)?;
    let algorithm = (info.signature_algorithm.oid, info.digest_alg.oid);
    signed_by(signer, algorithm, &message, info.signature.as_bytes())?;
    fit_to_stamp(signer)?;
    chain(signer, &shipped, authorities, said.at)?;
    Ok(Stamp {
        at: said.at,
        authority: signer.tbs_certificate().subject().to_string(),
        fingerprint: sha256_hex(&signer.to_der().map_err(not)?),
    })
}

/// What a token is over.
pub fn digest(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

/// The token in a response, as a PDF's signature carries it.
pub fn token_der(response: &[u8]) -> Result<Vec<u8>, TimestampError> {
    token(response)?.to_der().map_err(not)
}

fn token(response: &[u8]) -> Result<ContentInfo, TimestampError> {
    if response.len() > LARGEST {
        return Err(TimestampError::NotAResponse("it is too long".to_owned()));
    }
    let parts = Vec::<Any>::from_der(response).map_err(not)?;
    let [status, rest @ ..] = &parts[..] else { return Err(TimestampError::Part("status")) };
    let status: Vec<Any> = status.decode_as().map_err(not)?;
    let code = status.first().and_then(|code| code.decode_as::<u8>().ok()).ok_or(TimestampError::Part("status"))?;
    // granted, grantedWithMods
    if code > 1 {
        return Err(TimestampError::Refused(i64::from(code)));
    }
    let [token] = rest else { return Err(TimestampError::Part("token")) };
    let token: ContentInfo = token.decode_as().map_err(not)?;
    if token.content_type == SIGNED_DATA { Ok(token) } else { Err(TimestampError::Part("token")) }
}

struct Said {
    imprint: MessageImprint,
    at: Moment,
    nonce: Option<Int>,
}

/// TSTInfo (RFC 3161 section 2.4.2), whose time may have a fraction that DER crates do not read.
fn said(content: &[u8]) -> Result<Said, TimestampError> {
    let parts = Vec::<Any>::from_der(content).map_err(not)?;
    let [version, _policy, imprint, _serial, time, rest @ ..] = &parts[..] else {
        return Err(TimestampError::Part("content"));
    };
    if version.decode_as::<u8>() != Ok(1) || time.tag() != Tag::GeneralizedTime {
        return Err(TimestampError::Part("content"));
    }
    let at = std::str::from_utf8(time.value()).ok().and_then(generalized).ok_or(TimestampError::Part("time"))?;
    let nonce = rest.iter().find(|part| part.tag() == Tag::Integer).map(Any::decode_as::<Int>).transpose();
    Ok(Said { imprint: imprint.decode_as().map_err(not)?, at, nonce: nonce.map_err(not)? })
}

/// `20261124112805Z` or `20261124112805.25Z`; kept to the millisecond.
fn generalized(text: &str) -> Option<Moment> {
    let (whole, fraction) = match text.strip_suffix('Z')?.split_once('.') {
        None => (text.strip_suffix('Z')?, ""),
        Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
        Some(_) => return None,
    };
    if whole.len() != 14 || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| &whole[from..to];
    let millis = format!("{fraction:0<3}");
    Moment::parse(&format!(
        "{}-{}-{}T{}:{}:{}.{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14),
        &millis[..3]
    ))
}

fn is_signer(certificate: &Certificate, info: &SignerInfo) -> bool {
    let tbs = certificate.tbs_certificate();
    match &info.sid {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == *tbs.issuer() && id.serial_number == *tbs.serial_number()
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            matches!(tbs.get_extension::<SubjectKeyIdentifier>(), Ok(Some((_, mine))) if mine == *id)
        }
    }
}

/// The signed attributes must name this content and, where they name it by SHA-256, this certificate. The older
/// attribute with SHA-1 is passed over: signature, chain and purpose decide.
fn attributes(info: &SignerInfo, content: &[u8], signer: &Certificate) -> Result<(), TimestampError> {
    let one = |oid: ObjectIdentifier, name: &'static str| {
        let mut all = info.signed_attrs.iter().flat_map(|set| set.iter()).filter(|a| a.oid == oid);
        match (all.next(), all.next()) {
            (None, _) => Ok(None),
            (Some(attribute), None) if attribute.values.len() == 1 => Ok(attribute.values.get(0)),
            _ => Err(TimestampError::Part(name)),
        }
    };
    let kind = one(CONTENT_TYPE, "contentType")?.and_then(|value| value.decode_as::<ObjectIdentifier>().ok());
    if kind != Some(TST_INFO) {
        return Err(TimestampError::Part("contentType"));
    }
    let digest = one(MESSAGE_DIGEST, "messageDigest")?.and_then(|value| value.decode_as::<OctetString>().ok());
    let expected = match info.digest_alg.oid {
        SHA256 => Sha256::digest(content).to_vec(),
        SHA384 => Sha384::digest(content).to_vec(),
        SHA512 => Sha512::digest(content).to_vec(),
        other => return Err(TimestampError::Algorithm(other.to_string())),
    };
    if digest.is_none_or(|digest| digest.as_bytes() != expected) {
        return Err(TimestampError::False);
    }
    if let Some(value) = one(SIGNING_CERTIFICATE_V2, "signingCertificateV2")?
        && let Ok(named) = value.decode_as::<SigningCertificateV2>()
    {
        let der = signer.to_der().map_err(not)?;
        if named.certs.first().is_none_or(|id| id.cert_hash.as_bytes() != Sha256::digest(&der).as_slice()) {
            return Err(TimestampError::Part("signingCertificateV2"));
        }
    }
    Ok(())
}

/// Whether the certificate's key made the signature. `algorithm` is the signature's and the digest's.
fn signed_by(
    certificate: &Certificate,
    algorithm: (ObjectIdentifier, ObjectIdentifier),
    message: &[u8],
    signature: &[u8],
) -> Result<(), TimestampError> {
    let key = certificate.tbs_certificate().subject_public_key_info().to_der().map_err(not)?;
    let unread = || TimestampError::Algorithm(algorithm.0.to_string());
    if algorithm.0 == ECDSA_WITH_SHA256 {
        let key = P256Key::from_public_key_der(&key).map_err(|_| unread())?;
        let signature = P256Signature::from_der(signature).map_err(|_| TimestampError::False)?;
        return key.verify(message, &signature).map_err(|_| TimestampError::False);
    }
    let key = RsaKey::from_public_key_der(&key).map_err(|_| unread())?;
    let signature = pkcs1v15::Signature::try_from(signature).map_err(|_| TimestampError::False)?;
    match algorithm {
        (RSA_WITH_SHA256, _) | (RSA, SHA256) => pkcs1v15::VerifyingKey::<Sha256>::new(key).verify(message, &signature),
        (RSA_WITH_SHA384, _) | (RSA, SHA384) => pkcs1v15::VerifyingKey::<Sha384>::new(key).verify(message, &signature),
        (RSA_WITH_SHA512, _) | (RSA, SHA512) => pkcs1v15::VerifyingKey::<Sha512>::new(key).verify(message, &signature),
        _ => return Err(unread()),
    }
    .map_err(|_| TimestampError::False)
}

/// RFC 3161 section 2.3: for timestamps and nothing else, and critically so.
fn fit_to_stamp(certificate: &Certificate) -> Result<(), TimestampError> {
    match certificate.tbs_certificate().get_extension::<ExtendedKeyUsage>() {
        Ok(Some((true, usage))) if usage.0 == [TIME_STAMPING] => Ok(()),
        _ => Err(TimestampError::Certificate("is not for timestamps alone")),
    }
}

/// From the signer through what the token ships to a pinned root, each holding at that instant.
fn chain(
    signer: &Certificate,
    shipped: &[&Certificate],
    authorities: &Authorities,
    at: Moment,
) -> Result<(), TimestampError> {
    let mut current = signer;
    for _ in 0..LONGEST_CHAIN {
        holds(current, at)?;
        // A pinned certificate may also be the signer's own.
        if authorities.0.contains(current) {
            return Ok(());
        }
        if let Some(root) = authorities.0.iter().find(|root| issued(root, current)) {
            return holds(root, at);
        }
        match shipped.iter().find(|issuer| **issuer != current && is_authority(issuer) && issued(issuer, current)) {
            Some(issuer) => current = issuer,
            None => break,
        }
    }
    Err(TimestampError::NotPinned(signer.tbs_certificate().subject().to_string()))
}

fn holds(certificate: &Certificate, at: Moment) -> Result<(), TimestampError> {
    let (from, until) = validity(certificate);
    if from <= at && at <= until { Ok(()) } else { Err(TimestampError::NotValidThen(at)) }
}

fn is_authority(certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    let authority = matches!(tbs.get_extension::<BasicConstraints>(), Ok(Some((_, constraints))) if constraints.ca);
    let signs = match tbs.get_extension::<KeyUsage>() {
        Ok(Some((_, usage))) => usage.key_cert_sign(),
        Ok(None) => true,
        Err(_) => false,
    };
    authority && signs
}

fn issued(issuer: &Certificate, certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    let algorithm = certificate.signature_algorithm().oid;
    tbs.issuer() == issuer.tbs_certificate().subject()
        && *tbs.signature() == *certificate.signature_algorithm()
        && certificate
            .signature()
            .as_bytes()
            .zip(tbs.to_der().ok())
            .is_some_and(|(signature, message)| signed_by(issuer, (algorithm, algorithm), &message, signature).is_ok())
}

fn not(error: der::Error) -> TimestampError {
    TimestampError::NotAResponse(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_a_fraction() {
        for (text, said) in [
            ("20261124112805Z", Some("2026-11-24T11:28:05.000Z")),
            ("20261124112805.2Z", Some("2026-11-24T11:28:05.200Z")),
            ("20261124112805.123456Z", Some("2026-11-24T11:28:05.123Z")),
            ("20261124112805.Z", None),
            ("20261124112805", None),
            ("20261124112805+0100", None),
            ("202611241128Z", None),
            ("20261324112805Z", None),
        ] {
            assert_eq!(generalized(text).map(Moment::rfc3339).as_deref(), said, "{text}");
        }
    }
}
