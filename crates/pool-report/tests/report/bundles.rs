//! A bundle gives the report of the run that it was packed from, byte by byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use pool_records::{PackedBy, PausedTrial, RECORD_VERSION, Record, SeedsOfReport, pack_run, unpack_run};
use pool_report::{Analysis, ReportError, Run, json_results, terminal_report, write_report};

use crate::synthetic::{Synthetic, diverged, trial};

const BY: PackedBy<'static> =
    PackedBy { program: "pool-cli 0.1.0", git_revision: None, lock_file: "version = 4\n" };

/// Every file of a report of this folder, by its name there, and what is printed of it; at most so many arms are shown.
fn report_of(root: &Path, most: usize) -> BTreeMap<String, Vec<u8>> {
    let run = Run::read_best(root, most, &[]).unwrap();
    let analysis = Analysis::of(&run);
    let written = write_report(&run, &analysis).unwrap();
    let mut files: BTreeMap<String, Vec<u8>> = written
        .files
        .iter()
        .map(|path| {
            let name = path.strip_prefix(root).unwrap().display().to_string();
            (name, fs::read(path).unwrap())
        })
        .collect();
    files.insert("printed".to_owned(), terminal_report(&analysis, 100).into_bytes());
    files.insert("printed as JSON".to_owned(), json_results(&analysis).to_string().into_bytes());
    files
}

/// Everything that a task can leave, and reports that were written before there were as many seeds.
fn eventful_run() -> Synthetic {
    let mut study = Synthetic::measured(3);
    SeedsOfReport::planned(&study.plan_file()).note(&study.read().layout).unwrap();
    study.finish(trial("maximum", "\"max\"", 4, 10));
    study.finish(diverged("none", 4));
    study.fail("average", 4, "killed by signal 9");
    study.plan("average", 5);
    study.plan_costs("none");
    let torn = study.plan("maximum", 5);
    study.leave(&torn, "record.json", "{\"version\":3,");
    let id = study.plan("given up", 1);
    let epochs = trial("given up", "\"max\"", 1, 2).epochs;
    study.leave(
        &id,
        "paused.json",
        &PausedTrial { version: RECORD_VERSION, id: id.clone(), epochs }.to_json(),
    );
    fs::write(study.root().join("sweep.toml"), "study = \"mnist-pooling\"\n").unwrap();
    study
}

/// The same files with the same bytes; names the first that has not.
fn assert_same(first: &BTreeMap<String, Vec<u8>>, second: &BTreeMap<String, Vec<u8>>) {
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (name, bytes) in first {
        assert!(*bytes == second[name], "{name} differs");
    }
}

#[test]
fn a_run_and_its_bundle_elsewhere_have_reports_of_the_same_bytes() {
    for (most, why) in [(usize::MAX, "every arm"), (2, "a large run, of which the best arms are shown")] {
        let study = eventful_run();
        let elsewhere = tempfile::tempdir().unwrap();
        let bundle = elsewhere.path().join("theirs.pool-run.tar.gz");
        pack_run(study.root(), Some(&bundle), &BY).unwrap();
        let unpacked = unpack_run(&bundle, None).unwrap();
        let (of_run, of_bundle) = (report_of(study.root(), most), report_of(&unpacked, most));
        assert_same(&of_run, &of_bundle);
        for name in ["report.html", "results.json", "results.csv", "trials.csv", "pareto.svg"] {
            assert!(of_run.contains_key(name), "{why}: {name}");
        }
        assert!(of_run.keys().any(|name| name.starts_with("trials/")), "{why}: event files");
        let page = String::from_utf8_lossy(&of_run["report.html"]);
        for part in ["killed by signal 9", "Seeds were added after a report", "its record is unusable"] {
            assert!(page.contains(part), "{why}: {part}");
        }
    }
}

#[test]
fn a_bundle_gives_the_same_report_again_in_the_same_folder_and_in_another() {
    let study = eventful_run();
    let around = tempfile::tempdir().unwrap();
    let bundle = around.path().join("theirs.pool-run.tar.gz");
    pack_run(study.root(), Some(&bundle), &BY).unwrap();
    let here = report_of(&unpack_run(&bundle, None).unwrap(), usize::MAX);
    let there = report_of(&unpack_run(&bundle, Some(&around.path().join("there"))).unwrap(), usize::MAX);
    assert_same(&here, &there);
    let mut again = report_of(&unpack_run(&bundle, None).unwrap(), usize::MAX);
    // Event files that are there already are not written again.
    again.extend(
        here.iter().filter(|(name, _)| name.starts_with("trials/")).map(|(a, b)| (a.clone(), b.clone())),
    );
    assert_same(&here, &again);
    let reported = around.path().join("reported.pool-run.tar.gz");
    pack_run(&around.path().join("there"), Some(&reported), &BY).unwrap();
    assert_same(&here, &report_of(&unpack_run(&reported, None).unwrap(), usize::MAX));
}

#[test]
fn no_file_of_a_report_says_where_the_run_lies() {
    let study = eventful_run();
    let folder = study.root().file_name().unwrap().to_str().unwrap();
    for (name, bytes) in report_of(study.root(), usize::MAX) {
        assert!(!String::from_utf8_lossy(&bytes).contains(folder), "{name}");
    }
}

#[test]
fn whoever_wants_a_run_directory_and_gets_a_file_is_told_how_to_unpack_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mnist-pooling.pool-run.tar.gz");
    fs::write(&file, "").unwrap();
    let error = Run::read(&file).unwrap_err();
    assert!(matches!(error, ReportError::NotUnpacked { .. }));
    let path = file.display();
    let expected = format!(
        "{path} is a file, and this takes a run directory; `pool-cli report {path}` unpacks a bundle into one"
    );
    assert_eq!(error.to_string(), expected);
}
