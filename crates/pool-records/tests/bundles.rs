//! Bundles: what is packed is what is unpacked, and what nobody packed is refused whole.

#[path = "../../../fuzz/damage.rs"]
mod damage;
#[path = "../../../fuzz/tar_sums.rs"]
mod tar_sums;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use damage::{damaged, seeds};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use pool_records::{PackedBy, SeedsOfReport, pack_run, unpack_run};
use pool_spec::PlanFile;
use proptest::prelude::*;
use tar::EntryType;
use tar_sums::summed;
use tempfile::TempDir;

const BY: PackedBy<'static> =
    PackedBy { program: "pool-cli 0.1.0", git_revision: None, lock_file: "version = 4\n" };
const BUNDLE: &str = "study.pool-run.tar.gz";

/// A plan with the trial found-s1 and the measurement found.
fn plan() -> String {
    let mut plan = seeds("record_json").into_iter().map(|bytes| String::from_utf8(bytes).unwrap());
    plan.rfind(|text| PlanFile::from_json(text).is_ok()).unwrap()
}

fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// A run in the folder `run` of an empty one, with everything that may lie in it.
fn run() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("run");
    write(&root, &[("plan.json", &plan()), ("sweep.toml", "study = \"fuzz\"\n")]);
    write(
        &root,
        &[
            ("trials/found-s1/record.json", "{ \"a record\": \"byte by byte\" }\n\n"),
            ("trials/found-s1/failure.json", "{}"),
            ("trials/found-s1/paused.json", "{}"),
            ("trials/found-s1/spec.json", "{}"),
            ("trials/found-s1/model.safetensors", "weights"),
            ("trials/found-s1/log.jsonl", "{}"),
            ("trials/found-s1/checkpoint/state.json", "{}"),
            ("trials/found-s1/tensorboard/events.out.tfevents.1.pool-report", "events"),
            ("trials/of-an-earlier-plan-s1/record.json", "{}"),
            ("costs/found/record.json", "{}"),
            ("seeds-of-reports.json", "[]"),
            ("report.html", "<!doctype html>"),
            (".sweep.lock", "process 1"),
        ],
    );
    folder
}

/// Every file below a folder, by its name there.
fn files_below(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => {
                    let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                    found.insert(name, fs::read(&path).unwrap());
                }
            }
        }
    }
    found
}

fn packed(folder: &TempDir) -> PathBuf {
    let file = folder.path().join(BUNDLE);
    pack_run(&folder.path().join("run"), Some(&file), &BY).unwrap();
    file
}

#[test]
fn what_a_report_reads_is_unpacked_as_it_was_and_nothing_else_is_packed() {
    let folder = run();
    let bundle = packed(&folder);
    let unpacked = unpack_run(&bundle, None).unwrap();
    assert_eq!(unpacked, folder.path().join("study"), "next to the bundle, under its name");
    let (original, found) = (files_below(&folder.path().join("run")), files_below(&unpacked));
    let of_run = [
        "costs/found/record.json",
        "plan.json",
        "seeds-of-reports.json",
        "sweep.toml",
        "trials/found-s1/failure.json",
        "trials/found-s1/paused.json",
        "trials/found-s1/record.json",
    ];
    for name in of_run {
        assert_eq!(found[name], original[name], "{name}");
    }
    let mut names: Vec<&str> =
        of_run.into_iter().chain(["Cargo.lock", "README.txt", "environment.json"]).collect();
    names.sort_unstable();
    assert_eq!(found.keys().collect::<Vec<_>>(), names);
    assert_eq!(found["Cargo.lock"], BY.lock_file.as_bytes());
}

#[test]
fn the_same_run_gives_the_same_bytes_wherever_and_whenever_it_lies() {
    let (first, second) = (run(), run());
    let old = File::options().append(true).open(second.path().join("run/plan.json")).unwrap();
    old.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000)).unwrap();
    let [first, second] = [&first, &second].map(|folder| fs::read(packed(folder)).unwrap());
    assert!(first == second);
    assert_eq!(first[4..8], [0; 4], "RFC 1952: the time in the header of gzip, 0 for none");
}

#[test]
fn a_bundle_that_is_unpacked_can_be_packed_again_into_the_same_bytes() {
    let folder = run();
    let bundle = packed(&folder);
    let unpacked = unpack_run(&bundle, None).unwrap();
    let again = folder.path().join("again.pool-run.tar.gz");
    pack_run(&unpacked, Some(&again), &BY).unwrap();
    assert!(fs::read(bundle).unwrap() == fs::read(again).unwrap());
}

