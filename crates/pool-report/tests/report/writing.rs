//! The files of a report.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use pool_report::{Analysis, ReportError, WrittenReport, write_report, write_summary};

use crate::synthetic::{Synthetic, trial};

const FILES: [&str; 15] = [
    "report.html",
    "results.md",
    "results.csv",
    "results.tex",
    "results-tables.tex",
    "methods.md",
    "methods.tex",
    "results.json",
    "learning-curves.svg",
    "pareto.svg",
    "robustness.svg",
    "memory.svg",
    "comparisons.svg",
    "confusion.svg",
    "calibration.svg",
];

fn write(study: &Synthetic) -> Result<WrittenReport, ReportError> {
    let run = study.read();
    write_report(&run, &Analysis::of(&run))
}

fn names(folder: &Path) -> BTreeSet<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_report_leaves_its_files_and_no_partial_ones() {
    let study = Synthetic::published(1, 2);
    let before = names(study.root());
    for attempt in ["first", "second"] {
        let written = write(&study).unwrap();
        assert_eq!(written.html, study.root().join("report.html"));
        let (files, events) = written.files.split_at(FILES.len());
        assert_eq!(files, FILES.map(|file| study.root().join(file)));
        let trials = if attempt == "first" { study.read().records().count() } else { 0 };
        assert_eq!(events.len(), trials, "{attempt} time: an event file for each trial that has none");
        assert!(written.without_events.is_empty());
        let added: BTreeSet<String> = names(study.root()).difference(&before).cloned().collect();
        let expected: BTreeSet<String> =
            FILES.iter().chain(&["seeds-of-reports.json"]).map(|file| (*file).to_owned()).collect();
        assert_eq!(added, expected, "{attempt} time");
    }
    for file in FILES {
        assert!(fs::metadata(study.root().join(file)).unwrap().len() > 100, "{file}");
    }
}

#[test]
fn a_summary_is_a_document_with_the_plots_that_it_shows() {
    let study = Synthetic::measured(2);
    let run = study.read();
    let folder = tempfile::tempdir().unwrap();
    let files = write_summary(&run, &Analysis::of(&run), folder.path()).unwrap();
    let mut size = 0;
    for file in &files {
        size += fs::metadata(file).unwrap().len();
    }
    assert!(size < 250_000, "two of them stand in a repository: {size} bytes");
    let text = fs::read_to_string(folder.path().join("mnist-pooling.md")).unwrap();
    for file in &files[1..] {
        assert!(text.contains(&format!("]({})", file.file_name().unwrap().display())), "{file:?} is shown");
    }
    assert_eq!(names(folder.path()).len(), files.len());
}

#[cfg(unix)]
#[test]
fn others_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let study = Synthetic::published(1, 2);
    for file in write(&study).unwrap().files {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o044, 0o044 & !current_mask(study.root()), "{}", file.display());
    }
}

/// What a new file is denied on this machine.
#[cfg(unix)]
fn current_mask(folder: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    let probe = folder.join("probe");
    fs::write(&probe, "").unwrap();
    let mode = fs::metadata(&probe).unwrap().permissions().mode();
    fs::remove_file(probe).unwrap();
    !mode & 0o777
}

#[test]
fn a_folder_that_is_gone_is_named() {
    let study = Synthetic::published(1, 2);
    let run = study.read();
    fs::remove_dir_all(study.root()).unwrap();
    let error = write_report(&run, &Analysis::of(&run)).unwrap_err().to_string();
    let file = study.root().join("report.html");
    assert_eq!(error, format!("cannot write {}: its folder does not exist", file.display()));
}

#[test]
fn a_file_that_cannot_be_replaced_is_named_and_no_partial_one_stays() {
    let study = Synthetic::published(1, 2);
    let blocked = study.root().join("results.md");
    fs::create_dir(&blocked).unwrap();
    let error = write(&study).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot write {}: ", blocked.display())), "{error}");
    assert!(!error.contains(".partial-"), "{error}");
    assert!(names(study.root()).iter().all(|name| !name.starts_with(".partial-")));
}

#[cfg(unix)]
#[test]
fn a_folder_without_write_permission_is_named_and_its_records_stay() {
    use std::os::unix::fs::PermissionsExt;
    let study = Synthetic::published(1, 2);
    let run = study.read();
    let before = names(study.root());
    fs::set_permissions(study.root(), fs::Permissions::from_mode(0o555)).unwrap();
    let all_powerful = fs::write(study.root().join("probe"), "").is_ok();
    let result = write_report(&run, &Analysis::of(&run));
    fs::set_permissions(study.root(), fs::Permissions::from_mode(0o755)).unwrap();
    if all_powerful {
        return;
    }
    let file = study.root().join("report.html");
    assert_eq!(
        result.unwrap_err().to_string(),
        format!("cannot write {}: permission denied", file.display())
    );
    assert_eq!(names(study.root()), before);
    assert_eq!(study.read().records().count(), 3);
}

#[test]
fn seeds_that_were_added_after_a_report_are_spoken_of_unless_a_design_planned_for_them() {
    let mut study = Synthetic::study("grown");
    let add = |study: &mut Synthetic, seeds: std::ops::RangeInclusive<u64>| {
        for (arm, seed) in seeds.flat_map(|seed| ["average", "maximum"].map(|arm| (arm, seed))) {
            study.finish(trial(arm, "\"max\"", seed, 2));
        }
    };
    let said = |study: &Synthetic| {
        let run = study.read();
        let analysis = Analysis::of(&run);
        write_report(&run, &analysis).unwrap();
        analysis.confounding.iter().any(|sentence| sentence.starts_with("Seeds were added after a report"))
    };
    add(&mut study, 1..=4);
    assert_eq!([said(&study), said(&study)], [false; 2], "the same report twice");
    add(&mut study, 5..=8);
    assert_eq!([said(&study), said(&study)], [true; 2], "it is not forgotten by the next report");
    let mut planned = Synthetic::study("planned");
    planned.compare(0.001, &[4, 8]);
    add(&mut planned, 1..=4);
    assert!(!said(&planned));
    add(&mut planned, 5..=8);
    assert!(!said(&planned), "as planned");
    study.compare(0.001, &[4, 8]);
    let late = study.analysis().confounding.join(" ");
    assert!(late.contains("The design of this run was changed after a report"), "{late}");
}
