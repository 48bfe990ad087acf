//! The tables that a person sees after a sweep, and before one.

use pool_report::{PlannedArm, PlannedSweep, plan_table, terminal_report, terminal_summary};

use pool_spec::{ComparisonSpec, ImageCounts};
use pool_testkit::trial_spec;

use crate::synthetic::{Synthetic, diverged, model, small, trial};

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
    let arms = arms.map(|(arm, pool)| PlannedArm {
        arm: arm.into(),
        pool: pool.into(),
        train: trial_spec(arm, pool, 1, 10).train,
        seeds: vec![1, 2, 3],
        model: model(pool),
    });
    let plan = PlannedSweep {
        tuning: None,
        arms: arms.into(),
        rungs: Vec::new(),
        comparison: ComparisonSpec { margin: Some(0.001), looks: vec![15, 30, 60] },
        hours: None,
        images: ImageCounts { train: 48_000, validation: 12_000, test: 10_000 },
        class_gaps: Some(Vec::new()),
        times: None,
    };
    plan_table(&plan, width)
}

/// Intervals are dropped or stand below their means.
#[test]
fn the_tables_fit_narrow_terminals() {
    insta::assert_snapshot!("three_arms_60", terminal_report(&three_arms().analysis(), 60));
    insta::assert_snapshot!("long_names_60", terminal_report(&long_names().analysis(), 60));
}

#[test]
fn a_plan_fits_narrow_and_wide_terminals() {
    for width in [60, 140] {
        insta::assert_snapshot!(format!("plan_{width}"), plan(width));
    }
}

/// At 160 columns every row is one line.
#[test]
fn everything_that_was_measured_is_shown_verdict_first() {
    let analysis = Synthetic::measured(5).analysis();
    for width in [80, 160] {
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
        assert!(
            text.replace('\n', " ").contains("Intervals are left out, as this terminal is too narrow"),
            "{text}"
        );
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

/// A run with everything that makes a summary long.
fn crowded() -> Synthetic {
    let mut study = unmeasured();
    for seed in 1..=30 {
        study.fail(
            "unlucky",
            seed,
            "killed by signal 9; the kernel's log may say that there was no memory left",
        );
    }
    study
}

/// Many arms with long names, whose costs nobody has measured.
fn unmeasured() -> Synthetic {
    let mut study = Synthetic::study("crowded");
    for arm in 0..40 {
        let name = format!("an arm with a name that is rather long, number {arm}");
        for seed in 1..=2 {
            study.finish(small(&name, "\"lp\"", seed, 2));
        }
        study.finish(diverged(&name, 3));
        study.plan_costs(&name);
    }
    study
}

#[test]
fn a_sweep_ends_with_a_screenful() {
    let analysis = Synthetic::measured(5).analysis();
    for width in [60, 140] {
        insta::assert_snapshot!(format!("summary_{width}"), terminal_summary(&analysis, width));
    }
    insta::assert_snapshot!("summary_crowded_100", terminal_summary(&crowded().analysis(), 100));
}

#[test]
fn a_summary_is_no_higher_than_a_screen_however_large_the_run() {
    for (study, most) in [
        (Synthetic::measured(5), 36),
        (three_arms(), 36),
        (long_names(), 36),
        (crowded(), 60),
        (unmeasured(), 60),
        (Synthetic::study("empty"), 3),
    ] {
        let text = terminal_summary(&study.analysis(), 100);
        assert!(text.lines().count() <= most, "{} lines:\n{text}", text.lines().count());
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}

#[test]
fn a_summary_of_many_arms_shows_those_with_the_lowest_validation_errors() {
    let mut study = Synthetic::study("many");
    for arm in 0..20 {
        let mut record = small(&format!("arm{arm}"), "\"lp\"", 1, 2);
        record.validation.as_mut().unwrap().errors = 1000 - arm;
        study.finish(record);
    }
    let text = terminal_summary(&study.analysis(), 200);
    let table = text.split("Error and cost of each arm").nth(1).unwrap();
    let shown: Vec<&str> = table
        .lines()
        .filter_map(|line| line.split(' ').next())
        .filter(|word| word.starts_with("arm") && *word != "arm")
        .collect();
    let expected: Vec<String> = (8..20).rev().map(|arm| format!("arm{arm}")).collect();
    assert_eq!(shown, expected);
    assert!(text.contains("These 12 of 20 arms have the lowest validation errors."), "{text}");
}
