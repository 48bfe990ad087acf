//! Arms against each other, and against what a publication claims and reported of them.
use pool_metrics::{MemoryModel, Verdict};
use pool_spec::Reported;

use super::{Detail, Table, how_trials_ran, row};
use crate::analysis::claims::HOW_THEY_ARE_JUDGED;
use crate::cells::{NOTHING, estimate, gibibytes, number, p_value, points, points_interval};
use crate::{Analysis, ArmFigures, PairComparison};

/// Every pair. A brief table of more than `most` pairs holds only those with the best arm. `None` without pairs.
pub(in crate::render) fn pairs(analysis: &Analysis, most: usize, detail: Detail) -> Option<Table> {
    let all = &analysis.comparisons.pairs;
    let best = analysis.verdict.compared_with.as_deref();
    let brief = detail == Detail::Brief && all.len() > most;
    let with_best =
        |pair: &&PairComparison| !brief || [pair.first.as_str(), &pair.second].map(Some).contains(&best);
    let rows: Vec<Vec<String>> = all.iter().filter(with_best).map(|pair| pair_row(analysis, pair)).collect();
    let title = match best.filter(|_| brief || analysis.comparisons.reference.is_some()) {
        Some(best) => format!("{best} against every other arm, on the test images"),
        None => "All pairs of arms on the test images".to_owned(),
    };
    let header = ["first", "second", "lower error", "seeds", "first minus second, points", "adjusted p"];
    (!rows.is_empty()).then(|| {
        Table::new(title, &header, rows).with_word_columns(3).with_notes([analysis.comparisons.about.clone()])
    })
}

fn pair_row(analysis: &Analysis, pair: &PairComparison) -> Vec<String> {
    let found = &pair.comparison;
    let has_margin = analysis.comparisons.margin.is_some();
    let better = verdict_word(&pair.first, &pair.second, found.verdict, has_margin);
    vec![
        pair.first.clone(),
        pair.second.clone(),
        better.to_owned(),
        found.seeds.to_string(),
        format!("{} {}", points(found.difference), points_interval(pair.interval)),
        found.adjusted_p_value.map_or_else(|| NOTHING.to_owned(), p_value),
    ]
}

/// The arm with the lower error, or why none has.
pub(super) fn verdict_word<'a>(
    first: &'a str,
    second: &'a str,
    verdict: Verdict,
    has_margin: bool,
) -> &'a str {
    match verdict {
        Verdict::FirstBetter => first,
        Verdict::SecondBetter => second,
        Verdict::PracticallyEqual => "practically equal",
        Verdict::Open if has_margin => "open",
        Verdict::Open => "not distinguishable",
        Verdict::OneSeed => "one seed only",
    }
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

/// The claims of the sweep file, one per row. `None` without any.
pub(in crate::render) fn claims(analysis: &Analysis) -> Option<Table> {
    if analysis.claims.is_empty() {
        return None;
    }
    let rows = analysis.claims.iter().map(|claim| {
        vec![
            claim.claim.says.clone(),
            claim.conclusion.to_string(),
            claim.measured.clone(),
            claim.test.clone(),
        ]
    });
    let header = ["claim", "conclusion", "measured", "test"];
    let table = Table::new("Claims", &header, rows.collect()).with_word_columns(4);
    Some(table.with_notes([HOW_THEY_ARE_JUDGED.to_owned()]))
}

/// What a publication reported of the arms, and ours. `None` if the sweep file has no reported figures.
pub(in crate::render) fn reported_figures(analysis: &Analysis) -> Option<Table> {
    let rows: Vec<Vec<String>> = analysis
        .arms
        .iter()
        .filter_map(|arm| {
            let reported = arm.reported?;
            arm.test_error.is_some().then(|| [reported_row(&arm.arm, reported), our_row(arm)])
        })
        .flatten()
        .collect();
    let header = ["arm", "test error, %", "epochs", "training, s", "prediction, s", "memory, GiB"];
    (!rows.is_empty()).then(|| {
        Table::new("Comparison with the reported figures", &header, rows).with_notes([format!(
            "Reported times are another machine's: they can be compared with one another, but not with ours, which were \
             measured while the trials ran ({}). Our memory is by keras_legacy.",
            how_trials_ran(analysis)
        )])
    })
}

fn reported_row(arm: &str, reported: Reported) -> Vec<String> {
    let Reported { test_error, epochs, training_s, prediction_s, memory_gib } = reported;
    let rest = [
        number(test_error, 2),
        number(epochs, 0),
        number(training_s, 2),
        number(prediction_s, 2),
        number(memory_gib, 2),
    ];
    row(&format!("{arm}: reported"), rest)
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
