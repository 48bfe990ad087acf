//! Every two arms: how far their test errors lie apart.

use maud::{Markup, html};
use pool_metrics::{Interval, Verdict};

use super::axis::Axis;
use super::list::{List, MIDDLE, Row};
use super::shape::{mark, px, whisker_across};
use super::{Plot, PlotKind, Stack, Stroke, layer};
use crate::cells::fixed;
use crate::{Analysis, Comparisons, PairComparison, Run};

/// None without two arms that have a seed in common.
pub(super) fn plot(run: &Run, analysis: &Analysis) -> Option<Plot> {
    let Comparisons { reference, pairs, .. } = &analysis.comparisons;
    let pairs: Vec<Pair<'_>> =
        pairs.iter().filter_map(|pair| Pair::of(run, pair, reference.as_deref())).collect();
    (!pairs.is_empty()).then(|| Plot {
        kind: PlotKind::Comparisons,
        caption: caption(&analysis.comparisons),
        colours_arms: false,
        columns: 2,
        stacks: columns(&pairs),
    })
}

fn caption(Comparisons { tested, about, .. }: &Comparisons) -> String {
    let marks = if *tested > 0 {
        "A filled mark in the colour of the better arm is a difference beyond chance; a hollow one may be chance. The \
         thick line is the bootstrap's 95 % interval, the thin one spans that of the t-test, too."
    } else {
        "The line is the bootstrap's 95 % interval."
    };
    format!(
        "Test error of the first arm minus that of the second: left of zero the first errs less. {marks} {about}"
    )
}

/// A comparison as it is drawn, in percentage points.
struct Pair<'a> {
    /// The first arm and the second one.
    arms: [usize; 2],
    name: String,
    difference: f64,
    interval: Interval,
    bootstrap: Interval,
    better: Option<usize>,
    sentence: &'a str,
}

impl<'a> Pair<'a> {
    /// The arm that all are compared with stands second.
    fn of(run: &Run, pair: &'a PairComparison, reference: Option<&str>) -> Option<Self> {
        let place = |name: &str| run.arms.iter().position(|arm| arm.name == name);
        let PairComparison { first, second, comparison, interval, sentence } = pair;
        let (first_arm, second_arm) = (place(first)?, place(second)?);
        let better = match comparison.verdict {
            Verdict::FirstBetter => Some(first_arm),
            Verdict::SecondBetter => Some(second_arm),
            Verdict::NotDistinguishable | Verdict::OneSeed => None,
        };
        let turned = reference == Some(first);
        let sign = if turned { -100.0 } else { 100.0 };
        let points = |Interval { low, high }: Interval| {
            let (low, high) = if turned { (high, low) } else { (low, high) };
            Interval { low: sign * low, high: sign * high }
        };
        let (arms, names) = if turned {
            ([second_arm, first_arm], [second, first])
        } else {
            ([first_arm, second_arm], [first, second])
        };
        Some(Self {
            arms,
            name: names.map(String::as_str).join(" − "),
            difference: sign * comparison.difference,
            interval: points(*interval),
            bootstrap: points(comparison.bootstrap.interval),
            better,
            sentence,
        })
    }

    fn row(&self, list: &List) -> Option<Row> {
        let across = |Interval { low, high }: Interval| Some((list.at(low)?, list.at(high)?));
        let (left, right) = across(self.bootstrap)?;
        let drawn = html! {
            (whisker_across(across(self.interval)?, MIDDLE))
            line x1=(px(left)) x2=(px(right)) y1=(MIDDLE) y2=(MIDDLE) stroke="currentColor" stroke-width="4" {}
            (middle(self.better, list.at(self.difference)?))
        };
        let drawn = mark(self.sentence, &drawn);
        let drawn = match self.better {
            Some(arm) => layer(arm, &drawn),
            None => drawn,
        };
        let Interval { low, high } = self.interval;
        Some(Row {
            arms: self.arms.to_vec(),
            name: self.name.clone(),
            figure: format!("{} [{}, {}]", fixed(self.difference, 2), fixed(low, 2), fixed(high, 2)),
            drawn: html! { (list.upright(0.0)) (drawn) },
        })
    }
}

/// Two lists side by side where one would be long, on one scale.
fn columns(pairs: &[Pair<'_>]) -> Vec<Stack> {
    let axis = Axis::from_zero(pairs.iter().flat_map(|pair| [pair.interval.low, pair.interval.high]), 6);
    let longest = if pairs.len() > 6 { pairs.len().div_ceil(2) } else { pairs.len() };
    let titles = ["Difference in test error", "Difference in test error, continued"];
    let stack = |(title, pairs): (&str, &[Pair<'_>])| {
        let axis_title = "percentage points".to_owned();
        let list = List { title: title.to_owned(), axis: axis.clone(), axis_title };
        let rows = pairs.iter().filter_map(|pair| Some(list.row(&pair.row(&list)?)));
        Stack { panels: std::iter::once(list.head(&html! {}, 0.0)).chain(rows).collect() }
    };
    titles.into_iter().zip(pairs.chunks(longest)).map(stack).collect()
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
