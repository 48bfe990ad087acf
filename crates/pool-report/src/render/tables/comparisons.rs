//! Arms against each other, and against the published study.
use pool_metrics::{MemoryModel, Verdict};

use super::{Detail, Table, how_trials_ran, row};
use crate::cells::{NOTHING, estimate, gibibytes, number, p_value, points, points_interval};
use crate::{Analysis, ArmFigures, PairComparison, PublishedArm, StudyPool};

/// Every pair. A brief table of more than `most` pairs holds only those with the best arm. `None` without pairs.
pub(in crate::render) fn pairs(analysis: &Analysis, most: usize, detail: Detail) -> Option<Table> {
    let all = &analysis.comparisons.pairs;
    let best = analysis.verdict.compared_with.as_deref();
    let brief = detail == Detail::Brief && all.len() > most;
    let with_best =
        |pair: &&PairComparison| !brief || [pair.first.as_str(), &pair.second].map(Some).contains(&best);
    let rows: Vec<Vec<String>> = all.iter().filter(with_best).map(pair_row).collect();
    let title = match best.filter(|_| brief || analysis.comparisons.reference.is_some()) {
        Some(best) => format!("{best} against every other arm, on the test images"),
        None => "All pairs of arms on the test images".to_owned(),
    };
    let header = ["first", "second", "lower error", "seeds", "first minus second, points", "adjusted p"];
    (!rows.is_empty()).then(|| {
        Table::new(title, &header, rows).with_word_columns(3).with_notes([analysis.comparisons.about.clone()])
    })
}

fn pair_row(pair: &PairComparison) -> Vec<String> {
    let found = &pair.comparison;
    let better = match found.verdict {
        Verdict::FirstBetter => pair.first.as_str(),
        Verdict::SecondBetter => pair.second.as_str(),
        Verdict::NotDistinguishable => "not distinguishable",
        Verdict::OneSeed => "one seed only",
    };
    vec![
        pair.first.clone(),
        pair.second.clone(),
        better.to_owned(),
        found.seeds.to_string(),
        format!("{} {}", points(found.difference), points_interval(pair.interval)),
        found.adjusted_p_value.map_or_else(|| NOTHING.to_owned(), p_value),
    ]
}

/// All adjusted p-values as a matrix. `None` for fewer than three arms, or if all are compared with one reference.
pub(in crate::render) fn p_values(analysis: &Analysis) -> Option<Table> {
    let comparisons = &analysis.comparisons;
    let compared = |name: &str| {
        comparisons.pairs.iter().any(|pair| {
            pair.comparison.adjusted_p_value.is_some() && (pair.first == name || pair.second == name)
        })
    };
    let names: Vec<&str> =
        analysis.arms.iter().map(|arm| arm.arm.as_str()).filter(|name| compared(name)).collect();
    if names.len() < 3 || comparisons.reference.is_some() {
        return None;
    }
    let cell = |a: &str, b: &str| {
        let found = comparisons.pair(a, b).and_then(|(pair, _)| pair.comparison.adjusted_p_value);
        found.map_or_else(|| NOTHING.to_owned(), p_value)
    };
    let numbers: Vec<String> = (1..=names.len()).map(|number| number.to_string()).collect();
    let rows = names
        .iter()
        .zip(&numbers)
        .map(|(name, number)| row(&format!("{number}. {name}"), names.iter().map(|other| cell(name, other))));
    let header: Vec<&str> = std::iter::once("arm").chain(numbers.iter().map(String::as_str)).collect();
    Some(Table::new("Adjusted p-values of all pairs of arms", &header, rows.collect()))
}

/// The published study's claims, one per row. `None` if the run is not that study's.
pub(in crate::render) fn claims(analysis: &Analysis) -> Option<Table> {
    if analysis.claims.is_empty() {
        return None;
    }
    let rows = analysis.claims.iter().map(|claim| {
        vec![
            claim.sentence.to_owned(),
            claim.conclusion.to_string(),
            claim.measured.clone(),
            claim.test.to_owned(),
        ]
    });
    let header = ["claim", "conclusion", "measured", "test"];
    let table = Table::new("The published study's claims", &header, rows.collect()).with_word_columns(4);
    Some(table.with_notes([
        "A claim holds if every difference it states is confirmed at 5 %, and does not hold if the opposite of one is \
         confirmed at 5 % after correction; otherwise it cannot be told. Intervals are at 95 %, over seeds."
            .to_owned(),
    ]))
}

/// The published study's figures and ours. `None` unless an arm is one of the study's, in its network and on its data.
pub(in crate::render) fn published_figures(analysis: &Analysis) -> Option<Table> {
    if analysis.data.as_ref()?.dataset != "MNIST" {
        return None;
    }
    let rows: Vec<Vec<String>> = analysis
        .arms
        .iter()
        .filter_map(|arm| {
            let study = StudyPool::of_arm(arm)?.published();
            arm.test_error.is_some().then(|| [study_row(&arm.arm, study), our_row(arm)])
        })
        .flatten()
        .collect();
    let header = ["arm", "test error, %", "epochs", "training, s", "prediction, s", "memory, GiB"];
    (!rows.is_empty()).then(|| {
        Table::new("Comparison with the published study", &header, rows).with_notes([format!(
            "The study trained each arm once, on another machine: its times can be compared with one another, but not \
             with ours, which were measured while the trials ran ({}). Memory is by keras_legacy; the study's is \
             truncated to two decimals. With ten thousand test images, an error of 1 % has a standard error of 0.10 \
             points from the images alone, as large as the differences that the study reports.",
            how_trials_ran(analysis)
        )])
    })
}

fn study_row(arm: &str, study: PublishedArm) -> Vec<String> {
    let rest = [
        number(Some(study.test_error_percent), 2),
        study.epochs.to_string(),
        number(Some(study.train_s), 2),
        number(Some(study.prediction_s), 2),
        number(Some(study.memory_gib), 2),
    ];
    row(&format!("{arm}: study"), rest)
}

fn our_row(arm: &ArmFigures) -> Vec<String> {
    let rest = [
        estimate(arm.test_error, 100.0, 2),
        number(arm.epochs.map(|epochs| epochs.mean), 1),
        number(arm.costs.train_s.map(|train| train.mean), 2),
        number(arm.costs.prediction_s.map(|prediction| prediction.median), 2),
        gibibytes(arm.memory_bytes(MemoryModel::KerasLegacy)),
    ];
    row(&format!("{}: ours", arm.arm), rest)
}
