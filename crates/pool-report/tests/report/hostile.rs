//! Records that something happened to: each is a failure with a reason, or takes part in every form of the report.

#[expect(dead_code, reason = "the record here is a synthetic one, and no seed")]
#[path = "../../../../fuzz/damage.rs"]
mod damage;

use damage::damaged;
use pool_records::Record;
use pool_report::{
    Analysis, PlotKind, Run, html_report, json_results, latex_document, latex_tables, markdown_report,
    plot_files, results_csv, tensorboard_events, terminal_report,
};
use proptest::prelude::*;

use crate::synthetic::{Synthetic, costs, small};

fn render(run: &Run) {
    let analysis = Analysis::of(run);
    let page = html_report(run, &analysis);
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"));
    csv::Reader::from_reader(results_csv(run).as_bytes()).into_records().for_each(|row| drop(row.unwrap()));
    assert!(markdown_report(&analysis, &[]).starts_with("# "));
    assert!(json_results(&analysis)["arms"].is_array());
    for text in [latex_document(&analysis), latex_tables(&analysis), terminal_report(&analysis, 80)] {
        assert!(!text.is_empty());
    }
    for plot in plot_files(run, &analysis, &PlotKind::ALL) {
        assert!(plot.svg.starts_with("<svg ") && plot.svg.trim_end().ends_with("</svg>"));
    }
    for record in run.records() {
        let _ = tensorboard_events(record);
    }
}

/// A run whose first arm has left this text as its record, and whose second arm is intact.
fn run_with(record: &str) -> Run {
    let mut study = Synthetic::study("hostile");
    let id = study.plan("maximum", 1);
    study.leave(&id, "record.json", record);
    study.finish(small("average", "\"avg\"", 1, 2));
    study.measure(costs("average", "\"avg\""));
    study.read()
}

/// A record as `run_with` wants it.
fn whole_record() -> String {
    let mut record = small("maximum", "\"max\"", 1, 2);
    record.id = "trial-0".to_owned();
    record.to_json()
}

#[test]
fn a_whole_record_takes_part() {
    let run = run_with(&whole_record());
    assert_eq!(run.records().count(), 2);
    render(&run);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_damaged_record_is_a_failure_with_a_reason_or_is_reported(bytes in damaged(vec![whole_record().into_bytes()])) {
        let run = run_with(&String::from_utf8_lossy(&bytes));
        prop_assert_eq!(run.records().count() + run.failures.len(), 2);
        for failure in &run.failures {
            prop_assert!(!failure.reason.contains(char::is_control), "{}", failure.reason);
        }
        render(&run);
    }
}
