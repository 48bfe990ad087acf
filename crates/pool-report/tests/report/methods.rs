//! The methods in words: every sentence is true of the run that it describes, and the same in every form.

mod settings;

use pool_records::{ComputedWith, EarlierEpochs, TrialRecord, TrialStatus};
use pool_report::{
    Analysis, html_report, json_results, latex_methods, markdown_methods, markdown_report, terminal_report,
    terminal_summary, write_report,
};
use pool_spec::{ClassImages, DrawnArms, Layer, Rung, Split};

use crate::synthetic::{Synthetic, costs, diverged, err, trial};

fn all_sentences(analysis: &Analysis) -> Vec<&str> {
    analysis.methods.iter().flatten().map(String::as_str).collect()
}

/// Checks that the methods have each of these sentences, and none that holds one of those words.
fn says(study: &Synthetic, why: &str, sentences: &[&str], without: &[&str]) {
    let analysis = study.analysis();
    let said = all_sentences(&analysis);
    for sentence in sentences {
        assert!(said.contains(sentence), "{why}: {sentence:?} is not among {said:#?}");
    }
    for words in without {
        assert!(!said.iter().any(|sentence| sentence.contains(words)), "{why}: {words:?} is in {said:#?}");
    }
}

/// A study of two arms with so many seeds, changed trial by trial.
fn two_arms(seeds: u64, change: impl Fn(&str, u64, &mut TrialRecord)) -> Synthetic {
    let mut study = Synthetic::study("two");
    for (arm, more) in [("average", 0), ("maximum", 3)] {
        for seed in 1..=seeds {
            let mut record = trial(arm, if more == 0 { "\"avg\"" } else { "\"max\"" }, seed, 10);
            err(&mut record, 100 + more + (seed * (seed + more)) % 5, seed);
            change(arm, seed, &mut record);
            study.finish(record);
        }
    }
    study
}

#[test]
fn a_measured_study_is_described_from_its_arms_to_its_software() {
    insta::assert_snapshot!("methods", markdown_methods(&Synthetic::measured(3).analysis()));
}

#[test]
fn one_arm_with_one_seed_is_compared_with_nothing() {
    let mut study = Synthetic::study("one");
    study.finish(trial("maximum", "\"max\"", 1, 10));
    says(
        &study,
        "one arm",
        &[
            "The study has one arm: maximum (\"max\").",
            "The network has 592,074 trainable parameters.",
            "The arm was trained with seed 1 alone, 1 trial in all.",
        ],
        &["compare", "Student", "bootstrap", "McNemar", "diverged", "Time and memory"],
    );
}

#[test]
fn one_seed_of_two_arms_tests_networks_and_no_arms() {
    says(
        &two_arms(1, |_, _, _| {}),
        "one seed",
        &[
            "The study compares 2 arms: average (\"avg\") and maximum (\"max\").",
            "Every arm was trained with seed 1 alone, 2 trials in all.",
            "Comparing two arms takes at least two seeds that both were trained with.",
            "McNemar's exact test (McNemar, 1947) compares two networks that share a seed, and not their arms.",
        ],
        &["Student", "bootstrap"],
    );
}

#[test]
fn without_test_images_nothing_is_said_of_tests() {
    let study = two_arms(2, |_, _, record| {
        record.test = None;
        record.class_images.test = vec![0; 10];
    });
    says(
        &study,
        "no test images",
        &[
            "The images are those of MNIST (28 x 28 pixels in 1 channel, 10 classes): 48,000 to train with, 12,000 for \
             validation and none to test with.",
            "No test images were looked at.",
        ],
        &["bootstrap", "test error", "McNemar"],
    );
}

