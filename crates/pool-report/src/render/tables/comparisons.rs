//! Arms against arms.

use pool_metrics::Verdict;

use super::super::document::Detail;
use super::{Table, row};
use crate::cells::{NOTHING, p_value, points, points_interval};
use crate::{Analysis, PairComparison};

/// Every pair; with more than `most` pairs in brief, those with the arm that the verdict speaks of. None without a pair.
pub(crate) fn pairs(analysis: &Analysis, most: usize, detail: Detail) -> Option<Table> {
    let all = &analysis.comparisons.pairs;
    let best = analysis.verdict.compared_with.as_deref();
    let brief = detail == Detail::Brief && all.len() > most;
    let with_best =
        |pair: &&PairComparison| !brief || [pair.first.as_str(), &pair.second].map(Some).contains(&best);
    let rows: Vec<Vec<String>> = all.iter().filter(with_best).map(cells).collect();
    let title = match best.filter(|_| brief || analysis.comparisons.reference.is_some()) {
        Some(best) => format!("{best} against every other arm, on the test images"),
        None => "Every two arms on the test images".to_owned(),
    };
    let header = ["first", "second", "errs less", "seeds", "first minus second, points", "adjusted p"];
    (!rows.is_empty()).then(|| {
        Table::new(title, &header, rows).with_word_columns(3).with_notes([analysis.comparisons.about.clone()])
    })
}

fn cells(pair: &PairComparison) -> Vec<String> {
    let found = &pair.comparison;
    let better = match found.verdict {
        Verdict::FirstBetter => pair.first.as_str(),
        Verdict::SecondBetter => pair.second.as_str(),
        Verdict::NotDistinguishable => "not distinguishable",
        Verdict::OneSeed => "one seed: cannot be told",
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

/// All adjusted p-values at a glance; none with fewer than three arms, or where all are compared with one.
pub(crate) fn p_values(analysis: &Analysis) -> Option<Table> {
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
    Some(Table::new("Adjusted p-values of every two arms", &header, rows.collect()))
}
