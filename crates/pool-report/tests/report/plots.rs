//! Plots say the figures that they draw.

use pool_report::{Analysis, PlotKind, plot_files};

use crate::synthetic::{Synthetic, trial};

/// The plots of a run, each with what its marks say.
fn marks(study: &Synthetic) -> Vec<(PlotKind, Vec<String>)> {
    let run = study.read();
    let said = |svg: &str| -> Vec<String> {
        let titles = svg.split("<title>").skip(1).filter_map(|rest| rest.split("</title>").next());
        titles.map(str::to_owned).collect()
    };
    let plots = plot_files(&run, &Analysis::of(&run), &PlotKind::ALL);
    plots.into_iter().map(|plot| (plot.kind, said(&plot.svg))).collect()
}

#[test]
fn every_mark_says_its_arm_and_figure() {
    let marks = marks(&Synthetic::measured(3));
    for (kind, expected, why) in [
        (
            PlotKind::LearningCurves,
            "average, epoch 1: 0.3960 nats (0.3630 to 0.4290 over 3 seeds)",
            "0.33 times the mean of 1.1, 1.2, 1.3",
        ),
        (
            PlotKind::LearningCurves,
            "none, epoch 10: 0.43 % (0.40 to 0.47 over 3 seeds)",
            "a tenth of epoch 1",
        ),
        (PlotKind::Robustness, "average, shift 0 px: error 1.09 %", "the unchanged images"),
        (
            PlotKind::Robustness,
            "none, shift 1 px: error 3.01 % (3.00 to 3.02 over 3 seeds)",
            "1,201 to 1,203 of 40,000",
        ),
        (PlotKind::Memory, "maximum: measured 42.3 MiB", "8 MiB more than the model"),
        (
            PlotKind::Memory,
            "maximum: parameters times batch size 451.7 MiB",
            "592,074 times 200 times 4 bytes",
        ),
        (PlotKind::Pareto, "592,074 parameters, on the front", "maximum errs least"),
        (PlotKind::Comparisons, "maximum errs less than none by", "as the analysis says it"),
        (PlotKind::Confusion, "of class 0 predicted as 1", "as synthetic errors go"),
        (PlotKind::Calibration, "predictions, mean confidence", "every bin with enough of them"),
    ] {
        let (_, said) = marks.iter().find(|(found, _)| *found == kind).unwrap();
        assert!(said.iter().any(|words| words.contains(expected)), "{expected}: {why}; {said:#?}");
    }
}

#[test]
fn what_was_not_measured_is_not_drawn() {
    let mut study = Synthetic::study("bare");
    let mut record = trial("maximum", "\"max\"", 1, 2);
    record.test.as_mut().unwrap().robustness.clear();
    study.finish(record);
    let kinds: Vec<PlotKind> = marks(&study).into_iter().map(|(kind, _)| kind).collect();
    let expected = [PlotKind::LearningCurves, PlotKind::Memory, PlotKind::Confusion, PlotKind::Calibration];
    assert_eq!(kinds, expected, "one arm has no front, no other arm, and nobody looked at shifts");
    assert!(marks(&study).iter().flat_map(|(_, said)| said).all(|words| !words.contains("measured")));
    assert_eq!(marks(&Synthetic::study("empty")), []);
}
