//! Certificates and requests as this house makes them: a root, a signer below it, a request to a company's authority.

use std::time::Duration;

use chrono::{DateTime, Utc};
use der::{
    EncodePem,
    asn1::{GeneralizedTime, UtcTime},
    pem::LineEnding,
};
use domain::{
    Moment,
    key::CertificateSaid,
    proof::signature::{self, validity},
};
use p256::ecdsa::{DerSignature, SigningKey};
use x509_cert::{
    Certificate,
    builder::{Builder, CertificateBuilder, RequestBuilder, profile::BuilderProfile},
    certificate::TbsCertificate,
    ext::{
        Extension, ToExtension,
        pkix::{AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, KeyUsage, KeyUsages, SubjectKeyIdentifier},
    },
    name::Name,
    serial_number::SerialNumber,
    spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef},
    time::{Time, Validity},
};

use super::SignError;

const DAY: Duration = Duration::from_secs(24 * 3600);
/// Ten years of 365.25 days.
const ROOT_LASTS: Duration = DAY.saturating_mul(3652);
/// Two years of 365 days.
const SIGNER_LASTS: Duration = DAY.saturating_mul(730);
/// Certificates hold from an hour before they are made, so that a clock behind this one takes them.
const BACK: i64 = 3600;

/// A root of the company's own, under which signers are issued.
pub fn root(org: &str, key: &SigningKey, now: DateTime<Utc>) -> Result<Certificate, SignError> {
    certificate(CertificateOf::Root { name: named(org, "evidence root")? }, key, key, now, ROOT_LASTS)
}

/// A signer under that root, for two years or as long as the root holds.
pub fn signer(
    org: &str,
    key: &SigningKey,
    root: &Certificate,
    root_key: &SigningKey,
    now: DateTime<Utc>,
) -> Result<Certificate, SignError> {
    let name = named(org, "evidence signer")?;
    let of = CertificateOf::Signer { name, issuer: root.tbs_certificate().subject().clone() };
    let (_, root_until) = validity(root);
    let left = (root_until.millis() / 1000 - (now.timestamp() - BACK)).max(0);
    let lasts = SIGNER_LASTS.min(Duration::from_secs(left.unsigned_abs()));
    if root_until <= Moment::from(now) {
        return Err(SignError::Refused(format!(
            "the root certificate ended on {}; make a new one with passmuster key rotate --root, and hand every auditor new anchors",
            domain::words::date(root_until)
        )));
    }
    certificate(of, key, root_key, now, lasts)
}

/// A request (PKCS#10) for a signer's certificate, as PEM, that asks for what evidence needs.
pub fn request(org: &str, key: &SigningKey) -> Result<String, SignError> {
    let made = |e: &dyn std::fmt::Display| SignError::Made(e.to_string());
    let mut builder = RequestBuilder::new(named(org, "evidence signer")?).map_err(|e| made(&e))?;
    let nobody = BasicConstraints { ca: false, path_len_constraint: None };
    builder.add_extension((true, &nobody)).map_err(|e| made(&e))?;
    builder.add_extension((true, &signer_usage())).map_err(|e| made(&e))?;
    builder.add_extension((false, &signer_purposes())).map_err(|e| made(&e))?;
    let request = builder.build::<_, DerSignature>(key).map_err(|e| made(&e))?;
    request.to_pem(LineEnding::LF).map_err(|e| made(&e))
}

/// What a record of the key says of its certificate.
pub fn said(certificate: &Certificate, fingerprint: String) -> CertificateSaid {
    let (from, until) = validity(certificate);
    CertificateSaid { fingerprint, name: certificate.tbs_certificate().subject().to_string(), from, until }
}

fn signer_usage() -> KeyUsage {
    KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation)
}

/// Stock `openssl cms -verify` refuses a certificate with documentSigning alone.
fn signer_purposes() -> ExtendedKeyUsage {
    ExtendedKeyUsage(vec![signature::EMAIL_PROTECTION, signature::DOCUMENT_SIGNING])
}

fn named(org: &str, what: &str) -> Result<Name, SignError> {
    name(&format!("{org} {what}"), org).map_err(|e| SignError::Made(format!("the name {org:?}: {e}")))
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
                all.push((true, &signer_usage()).to_extension(subject, &[])?);
                all.push((false, &signer_purposes()).to_extension(subject, &[])?);
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
    let from = Duration::from_secs(u64::try_from(now.timestamp() - BACK).unwrap_or(0));
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

pub fn new_p256() -> Result<SigningKey, SignError> {
    loop {
        // All but about one in 2^32 of the draws are below the order of the curve.
        if let Ok(key) = SigningKey::from_slice(&random::<32>()?) {
            return Ok(key);
        }
    }
}

pub fn random<const N: usize>() -> Result<[u8; N], SignError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| SignError::Made(format!("no randomness from this machine: {e}")))?;
    Ok(bytes)
}
