//! What may be concluded of a run, on runs whose answer is known.
use pool_records::{ComputedWith, EarlierEpochs};
use pool_report::{
    Analysis, Decision, Standing, html_report, latex_document, markdown_report, terminal_report,
};
use pool_spec::ClassImages;

use crate::synthetic::{Synthetic, costs, diverged, err, small, trial};

fn verdict(analysis: &Analysis) -> String {
    analysis.verdict.sentences.join(" ")
}

#[test]
fn arms_are_better_worse_or_not_distinguishable() {
    let analysis = Synthetic::measured(5).analysis();
    let standing = |a, b| analysis.comparisons.standing(a, b);
    assert_eq!(standing("maximum", "average"), Standing::Open);
    assert_eq!(standing("average", "maximum"), Standing::Open);
    assert_eq!(standing("maximum", "none"), Standing::Better);
    assert_eq!(standing("none", "average"), Standing::Worse);
    assert_eq!(standing("maximum", "unheard of"), Standing::Unknown);
    assert_eq!((analysis.comparisons.pairs.len(), analysis.comparisons.tested), (3, 3));
}

#[test]
fn an_interval_spans_those_of_both_tests() {
    let analysis = Synthetic::measured(5).analysis();
    for pair in &analysis.comparisons.pairs {
        let (images, seeds) =
            (pair.comparison.bootstrap.interval, pair.comparison.paired_t.unwrap().interval);
        assert_eq!(pair.interval.low, images.low.min(seeds.low));
        assert_eq!(pair.interval.high, images.high.max(seeds.high));
    }
}

#[test]
fn sentences_name_the_better_arm_first_and_the_seeds_that_are_missing() {
    let analysis = Synthetic::measured(5).analysis();
    let sentences: Vec<&str> = analysis.comparisons.pairs.iter().map(|pair| pair.sentence.as_str()).collect();
    insta::assert_snapshot!(sentences.join("\n"));
}

#[test]
fn one_seed_says_nothing_about_the_arms() {
    let analysis = Synthetic::published(1, 2).analysis();
    assert_eq!(analysis.comparisons.standing("average", "maximum"), Standing::Unknown);
    assert_eq!(analysis.comparisons.tested, 0);
    assert!(verdict(&analysis).contains("one seed cannot rank the arms"), "{}", verdict(&analysis));
    let sentence = &analysis.comparisons.pairs[0].sentence;
    assert!(sentence.starts_with("average and maximum share only one seed"), "{sentence}");
}

#[test]
fn an_arm_that_cannot_be_compared_is_named_in_the_verdict() {
    let mut study = Synthetic::published(3, 2);
    study.finish(small("other images", "\"lp\"", 1, 2));
    let text = verdict(&study.analysis());
    assert!(
        text.contains(
            "maximum and none are not distinguishable from it, and other images cannot be compared with it."
        ),
        "{text}"
    );
}

#[test]
fn only_common_seeds_and_trials_that_did_not_diverge_are_compared() {
    let mut study = Synthetic::study("few in common");
    for seed in [1, 2, 3] {
        study.finish(trial("maximum", "\"max\"", seed, 2));
    }
    for seed in [2, 3, 4] {
        study.finish(trial("average", "\"avg\"", seed, 2));
    }
    study.finish(diverged("average", 1));
    study.finish(diverged("gone", 1));
    let comparisons = study.analysis().comparisons;
    assert_eq!(comparisons.pairs.len(), 1);
    assert_eq!(comparisons.pairs[0].comparison.seeds, 2);
    assert_eq!(comparisons.left_out, ["Arm gone is not compared: all its trials diverged."]);
}

#[test]
fn trials_on_other_images_are_left_out_and_named() {
    let mut study = Synthetic::published(2, 2);
    let mut other = trial("maximum", "\"max\"", 3, 2);
    other.test.as_mut().unwrap().labels[0] = 7;
    let id = study.finish(other);
    let comparisons = study.analysis().comparisons;
    assert_eq!(
        comparisons.left_out,
        [format!(
            "Trial {id} was tested on other images than the first trial, so it is left out of the comparisons."
        )]
    );
    assert!(comparisons.pairs.iter().all(|pair| pair.comparison.seeds == 2));
}