#[test]
fn a_folder_that_holds_the_run_already_is_used_and_any_other_is_left_alone() {
    let folder = run();
    let bundle = packed(&folder);
    let plan = PlanFile::from_json(&plan()).unwrap();
    let noted = serde_json::to_string(&[SeedsOfReport::planned(&plan)]).unwrap();
    for (name, text, same, why) in [
        ("report.html", "<!doctype html>", true, "a report was written there"),
        ("seeds-of-reports.json", noted.as_str(), true, "and noted"),
        ("trials/found-s1/record.json", "{}", false, "another record"),
        ("costs/found/failure.json", "{}", false, "a failure that the bundle has not"),
        ("sweep.toml", "study = \"else\"", false, "another sweep file"),
        ("seeds-of-reports.json", "[{\"seeds\": {\"max\": 9}, \"comparison\": {}}]", false, "other reports"),
        ("plan.json", "{}", false, "another plan"),
    ] {
        let around = tempfile::tempdir().unwrap();
        let target = around.path().join("there");
        unpack_run(&bundle, Some(&target)).unwrap();
        write(&target, &[(name, text)]);
        let before = files_below(around.path());
        let unpacked = unpack_run(&bundle, Some(&target));
        assert_eq!(unpacked.is_ok(), same, "{why}");
        if let Err(error) = unpacked {
            let expected = format!(
                "{} exists, and {name} there is not that of {}; move the folder away, or choose another one with --out",
                target.display(),
                bundle.display()
            );
            assert_eq!(error.to_string(), expected);
        }
        assert!(files_below(around.path()) == before, "{why}");
    }
    let empty = tempfile::tempdir().unwrap();
    unpack_run(&bundle, Some(empty.path())).unwrap();
    assert!(empty.path().join("plan.json").exists(), "an empty folder is filled");
}

#[test]
fn what_cannot_be_packed_or_unpacked_is_named_with_the_cure() {
    let folder = run();
    let at = |name: &str| folder.path().join(name);
    write(folder.path(), &[("empty/x", ""), ("broken/plan.json", "{")]);
    for (root, file, said) in [
        ("empty", "b.pool-run.tar.gz", "is no run directory: no plan.json lies in it; give the folder that"),
        ("broken", "b.pool-run.tar.gz", "plan.json: EOF while parsing"),
        ("run", "b.tar.gz", "b.tar.gz: the name of a bundle ends in .pool-run.tar.gz"),
        ("run", "run/b.pool-run.tar.gz", "where only sweep and report write; choose a place outside it"),
        ("run", "nowhere/b.pool-run.tar.gz", "b.pool-run.tar.gz: its folder does not exist"),
    ] {
        let error = pack_run(&at(root), Some(&at(file)), &BY).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
        assert!(!at(file).exists());
    }
    let bundle = packed(&folder);
    let error = unpack_run(&bundle, Some(&at("run/within"))).unwrap_err().to_string();
    assert!(error.contains("where only sweep and report write"), "{error}");
    let error = unpack_run(&at("run/report.html"), None).unwrap_err().to_string();
    assert!(error.contains("report.html: the name of a bundle ends in .pool-run.tar.gz"), "{error}");
    let huge = at("run/trials/found-s1/record.json");
    File::create(huge).unwrap().set_len((256 << 20) + 1).unwrap();
    let error = pack_run(&at("run"), Some(&at("huge.pool-run.tar.gz")), &BY).unwrap_err().to_string();
    assert!(
        error.contains("with trials/found-s1/record.json it would hold more than a bundle may"),
        "{error}"
    );
    assert!(!at("huge.pool-run.tar.gz").exists());
}

/// What somebody put into an archive.
struct Put<'a> {
    name: &'a str,
    kind: EntryType,
    /// The size that its header claims.
    size: u64,
    content: &'a [u8],
}

fn file<'a>(name: &'a str, content: &'a [u8]) -> Put<'a> {
    Put { name, kind: EntryType::Regular, size: content.len() as u64, content }
}

