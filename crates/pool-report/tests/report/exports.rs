//! CSV, Markdown, JSON and LaTeX, as other programs read them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use pool_report::{
    Picture, json_results, latex_document, latex_methods, latex_tables, markdown_report, results_csv,
};

use crate::synthetic::{Synthetic, diverged, small, trial};

const FOR_LATEX: &str = r"100% & _x_ {} \input{x} $y^2$ ~ # <script> |[a]| `b' ö 池 ° -- 1";
const STRANGE: &str = "max, \"2x2\"\nand | `*more*` \\| <b>&";

fn csv_rows(text: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_reader(text.as_bytes()).into_records().map(Result::unwrap).collect()
}

#[test]
fn csv_has_one_line_per_trial_and_metric() {
    let text = results_csv(&Synthetic::published(2, 3).read());
    assert_eq!(text.lines().next().unwrap(), "study,arm,pool,seed,trial,metric,unit,value");
    let rows = csv_rows(&text);
    let keys: BTreeSet<(&str, &str)> = rows.iter().map(|row| (&row[4], &row[5])).collect();
    assert_eq!(keys.len(), rows.len(), "trial and metric are a key");
    assert!(rows.iter().all(|row| row[7].parse::<f64>().is_ok()), "{text}");
    let value = |trial: &str, metric: &str| {
        let row = rows.iter().find(|row| &row[4] == trial && &row[5] == metric).unwrap();
        (row[7].to_owned(), row[6].to_owned())
    };
    let pair = |value: &str, unit: &str| (value.to_owned(), unit.to_owned());
    assert_eq!(value("trial-0", "test_error"), pair("0.011", "fraction"));
    assert_eq!(value("trial-0", "train_time"), pair("22.5", "s"));
    assert_eq!(value("trial-4", "parameters"), pair("2361546", "count"));
    assert_eq!(value("trial-1", "resident_peak"), pair("262144000", "byte"));
    assert_eq!(value("trial-1", "robustness_consistency_shift_1"), pair("0.98", "fraction"));
    assert_eq!(value("trial-1", "class_error_0"), pair("0.012", "fraction"));
    assert_eq!(value("trial-1", "times_contended"), pair("0", "flag"));
}

#[test]
fn csv_flags_trials_that_stopped_early_or_diverged() {
    let mut study = Synthetic::study("status");
    let mut stopped = trial("maximum", "\"max\"", 1, 2);
    stopped.status = pool_records::TrialStatus::StoppedEarly;
    study.finish(stopped);
    study.finish(diverged("maximum", 2));
    let rows = csv_rows(&results_csv(&study.read()));
    let flags = |metric: &str| -> Vec<String> {
        rows.iter().filter(|row| &row[5] == metric).map(|row| row[7].to_owned()).collect()
    };
    assert_eq!(
        (flags("stopped_early"), flags("diverged")),
        (vec!["1".into(), "0".into()], vec!["0".into(), "1".into()])
    );
}

#[test]
fn names_survive_csv_whatever_is_in_them() {
    let mut study = Synthetic::study(STRANGE);
    study.finish(trial(STRANGE, "\"max\"", 1, 2));
    let rows = csv_rows(&results_csv(&study.read()));
    assert!(rows.iter().all(|row| &row[0] == STRANGE && &row[1] == STRANGE));
}

#[test]
fn csv_of_a_run_without_records_is_its_header() {
    assert_eq!(results_csv(&Synthetic::study("empty").read()).lines().count(), 1);
}

#[test]
fn names_break_no_markdown_table() {
    let mut study = Synthetic::study(STRANGE);
    study.finish(trial(STRANGE, "\"max\"", 1, 2));
    let text = markdown_report(&study.analysis(), &[]);
    let escaped = r#"max, "2x2" and \| \`\*more\*\` &#92;\| &lt;b&gt;&amp;"#;
    assert!(text.starts_with(&format!("# {escaped}\n")), "{text}");
    let borders = |line: &str| line.replace(r"\|", "").matches('|').count();
    let tables = text.split("\n\n").filter(|paragraph| paragraph.starts_with('|'));
    for table in tables {
        let header = borders(table.lines().next().unwrap());
        assert!(table.lines().all(|line| borders(line) == header), "{table}");
    }
    assert!(text.contains(&format!("| {escaped} | 1 | 1.10 |")), "{text}");
}

#[test]
fn names_become_no_links() {
    let mut study = Synthetic::study("[click](https://example.org)");
    study.finish(trial("![b](c.png)", "\"max\"", 1, 2));
    let text = markdown_report(&study.analysis(), &[]);
    assert!(!text.contains("]("), "{text}");
    assert!(text.starts_with("# [click]\\(https://example.org)\n"), "{text}");
}

#[test]
fn markdown_holds_everything() {
    let picture = Picture { title: "Learning curves".to_owned(), file: "learning-curves.svg".to_owned() };
    let text = markdown_report(&Synthetic::measured(3).analysis(), &[picture]);
    insta::assert_snapshot!("markdown", text);
}

#[test]
fn json_holds_the_figures_in_base_units_and_what_is_absent() {
    let mut study = Synthetic::published(1, 2);
    let id = study.plan("maximum", 2);
    let json = json_results(&study.analysis());
    assert_eq!(json["study"], "mnist-pooling");
    assert_eq!(json["arms"][0]["arm"], "average");
    assert_eq!(json["arms"][0]["test_error"]["mean"], 0.011);
    assert!(json["arms"][0]["test_error"]["interval"].is_null());
    assert_eq!(json["arms"][2]["parameters"], 2_361_546);
    assert_eq!(json["absences"]["missing"], serde_json::json!([id]));
}

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

fn pdflatex_is_installed() -> bool {
    let installed =
        Command::new("pdflatex").arg("-version").output().is_ok_and(|output| output.status.success());
    if !installed {
        pool_testkit::left_out(
            "there is no pdflatex; install texlive-latex-recommended to compile the tables",
        );
    }
    installed
}

fn compile(study: &Synthetic, folder: &Path) {
    let analysis = study.analysis();
    fs::write(folder.join("results.tex"), latex_document(&analysis)).unwrap();
    fs::write(folder.join("results-tables.tex"), latex_tables(&analysis)).unwrap();
    fs::write(folder.join("methods.tex"), latex_methods(&analysis)).unwrap();
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
    if !pdflatex_is_installed() {
        return;
    }
    let mut hostile = Synthetic::study(FOR_LATEX);
    for seed in 1..=2 {
        hostile.finish(trial(FOR_LATEX, "\"max\"", seed, 2));
        hostile.finish(trial(&format!("[{FOR_LATEX}"), "\"none\"", seed, 2));
    }
    hostile.finish(diverged("*", 1));
    hostile.fail(FOR_LATEX, 9, FOR_LATEX);
    let mut forty = Synthetic::study("forty");
    for arm in 0..40 {
        forty.finish(small(&format!("arm number {arm}"), "\"max\"", 1, 2));
    }
    for study in [Synthetic::measured(3), hostile, forty, Synthetic::study("empty")] {
        compile(&study, tempfile::tempdir().unwrap().path());
    }
}
