//! The verifier alone, as an auditor would build it: one good bundle, and every forgery of its ZIP.

use std::collections::BTreeMap;

use domain::{
    Moment,
    proof::{
        bundle::{BundleError, UnverifiedBundle},
        layout,
        passkey::Place,
        verify::{Outcome, Trust, verify},
        zip::{self, Limits, Packed, ZipError},
    },
};
use flate2::{Compress, Compression, Crc, FlushCompress};
use proptest::prelude::*;

const GOOD: &[u8] = include_bytes!("vectors/good.zip");
const ROOT: &str = include_str!("vectors/evidence-root.pem");
const VKEY: &str = include_str!("vectors/origin.vkey");

fn now() -> Moment {
    Moment::parse("2026-12-01T12:00:00Z").expect("a time")
}

fn trust() -> Trust {
    Trust { root_pem: Some(ROOT.to_owned()), vkey: Some(VKEY.to_owned()), ..Trust::default() }
}

#[test]
fn the_good_bundle_verifies() {
    let report = verify(GOOD, &trust(), now());
    assert!(report.verified(), "{:#?}", report.checks);
    assert_eq!(report.facts.org, "CARTIE");
    let own_twin = Trust { previous: Some(GOOD.to_vec()), ..trust() };
    assert!(verify(GOOD, &own_twin, now()).verified());
}

/// Bundles as the first ones were: without proofs of single entries.
#[test]
fn a_bundle_of_the_first_format_keeps_verifying() {
    let trust = Trust {
        root_pem: Some(include_str!("vectors/first/evidence-root.pem").to_owned()),
        vkey: Some(include_str!("vectors/first/origin.vkey").to_owned()),
        ..Trust::default()
    };
    let report = verify(include_bytes!("vectors/first/good.zip"), &trust, now());
    assert!(report.verified(), "{:#?}", report.checks);
}

/// Bundles as they were before anybody signed: with proofs of single entries, and no sign-offs.
#[test]
fn a_bundle_from_before_there_were_sign_offs_keeps_verifying() {
    let trust = Trust {
        root_pem: Some(include_str!("vectors/second/evidence-root.pem").to_owned()),
        vkey: Some(include_str!("vectors/second/origin.vkey").to_owned()),
        place: Some(place()),
        ..Trust::default()
    };
    let report = verify(include_bytes!("vectors/second/good.zip"), &trust, now());
    assert!(report.verified(), "{:#?}", report.checks);
    assert!(report.checks.iter().all(|c| c.what != "The sign-offs"));
}

#[test]
fn the_verifier_alone_checks_who_signed_and_where() {
    let found = |place: Option<Place>| verify(GOOD, &Trust { place, ..trust() }, now());
    let report = found(Some(place()));
    assert!(report.verified(), "{:#?}", report.checks);
    assert_eq!(report.checks.iter().filter(|c| c.what.starts_with("Sign-off ")).count(), 4);
    let elsewhere = Place { rp_id: "evidence.example.org".into(), ..place() };
    let report = found(Some(elsewhere));
    let wrong = report.first_wrong().expect("it is refused");
    assert!(wrong.what == "The sign-offs" && wrong.found.contains("relying party"), "{wrong:?}");
    assert!(found(None).not_proven.iter().any(|n| n.contains("company's own site")));
}

fn place() -> Place {
    Place { rp_id: "evidence.example.com".into(), origins: vec!["https://evidence.example.com".into()] }
}

#[test]
fn an_old_bundle_still_verifies_and_says_that_its_certificate_has_ended() {
    let later = Moment::parse("2030-01-01T00:00:00Z").expect("a time");
    let report = verify(GOOD, &trust(), later);
    assert!(report.verified(), "{:#?}", report.checks);
    assert!(report.not_proven.iter().any(|n| n.contains("certificate ended")), "{:#?}", report.not_proven);
}

/// One entry of a ZIP, every field of both its headers open to lies.
#[derive(Clone)]
struct Entry {
    data: Vec<u8>,
    local: Header,
    central: Header,
    made_by: u16,
    comment: u16,
    internal: u16,
    attributes: u32,
    shift: i64,
    before: Vec<u8>,
}

