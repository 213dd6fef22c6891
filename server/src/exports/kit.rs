//! The dead man's copy: a signed folder with the runbook, whom to call, the last recovery points and the keys'
//! fingerprints, to be printed and to lie on a stick. It needs nothing of ours to be read or checked.

use std::io::{Cursor, Write};

use anyhow::{Context, Result};
use domain::kit::Opened;
use qrcodegen::{QrCode, QrCodeEcc};
use zip::{CompressionMethod, ZipWriter};

use super::{packet::sheet, spool::options};
use crate::{compose::House, http::emergency::signed, sign::Keys};

/// A file of the folder.
pub struct File {
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

pub struct Folder {
    /// "emergency-kit-1.0-20261125"
    pub name: String,
    pub files: Vec<File>,
}

/// Made of what the ledger holds now; `None`: no runbook is in force.
pub async fn folder(house: &House) -> Result<Option<Folder>> {
    let Some(envelope) = signed(house).await? else { return Ok(None) };
    let opened = envelope.open(None).context("the kit does not hold by its own check")?;
    let version = &opened.version.version;
    let address = format!("{}/runbook/versions/{version}#{}", house.ports.ways.address, opened.kit.runbook.sha256);
    let code = QrCode::encode_text(&address, QrCodeEcc::Medium).context("the address is too long for a QR code")?;
    let files = vec![
        File { name: "START-HERE.txt", bytes: start_here(&opened).into_bytes() },
        File { name: "index.html", bytes: emergency::paper(&opened, &svg(&code), &address).into_bytes() },
        File { name: "kit.json", bytes: envelope.kit.clone().into_bytes() },
        File { name: "root.pem", bytes: envelope.root.clone().into_bytes() },
        File { name: "runbook.md", bytes: opened.version.text.clone().into_bytes() },
        File { name: "runbook.pdf", bytes: sheet::sheet(&opened, &code, &address)? },
    ];
    let day = opened.kit.made_at.utc().format("%Y%m%d");
    let name = domain::proof::layout::safe(&format!("emergency-kit-{version}-{day}"));
    Ok(Some(Folder { name, files: summed(files, &house.ledger.keys)? }))
}

/// The same files, their sums, and the signature over the sums.
fn summed(mut files: Vec<File>, keys: &Keys) -> Result<Vec<File>> {
    let sums: String =
        files.iter().map(|file| format!("{}  {}\n", domain::proof::sha256_hex(&file.bytes), file.name)).collect();
    let p7s = keys.sign_cms(sums.as_bytes()).context("signing the sums")?;
    files.push(File { name: "SHA256SUMS", bytes: sums.into_bytes() });
    files.push(File { name: "SHA256SUMS.p7s", bytes: p7s });
    Ok(files)
}

impl Folder {
    pub fn zip(&self) -> Result<Vec<u8>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for file in &self.files {
            zip.start_file(format!("{}/{}", self.name, file.name), options(CompressionMethod::Deflated))?;
            zip.write_all(&file.bytes)?;
        }
        Ok(zip.finish()?.into_inner())
    }
}

/// A square per dark module, with the quiet zone of four that ISO/IEC 18004 asks for.
fn svg(code: &QrCode) -> String {
    let size = code.size();
    let mut path = String::new();
    for (x, y) in dark(code) {
        path.push_str(&format!("M{} {}h1v1h-1z", x + 4, y + 4));
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {0}\" role=\"img\" aria-label=\"QR code of this version’s address and digest\"><path fill=\"#fff\" d=\"M0 0h{0}v{0}H0z\"/><path d=\"{path}\"/></svg>",
        size + 8
    )
}

/// The dark modules, from the top left corner.
pub fn dark(code: &QrCode) -> impl Iterator<Item = (i32, i32)> + '_ {
    let size = code.size();
    (0..size).flat_map(move |y| (0..size).map(move |x| (x, y))).filter(|(x, y)| code.get_module(*x, *y))
}

fn start_here(opened: &Opened) -> String {
    let signed = match &opened.signed {
        Some((by, at)) => format!("signed with a passkey by {by} on {}", domain::words::date(*at)),
        None => "not signed in the portal".to_owned(),
    };
    format!(
        "Emergency kit of {company}, made {made} UTC.\n\n\
         Open index.html, or print runbook.pdf. Nothing else is needed: no portal, no network, no program of ours.\n\n\
         Runbook {version}, {signed}.\n\
         SHA-256 of its sealed record: {sha256}\n\n\
         To check that nothing was changed, in this folder:\n\n\
         openssl cms -verify -binary -inform DER -in SHA256SUMS.p7s -content SHA256SUMS -CAfile root.pem -purpose any -out /dev/null && sha256sum -c --strict --quiet SHA256SUMS && echo unchanged\n\n\
         root.pem comes with the kit, so whoever forged the kit would bring their own. Compare its fingerprint with the copy you were given another way:\n\n\
         openssl x509 -in root.pem -noout -fingerprint -sha256\n\n\
         What it does not prove: that the contacts are still right, and that the recovery points are still there. They are as the portal knew them when the kit was made.\n",
        company = opened.kit.company,
        made = domain::words::date_time(opened.kit.made_at),
        version = opened.version.version,
        sha256 = opened.kit.runbook.sha256,
    )
}
