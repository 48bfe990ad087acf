//! Runs at the edges: every form of a report is made of each, and is of use.
use pool_records::TrialStatus;
use pool_report::{
    Analysis, PlotKind, Run, html_report, json_results, markdown_report, plot_files, results_csv,
    terminal_report,
};

use crate::synthetic::{Synthetic, diverged, err, small, trial};

/// Renders everything; the terminal's text and the curves are returned.
fn render(run: &Run) -> (String, String) {
    let analysis = Analysis::of(run);
    let page = html_report(run, &analysis);
    assert!(page.starts_with("<!DOCTYPE html>") && page.ends_with("</html>"), "{page}");
    assert!(!page.contains("NaN") && !page.contains("inf\""), "{page}");
    csv::Reader::from_reader(results_csv(run).as_bytes()).into_records().for_each(|row| drop(row.unwrap()));
    assert!(markdown_report(&analysis, &[]).starts_with("# "));
    assert!(json_results(&analysis)["arms"].is_array());
    let plots = plot_files(run, &analysis, &PlotKind::ALL);
    for svg in plots.iter().map(|plot| plot.svg.as_str()) {
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
    let curves = plots.into_iter().find(|plot| plot.kind == PlotKind::LearningCurves);
    (terminal_report(&analysis, 80), curves.map_or_else(String::new, |plot| plot.svg))
}

/// Whether a line of the text is made of exactly these words.
fn has_line(text: &str, words: &str) -> bool {
    text.lines().any(|line| line.split_whitespace().eq(words.split(' ')))
}

/// The curve of the first arm in each panel.
fn first_curves(svg: &str) -> Vec<&str> {
    let groups = svg.split("data-arms=\"0\"").skip(1);
    groups.map(|group| group.split("stroke-width=\"2\"").next().unwrap()).collect()
}

#[test]
fn one_arm_with_one_seed() {
    let mut study = Synthetic::study("one");
    study.finish(trial("maximum", "\"max\"", 1, 10));
    let (text, curves) = render(&study.read());
    assert!(has_line(&text, "maximum 1 1.10 1.38 0.38"), "{text}");
    assert!(curves.contains("maximum"), "the legend names a single arm, too");
}

#[test]
fn no_records_at_all() {
    let mut study = Synthetic::study("planned");
    study.plan("maximum", 1);
    study.plan("average", 1);
    let (text, _) = render(&study.read());
    assert_eq!(
        text,
        "- No trial of this run has finished.\n- 2 trials of the plan have no record yet; run the same sweep again to \
         add what\n  is missing.\n"
    );
    assert_eq!(render(&Synthetic::study("empty").read()).0, "- No trial of this run has finished.\n");
}

#[test]
fn all_trials_failed() {
    let mut study = Synthetic::study("failed");
    for seed in 1..=2 {
        study.fail("maximum", seed, "out of memory.");
    }
    let (text, _) = render(&study.read());
    assert_eq!(
        text,
        "- No trial of this run has finished.\n- Trial trial-0 failed: out of memory.\n- Trial trial-1 failed: out of \
         memory.\n"
    );
}

#[test]
fn a_diverged_trial_beside_a_healthy_one_and_alone() {
    let mut study = Synthetic::study("diverged");
    study.finish(diverged("maximum", 1));
    let (text, _) = render(&study.read());
    assert!(has_line(&text, "maximum 1 - - -"), "{text}");
    assert!(text.contains("1 trial of arm maximum diverged and is excluded from the means."), "{text}");
    study.finish(trial("average", "\"avg\"", 1, 3));
    let (text, _) = render(&study.read());
    assert!(has_line(&text, "average 1 1.10 1.38 0.38"), "{text}");
}

#[test]
fn a_loss_that_explodes_squeezes_no_other_curve() {
    let mut study = Synthetic::study("exploding");
    study.finish(trial("average", "\"avg\"", 1, 10));
    let (_, alone) = render(&study.read());
    let mut exploding = trial("maximum", "\"max\"", 1, 2);
    exploding.status = TrialStatus::Diverged;
    exploding.epochs[1].train_loss = 1e30;
    exploding.epochs[1].validation_loss = f64::INFINITY;
    study.finish(exploding);
    let (_, beside) = render(&study.read());
    assert_eq!(first_curves(&alone).len(), 4);
    assert_eq!(first_curves(&alone), first_curves(&beside));
}

#[test]
fn forty_arms_have_forty_curves_and_a_legend_that_hides_none() {
    let mut study = Synthetic::study("forty");
    for arm in 0..40 {
        for seed in 1..=2 {
            study.finish(small(&format!("arm number {arm:02}"), "\"max\"", seed, 10));
        }
    }
    let run = study.read();
    let (text, curves) = render(&run);
    let page = html_report(&run, &Analysis::of(&run));
    for arm in 0..40 {
        let name = format!("arm number {arm:02}");
        assert!(
            text.matches(&name).count() >= 4,
            "{name} is in the tables of errors, losses, times and memory"
        );
        assert_eq!(curves.matches(&format!(">{name}</text>")).count(), 1, "{name}");
        assert!(page.contains(&format!("</svg><span>{name}</span></span></li>")), "{name}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(page.contains("the ranges of the seeds are not drawn"), "bands would hide each other");
    assert!(page.contains("each arm is compared with arm number 00"), "a list that somebody reads");
    assert_eq!(page.matches(" − arm number 00: ").count(), 39, "the reference arm comes second");
    assert!(page.len() < 4 << 20, "{}", page.len());
}

#[test]
fn histories_of_one_epoch_are_dots_and_of_two_are_lines() {
    for (epochs, lines) in [(1, 0), (2, 4 * 3)] {
        let (_, curves) = render(&Synthetic::published(2, epochs).read());
        assert_eq!(curves.matches("class=\"mark\"").count(), 4 * 3 * epochs as usize, "{epochs} epochs");
        assert_eq!(curves.matches("stroke-width=\"2\" stroke-linejoin").count(), lines, "{epochs} epochs");
    }
}

#[test]
fn seeds_that_stopped_at_different_epochs() {
    let mut study = Synthetic::study("early");
    for (seed, epochs) in [(1, 4), (2, 9), (3, 30)] {
        study.finish(trial("maximum", "\"max\"", seed, epochs));
    }
    let (text, _) = render(&study.read());
    assert!(text.contains("  14.3  "), "{text}");
}

#[test]
fn an_error_of_zero_is_on_the_plot() {
    let mut study = Synthetic::study("perfect");
    let mut record = trial("maximum", "\"max\"", 1, 3);
    for epoch in &mut record.epochs {
        (epoch.train_error, epoch.validation_error) = (0.0, 0.0);
    }
    err(&mut record, 0, 0);
    study.finish(record);
    let (text, _) = render(&study.read());
    assert!(has_line(&text, "maximum 1 0.00 1.38 0.38"), "{text}");
}

#[test]
fn figures_at_the_ends_of_their_types_are_reported_all_the_same() {
    let mut study = Synthetic::study("hostile");
    study.finish(trial("average", "\"avg\"", 1, 2));
    let mut record = trial("maximum", "\"max\"", 1, 2);
    record.model.shapes[0] = vec![usize::MAX, 2];
    record.epochs[1].epoch = u32::MAX;
    let test = record.test.as_mut().unwrap();
    (test.robustness[0].strength, test.robustness[1].strength) = (1e308, -1e308);
    study.finish(record);
    let mut record = trial("maximum", "\"max\"", 2, 2);
    record.test.as_mut().unwrap().robustness.iter_mut().for_each(|change| change.strength = 5e-324);
    study.finish(record);
    render(&study.read());
}
