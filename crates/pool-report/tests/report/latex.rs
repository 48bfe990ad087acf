//! LaTeX, as pdfLaTeX reads it.

use std::fs;
use std::path::Path;
use std::process::Command;

use pool_report::{latex_document, latex_tables};

use crate::synthetic::{Synthetic, diverged, small, trial};

const HOSTILE: &str = r"100% & _x_ {} \input{x} $y^2$ ~ # <script> |[a]| `b' ö 池 ° -- 1";

#[test]
fn the_tables_hold_arms_comparisons_and_claims() {
    insta::assert_snapshot!("latex_tables", latex_tables(&Synthetic::measured(5).analysis()));
}

#[test]
fn without_a_trial_there_are_no_tables_and_still_a_document() {
    let analysis = Synthetic::study("empty").analysis();
    assert!(latex_tables(&analysis).starts_with('%'));
    assert!(latex_document(&analysis).contains("No trial of this run has finished."));
}

fn is_installed() -> bool {
    let installed =
        Command::new("pdflatex").arg("-version").output().is_ok_and(|output| output.status.success());
    if !installed {
        pool_testkit::left_out("there is no pdflatex; install texlive-latex-recommended to compile the tables");
    }
    installed
}

fn compile(study: &Synthetic, folder: &Path) {
    let analysis = study.analysis();
    fs::write(folder.join("results.tex"), latex_document(&analysis)).unwrap();
    fs::write(folder.join("results-tables.tex"), latex_tables(&analysis)).unwrap();
    let output = Command::new("pdflatex")
        .args(["-interaction=nonstopmode", "-halt-on-error", "results.tex"])
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(folder.join("results.pdf").exists(), "{said}");
}

#[test]
fn the_document_compiles_whatever_the_names() {
    if !is_installed() {
        return;
    }
    let mut hostile = Synthetic::study(HOSTILE);
    for seed in 1..=2 {
        hostile.finish(trial(HOSTILE, "\"max\"", seed, 2));
        hostile.finish(trial(&format!("[{HOSTILE}"), "\"none\"", seed, 2));
    }
    hostile.finish(diverged("*", 1));
    hostile.fail(HOSTILE, 9, HOSTILE);
    let mut forty = Synthetic::study("forty");
    for arm in 0..40 {
        forty.finish(small(&format!("arm number {arm}"), "\"max\"", 1, 2));
    }
    for study in [Synthetic::measured(3), hostile, forty, Synthetic::study("empty")] {
        compile(&study, tempfile::tempdir().unwrap().path());
    }
}