#[derive(Clone)]
struct Header {
    name: String,
    version: u16,
    flags: u16,
    method: u16,
    time: u32,
    crc: u32,
    packed: u32,
    size: u32,
    extra: Vec<u8>,
}

struct Zip {
    entries: Vec<Entry>,
    before_directory: Vec<u8>,
    before_end: Vec<u8>,
    comment: Vec<u8>,
    after: Vec<u8>,
    disk: u16,
    count: Option<u16>,
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn entry(name: &str, content: &[u8]) -> Entry {
    let header = Header {
        name: name.to_owned(),
        version: 10,
        flags: 0,
        method: 0,
        time: 0x0021_0000,
        crc: crc(content),
        packed: content.len() as u32,
        size: content.len() as u32,
        extra: Vec::new(),
    };
    Entry {
        data: content.to_vec(),
        local: header.clone(),
        central: header,
        made_by: 0x030a,
        comment: 0,
        internal: 0,
        attributes: 0o100_644 << 16,
        shift: 0,
        before: Vec::new(),
    }
}

impl Entry {
    fn both(&mut self, change: impl Fn(&mut Header)) {
        change(&mut self.local);
        change(&mut self.central);
    }

    fn deflated(mut self) -> Self {
        let mut out = Vec::with_capacity(self.data.len() + 1024);
        let mut stream = Compress::new(Compression::best(), false);
        stream.compress_vec(&self.data, &mut out, FlushCompress::Finish).expect("it packs");
        let packed = out.len() as u32;
        self.data = out;
        self.both(|h| (h.method, h.version, h.packed) = (8, 20, packed));
        self.made_by = 0x0314;
        self
    }
}

impl Zip {
    fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut directory = Vec::new();
        for e in &self.entries {
            out.extend(&e.before);
            let offset = (out.len() as i64 + e.shift) as u32;
            let l = &e.local;
            out.extend(0x0403_4b50u32.to_le_bytes());
            for field in [l.version, l.flags, l.method] {
                out.extend(field.to_le_bytes());
            }
            for field in [l.time, l.crc, l.packed, l.size] {
                out.extend(field.to_le_bytes());
            }
            out.extend((l.name.len() as u16).to_le_bytes());
            out.extend((l.extra.len() as u16).to_le_bytes());
            out.extend(l.name.as_bytes());
            out.extend(&l.extra);
            out.extend(&e.data);
            let c = &e.central;
            directory.extend(0x0201_4b50u32.to_le_bytes());
            for field in [e.made_by, c.version, c.flags, c.method] {
                directory.extend(field.to_le_bytes());
            }
            for field in [c.time, c.crc, c.packed, c.size] {
                directory.extend(field.to_le_bytes());
            }
            for field in [c.name.len() as u16, c.extra.len() as u16, e.comment, 0, e.internal] {
                directory.extend(field.to_le_bytes());
            }
            directory.extend(e.attributes.to_le_bytes());
            directory.extend(offset.to_le_bytes());
            directory.extend(c.name.as_bytes());
            directory.extend(&c.extra);
            directory.extend(vec![b' '; usize::from(e.comment)]);
        }
        out.extend(&self.before_directory);
        let start = out.len() as u32;
        let size = directory.len() as u32;
        out.extend(directory);
        out.extend(&self.before_end);
        out.extend(end(self.disk, self.count.unwrap_or(self.entries.len() as u16), size, start, &self.comment));
        out.extend(&self.after);
        out
    }
}

