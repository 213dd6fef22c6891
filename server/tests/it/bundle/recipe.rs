//! The printed recipe, run word for word with stock tools.

use std::{fs, path::Path, process::Command};

use domain::proof::{layout, verify::verify};

use super::sample::{Opened, Sample, now, open, trust};

/// The recipe as `START-HERE.txt` prints it.
fn printed(text: &str) -> &str {
    let (_, rest) = text.split_once("----- recipe -----\n").expect("the recipe begins");
    rest.split_once("----- end -----").expect("the recipe ends").0
}

fn unpack(bundle: &Opened, root_pem: &str, into: &Path) {
    for (name, bytes) in &bundle.files {
        let file = into.join(&bundle.folder).join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, bytes).expect("a file");
    }
    fs::write(into.join("evidence-root.pem"), root_pem).expect("the root");
}

/// Exit status and everything it said.
fn run(recipe: &str, folder: &Path) -> (bool, String) {
    let out = Command::new("bash").args(["-c", recipe]).current_dir(folder).output().expect("bash runs");
    let said = [out.stdout, out.stderr].map(|s| String::from_utf8_lossy(&s).into_owned()).concat();
    (out.status.success(), said)
}

#[test]
fn the_printed_recipe_says_complete_and_refuses_a_bundle_altered_anywhere() {
    let sample = Sample::new();
    let (_, bytes) = sample.bundle();
    let bundle = open(&bytes);
    let start_here = bundle.text(layout::START_HERE);
    let recipe = printed(&start_here);
    assert!(start_here.contains("self-asserted"));

    let whole = tempfile::tempdir().expect("a folder");
    unpack(&bundle, &sample.keys.root_pem(), whole.path());
    let folder = whole.path().join(&bundle.folder);
    let (ok, said) = run(recipe, &folder);
    assert!(ok && said.lines().any(|l| l == "complete"), "{said}");

    // The statement is for other tools: openssl looks at the signature beside it, `verify` at both.
    for name in bundle.files.keys().filter(|name| name.as_str() != layout::STATEMENT) {
        let file = folder.join(name);
        let mut altered = fs::read(&file).expect("a file");
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        fs::write(&file, &altered).expect("an altered file");
        let (ok, said) = run(recipe, &folder);
        assert!(!ok && !said.lines().any(|l| l == "complete"), "{name} altered: {said}");
        fs::write(&file, &bundle.files[name]).expect("the file as it was");
    }

    fs::write(folder.join("data/extra.txt"), "x").expect("a file more");
    assert!(!run(recipe, &folder).0, "a file more");
    fs::remove_file(folder.join("data/extra.txt")).expect("gone again");
    fs::write(folder.join("extra.txt"), "x").expect("a file beside data");
    assert!(!run(recipe, &folder).0, "a file beside data");
    fs::remove_file(folder.join("extra.txt")).expect("gone again");
    fs::remove_file(folder.join(layout::PACKET)).expect("a file less");
    assert!(!run(recipe, &folder).0, "a file less");

    let other = Sample::new();
    unpack(&bundle, &other.keys.root_pem(), whole.path());
    assert!(!run(recipe, &folder).0, "another company's root");
    unpack(&bundle, &sample.keys.root_pem(), whole.path());
    assert!(run(recipe, &folder).0, "and whole again");
}

#[test]
fn unzip_and_our_reader_see_the_same_files() {
    let sample = Sample::new();
    let (made, bytes) = sample.bundle();
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("b.zip"), &bytes).expect("a file");
    let out = Command::new("unzip").args(["-q", "b.zip"]).current_dir(dir.path()).output().expect("unzip runs");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    for (name, bytes) in &open(&bytes).files {
        assert_eq!(fs::read(dir.path().join(&made.folder).join(name)).ok().as_ref(), Some(bytes), "{name}");
    }
    assert!(verify(&bytes, &trust(&sample.keys), now()).verified());
}