#[test]
fn trials_that_diverged_failed_or_are_missing_are_counted() {
    let mut study = two_arms(2, |_, _, _| {});
    let mut lost = diverged("maximum", 3);
    lost.spec.train.epochs = 10;
    study.finish(lost);
    study.fail("average", 3, "out of memory");
    study.plan("average", 4);
    study.plan("maximum", 4);
    says(
        &study,
        "a trial of each kind",
        &[
            "The arms were not all trained with the same seeds: average has 2 seeds and maximum has 3 seeds, 5 trials \
             in all.",
            "A trial that did not diverge trained for 10 epochs and was evaluated with the weights after the last one.",
            "1 trial of maximum diverged, as the loss was no longer finite, and is left out of means and comparisons.",
            "1 trial failed and left no result.",
            "2 trials of the plan did not have a result when this was written.",
        ],
        &[],
    );
    let mut nothing = Synthetic::study("all diverged");
    nothing.finish(diverged("maximum", 1));
    nothing.finish(diverged("maximum", 2));
    says(
        &nothing,
        "nothing but divergence",
        &[
            "2 trials of maximum diverged, as the loss was no longer finite, and are left out of means and comparisons.",
        ],
        &["Student", "bootstrap"],
    );
}

#[test]
fn networks_that_were_made_equally_large_are_described_so() {
    let study = two_arms(2, |arm, _, record| {
        if arm == "maximum" {
            let dense = record.spec.model.layers.iter_mut().find_map(|layer| match layer {
                Layer::Dense(dense) => Some(dense),
                _ => None,
            });
            dense.unwrap().units = 127;
            record.model.parameters += 1_000;
        }
    });
    says(
        &study,
        "matched",
        &[
            "The numbers of trainable parameters are 592,074 (average) and 593,074 (maximum).",
            "The units of the dense layers are 128 and 10 (average) and 127 and 10 (maximum), which makes the numbers of \
             parameters equal to within 2 %.",
        ],
        &[],
    );
    says(&Synthetic::measured(2), "four times the parameters", &[], &["units of the dense layers"]);
}

#[test]
fn a_split_of_each_seed_corrects_the_spread() {
    let change = |record: &mut TrialRecord| record.spec.data.validation = Split::StratifiedPerSeed(0.2);
    let corrected = "Each seed holds out other images for validation, so that the seeds' training images overlap: the \
                     spread over seeds is corrected for it (Nadeau and Bengio, 2003).";
    let drawn = "A trial's seed decides what is drawn at random in it, such as the initial weights, the order of the \
                 training images, dropout and the validation images; a seed draws the same initial weights for layers \
                 that arms have in common.";
    let two = two_arms(3, |_, _, record| change(record));
    says(&two, "two arms", &[corrected, drawn], &[]);
    assert_eq!(
        all_sentences(&two.analysis()).iter().filter(|sentence| **sentence == corrected).count(),
        1,
        "once"
    );
    let mut one = Synthetic::study("one");
    for seed in 1..=3 {
        let mut record = trial("maximum", "\"max\"", seed, 10);
        change(&mut record);
        one.finish(record);
    }
    says(&one, "one arm has intervals, too", &[corrected], &["bootstrap"]);
}

#[test]
fn the_tests_are_those_that_were_made() {
    let mut study = two_arms(3, |_, _, _| {});
    let one_pair = "Differences are percentage points of test error. A difference counts if both a paired bootstrap over \
                    images and seeds (10,000 resamples; Owen, 2007) and a paired t-test over seeds exclude chance at 5 %; \
                    the interval spans those of both tests, uncorrected.";
    says(&study, "one pair", &[one_pair], &["Holm", "Schuirmann", "design"]);
    study.compare(0.001, &[]);
    says(
        &study,
        "a margin",
        &[
            "Two arms are practically equal if their errors differ by less than 0.10 points, by two one-sided tests of each \
           kind at 5 % (Schuirmann, 1987), corrected in the same way; a smaller difference than that is none, even if it is \
           beyond chance.",
        ],
        &[],
    );
    says(&Synthetic::measured(2), "claims", &["7 claims about the arms were judged."], &[]);
}

