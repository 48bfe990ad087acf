//! Every two arms, in words and with the p-values.

use maud::{Markup, html};

use super::grid::{Cell, Grid, GridRow, heads};
use crate::cells::{NOTHING, p_value, points, points_interval};
use crate::{Analysis, PairComparison, Run};

/// More rows than this scroll in a box of their own, or nobody would find what follows them.
const MOST: usize = 20;

pub(super) fn pairs(run: &Run, analysis: &Analysis) -> Markup {
    let grid = Grid {
        caption: "Every two arms on the test images".to_owned(),
        head: heads(&[
            "first and second arm",
            "in words",
            "difference, points",
            "p, corrected",
            "p, bootstrap",
            "p, paired t",
            "p, McNemar",
        ]),
        rows: analysis.comparisons.pairs.iter().map(|pair| row(run, pair)).collect(),
    };
    html! {
        p.note {
            "McNemar's exact test judges the trained networks, all seeds together, and not the arms; it stands beside \
             the others and decides nothing."
        }
        div.tall[analysis.comparisons.pairs.len() > MOST] { (grid.markup()) }
    }
}

fn row(run: &Run, pair: &PairComparison) -> GridRow {
    let PairComparison { first, second, comparison, interval, sentence } = pair;
    let arms =
        [first, second].into_iter().filter_map(|name| run.arms.iter().position(|arm| arm.name == *name));
    let p = |value: Option<f64>| Cell::Figure(value.map_or_else(|| NOTHING.to_owned(), p_value));
    GridRow {
        arms: arms.collect(),
        name: html! { (first) " − " (second) },
        cells: vec![
            Cell::Words(html! { span.sentence { (sentence) } }),
            Cell::Figure(format!("{} {}", points(comparison.difference), points_interval(*interval))),
            p(comparison.adjusted_p_value),
            p(Some(comparison.bootstrap.p_value)),
            p(comparison.paired_t.map(|test| test.p_value)),
            p(Some(comparison.mcnemar_combined.p_value)),
        ],
    }
}
