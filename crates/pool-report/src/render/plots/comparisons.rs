//! Every two arms: how far their test errors lie apart.

use maud::{Markup, html};
use pool_metrics::{Interval, Verdict};

use super::axis::Axis;
use super::list::{List, MIDDLE, Row};
use super::shape::{mark, px, whisker_across};
use super::{Plot, PlotKind, Stack, Stroke, layer};
use crate::cells::{points, points_interval};
use crate::{Analysis, PairComparison, Run};

/// More pairs than this are shown for one arm alone; the table has them all.
const MOST: usize = 36;

/// None without two arms that have a seed in common.
pub(super) fn plot(run: &Run, analysis: &Analysis) -> Option<Plot> {
    let best = analysis.verdict.compared_with.as_deref();
    let all = &analysis.comparisons.pairs;
    let about_the_best = |pair: &&PairComparison| {
        [&pair.first, &pair.second].map(Some).contains(&best.map(str::to_owned).as_ref())
    };
    let pairs: Vec<&PairComparison> =
        if all.len() > MOST { all.iter().filter(about_the_best).collect() } else { all.iter().collect() };
    (!pairs.is_empty()).then(|| Plot {
        kind: PlotKind::Comparisons,
        caption: caption(all.len(), pairs.len(), best, analysis),
        colours_arms: false,
        columns: 2,
        stacks: columns(run, &pairs),
    })
}

fn caption(all: usize, shown: usize, best: Option<&str>, analysis: &Analysis) -> String {
    let shown = match best {
        Some(best) if shown < all => {
            format!(" Of {all} pairs, those with {best}, which has the lowest mean test error, are drawn.")
        }
        _ => String::new(),
    };
    let tested = analysis.comparisons.tested;
    let interval = if tested > 0 {
        format!(
            "A filled mark in the colour of the better arm is a difference beyond chance; a hollow one may be \
             chance. The line holds two 95 % intervals, over images and over seeds, the thick part the one over \
             images. P-values are corrected for {tested} pairs (Holm)."
        )
    } else {
        "With one seed in common, a difference between arms cannot be told from one between seeds: the line is the \
         interval over images alone."
            .to_owned()
    };
    format!(
        "Test error of the first arm minus that of the second: left of zero the first errs less. {interval}{shown}"
    )
}

/// Two lists side by side where one would be long, on one scale.
fn columns(run: &Run, pairs: &[&PairComparison]) -> Vec<Stack> {
    let ends = |pair: &&PairComparison| [100.0 * pair.interval.low, 100.0 * pair.interval.high];
    let axis = Axis::from_zero(pairs.iter().flat_map(ends), 6);
    let longest = if pairs.len() > 6 { pairs.len().div_ceil(2) } else { pairs.len() };
    let parts = pairs.chunks(longest).enumerate();
    parts
        .map(|(part, pairs)| {
            let list = List {
                title: if part == 0 {
                    "Difference in test error"
                } else {
                    "Difference in test error, continued"
                }
                .to_owned(),
                axis: axis.clone(),
                axis_title: "percentage points".to_owned(),
            };
            let rows = pairs.iter().filter_map(|pair| Some(list.row(&row(run, pair, &list)?)));
            Stack { panels: std::iter::once(list.head(&html! {}, 0.0)).chain(rows).collect() }
        })
        .collect()
}

fn row(run: &Run, pair: &PairComparison, list: &List) -> Option<Row> {
    let place = |name: &str| run.arms.iter().position(|arm| arm.name == name);
    let arms = [place(&pair.first)?, place(&pair.second)?];
    let difference = pair.comparison.difference;
    let across = |Interval { low, high }: Interval| Some((list.at(100.0 * low)?, list.at(100.0 * high)?));
    let x = list.at(100.0 * difference)?;
    let (left, right) = across(pair.comparison.bootstrap.interval)?;
    let better = match pair.comparison.verdict {
        Verdict::FirstBetter => Some(arms[0]),
        Verdict::SecondBetter => Some(arms[1]),
        Verdict::NotDistinguishable | Verdict::OneSeed => None,
    };
    let drawn = html! {
        (whisker_across(across(pair.interval)?, MIDDLE))
        line x1=(px(left)) x2=(px(right)) y1=(MIDDLE) y2=(MIDDLE) stroke="currentColor" stroke-width="4" {}
        (middle(better, x))
    };
    let drawn = mark(&pair.sentence, &drawn);
    Some(Row {
        arms: arms.to_vec(),
        name: format!("{} − {}", pair.first, pair.second),
        figure: format!("{} {}", points(difference), points_interval(pair.interval)),
        drawn: html! { (list.upright(0.0)) @match better { Some(arm) => (layer(arm, &drawn)), None => (drawn) } },
    })
}

/// What is hollow hides the line behind it, on paper as on a dark page.
fn middle(better: Option<usize>, x: f64) -> Markup {
    match better {
        Some(arm) => Stroke::of_arm(arm).shape.filled(x, MIDDLE, 5.5),
        None => html! {
            circle.ground cx=(px(x)) cy=(MIDDLE) r="5" fill="#ffffff" stroke="currentColor" stroke-width="1.8" {}
        },
    }
}
