//! From a signer's certificate through the company's own authorities up to the pinned root.
//!
//! Sources: RFC 5280 sections 4.2.1 and 6.1, as far as a company's chain needs them. Only the pinned
//! root ends a chain. Every certificate shipped must have its place in it: one that leads nowhere is
//! refused, and so is one whose meaning is not understood here, rather than passed over.

use der::asn1::ObjectIdentifier;
use x509_cert::{
    Certificate,
    certificate::Version,
    ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage},
};

use super::signature::{DOCUMENT_SIGNING, EMAIL_PROTECTION, SignatureError, issued_by, understood};

/// Authorities between the signer and the root: an issuing one, a regional one, one to spare.
pub const LONGEST: usize = 3;

const ANY_PURPOSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// The authorities between the signer and the root, the signer's issuer first; none when the root issued it itself.
///
/// `shipped` are the certificates that came along, without the signer's and the root's own.
pub(super) fn path(
    signer: &Certificate,
    mut shipped: Vec<Certificate>,
    root: &Certificate,
) -> Result<Vec<Certificate>, SignatureError> {
    let mut path: Vec<Certificate> = Vec::new();
    loop {
        let current = path.last().unwrap_or(signer);
        let by_root = match current.tbs_certificate().issuer() == root.tbs_certificate().subject() {
            true => issued_by(current, root, "root"),
            false => Err(SignatureError::OtherRoot),
        };
        let Err(why) = by_root else { break };
        let Some(place) = issuer(current, &shipped)? else { return Err(why) };
        if path.len() == LONGEST {
            return Err(SignatureError::Chain("is longer than three authorities"));
        }
        let next = shipped.remove(place);
        fit_to_issue(&next, path.len())?;
        path.push(next);
    }
    if let Some(left) = shipped.first() {
        return Err(if self_issued(left) { SignatureError::OtherRoot } else { SignatureError::StrayCertificate });
    }
    let allowed = match root.tbs_certificate().get_extension::<BasicConstraints>() {
        Ok(Some((_, constraints))) => constraints.path_len_constraint,
        _ => None,
    };
    if allowed.is_some_and(|n| path.len() > usize::from(n)) {
        return Err(SignatureError::Chain("has more authorities than its root allows"));
    }
    Ok(path)
}

/// Which of the shipped certificates issued this one. One under the right name with another key is told by its
/// fault; an authority that issued itself is a root, and not the pinned one.
fn issuer(current: &Certificate, shipped: &[Certificate]) -> Result<Option<usize>, SignatureError> {
    let mut fault = None;
    for (place, candidate) in shipped.iter().enumerate() {
        if candidate.tbs_certificate().subject() != current.tbs_certificate().issuer() {
            continue;
        }
        if self_issued(candidate) {
            return Err(SignatureError::OtherRoot);
        }
        match issued_by(current, candidate, "intermediate") {
            Ok(()) => return Ok(Some(place)),
            Err(SignatureError::OtherRoot) => {
                fault = Some(SignatureError::Chain("has a link that its issuer did not sign"))
            }
            Err(e) => fault = Some(e),
        }
    }
    fault.map_or(Ok(None), Err)
}

fn self_issued(certificate: &Certificate) -> bool {
    let tbs = certificate.tbs_certificate();
    tbs.issuer() == tbs.subject()
}

/// Whether it may issue certificates for document signers, with so many authorities below it.
fn fit_to_issue(certificate: &Certificate, below: usize) -> Result<(), SignatureError> {
    let wrong = |what| SignatureError::Certificate { whose: "intermediate", what };
    let tbs = certificate.tbs_certificate();
    if tbs.version() != Version::V3 {
        return Err(wrong("is not of version 3"));
    }
    if !understood(tbs) {
        return Err(wrong("has a critical extension that is not understood"));
    }
    match tbs.get_extension::<BasicConstraints>() {
        Ok(Some((_, BasicConstraints { ca: true, path_len_constraint }))) => {
            if path_len_constraint.is_some_and(|n| below > usize::from(n)) {
                return Err(wrong("may not have so many authorities below it"));
            }
        }
        _ => return Err(wrong("is not that of an authority")),
    }
    if !matches!(tbs.get_extension::<KeyUsage>(), Ok(Some((_, usage))) if usage.key_cert_sign()) {
        return Err(wrong("may not sign certificates"));
    }
    // An authority with purposes of its own lends no other to those below it, as openssl and browsers have it.
    match tbs.get_extension::<ExtendedKeyUsage>() {
        Ok(None) => Ok(()),
        Ok(Some((_, usage))) if usage.0.contains(&ANY_PURPOSE) => Ok(()),
        Ok(Some((_, usage))) if usage.0.contains(&EMAIL_PROTECTION) && usage.0.contains(&DOCUMENT_SIGNING) => Ok(()),
        _ => Err(wrong("is not for documents (emailProtection, documentSigning)")),
    }
}
