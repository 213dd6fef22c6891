//! Attached files: taken by what their bytes are, kept whole or not at all, served as something to keep to those alone
//! who may read what they are on, and refused when they are no longer what was sealed.

use std::io::{Cursor, Write};

use axum::http::{StatusCode, header};
use bson::doc;
use domain::{
    control::Control,
    proof::sha256_hex,
    role::{Role, Scope},
    schedule::Period,
};

use crate::{
    periods::finding,
    portal::{Portal, bytes, text},
    requests::{led_back, location, multipart, send_form},
};

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a file");
        zip.write_all(content.as_bytes()).expect("its bytes");
    }
    zip.finish().expect("a ZIP").into_inner()
}

fn office(folder: &str) -> Vec<u8> {
    let types = "<?xml version=\"1.0\"?><Types/>";
    zip(&[("[Content_Types].xml", types), ("_rels/.rels", types), (&format!("{folder}/document.xml"), types)])
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\nIDATx\x9cc\0\x01\0\0\x05\0\x01\r\n-\xb4\0\0\0\0IEND\xaeB`\x82";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xd9";
const GIF: &[u8] =
    b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
const WEBP: &[u8] = b"RIFF\x1a\0\0\0WEBPVP8L\r\0\0\0/\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0";
const PDF: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";

/// A portal with a finding of 2026-Q2 and of Q3, an owner, and auditors of Q2 and of Q3.
struct There {
    portal: Portal,
    owner: String,
    auditor: String,
    later: String,
}

async fn there() -> There {
    let portal = Portal::open().await;
    portal
        .insert("findings", [finding("inside", "2026-05-03T03:00:00Z"), finding("later", "2026-08-03T03:00:00Z")])
        .await;
    let owner = portal.person(Role::Owner, Scope::EVERYTHING).await;
    let of = |quarter: &str| Scope { period: Period::quarter(quarter), controls: Some(vec![Control::Cc73]) };
    let auditor = portal.person(Role::Auditor, of("2026-Q2")).await;
    let later = portal.person(Role::Auditor, of("2026-Q3")).await;
    There { portal, owner, auditor, later }
}

const ATTACH: &str = "/findings/finding-inside!/attach";

impl There {
    async fn attach(&self, files: &[(&str, &[u8])]) -> axum::http::Response<axum::body::Body> {
        send_form(&self.portal, ATTACH, multipart(&[], files), Some(&self.owner)).await
    }

    async fn kept(&self) -> u64 {
        self.portal.house.store.documents("attachments.files").count_documents(doc! {}).await.expect("a count")
    }

    async fn versions(&self) -> u64 {
        let of = doc! { "coll": "findings", "rid": "finding-inside!" };
        self.portal.house.store.documents("ledger_records").count_documents(of).await.expect("a count")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_type_is_taken_by_its_bytes_and_comes_back_the_same_as_something_to_keep() {
    let t = there().await;
    let zipped = zip(&[("a.txt", "x"), ("b.txt", "y")]);
    let (docx, xlsx, pptx) = (office("word"), office("xl"), office("ppt"));
    // As LibreOffice orders its entries.
    let types = "<?xml version=\"1.0\"?><Types/>";
    let libre =
        [("_rels/.rels", types), ("docProps/app.xml", types), ("word/a.xml", types), ("[Content_Types].xml", types)];
    let libre = zip(&libre);
    let table: Vec<(&str, &[u8], &str, &str)> = vec![
        ("libre.docx", &libre, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "libre.docx"),
        ("report.pdf", PDF, "application/pdf", "report.pdf"),
        ("screen.png", PNG, "image/png", "screen.png"),
        ("photo.JPG", JPEG, "image/jpeg", "photo.JPG"),
        ("clip.gif", GIF, "image/gif", "clip.gif"),
        ("screen.webp", WEBP, "image/webp", "screen.webp"),
        ("logs.zip", &zipped, "application/zip", "logs.zip"),
        ("plan.docx", &docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "plan.docx"),
        ("counts.xlsx", &xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "counts.xlsx"),
        ("talk.pptx", &pptx, "application/vnd.openxmlformats-officedocument.presentationml.presentation", "talk.pptx"),
        ("notes.txt", b"BM is how a bitmap begins\n", "text/plain", "notes.txt"),
        ("restore.log", b"62 min\r\n\tok\n", "text/plain", "restore.log"),
        ("counts.csv", "datei;z\u{e4}hler\n".as_bytes(), "text/csv", "counts.csv"),
        ("state.json", b"{\"ok\":true}", "application/json", "state.json"),
        ("Bericht über \u{202e}Q3\".txt", b"words\n", "text/plain", "Bericht--ber-Q3-.txt"),
    ];
    for (n, (name, content, media, served)) in table.iter().enumerate() {
        let name_in_form = name.replace('"', "%22");
        let answer = t.attach(&[(&name_in_form, content)]).await;
        assert_eq!(location(&answer), "/findings?attached=finding-inside!#finding-inside!", "{name}");
        assert_eq!(
            (t.kept().await, t.versions().await),
            (n as u64 + 1, n as u64 + 2),
            "{name}: one file and one version"
        );
        let answer = t.portal.get(&format!("/attachments/{}", sha256_hex(content)), Some(&t.auditor)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{name}");
        let said = |header: header::HeaderName| answer.headers()[header].to_str().expect("text").to_owned();
        assert_eq!(said(header::CONTENT_TYPE), *media, "{name}");
        let expected = format!("attachment; filename=\"{served}\"");
        let disposition = said(header::CONTENT_DISPOSITION);
        assert!(disposition == expected || n == table.len() - 1, "{disposition}");
        assert!(disposition.chars().all(|c| c.is_ascii_graphic() || c == ' '), "{disposition}");
        assert_eq!(said(header::CONTENT_SECURITY_POLICY), "default-src 'none'; sandbox", "{name}");
        assert_eq!(
            (said(header::X_CONTENT_TYPE_OPTIONS), said(header::CONTENT_LENGTH)),
            ("nosniff".into(), content.len().to_string())
        );
        assert_eq!(&bytes(answer).await, content, "{name}");
    }
    let page = text(t.portal.get("/findings?standing=closed", Some(&t.auditor)).await).await;
    assert!(page.contains("report.pdf") && page.contains("Bericht über Q3") && !page.contains("Attach</button>"));
    assert!(!page.contains('\u{202e}'), "nothing turns letters round");
    t.portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_attached_is_refused_by_name_and_nothing_is_stored() {
    let t = there().await;
    let large = vec![b'x'; (25 << 20) + 1];
    let exactly = &large[1..];
    let eleven: Vec<(String, Vec<u8>)> = (0..11).map(|n| (format!("{n}.txt"), n.to_string().into_bytes())).collect();
    let eleven: Vec<(&str, &[u8])> = eleven.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
    let elf = &[b"\x7fELF\x02\x01\x01\0".as_slice(), &[0; 60]].concat();
    /// Names and bytes.
    type Files<'a> = Vec<(&'a str, &'a [u8])>;
    let table: Vec<(&str, Files, &str)> = vec![
        ("a program under another name", vec![("report.pdf", elf)], "application/x-executable"),
        ("a PDF that begins later", vec![("report.pdf", b"\x01\x02%PDF-1.4\n")], "byte 0 is a control character"),
        ("a picture called a PDF", vec![("report.pdf", PNG)], "report.pdf is PNG by its first bytes"),
        ("a PDF called a text", vec![("report.txt", PDF)], "report.txt is PDF"),
        ("text called a picture", vec![("screen.png", b"hello\n")], "screen.png is text"),
        ("a page", vec![("page.html", b"<script>alert(1)</script>")], "does not end in .txt"),
        (
            "a drawing that may run",
            vec![("logo.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")],
            "does not end in .txt",
        ),
        ("a bitmap", vec![("screen.bmp", b"BM\x36\0\0\0\0\0\0\0")], "image/bmp"),
        ("text of another encoding", vec![("notes.txt", b"Gr\xfc\xdfe")], "byte 2 is a control character or not UTF-8"),
        ("text with a bell", vec![("notes.txt", b"ring\x07")], "byte 4"),
        ("nothing", vec![("notes.txt", b"")], "notes.txt is empty"),
        ("no file", vec![], "No file was sent"),
        ("a file field left empty", vec![("", b"")], "No file was sent"),
        ("a byte too many", vec![("large.log", &large)], "large.log has more than 25 MiB"),
        ("eleven files", eleven, "More than 10 files"),
        ("one bad among good ones", vec![("a.pdf", PDF), ("b.pdf", PNG), ("c.txt", b"c")], "b.pdf is PNG"),
    ];
    for (what, files, says) in table {
        let answer = t.attach(&files).await;
        assert_eq!(location(&answer), "/findings?refused=1&attached=finding-inside!", "{what}");
        let page = led_back(&t.portal, answer, &t.owner).await;
        assert!(page.contains(says), "{what}: {says}");
        assert_eq!((t.kept().await, t.versions().await), (0, 1), "{what}: nothing is stored");
    }
    let chunks = t.portal.house.store.documents("attachments.chunks").count_documents(doc! {}).await.expect("a count");
    assert_eq!(chunks, 0);
    let answer = t.attach(&[("exactly.log", exactly)]).await;
    assert!(location(&answer).starts_with("/findings?attached="), "25 MiB are taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_cut_short_or_is_none_stores_nothing() {
    let t = there().await;
    let whole = multipart(&[], &[("report.pdf", PDF)]);
    for (what, body) in [
        ("cut in the file", whole[..whole.len() - 60].to_vec()),
        ("cut before the end mark", whole[..whole.len() - 6].to_vec()),
        ("cut in the head", whole[..40].to_vec()),
        ("nothing", Vec::new()),
        ("something else", b"hello".to_vec()),
    ] {
        let answer = send_form(&t.portal, ATTACH, body, Some(&t.owner)).await;
        let page = led_back(&t.portal, answer, &t.owner).await;
        assert!(
            page.contains("cut short") || page.contains("could not be read") || page.contains("No file was sent"),
            "{what}"
        );
        assert_eq!((t.kept().await, t.versions().await), (0, 1), "{what}");
    }
    let long = "x".repeat(70_000);
    let answer = send_form(&t.portal, ATTACH, multipart(&[("words", &long)], &[("a.pdf", PDF)]), Some(&t.owner)).await;
    assert!(led_back(&t.portal, answer, &t.owner).await.contains("longer than its words may be"));
    assert_eq!((t.kept().await, t.versions().await), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_is_kept_once_and_two_who_attach_at_once_both_do() {
    let t = there().await;
    let operator = t.portal.person(Role::Operator, Scope::EVERYTHING).await;
    let (one, two) =
        (multipart(&[], &[("a.pdf", PDF), ("b.png", PNG)]), multipart(&[], &[("c.gif", GIF), ("again.pdf", PDF)]));
    let (one, two) = tokio::join!(
        send_form(&t.portal, ATTACH, one, Some(&t.owner)),
        send_form(&t.portal, ATTACH, two, Some(&operator))
    );
    for answer in [one, two] {
        assert!(location(&answer).starts_with("/findings?attached="), "{}", location(&answer));
    }
    use app::ports::Findings as _;
    let all = t.portal.house.evidence.all(&Scope::EVERYTHING).await.expect("findings");
    let finding: &domain::record::Sealed<domain::finding::Finding> =
        all.iter().find(|f| f.id == "finding-inside!").expect("it is there");
    let mut digests: Vec<String> = finding.value.attachments.iter().map(|a| a.file.sha256.clone()).collect();
    digests.sort();
    let mut expected = [PDF, PNG, GIF].map(sha256_hex).to_vec();
    expected.sort();
    assert_eq!(digests, expected, "none is lost and none is there twice");
    let kept = t.kept().await;
    t.attach(&[("the same.pdf", PDF)]).await;
    assert_eq!(t.kept().await, kept, "and it is not kept once more");
    t.portal.assert_ledger_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_served_to_those_alone_who_see_what_it_is_on() {
    let t = there().await;
    t.attach(&[("report.pdf", PDF)]).await;
    let path = format!("/attachments/{}", sha256_hex(PDF));
    for (who, cookie, expected) in [
        ("the owner", Some(&t.owner), StatusCode::OK),
        ("the auditor of its period", Some(&t.auditor), StatusCode::OK),
        ("the auditor of another", Some(&t.later), StatusCode::NOT_FOUND),
        ("nobody", None, StatusCode::SEE_OTHER),
    ] {
        assert_eq!(t.portal.get(&path, cookie.map(String::as_str)).await.status(), expected, "{who}");
    }
    // A document that only says that it names a file gives nobody the file.
    let findings = t.portal.house.store.documents("findings");
    let named = doc! { "$set": { "attachments": [{ "file": { "sha256": sha256_hex(PDF) } }] } };
    findings.update_one(doc! { "_id": "finding-later!" }, named).await.expect("tampered");
    assert_eq!(t.portal.get(&path, Some(&t.later)).await.status(), StatusCode::NOT_FOUND);
    // Kept, and named by nothing: a file whose record could not be sealed.
    t.portal
        .house
        .store
        .documents("attachments.files")
        .update_one(doc! {}, doc! { "$set": { "filename": "ab".repeat(32) } })
        .await
        .expect("renamed");
    for odd in ["ab".repeat(32), "AB".repeat(32), "..%2F..%2Fetc".into(), "x".into()] {
        assert_eq!(
            t.portal.get(&format!("/attachments/{odd}"), Some(&t.owner)).await.status(),
            StatusCode::NOT_FOUND,
            "{odd}"
        );
    }
    assert_eq!(t.portal.get(&path, Some(&t.owner)).await.status(), StatusCode::CONFLICT, "named, and no longer kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_file_that_was_changed_is_neither_served_nor_exported_and_is_mended_by_attaching_it_again() {
    type Harm = (&'static str, &'static str, bson::Document);
    let harms: [Harm; 3] = [
        (
            "its bytes",
            "attachments.chunks",
            doc! { "$set": { "data": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![b'x'; PDF.len()] } } },
        ),
        ("its length", "attachments.files", doc! { "$set": { "length": 3_i64 } }),
        ("its part", "attachments.chunks", doc! { "$set": { "n": 7 } }),
    ];
    for (what, coll, harm) in harms {
        let t = there().await;
        t.attach(&[("report.pdf", PDF)]).await;
        t.portal.house.store.documents(coll).update_one(doc! {}, harm).await.expect("harmed");
        let path = format!("/attachments/{}", sha256_hex(PDF));
        let answer = t.portal.get(&path, Some(&t.owner)).await;
        assert_eq!(answer.status(), StatusCode::CONFLICT, "{what}");
        assert!(text(answer).await.contains("report.pdf is no longer what was sealed"), "{what}");
        let make = || t.portal.post("/evidence/make", "period=2026-Q2&controls[0]=CC7.3", Some(&t.owner));
        let page = led_back(&t.portal, make().await, &t.owner).await;
        for says in ["No bundle was made", "report.pdf", "finding-inside!", "is missing or differs from its seal"] {
            assert!(page.to_lowercase().contains(&says.to_lowercase()), "{what}: {says}");
        }
        assert_eq!(t.portal.house.store.documents("exports").count_documents(doc! {}).await.expect("a count"), 0);
        t.attach(&[("report.pdf", PDF)]).await;
        assert_eq!(bytes(t.portal.get(&path, Some(&t.auditor)).await).await, PDF, "{what}: mended");
        assert!(location(&make().await).contains("made=B-001"), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_carries_the_files_of_its_findings_and_no_others() {
    let t = there().await;
    t.attach(&[("report.pdf", PDF)]).await;
    let form = multipart(&[], &[("screen.png", PNG)]);
    send_form(&t.portal, "/findings/finding-later!/attach", form, Some(&t.owner)).await;
    t.portal.post("/evidence/make", "period=2026-Q2&controls[0]=CC7.3", Some(&t.auditor)).await;
    let zip = bytes(t.portal.get("/evidence/B-001/download", Some(&t.auditor)).await).await;
    let report = domain::proof::verify::verify(&zip, &Default::default(), t.portal.house.clock.now());
    assert!(report.verified(), "{:#?}", report.checks);
    let line = report.checks.iter().find(|c| c.what == "The attachments").expect("a line");
    assert!(line.found.starts_with("One file"), "{}", line.found);
    let bundle = domain::proof::bundle::UnverifiedBundle::read(&zip).expect("it reads");
    let names: Vec<&String> = bundle.files.keys().filter(|n| n.contains("attachments/")).collect();
    assert_eq!(names, [&format!("data/attachments/{}", sha256_hex(PDF))]);
    let page = String::from_utf8(bundle.unpacked().expect("it unpacks")["data/index.html"].clone()).expect("text");
    assert!(page.contains(&format!("href=\"attachments/{}\"", sha256_hex(PDF))) && page.contains("report.pdf"));
}
