//! Every two arms: the difference of their test errors.

use maud::{Markup, html};
use pool_metrics::{Interval, McNemar, SeedMcNemar, Verdict};

use crate::cells::fixed;
use crate::chart::{
    Axis, Chart, List, ROW_MIDDLE, Row, SeriesStyle, Stack, horizontal_whisker, mark, px, series_group,
};
use crate::{Analysis, Comparisons, PairComparison, Run};

/// `None` unless two arms have a seed in common.
pub(super) fn chart(run: &Run, analysis: &Analysis) -> Option<Chart> {
    let Comparisons { reference, pairs, .. } = &analysis.comparisons;
    let pairs: Vec<Pair<'_>> =
        pairs.iter().filter_map(|pair| Pair::of(run, analysis, pair, reference.as_deref())).collect();
    (!pairs.is_empty()).then(|| Chart {
        caption: caption(&analysis.comparisons),
        colours_series: false,
        columns: 2,
        stacks: columns(&pairs, analysis.comparisons.margin),
    })
}

fn caption(Comparisons { tested, pairs, margin, about, .. }: &Comparisons) -> String {
    let by_looks = pairs.iter().any(|pair| pair.comparison.look.is_some());
    let marks = match *tested {
        0 => "The line is the bootstrap's 95 % interval.",
        _ if by_looks => {
            "A filled mark in the colour of the better arm is a difference beyond chance; a hollow one may be chance. The \
             thick line is the bootstrap's 95 % interval; the thin one is that of the look."
        }
        _ => {
            "A filled mark in the colour of the better arm is a difference beyond chance; a hollow one may be chance. The \
             thick line is the bootstrap's 95 % interval; the thin one also covers that of the t-test."
        }
    };
    let seeds = if *tested > 0 { " Each dot is a seed." } else { "" };
    let band = match margin {
        Some(_) => {
            " Arms whose difference is shown to lie within the shaded margin are practically equal: a square."
        }
        None => "",
    };
    format!(
        "Test error of the first arm minus that of the second: left of zero, the first has the lower error. \
         {marks}{seeds}{band} {about}"
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
    /// Of each seed.
    seeds: Vec<f64>,
    better: Option<usize>,
    practically_equal: bool,
    sentence: &'a str,
}

impl<'a> Pair<'a> {
    /// The reference arm, if there is one, comes second.
    fn of(run: &Run, analysis: &Analysis, pair: &'a PairComparison, reference: Option<&str>) -> Option<Self> {
        let position = |name: &str| run.arms.iter().position(|arm| arm.name == name);
        let PairComparison { first, second, comparison, interval, sentence } = pair;
        let (first_arm, second_arm) = (position(first)?, position(second)?);
        let better = match comparison.verdict {
            Verdict::FirstBetter => Some(first_arm),
            Verdict::SecondBetter => Some(second_arm),
            Verdict::PracticallyEqual | Verdict::Open | Verdict::OneSeed => None,
        };
        let turned = reference == Some(first);
        let sign = if turned { -100.0 } else { 100.0 };
        let points = |Interval { low, high }: Interval| {
            let (low, high) = if turned { (high, low) } else { (low, high) };
            Interval { low: sign * low, high: sign * high }
        };
        let images = analysis.data.as_ref().map_or(1, |data| data.test_images.max(1)) as f64;
        let of_seed = |test: &SeedMcNemar| {
            let McNemar { only_a_wrong, only_b_wrong, .. } = test.mcnemar;
            sign * (only_a_wrong as f64 - only_b_wrong as f64) / images
        };
        let seeds = comparison.mcnemar_per_seed.iter().map(of_seed).collect();
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
            seeds,
            better,
            practically_equal: comparison.verdict == Verdict::PracticallyEqual,
            sentence,
        })
    }

    /// `margin` is in percentage points.
    fn row(&self, list: &List, margin: Option<f64>) -> Option<Row> {
        let across = |Interval { low, high }: Interval| Some((list.at(low)?, list.at(high)?));
        let (left, right) = across(self.bootstrap)?;
        let drawn = html! {
            (horizontal_whisker(across(self.interval)?, ROW_MIDDLE))
            line x1=(px(left)) x2=(px(right)) y1=(ROW_MIDDLE) y2=(ROW_MIDDLE) stroke="currentColor" stroke-width="4" {}
            g fill="currentColor" fill-opacity="0.45" {
                @for x in self.seeds.iter().filter_map(|seed| list.at(*seed)) {
                    circle cx=(px(x)) cy=(ROW_MIDDLE + 8.0) r="1.7" {}
                }
            }
            (middle(self, list.at(self.difference)?))
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
            drawn: html! {
                @if let Some(margin) = margin { (list.band(-margin, margin)) }
                (list.vertical_line(0.0))
                (drawn)
            },
        })
    }
}

/// One list, or two side by side if one would be long; both have the same scale.
fn columns(pairs: &[Pair<'_>], margin: Option<f64>) -> Vec<Stack> {
    let margin = margin.map(|share| 100.0 * share);
    let ends = pairs.iter().flat_map(|pair| {
        [pair.interval.low, pair.interval.high].into_iter().chain(pair.seeds.iter().copied())
    });
    let axis = Axis::from_zero(ends.chain(margin.into_iter().flat_map(|margin| [-margin, margin])), 6);
    let longest = if pairs.len() > 6 { pairs.len().div_ceil(2) } else { pairs.len() };
    let titles = ["Difference in test error", "Difference in test error, continued"];
    let stack = |(title, pairs): (&str, &[Pair<'_>])| {
        let axis_title = "percentage points".to_owned();
        let list = List { title: title.to_owned(), axis: axis.clone(), axis_title };
        let rows = pairs.iter().filter_map(|pair| Some(list.row(&pair.row(&list, margin)?)));
        Stack { panels: std::iter::once(list.head(&html! {}, 0.0)).chain(rows).collect() }
    };
    titles.into_iter().zip(pairs.chunks(longest)).map(stack).collect()
}

/// The mark of a difference. A hollow one is filled with the background, so that the line behind it does not show.
fn middle(pair: &Pair<'_>, x: f64) -> Markup {
    match pair.better {
        Some(arm) => SeriesStyle::nth(arm).shape.filled(x, ROW_MIDDLE, 5.5),
        None if pair.practically_equal => html! {
            rect x=(px(x - 4.5)) y=(ROW_MIDDLE - 4.5) width="9" height="9" fill="currentColor" {}
        },
        None => html! {
            circle.ground cx=(px(x)) cy=(ROW_MIDDLE) r="5" fill="#ffffff" stroke="currentColor" stroke-width="1.8" {}
        },
    }
}