#[test]
fn a_design_is_described_by_its_looks_and_by_what_they_decided() {
    let mut study = Synthetic::designed();
    let analysis = study.analysis();
    let at = |number: usize| {
        let looks = analysis.comparisons.pairs.iter().filter_map(|pair| pair.comparison.look);
        looks.filter(|look| look.number == number).count()
    };
    assert_eq!((at(1), at(2)), (3, 0), "what the next sentence rests on");
    let design = "A design decided the number of seeds; it was fixed before the first trial.";
    says(&study, "as planned", &[design, "It decided 3 pairs at look 1, of 2 looks."], &["open.", "Holm"]);
    write_report(&study.read(), &analysis).unwrap();
    study.compare(0.004, &[4, 8]);
    says(
        &study,
        "changed afterwards",
        &["A design decided the number of seeds; it was changed after a report had been written."],
        &["fixed before the first trial"],
    );
}

#[test]
fn seeds_that_were_added_after_a_report_are_disclosed() {
    let mut study = two_arms(2, |_, _, _| {});
    write_report(&study.read(), &study.analysis()).unwrap();
    study.finish(trial("maximum", "\"max\"", 3, 10));
    says(
        &study,
        "one more",
        &["Seeds were added after a report had been written: maximum had 2 of the 3 planned now."],
        &[],
    );
}

#[test]
fn a_search_is_described_by_its_draws_and_its_rungs() {
    let mut study = two_arms(1, |_, _, _| {});
    let rungs = [(2, 1, 3), (1, 2, 10)].map(|(arms, seeds, epochs)| Rung { arms, seeds, epochs });
    study.search(DrawnArms { arms: 1, hours: Some(8.0) }, &rungs);
    let halving = "By successive halving (Jamieson and Talwalkar, 2016), the plan was to train 2 arms with 1 seed until \
                   epoch 3 and 1 arm with 2 seeds until epoch 10, each time those with the lowest validation error so far.";
    says(
        &study,
        "halving with hours",
        &[
            "1 of the 2 arms was drawn at random from the search space of the sweep file.",
            "No trial was begun after 8 hours of training, added up over all trials.",
            halving,
        ],
        &[],
    );
    study.search(DrawnArms { arms: 2, hours: None }, &[]);
    says(
        &study,
        "random",
        &["The arms were drawn at random from the search space of the sweep file."],
        &["halving", "hours"],
    );
}

#[test]
fn several_machines_are_all_named() {
    let study = two_arms(2, |arm, seed, record| {
        let provenance = &mut record.provenance;
        if arm == "maximum" {
            provenance.cpu = Some("another processor".to_owned());
            provenance.threads = 1;
            provenance.git_revision = Some("0123abcd".to_owned());
        }
        if seed == 2 {
            record.contention.jobs = 4;
        }
    });
    says(
        &study,
        "two machines",
        &[
            "The trials ran under linux x86_64 on 2 kinds of processor: a processor; another processor.",
            "A trial had 1 to 2 threads, and at most 1 to 4 trials ran at a time.",
            "The program was built from this revision of its source: not recorded and 0123abcd.",
        ],
        &[],
    );
    let unnamed = two_arms(2, |arm, _, record| {
        record.provenance.cpu = (arm == "average").then(|| "a processor".to_owned());
        let with = ComputedWith { threads: 1, ..record.ended_with() };
        record.earlier = vec![EarlierEpochs { until_epoch: 3, with }];
        record.status = TrialStatus::StoppedEarly;
    });
    says(
        &unnamed,
        "one without a name",
        &[
            "The trials ran under linux x86_64 on 2 kinds of processor: a processor; and one that the system does not name.",
            "4 trials went on after an interruption with other threads, kernels or another device.",
            "4 trials stopped early.",
            "The revision of the program's source was not recorded.",
        ],
        &[],
    );
}

