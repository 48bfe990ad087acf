//! The tables that a person sees after a sweep, and before one.

use pool_report::{PlannedArm, PlannedSweep, plan_table, terminal_report};

use crate::synthetic::{Synthetic, model, trial};

fn three_arms() -> Synthetic {
    let mut study = Synthetic::published(3, 10);
    study.plan("none", 4);
    study
}

fn long_names() -> Synthetic {
    let mut study = Synthetic::study("long names");
    for arm in ["maximum over windows of three by three cells", "a-name-without-any-place-to-break-it-at"] {
        for seed in 1..=3 {
            study.finish(trial(arm, "\"max\"", seed, 10));
        }
    }
    study
}

fn plan(width: u16) -> String {
    let arms = [
        ("average", "\"avg\""),
        ("max 3x3", "{ reduce = \"max\", size = 3, stride = 2 }"),
        ("none", "\"none\""),
    ];
    let arms =
        arms.map(|(arm, pool)| PlannedArm { arm: arm.into(), seeds: vec![1, 2, 3], model: model(pool) });
    plan_table(&PlannedSweep { arms: arms.into(), rungs: Vec::new(), hours: None, times: None }, width)
}

#[test]
fn the_tables_fit_terminals_of_every_usual_width() {
    for width in [60, 80, 140] {
        insta::assert_snapshot!(
            format!("three_arms_{width}"),
            terminal_report(&three_arms().analysis(), width)
        );
        insta::assert_snapshot!(
            format!("long_names_{width}"),
            terminal_report(&long_names().analysis(), width)
        );
        insta::assert_snapshot!(format!("plan_{width}"), plan(width));
    }
}

#[test]
fn everything_that_was_measured_is_told_verdict_first() {
    let analysis = Synthetic::measured(5).analysis();
    for width in [60, 80, 110, 160] {
        insta::assert_snapshot!(format!("measured_{width}"), terminal_report(&analysis, width));
    }
}

#[test]
fn sixty_columns_are_enough() {
    for text in [
        terminal_report(&Synthetic::measured(5).analysis(), 60),
        terminal_report(&three_arms().analysis(), 60),
    ] {
        for line in text.lines() {
            assert!(line.chars().count() <= 60, "{line}");
        }
        assert!(text.contains("Intervals are left out for want of width"), "and missed");
    }
}

#[test]
fn names_do_not_steer_the_terminal() {
    let mut study = Synthetic::study("colours");
    study.finish(trial("\u{1b}[31mred", "\"max\"", 1, 2));
    assert!(!terminal_report(&study.analysis(), 80).contains('\u{1b}'));
}

#[test]
fn no_line_is_wider_than_eighty_columns_or_ends_in_a_space() {
    for text in [
        terminal_report(&three_arms().analysis(), 80),
        terminal_report(&long_names().analysis(), 80),
        plan(80),
    ] {
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
            assert_eq!(line, line.trim_end());
        }
    }
}

#[test]
fn absurd_widths_break_no_figure() {
    for width in [0, 1, 10, u16::MAX] {
        let text = terminal_report(&three_arms().analysis(), width);
        for whole in ["validation", "keras_legacy", "2,361,546", "1.20"] {
            assert!(text.contains(whole), "{whole} at width {width}:\n{text}");
        }
        plan(width);
    }
}