#[test]
fn arms_without_a_seed_in_common_are_counted_as_left_out() {
    let mut study = Synthetic::study("apart");
    study.finish(trial("a", "\"max\"", 1, 2));
    study.finish(trial("b", "\"max\"", 2, 2));
    let comparisons = study.analysis().comparisons;
    assert!(comparisons.pairs.is_empty());
    assert_eq!(comparisons.left_out, ["Not compared, as the arms share no seed: 1 pair."]);
}

#[test]
fn many_arms_are_compared_with_the_one_of_the_lowest_validation_error() {
    let mut study = Synthetic::study("many");
    for arm in 0..12 {
        for seed in 1..=2 {
            let mut record = small(&format!("arm {arm}"), "\"max\"", seed, 2);
            record.validation.as_mut().unwrap().errors = if arm == 7 { 100 } else { 200 + arm };
            study.finish(record);
        }
    }
    let analysis = study.analysis();
    assert_eq!(analysis.comparisons.reference.as_deref(), Some("arm 7"));
    assert_eq!(analysis.comparisons.pairs.len(), 11);
    assert!(analysis.comparisons.about.contains("All pairs of 12 arms would be 66 comparisons"));
    assert!(verdict(&analysis).starts_with("arm 7 has the lowest validation error, and a test error of "));
}