#[test]
fn costs_are_described_where_they_were_measured() {
    let mut study = two_arms(2, |_, _, _| {});
    says(&study, "in passing", &[], &["Time and memory"]);
    let mut disturbed = costs("average", "\"avg\"");
    disturbed.contention.others_share = Some(0.3);
    study.measure(disturbed);
    says(
        &study,
        "one arm, disturbed",
        &[
            "Time and memory of average were measured apart from the trials, in one process.",
            "A process counts as disturbed if another task of the sweep could run meanwhile, or if other programs took more \
             than 5 % of the processor's time: 1 of 1. No undisturbed one is left of average, whose times must not be compared.",
        ],
        &[],
    );
    study.measure(costs("average", "\"avg\""));
    let mut elsewhere = costs("maximum", "\"max\"");
    elsewhere.provenance.threads = 1;
    study.measure(elsewhere);
    says(
        &study,
        "both arms, on two machines",
        &[
            "Time and memory of each arm were measured apart from the trials, in 1 to 2 processes, one at a time and the arms \
             by turns.",
            "The measurements ran under 2 different conditions (a processor, 2 threads, libtorch 2.11.0 on cpu; a processor, 1 \
             thread, libtorch 2.11.0 on cpu), so that times of different arms must not be compared.",
            "A process counts as disturbed if another task of the sweep could run meanwhile, or if other programs took more \
             than 5 % of the processor's time: 1 of 3, whose times are left out.",
        ],
        &[],
    );
}

#[test]
fn every_form_has_the_same_words_and_the_terminal_has_none() {
    let study = Synthetic::measured(3);
    let run = study.read();
    let analysis = Analysis::of(&run);
    let (markdown, report, page) =
        (markdown_methods(&analysis), markdown_report(&analysis, &[]), html_report(&run, &analysis));
    assert!(report.contains(&format!("## Methods\n\n{markdown}")), "{report}");
    // No name of this study has a character that HTML escapes, except for the quotes of its pooling layers.
    for paragraph in analysis.methods.iter().skip(1) {
        assert!(page.contains(&format!("<p>{}</p>", paragraph.join(" "))), "{page}");
    }
    assert_eq!(json_results(&analysis)["methods"], serde_json::json!(analysis.methods));
    for text in [terminal_report(&analysis, 1_000), terminal_summary(&analysis, 1_000)] {
        assert!(!text.contains("The optimizer was"), "{text}");
    }
    let written = write_report(&run, &analysis).unwrap();
    for (file, expected) in [("methods.md", markdown), ("methods.tex", latex_methods(&analysis))] {
        let path = study.root().join(file);
        assert!(written.files.contains(&path));
        assert_eq!(std::fs::read_to_string(path).unwrap(), expected, "{file}");
    }
}

#[test]
fn names_are_escaped_for_latex() {
    let mut study = Synthetic::study("names");
    study.finish(trial("a_b & c%d #1", "\"max\"", 1, 2));
    let text = latex_methods(&study.analysis());
    assert!(text.starts_with("% Made by pool-cli report"), "{text}");
    let expected =
        r"The study has one arm: a\_b \& c\%d \#1 (\textquotedbl{}max\textquotedbl{}). An arm is one choice";
    assert!(text.contains(expected), "{text}");
    assert!(text.contains(r"Validation images are the last 20 \% of those"), "{text}");
}

#[test]
fn before_the_first_trial_there_is_nothing_to_describe() {
    let mut study = Synthetic::study("empty");
    study.plan("maximum", 1);
    let analysis = study.analysis();
    assert!(analysis.methods.is_empty());
    assert_eq!(
        markdown_methods(&analysis),
        "No trial of this run has finished: there are no methods to describe yet.\n"
    );
    assert_eq!(
        latex_methods(&analysis),
        "% No trial of this run has finished: there are no methods to describe yet.\n"
    );
    assert!(!markdown_report(&analysis, &[]).contains("Methods"));
    assert!(json_results(&analysis).get("methods").is_none());
}

#[test]
fn classes_that_no_image_shows_are_not_counted() {
    let mut study = Synthetic::study("classes");
    let mut record = trial("maximum", "\"max\"", 1, 2);
    let part = |images: u64| vec![images, 0, images];
    record.class_images = ClassImages { train: part(60), validation: part(20), test: part(10) };
    study.finish(record);
    says(
        &study,
        "two of three",
        &[
            "The images are those of MNIST (28 x 28 pixels in 1 channel, 2 classes): 120 to train with, 40 for validation \
           and 20 to test with.",
        ],
        &[],
    );
}
