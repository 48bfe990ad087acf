//! Every two arms: the difference of their test errors.

use maud::{Markup, html};
use pool_metrics::{Interval, Verdict};

use crate::cells::fixed;
use crate::chart::{
    Axis, Chart, List, ROW_MIDDLE, Row, SeriesStyle, Stack, horizontal_whisker, mark, px, series_group,
};
use crate::{Analysis, Comparisons, PairComparison, Run};

/// `None` unless two arms have a seed in common.
pub(super) fn chart(run: &Run, analysis: &Analysis) -> Option<Chart> {
    let Comparisons { reference, pairs, .. } = &analysis.comparisons;
    let pairs: Vec<Pair<'_>> =
        pairs.iter().filter_map(|pair| Pair::of(run, pair, reference.as_deref())).collect();
    (!pairs.is_empty()).then(|| Chart {
        caption: caption(&analysis.comparisons),
        colours_series: false,
        columns: 2,
        stacks: columns(&pairs),
    })
}

fn caption(Comparisons { tested, about, .. }: &Comparisons) -> String {
    let marks = if *tested > 0 {
        "A filled mark in the colour of the better arm is a difference beyond chance; a hollow one may be chance. The \
         thick line is the bootstrap's 95 % interval; the thin one also covers that of the t-test."
    } else {
        "The line is the bootstrap's 95 % interval."
    };
    format!(
        "Test error of the first arm minus that of the second: left of zero, the first has the lower error. {marks} \
         {about}"
    )
}

/// A comparison as it is drawn, in percentage points.
struct Pair<'a> {
    /// The first and the second arm.
    arms: [usize; 2],
    name: String,
    difference: f64,
    interval: Interval,
    bootstrap: Interval,
    better: Option<usize>,
    sentence: &'a str,
}

impl<'a> Pair<'a> {
    /// The reference arm, if there is one, comes second.
    fn of(run: &Run, pair: &'a PairComparison, reference: Option<&str>) -> Option<Self> {
        let position = |name: &str| run.arms.iter().position(|arm| arm.name == name);
        let PairComparison { first, second, comparison, interval, sentence } = pair;
        let (first_arm, second_arm) = (position(first)?, position(second)?);
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
            (horizontal_whisker(across(self.interval)?, ROW_MIDDLE))
            line x1=(px(left)) x2=(px(right)) y1=(ROW_MIDDLE) y2=(ROW_MIDDLE) stroke="currentColor" stroke-width="4" {}
            (middle(self.better, list.at(self.difference)?))
        };
        let drawn = mark(self.sentence, &drawn);
        let drawn = match self.better {
            Some(arm) => series_group(arm, &drawn),
            None => drawn,
        };
        let Interval { low, high } = self.interval;
        Some(Row {
            series: self.arms.to_vec(),
            name: self.name.clone(),
            figure: format!("{} [{}, {}]", fixed(self.difference, 2), fixed(low, 2), fixed(high, 2)),
            drawn: html! { (list.vertical_line(0.0)) (drawn) },
        })
    }
}

/// One list, or two side by side if one would be long; both have the same scale.
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

/// The mark of a difference. A hollow one is filled with the background, so that the line behind it does not show.
fn middle(better: Option<usize>, x: f64) -> Markup {
    match better {
        Some(arm) => SeriesStyle::nth(arm).shape.filled(x, ROW_MIDDLE, 5.5),
        None => html! {
            circle.ground cx=(px(x)) cy=(ROW_MIDDLE) r="5" fill="#ffffff" stroke="currentColor" stroke-width="1.8" {}
        },
    }
}
