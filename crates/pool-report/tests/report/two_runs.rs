//! Two runs side by side.

use pool_report::{Method, RunComparison, markdown_comparison, terminal_comparison};
use pool_spec::{DataSource, PublicSet};

use crate::synthetic::{Synthetic, err, trial};

fn compare(first: &Synthetic, second: &Synthetic) -> RunComparison {
    RunComparison::of(&first.read(), &second.read())
}

/// The folders of synthetic runs have a name of their own each time.
fn without_folders(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with("- first: ") && !line.starts_with("- second: "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_same_images_and_seeds_are_compared_in_pairs() {
    let found = compare(&Synthetic::measured(5), &Synthetic::published(3, 10));
    assert!(found.arms.iter().all(|arm| arm.difference.method == Method::Paired { seeds: 3 }));
    let seeds = found.settings.iter().find(|setting| setting.what == "seeds").unwrap();
    assert_eq!(
        (seeds.what.as_str(), seeds.texts.each_ref().map(String::as_str)),
        ("seeds", ["1, 2, 3, 4, 5", "1, 2, 3"])
    );
    insta::assert_snapshot!("two_runs_60", without_folders(&terminal_comparison(&found, 60)));
    insta::assert_snapshot!("two_runs_markdown", without_folders(&markdown_comparison(&found)));
}

#[test]
fn other_images_are_compared_without_pairs_and_said_to_be_others() {
    let mut other = Synthetic::study("fashion");
    for seed in 1..=3 {
        let mut record = trial("maximum", "\"max\"", seed, 10);
        record.spec.data.source = DataSource::Public(PublicSet::FashionMnist);
        record.test.as_mut().unwrap().labels.reverse();
        err(&mut record, 900 + 10 * seed, seed);
        other.finish(record);
    }
    let found = compare(&Synthetic::published(3, 10), &other);
    let [maximum] = found.arms.as_slice() else { panic!("{found:?}") };
    assert_eq!(maximum.difference.method, Method::Unpaired);
    assert!(maximum.difference.sentence.starts_with("maximum errs less in the first run by 8.00 points ["));
    assert!(found.notes.iter().any(|note| note.contains("different data, MNIST and Fashion-MNIST")));
    assert_eq!(found.unmatched, [vec!["average".to_owned(), "none".to_owned()], vec![]]);
}

#[test]
fn one_seed_is_not_tested() {
    let found = compare(&Synthetic::published(3, 10), &Synthetic::published(1, 10));
    for arm in &found.arms {
        assert_eq!((arm.difference.method, arm.difference.interval), (Method::Untested, None));
        assert!(
            arm.difference.sentence.contains("it takes two seeds of it in each run, and there are 3 and 1")
        );
    }
}

#[test]
fn arms_are_matched_by_name_and_layer_then_by_layer_then_by_name() {
    let with = |arms: &[(&str, &str)]| {
        let mut study = Synthetic::study("names");
        for (arm, pool) in arms {
            study.finish(trial(arm, pool, 1, 2));
        }
        study
    };
    let first = with(&[("a", "\"max\""), ("b", "\"avg\""), ("c", "\"lp\""), ("d", "\"min\"")]);
    let second = with(&[("a", "\"max\""), ("mean", "\"avg\""), ("c", "\"blur\""), ("e", "\"haar\"")]);
    let found = compare(&first, &second);
    let names: Vec<[&str; 2]> =
        found.arms.iter().map(|arm| arm.runs.each_ref().map(|run| run.arm.as_str())).collect();
    assert_eq!(names, [["a", "a"], ["b", "mean"], ["c", "c"]]);
    assert_eq!(found.unmatched, [["d".to_owned()], ["e".to_owned()]]);
}

#[test]
fn runs_without_anything_in_common_say_so() {
    let mut other = Synthetic::study("other");
    other.finish(trial("lp", "\"lp\"", 1, 2));
    let found = compare(&Synthetic::published(1, 2), &other);
    assert!(found.arms.is_empty());
    assert_eq!(found.notes[0], "The runs have no arm in common: neither a pooling layer nor a name.");
    terminal_comparison(&compare(&Synthetic::study("empty"), &Synthetic::study("as empty")), 80);
}