/// An archive of these, however wrong they are.
fn archive(entries: &[Put<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for Put { name, kind, size, content } in entries {
        let mut header = tar::Header::new_ustar();
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(*size);
        header.set_mode(0o644);
        header.as_old_mut().linkname[..11].copy_from_slice(b"/etc/passwd");
        header.set_cksum();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.resize(bytes.len() + 1_024, 0);
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// Unpacks these bytes. If that fails, nothing is left but the file, and the reason is one line.
fn unpack(bytes: &[u8]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join(BUNDLE);
    fs::write(&bundle, bytes).unwrap();
    let unpacked = unpack_run(&bundle, None).map_err(|error| error.to_string());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    match unpacked {
        Ok(_) => {
            assert_eq!(left.len(), 2, "{left:?}");
            Ok(())
        }
        Err(error) => {
            assert_eq!(left, [BUNDLE]);
            assert!(!error.contains(char::is_control) && !error.contains(".partial-"), "{error}");
            let start = format!("{} cannot be unpacked: ", bundle.display());
            Err(error.strip_prefix(&start).unwrap_or_else(|| panic!("{error}")).to_owned())
        }
    }
}

#[test]
fn files_that_no_run_has_are_refused() {
    let plan = plan();
    let first = || file("plan.json", plan.as_bytes());
    let of_kind = |name, kind| Put { kind, ..file(name, b"") };
    assert_eq!(unpack(&gzip(&archive(&[first()]))), Ok(()), "a run without records is one");
    for name in [
        "/etc/passwd",
        "../outside",
        "trials/../../outside",
        "./sweep.toml",
        "trials/found-s1/../found-s1/record.json",
        "trials/found-s1/model.safetensors",
        "trials/other-s1/record.json",
        "trials\\found-s1\\record.json",
        "report.html",
        ".sweep.lock",
        "plan.json",
        "sweep.toml/x",
    ] {
        let error = unpack(&gzip(&archive(&[first(), file(name, b"hostile")]))).unwrap_err();
        assert!(
            error.starts_with(&format!("{name} in it is no file of this run, or is there twice; get")),
            "{error}"
        );
    }
    let record = "trials/found-s1/record.json";
    for (kind, word) in [
        (EntryType::Symlink, "symlink"),
        (EntryType::Link, "link"),
        (EntryType::Char, "char"),
        (EntryType::Block, "block"),
        (EntryType::Fifo, "fifo"),
        (EntryType::Directory, "directory"),
        (EntryType::GNUSparse, "gnusparse"),
        (EntryType::GNULongName, "gnulongname"),
        (EntryType::XHeader, "xheader"),
    ] {
        let error = unpack(&gzip(&archive(&[first(), of_kind(record, kind)]))).unwrap_err();
        assert!(error.starts_with(&format!("{record} in it is no regular file ({word}); get")), "{error}");
    }
}

#[test]
fn archives_that_are_broken_or_too_large_are_refused() {
    let plan = plan();
    let first = || file("plan.json", plan.as_bytes());
    let elsewhere = plan.replace("\"id\":\"found\"", "\"id\":\"../found\"");
    let claiming = |size| Put { size, ..file("sweep.toml", b"short") };
    let whole = archive(&[first(), file("sweep.toml", &[b'#'; 5_000])]);
    let longer = [&whole[..], &[0; 20 * 512]].concat();
    let tables: [(Vec<u8>, &str); 11] = [
        (Vec::new(), ""),
        (
            b"study = \"not an archive\"".to_vec(),
            "invalid gzip header; get the bundle again, or pack the run again with",
        ),
        (gzip(b"study = \"not an archive\""), ""),
        (gzip(&archive(&[])), "it is empty; get"),
        (
            gzip(&archive(&[file("sweep.toml", b"")])),
            "its first file is sweep.toml, and that of a bundle is plan.json; get",
        ),
        (gzip(&archive(&[file("plan.json", b"[\n")])), "plan.json: "),
        (gzip(&archive(&[file("plan.json", b"\xff")])), "plan.json: "),
        (
            gzip(&archive(&[file("plan.json", elsewhere.as_bytes())])),
            "plan.json: the id \"../found\" is no folder's name",
        ),
        (
            gzip(&archive(&[first(), claiming(5 << 30)])),
            "with sweep.toml it holds more than a bundle may, 256 MiB in a file",
        ),
        (gzip(&whole[..whole.len() - 2_000]), "it ends within sweep.toml; get"),
        (gzip(&longer), "something follows its last file; get"),
    ];
    for (bytes, said) in tables {
        let error = unpack(&bytes).unwrap_err();
        assert!(error.starts_with(said), "{said}: {error}");
    }
    let whole = gzip(&whole);
    for length in 0..whole.len() {
        let error = unpack(&whole[..length]).unwrap_err();
        assert!(
            error.contains("; get the bundle again, or pack"),
            "{length} of {} bytes: {error}",
            whole.len()
        );
    }
}

#[test]
fn another_program_may_have_written_the_archive() {
    let [archive, bundle]: [Vec<u8>; 2] = seeds("bundle").try_into().unwrap();
    assert_eq!(unpack(&bundle), Ok(()), "Python's tarfile and gzip: fuzz/seeds.py");
    assert_eq!(unpack(&gzip(&archive)), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn a_damaged_bundle_is_refused_in_a_line_or_is_a_run(bytes in damaged_bundles()) {
        let _ = unpack(&bytes);
    }
}

/// Accidents to the file, and to the archive before it is packed.
fn damaged_bundles() -> impl Strategy<Value = Vec<u8>> {
    let bundle = fs::read(packed(&run())).unwrap();
    let mut archive = Vec::new();
    GzDecoder::new(&bundle[..]).read_to_end(&mut archive).unwrap();
    prop_oneof![damaged(vec![bundle]), damaged(vec![archive]).prop_map(|bytes| gzip(&summed(bytes)))]
}