/// Validation errors of each arm for two seeds, the seconds of its epochs and the bytes of training above the model's.
type Arm = (&'static str, [u64; 2], f64, u64);

fn chosen(arms: &[Arm]) -> (String, Decision) {
    let mut study = Synthetic::study("choice");
    for (arm, errors, epoch_s, bytes) in arms {
        for (seed, errors) in (1..).zip(errors) {
            let mut record = trial(arm, "\"max\"", seed, 2);
            record.validation.as_mut().unwrap().errors = *errors;
            study.finish(record);
        }
        let mut record = costs(arm, "\"max\"");
        record.training.epoch_s = vec![*epoch_s, epoch_s * 1.02, epoch_s * 1.04];
        record.memory[0].bytes = Some(*bytes);
        study.measure(record);
    }
    let choice = study.analysis().verdict.choice.unwrap();
    (choice.arm, choice.decision)
}

#[test]
fn the_arm_to_take_is_the_cheapest_within_one_standard_error_of_the_lowest_validation_error() {
    for (arms, expected, decision, why) in [
        // 100 and 140 errors: 120 on average, with a standard error of 20.
        (
            &[("a", [100, 140], 9.0, 50), ("b", [130, 130], 5.0, 50), ("c", [150, 150], 1.0, 10)][..],
            "b",
            Decision::EpochTime,
            "b is within, and faster; c is faster still, but beyond",
        ),
        (
            &[("a", [100, 140], 5.0, 50), ("b", [130, 130], 5.1, 40)],
            "b",
            Decision::TrainingMemory,
            "the ranges of the epochs overlap",
        ),
        (
            &[("b", [130, 130], 5.1, 49), ("a", [100, 140], 5.0, 50)],
            "a",
            Decision::ValidationError,
            "neither time nor memory tells them apart",
        ),
        (
            &[("a", [100, 101], 9.0, 50), ("b", [130, 130], 1.0, 10)],
            "a",
            Decision::OnlyCandidate,
            "steady seeds leave no room",
        ),
    ] {
        assert_eq!(chosen(arms), (expected.to_owned(), decision), "{why}");
    }
}

#[test]
fn epochs_that_spread_within_each_process_differ_if_the_processes_agree() {
    let choice = |processes: u32| {
        let mut study = Synthetic::study("processes");
        for (arm, errors, epoch_s, bytes) in [("a", 130, 5.0, 50), ("b", 131, 5.5, 40)] {
            for seed in 1..=3 {
                let mut record = trial(arm, "\"max\"", seed, 2);
                record.validation.as_mut().unwrap().errors = errors + 5 * seed;
                study.finish(record);
            }
            let mut record = costs(arm, "\"max\"");
            record.training.epoch_s = [1.0, 1.0, 1.0, 1.3, 1.3].map(|factor| factor * epoch_s).to_vec();
            record.memory[0].bytes = Some(bytes);
            study.measure_in(processes, &record);
        }
        let choice = study.analysis().verdict.choice.unwrap();
        (choice.arm, choice.decision)
    };
    assert_eq!(choice(1), ("b".to_owned(), Decision::TrainingMemory), "the repetitions overlap");
    assert_eq!(choice(5), ("a".to_owned(), Decision::EpochTime), "a hundredth from process to process");
}

#[test]
fn the_test_set_chooses_nothing() {
    let choice = |test_errors: [u64; 2]| {
        let mut study = Synthetic::study("honest");
        for ((arm, validation), test) in [("a", 100), ("b", 101)].into_iter().zip(test_errors) {
            for seed in 1..=3 {
                let mut record = trial(arm, "\"max\"", seed, 2);
                record.validation.as_mut().unwrap().errors = validation + seed;
                err(&mut record, test + seed, seed);
                study.finish(record);
            }
        }
        study.analysis().verdict.choice
    };
    assert_eq!(choice([500, 100]), choice([100, 500]));
}

#[test]
fn contended_times_choose_nothing_and_are_on_no_front() {
    let mut study = Synthetic::study("contended");
    for arm in ["a", "b"] {
        for seed in 1..=3 {
            study.finish(trial(arm, "\"max\"", seed, 2));
        }
        let mut record = costs(arm, "\"max\"");
        record.contention.jobs = if arm == "b" { 2 } else { 1 };
        record.training.epoch_s = if arm == "b" { vec![1.0; 3] } else { vec![9.0; 3] };
        study.measure(record);
    }
    let analysis = study.analysis();
    assert_eq!(analysis.verdict.choice.unwrap().decision, Decision::ValidationError);
    let unmeasured: Vec<&str> =
        analysis.pareto.unmeasured.iter().map(|objective| objective.title()).collect();
    assert_eq!(unmeasured, ["epoch time", "latency"]);
}

#[test]
fn the_front_names_what_dominates() {
    let front = Synthetic::measured(5).analysis().pareto;
    assert_eq!(front.objectives.len(), 5);
    let none = front.arm("none").unwrap();
    assert!(!none.on_front);
    assert_eq!(none.dominated_by, ["average", "maximum"]);
    assert!(front.arm("maximum").unwrap().on_front);
}

#[test]
fn networks_of_other_sizes_are_pointed_out() {
    let confounding = Synthetic::published(2, 2).analysis().confounding;
    assert!(
        confounding[0].contains("none has 4.0 times the parameters of average, 2,361,546 against 592,074")
    );
    let mut equal = Synthetic::study("equal");
    for arm in ["a", "b"] {
        equal.finish(trial(arm, "\"max\"", 1, 2));
    }
    assert!(equal.analysis().confounding.is_empty());
}

#[test]
fn arms_that_all_diverged_have_a_verdict_that_says_so() {
    let mut study = Synthetic::study("diverged");
    study.finish(diverged("maximum", 1));
    let analysis = study.analysis();
    assert_eq!(verdict(&analysis), "Every finished trial diverged: there is nothing to compare.");
    assert_eq!(analysis.verdict.choice, None);
}

#[test]
fn trials_that_went_on_with_other_threads_or_instructions_are_named_with_all_of_them() {
    let with = |threads, kernels: &str| ComputedWith {
        threads,
        kernels: kernels.to_owned(),
        device: "cpu".to_owned(),
    };
    let mut study = Synthetic::published(1, 3);
    assert!(study.analysis().confounding.iter().all(|sentence| !sentence.contains("interruption")));
    let mut record = trial("maximum", "\"max\"", 2, 3);
    record.earlier = vec![
        EarlierEpochs { until_epoch: 1, with: with(1, "fast (avx512)") },
        EarlierEpochs { until_epoch: 2, with: with(2, "fast (avx2)") },
    ];
    let id = study.finish(record);
    let analysis = study.analysis();
    let expected = format!(
        "1 trial resumed after an interruption with different settings ({id}: 2 threads instead of 1, kernels fast (avx2) \
         instead of fast (avx512) after epoch 1, then kernels fast (avx512) instead of fast (avx2) after epoch 2). The last \
         digits of such a trial may differ from those of an uninterrupted one."
    );
    assert!(analysis.confounding.contains(&expected), "{:?}", analysis.confounding);
    let fact = |label| &analysis.provenance.iter().find(|(found, _)| *found == label).unwrap().1;
    assert_eq!(fact("threads of a trial"), "2; 1, then 2");
    assert_eq!(fact("kernels"), "fast (avx512); fast (avx512), then fast (avx2), then fast (avx512)");
    assert_eq!(fact("device"), "cpu");
}

#[test]
fn many_trials_that_went_on_otherwise_are_counted() {
    let mut study = Synthetic::study("many");
    for seed in 1..=8 {
        let mut record = small("maximum", "\"max\"", seed, 3);
        let with = ComputedWith { threads: 1, kernels: "fast (avx512)".to_owned(), device: "cpu".to_owned() };
        record.earlier = vec![EarlierEpochs { until_epoch: 1, with }];
        study.finish(record);
    }
    let analysis = study.analysis();
    let sentence = analysis.confounding.iter().find(|sentence| sentence.contains("interruption")).unwrap();
    assert!(sentence.starts_with("8 trials resumed") && sentence.contains("; and 3 more)"), "{sentence}");
}

#[test]
fn claims_about_arms_that_all_diverged_say_why_instead_of_listing_nothing() {
    let mut study = Synthetic::study("diverged");
    for (arm, pool) in crate::synthetic::ARMS {
        let mut record = diverged(arm, 1);
        record.model = crate::synthetic::model(pool);
        study.finish(record);
    }
    for claim in study.analysis().claims {
        let measured = &claim.measured;
        assert!(measured.len() > 10 && !measured.contains(" - ") && !measured.contains(": ;"), "{claim:?}");
        let words = measured.chars().filter(|character| character.is_alphabetic()).count();
        assert!(words > 10, "{claim:?}");
    }
}

#[test]
fn classes_that_a_part_of_the_images_lacks_are_reported_with_the_verdict() {
    let mut study = Synthetic::study("sorted");
    for seed in [1, 2] {
        let mut record = trial("maximum", "\"max\"", seed, 2);
        let [train, validation, test] = [vec![0, 1], vec![2, 2], vec![0, 1, 2]].map(Vec::into_iter);
        record.class_images = ClassImages::of(train, validation, test);
        study.finish(record);
    }
    let run = study.read();
    let analysis = Analysis::of(&run);
    let [untrained, unvalidated, cure] = analysis.class_gaps.as_slice() else {
        panic!("{:?}", analysis.class_gaps)
    };
    assert!(untrained.starts_with("No training image shows class 2: "), "{untrained}");
    assert!(unvalidated.starts_with("No validation image shows classes 0 and 1: "), "{unvalidated}");
    assert!(cure.contains("stratified"), "{cure}");
    for text in [
        terminal_report(&analysis, 200),
        markdown_report(&analysis, &[]),
        latex_document(&analysis),
        html_report(&run, &analysis),
    ] {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (gap, table) = (text.find("No training image shows class 2").unwrap(), text.find("Error, %"));
        assert!(table.is_none_or(|table| gap < table), "{text}");
    }
    // Records from before classes were counted say nothing of them.
    assert!(Synthetic::published(1, 2).analysis().class_gaps.is_empty());
}

#[test]
fn a_test_set_smaller_than_a_batch_has_one_latency_of_all_its_images() {
    let mut study = Synthetic::published(1, 2);
    let mut record = costs("maximum", "\"max\"");
    // As they were recorded when batches of 32 and 200 were cut to a set of five.
    for (latency, batch_size) in record.latency.iter_mut().zip([1, 5, 5]) {
        latency.batch_size = batch_size;
    }
    study.measure(record);
    let run = study.read();
    let analysis = Analysis::of(&run);
    let batches: Vec<u64> =
        analysis.arm("maximum").unwrap().costs.latency.iter().map(|latency| latency.batch_size).collect();
    assert_eq!(batches, [1, 5]);
    let csv = pool_report::results_csv(&run);
    assert_eq!(csv.matches("latency_batch_5_p50").count(), 1, "{csv}");
}

#[test]
fn times_from_unlike_machines_decide_nothing_and_are_said_to() {
    let mut study = Synthetic::measured(5);
    let mut elsewhere = costs("maximum", "\"max\"");
    elsewhere.provenance.threads = 64;
    study.measure(elsewhere);
    let analysis = study.analysis();
    assert!(analysis.arms.iter().all(|arm| !arm.costs.may_be_compared()));
    assert!(
        analysis.confounding.iter().any(|sentence| sentence.contains("64 threads")),
        "{:?}",
        analysis.confounding
    );
    assert!(!verdict(&analysis).contains("s an epoch"), "{}", verdict(&analysis));
    let like = Synthetic::measured(5).analysis();
    assert!(like.arms.iter().all(|arm| arm.costs.may_be_compared()));
}

#[test]
fn a_design_says_at_which_look_each_pair_was_decided() {
    let study = Synthetic::designed();
    let analysis = study.analysis();
    let sentence = |a: &str, b: &str| analysis.comparisons.pair(a, b).unwrap().0.sentence.clone();
    assert_eq!(analysis.comparisons.standing("average", "none"), Standing::Better);
    assert!(
        sentence("average", "none").ends_with("(decided at look 1 of 2, 4 seeds)."),
        "{}",
        sentence("average", "none")
    );
    assert_eq!(analysis.comparisons.standing("average", "maximum"), Standing::PracticallyEqual);
    assert!(
        sentence("average", "maximum").contains("are practically equal"),
        "{}",
        sentence("average", "maximum")
    );
    assert!(analysis.comparisons.about.contains("The plan has a design"), "{}", analysis.comparisons.about);
    assert!(
        analysis.verdict.sentences[0]
            .contains("maximum is practically equal to it, and average errs less than none"),
        "{:?}",
        analysis.verdict.sentences
    );
    assert_eq!(analysis.verdict.practically_equal, ["maximum"]);
}

#[test]
fn a_margin_makes_arms_equal_and_leaves_others_open() {
    let mut study = Synthetic::study("margin");
    for (arm, more) in [("average", 0), ("maximum", 1), ("none", 2)] {
        for seed in 1..=8 {
            let mut record = trial(arm, "\"max\"", seed, 10);
            let jump = if seed.is_multiple_of(2) == (arm == "none") { 60 } else { 0 };
            err(&mut record, 100 + more + jump + (seed * (seed + more)) % 3, 0);
            study.finish(record);
        }
    }
    let plain = study.analysis();
    assert!(plain.comparisons.pairs.iter().all(|pair| pair.comparison.equivalence.is_none()));
    study.compare(0.003, &[]);
    let analysis = study.analysis();
    let pair = |a: &str, b: &str| analysis.comparisons.pair(a, b).unwrap().0;
    assert_eq!(
        pair("average", "maximum").comparison.verdict,
        pool_metrics::Verdict::PracticallyEqual,
        "{}",
        pair("average", "maximum").sentence
    );
    let open = &pair("average", "none").sentence;
    assert!(open.contains("are neither distinguishable nor practically equal"), "{open}");
    assert!(markdown_report(&analysis, &[]).contains("| practically equal |"));
}