fn end(disk: u16, count: u16, size: u32, start: u32, comment: &[u8]) -> Vec<u8> {
    let mut out = 0x0605_4b50u32.to_le_bytes().to_vec();
    for field in [disk, 0, count, count] {
        out.extend(field.to_le_bytes());
    }
    out.extend(size.to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend((comment.len() as u16).to_le_bytes());
    out.extend(comment);
    out
}

fn three() -> Zip {
    Zip {
        entries: vec![
            entry("bag/a.txt", b"first\n"),
            entry("bag/data/b.txt", &b"second ".repeat(40)).deflated(),
            entry("bag/data/c.txt", b"third\n"),
        ],
        before_directory: Vec::new(),
        before_end: Vec::new(),
        comment: Vec::new(),
        after: Vec::new(),
        disk: 0,
        count: None,
    }
}

#[test]
fn a_plain_zip_is_read_as_it_was_written() {
    let zip = three().bytes();
    let files = zip::read(&zip, Limits::default()).expect("it reads");
    assert_eq!(files.folder, "bag");
    let expected =
        [("a.txt", b"first\n".to_vec()), ("data/b.txt", b"second ".repeat(40)), ("data/c.txt", b"third\n".to_vec())];
    assert_eq!(files.files.len(), expected.len());
    for (name, content) in expected {
        let file = &files.files[name];
        assert_eq!((file, file.whole(name).expect("it unpacks")), (&Packed::of(&content), content.clone()));
    }
}

fn rename(zip: &mut Zip, place: usize, name: &str) {
    zip.entries[place].both(|h| h.name = name.to_owned());
}

#[test]
fn a_zip_that_could_be_read_in_two_ways_is_refused_by_name() {
    type Forge = fn(&mut Zip);
    let table: &[(&str, Forge, &str)] = &[
        ("a path that escapes", |z| rename(z, 0, "bag/../../etc/passwd"), "would leave"),
        ("a path from the root", |z| rename(z, 0, "/bag/a.txt"), "would leave"),
        ("a path of another system", |z| rename(z, 0, "bag\\a.txt"), "would leave"),
        ("a dot in the path", |z| rename(z, 0, "bag/./a.txt"), "would leave"),
        ("a hidden file", |z| rename(z, 0, "bag/.a.txt"), "other characters"),
        ("a space", |z| rename(z, 0, "bag/a b.txt"), "other characters"),
        ("a colon", |z| rename(z, 0, "bag/a:b.txt"), "other characters"),
        ("a letter beyond ASCII", |z| rename(z, 0, "bag/ä.txt"), "other characters"),
        ("a zero", |z| rename(z, 0, "bag/a\0.txt"), "other characters"),
        ("two slashes", |z| rename(z, 0, "bag//a.txt"), "other characters"),
        ("a folder's entry", |z| rename(z, 0, "bag/data/"), "other characters"),
        ("no folder", |z| rename(z, 0, "a.txt"), "outside the top folder"),
        ("two folders", |z| rename(z, 2, "sack/c.txt"), "two top folders"),
        ("the same name twice", |z| rename(z, 2, "bag/a.txt"), "is there twice"),
        ("the same name but for case", |z| rename(z, 2, "bag/A.txt"), "letters' case"),
        ("folders the same but for case", |z| rename(z, 2, "bag/DATA/B.txt"), "letters' case"),
        ("a file and a folder", |z| rename(z, 0, "bag/data"), "a file and a folder"),
        ("a file and a folder but for case", |z| rename(z, 0, "bag/Data"), "a file and a folder"),
        ("too deep", |z| rename(z, 0, "bag/1/2/3/4/5/6/7/8/9"), "too deep"),
        ("a long name", |z| rename(z, 0, &format!("bag/{}", "x".repeat(300))), "too long a name"),
        ("a symbolic link", |z| z.entries[0].attributes = 0o120_777 << 16, "symbolic link"),
        ("a folder by its attributes", |z| z.entries[0].attributes = 0o040_755 << 16, "not a plain file"),
        ("a program", |z| z.entries[0].attributes = 0o100_755 << 16, "not a plain file"),
        ("another system's attributes", |z| z.entries[0].made_by = 0x000a, "not written on a system"),
        ("attributes inside", |z| z.entries[0].internal = 1, "attributes"),
        ("another name in the local header", |z| z.entries[0].local.name = "bag/z.txt".into(), "two headers"),
        ("another size in the local header", |z| z.entries[0].local.size += 1, "two headers"),
        ("another checksum in the local header", |z| z.entries[0].local.crc ^= 1, "two headers"),
        ("another method in the local header", |z| z.entries[0].local.method = 8, "two headers"),
        ("another time in the local header", |z| z.entries[0].local.time += 1, "two headers"),
        ("extra fields in the local header", |z| z.entries[0].local.extra = vec![0; 4], "between two files"),
        ("extra fields", |z| z.entries[0].central.extra = vec![0; 4], "extra fields"),
        ("a comment on a file", |z| z.entries[0].comment = 4, "extra fields or a comment"),
        ("a time", |z| z.entries[0].both(|h| h.time += 1), "time of its own"),
        ("a false checksum", |z| z.entries[0].both(|h| h.crc ^= 1), "damaged"),
        ("a false checksum, packed", |z| z.entries[1].both(|h| h.crc ^= 1), "damaged"),
        ("a stored size that lies", |z| z.entries[0].both(|h| h.size += 1), "lies about its size"),
        ("a packed size that says less", |z| z.entries[1].both(|h| h.size -= 1), "lies about its size"),
        ("a packed size that says more", |z| z.entries[1].both(|h| h.size += 1), "lies about its size"),
        ("encryption", |z| z.entries[0].both(|h| h.flags = 1), "encrypted"),
        ("strong encryption", |z| z.entries[0].both(|h| h.flags = 0x41), "encrypted"),
        ("a hidden directory", |z| z.entries[0].both(|h| h.flags = 0x2000), "encrypted"),
        ("sizes after the data", |z| z.entries[0].both(|h| h.flags = 8), "flags"),
        ("another way of packing", |z| z.entries[0].both(|h| h.method = 12), "method"),
        ("bytes before the first file", |z| z.entries[0].before = vec![0; 3], "before the first file"),
        ("bytes between two files", |z| z.entries[1].before = vec![0; 3], "between two files"),
        ("bytes before the directory", |z| z.before_directory = vec![0; 3], "and the directory"),
        ("bytes before the end", |z| z.before_end = vec![0; 3], "before the end record"),
        ("bytes after the end", |z| z.after = vec![0; 3], "after the end record"),
        ("an offset into another file", |z| z.entries[1].shift = -2, "overlaps"),
        ("two files in one place", |z| z.entries[2].shift = -50, "overlaps"),
        ("a directory shorter than it says", |z| z.count = Some(4), "cut short"),
        ("a directory longer than it says", |z| z.count = Some(2), "in the directory"),
        ("files in another order", |z| z.entries.swap(0, 2), "out of the order of their names"),
        ("several disks", |z| z.disk = 1, "several disks"),
        ("a comment at the end", |z| z.comment = vec![b' '; 5], "after the end record"),
        ("an end record as comment", |z| z.comment = end(0, 0, 0, 0, &[]), "end record"),
        ("two end records", |z| z.before_end = end(0, 0, 0, 0, &[]), "two end records"),
        ("ZIP64", |z| z.count = Some(u16::MAX), "ZIP64"),
    ];
    for (what, forge, expected) in table {
        let mut zip = three();
        forge(&mut zip);
        match zip::read(&zip.bytes(), Limits::default()) {
            Ok(files) => panic!("{what} passed: {:?}", files.files.keys()),
            Err(e) => assert!(e.to_string().contains(expected), "{what}: {e}"),
        }
    }
}

#[test]
fn bombs_are_refused_before_they_are_unpacked() {
    let small = Limits { files: 2, file: 100, total: 200, ..Limits::default() };
    assert_eq!(zip::read(&three().bytes(), small), Err(ZipError::TooMuch("the number of files")));
    let small = Limits { files: 9, ..small };
    assert_eq!(zip::read(&three().bytes(), small), Err(ZipError::TooMuch("all files together")));
    let small = Limits { total: 1000, ..small };
    assert_eq!(zip::read(&three().bytes(), small), Err(ZipError::TooMuch("one file")));

    let mut bomb = three();
    bomb.entries[1] = entry("bag/data/b.txt", &vec![0; 4 << 20]).deflated();
    let refused = zip::read(&bomb.bytes(), Limits::default()).expect_err("a bomb");
    assert!(refused.to_string().contains("grows more"), "{refused}");
    bomb.entries[1].both(|h| h.size = 1000);
    let refused = zip::read(&bomb.bytes(), Limits::default()).expect_err("a bomb that lies");
    assert!(refused.to_string().contains("lies about its size"), "{refused}");
}

#[test]
fn a_zip_that_is_not_a_bag_is_refused() {
    let refused = UnverifiedBundle::read(&three().bytes()).expect_err("no bag");
    assert!(matches!(refused, BundleError::Missing(_)), "{refused}");
    assert_eq!(verify(&three().bytes(), &trust(), now()).outcome, Outcome::NotVerified);
}

/// The good bundle's files, open to forgery.
fn good() -> (String, BTreeMap<String, Vec<u8>>) {
    let good = UnverifiedBundle::read(GOOD).expect("the good bundle reads");
    (good.folder.clone(), good.unpacked().expect("it unpacks"))
}

fn verifies(folder: &str, files: &BTreeMap<String, Vec<u8>>) -> bool {
    UnverifiedBundle::of(folder, files).verify(&trust(), now()).is_ok()
}

/// The one freedom a deflate stream leaves: the unused bits of its last byte. Then every file is the same.
fn same_files(bytes: &[u8]) -> bool {
    let good = UnverifiedBundle::read(GOOD).expect("the good bundle reads");
    UnverifiedBundle::read(bytes).is_ok_and(|b| b == good)
}

#[test]
fn no_byte_of_the_signature_or_the_checkpoint_may_differ() {
    let (folder, good) = good();
    assert!(verifies(&folder, &good));
    for name in [layout::SIGNATURE, layout::CHECKPOINT, layout::TAG_MANIFEST] {
        for at in 0..good[name].len() {
            let mut forged = good.clone();
            forged.get_mut(name).expect("the file")[at] ^= 1 << (at % 8);
            assert!(!verifies(&folder, &forged), "{name}, byte {at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_bundle_with_one_byte_altered_never_verifies(at in any::<prop::sample::Index>(), bits in 1u8..) {
        let mut forged = GOOD.to_vec();
        let at = at.index(forged.len());
        forged[at] ^= bits;
        prop_assert!(!verify(&forged, &trust(), now()).verified() || same_files(&forged), "byte {at}");
    }

    #[test]
    fn a_file_with_one_byte_altered_is_found_whatever_the_zip_says(file in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bits in 1u8..) {
        let (folder, mut forged) = good();
        let count = forged.len();
        let bytes = forged.values_mut().nth(file.index(count)).expect("a file");
        let at = at.index(bytes.len());
        bytes[at] ^= bits;
        prop_assert!(!verifies(&folder, &forged));
    }

    #[test]
    fn lines_in_another_order_are_found(file in any::<prop::sample::Index>(), one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
        let (folder, mut forged) = good();
        let tables: Vec<String> = forged.iter().filter(|(n, b)| n.ends_with(".jsonl") && b.iter().filter(|c| **c == b'\n').count() > 1).map(|(n, _)| n.clone()).collect();
        let bytes = forged.get_mut(file.get(&tables)).expect("a file of lines");
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|c| *c == b'\n').collect();
        let (one, other) = (one.index(lines.len()), other.index(lines.len()));
        prop_assume!(one != other && lines[one] != lines[other]);
        lines.swap(one, other);
        *bytes = lines.concat();
        prop_assert!(!verifies(&folder, &forged));
    }

    #[test]
    fn a_cut_bundle_never_verifies(len in any::<prop::sample::Index>()) {
        prop_assert!(!verify(&GOOD[..len.index(GOOD.len())], &trust(), now()).verified());
    }

    #[test]
    fn nothing_read_makes_the_verifier_stumble(bytes in prop::collection::vec(any::<u8>(), 0..400), tail in any::<bool>()) {
        let mut bytes = bytes;
        if tail { bytes.extend(end(0, 1, 46, 0, &[])); }
        prop_assert!(!verify(&bytes, &trust(), now()).verified());
    }
}
