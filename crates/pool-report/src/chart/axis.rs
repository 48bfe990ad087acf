//! Axes whose ticks are round numbers.

use std::ops::Range;

use super::panel::CHARACTER;
use crate::cells::number;

/// Figures smaller than this fraction of the greatest one lie on the lower edge: they would squeeze all others.
const SMALLEST_FRACTION: f64 = 1e-6;

/// Figures beyond this in either direction lie on the edge of a linear axis: the arithmetic of ticks would overflow.
const GREATEST: f64 = 1e300;
/// Figures closer together than this count as one figure: the step between ticks would be rounded to zero.
const LEAST: f64 = 1e-300;

/// An axis with its ticks.
#[derive(Debug, Clone)]
pub(crate) struct Axis {
    range: Range<f64>,
    ticks: Vec<Tick>,
    scale: Scale,
}

/// How a figure becomes a position on its axis.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    Linear,
    Logarithmic,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    position: f64,
    pub(super) label: String,
}

impl Axis {
    /// The narrowest logarithmic axis that covers all positive figures; it begins and ends with a tick.
    ///
    /// For figures that fall tenfold, such as the loss over the epochs: on a linear axis the first epochs leave no
    /// space for the last ones, where curves differ.
    pub(crate) fn logarithmic(figures: impl IntoIterator<Item = f64>) -> Self {
        let (mut least, mut greatest) = (f64::INFINITY, 0.0_f64);
        for figure in figures.into_iter().filter(|figure| figure.is_finite() && *figure > 0.0) {
            least = least.min(figure);
            greatest = greatest.max(figure);
        }
        if greatest == 0.0 {
            (least, greatest) = (0.1, 1.0);
        }
        let ticks = logarithmic_ticks(least.max(SMALLEST_FRACTION * greatest), greatest);
        Self { range: ticks[0].position..ticks[ticks.len() - 1].position, ticks, scale: Scale::Logarithmic }
    }

    /// A linear axis that covers all figures, with about `count` round ticks; it begins and ends with one.
    pub(crate) fn linear(figures: impl IntoIterator<Item = f64>, count: usize) -> Self {
        let (mut least, mut greatest) = (f64::INFINITY, f64::NEG_INFINITY);
        for figure in figures.into_iter().filter(|figure| figure.abs() <= GREATEST) {
            least = least.min(figure);
            greatest = greatest.max(figure);
        }
        if least > greatest {
            (least, greatest) = (0.0, 1.0);
        } else if greatest - least < LEAST {
            let room = if least.abs() < 10.0 * LEAST { 1.0 } else { 0.1 * least.abs() };
            (least, greatest) = (least - room, greatest + room);
        }
        let ticks = linear_ticks(least, greatest, count.max(1));
        Self { range: ticks[0].position..ticks[ticks.len() - 1].position, ticks, scale: Scale::Linear }
    }

    /// Logarithmic if the figures differ more than threefold, linear if they are closer.
    pub(crate) fn fitting(figures: impl IntoIterator<Item = f64>, count: usize) -> Self {
        let figures: Vec<f64> = figures.into_iter().collect();
        let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = figures.iter().copied().fold(0.0, f64::max);
        if least > 0.0 && greatest > 3.0 * least {
            Self::logarithmic(figures)
        } else {
            Self::linear(figures, count)
        }
    }

    /// A linear axis from zero, for figures that are compared by the length of a bar.
    pub(crate) fn from_zero(figures: impl IntoIterator<Item = f64>, count: usize) -> Self {
        Self::linear(figures.into_iter().chain([0.0]), count)
    }

    /// Whole epochs from edge to edge, about ten of them labelled. A single epoch lies in the middle.
    pub(crate) fn epochs(epochs: u32) -> Self {
        let epochs = epochs.max(1);
        let mut steps = (0..).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u32.pow(power)));
        let step = steps.find(|step| epochs / step <= 12).unwrap_or(epochs);
        let first = (step > 2).then_some(1);
        let labelled = first.into_iter().chain((step..=epochs).step_by(step as usize));
        Self {
            range: if epochs > 1 { 1.0..f64::from(epochs) } else { 0.5..1.5 },
            ticks: labelled
                .map(|epoch| Tick { position: f64::from(epoch), label: epoch.to_string() })
                .collect(),
            scale: Scale::Linear,
        }
    }

    /// A figure's position as a fraction of the axis, from 0 to 1: figures beyond an end lie on it. `None` for NaN.
    pub(super) fn fraction(&self, figure: f64) -> Option<f64> {
        let position = match self.scale {
            Scale::Linear => figure,
            Scale::Logarithmic => figure.max(0.0).log10(),
        };
        (!figure.is_nan()).then(|| self.fraction_of(position.clamp(self.range.start, self.range.end)))
    }

    /// The ticks, each with its fraction of the axis.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, &Tick)> {
        self.ticks.iter().map(|tick| (self.fraction_of(tick.position), tick))
    }

    /// The ticks of a horizontal axis of this width whose labels do not overlap, from the first on.
    pub(super) fn readable_ticks(&self, width: f64) -> Vec<(f64, &Tick)> {
        let half_width = |tick: &Tick| CHARACTER * tick.label.chars().count() as f64 / 2.0;
        let mut free_from = f64::NEG_INFINITY;
        let mut kept = Vec::new();
        for (fraction, tick) in self.ticks() {
            if fraction * width - half_width(tick) >= free_from {
                free_from = fraction * width + half_width(tick) + CHARACTER;
                kept.push((fraction, tick));
            }
        }
        kept
    }

    fn fraction_of(&self, position: f64) -> f64 {
        (position - self.range.start) / (self.range.end - self.range.start)
    }
}

/// Round numbers around two different figures: steps of 1, 2 or 5 times a power of ten, at most `count` of them between
/// the figures.
fn linear_ticks(least: f64, greatest: f64, count: usize) -> Vec<Tick> {
    let rough = (greatest - least) / count as f64;
    let power = rough.log10().floor();
    let mut steps = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * 10_f64.powf(power)).into_iter();
    let step = steps.find(|step| *step >= rough * (1.0 - 1e-9)).unwrap_or(10_f64.powf(power + 1.0));
    let (first, last) = ((least / step + 1e-9).floor(), (greatest / step - 1e-9).ceil());
    let decimals = (-step.log10() - 1e-9).ceil().max(0.0) as usize;
    (0..=(last - first) as usize)
        .map(|index| {
            let position = (first + index as f64) * step;
            Tick { position, label: number(Some(position), decimals) }
        })
        .collect()
}

/// Round numbers from the last one that is at most `least` to the first one that is at least `greatest`.
fn logarithmic_ticks(least: f64, greatest: f64) -> Vec<Tick> {
    let tenths: &[u32] = match greatest / least {
        ..=30.0 => &[10, 15, 20, 30, 50, 70],
        ..=1000.0 => &[10, 20, 50],
        _ => &[10],
    };
    let decades = least.log10().floor() as i32 - 1..=greatest.log10().ceil() as i32 + 1;
    let candidates: Vec<Tick> =
        decades.flat_map(|decade| tenths.iter().map(move |&tenths| Tick::new(tenths, decade))).collect();
    // The tolerance makes a figure that is a round number its own tick, however its logarithm was rounded.
    let (least, greatest) = (least.log10() + 1e-9, greatest.log10() - 1e-9);
    let last = candidates.iter().position(|tick| tick.position >= greatest).unwrap_or(candidates.len() - 1);
    let first = candidates.iter().rposition(|tick| tick.position <= least).unwrap_or(0).min(last - 1);
    candidates.into_iter().skip(first).take(last + 1 - first).collect()
}

impl Tick {
    /// `tenths / 10 * 10^decade`.
    fn new(tenths: u32, decade: i32) -> Self {
        let mantissa = f64::from(tenths) / 10.0;
        let label = if (-6..=5).contains(&decade) {
            let decimals = -decade + i32::from(!tenths.is_multiple_of(10));
            number(Some(mantissa * 10_f64.powi(decade)), decimals.max(0) as usize)
        } else {
            format!("{mantissa}e{decade}")
        };
        Self { position: mantissa.log10() + f64::from(decade), label }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> String {
        axis.ticks.iter().map(|tick| tick.label.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn an_axis_begins_and_ends_with_round_ticks_around_its_figures() {
        for (figures, expected, why) in [
            (&[0.12, 0.06, 0.022][..], "0.02 0.03 0.05 0.07 0.1 0.15", "less than 30 times: six a decade"),
            (&[1.3, 3.6], "1 1.5 2 3 5", "percents"),
            (&[9.0, 0.09], "0.05 0.1 0.2 0.5 1 2 5 10", "a hundred times: three a decade"),
            (&[2.0, 0.0002], "0.0001 0.001 0.01 0.1 1 10", "ten thousand times: powers of ten"),
            (&[0.1, 1.0], "0.1 0.15 0.2 0.3 0.5 0.7 1", "round figures are the ends themselves"),
            (&[0.5], "0.3 0.5", "one figure still has an extent"),
            (&[], "0.1 0.15 0.2 0.3 0.5 0.7 1", "nothing to show"),
            (&[0.0, f64::NAN, f64::INFINITY], "0.1 0.15 0.2 0.3 0.5 0.7 1", "nothing with a logarithm"),
            (&[2e-7, 3e-7], "2e-7 3e-7", "too small to write out"),
            (&[592.0, 2_361.0], "500 700 1,000 1,500 2,000 3,000", "thousands are grouped"),
            (&[1.0, 1e-30], "0.000001 0.00001 0.0001 0.001 0.01 0.1 1", "the smallest is cut off"),
        ] {
            assert_eq!(labels(&Axis::logarithmic(figures.iter().copied())), expected, "{why}");
        }
    }

    #[test]
    fn a_linear_axis_begins_and_ends_with_round_ticks_around_its_figures() {
        for (figures, expected, why) in [
            (&[0.0, 9.3][..], "0 2 4 6 8 10", "steps of two"),
            (&[0.12, -0.21], "-0.3 -0.2 -0.1 0.0 0.1 0.2", "both sides of zero"),
            (&[1.0, 1.012], "1.000 1.005 1.010 1.015", "as many decimals as the step needs"),
            (&[0.0, 1.0], "0.0 0.2 0.4 0.6 0.8 1.0", "round figures are the ends themselves"),
            (&[120.0, 480.0], "100 200 300 400 500", "hundreds"),
            (&[0.0, 1_844.0], "0 500 1,000 1,500 2,000", "thousands are grouped"),
            (&[5.0], "4.4 4.6 4.8 5.0 5.2 5.4 5.6", "one figure still has an extent"),
            (&[0.0], "-1.0 -0.5 0.0 0.5 1.0", "even zero has"),
            (&[f64::NAN, f64::INFINITY], "0.0 0.2 0.4 0.6 0.8 1.0", "nothing to show"),
            (&[1e308, -1e308, 0.0, 9.3], "0 2 4 6 8 10", "too far apart for a difference"),
            (&[5e-324, -5e-324], "-1.0 -0.5 0.0 0.5 1.0", "too close for one"),
        ] {
            assert_eq!(labels(&Axis::linear(figures.iter().copied(), 5)), expected, "{why}");
        }
        assert_eq!(labels(&Axis::from_zero([7.1, 8.2], 5)), "0 2 4 6 8 10");
    }

    #[test]
    fn figures_beyond_the_axis_lie_on_its_edge() {
        let axis = Axis::logarithmic([0.01, 1.0]);
        for (figure, fraction, why) in [
            (0.1, Some(0.5), "inside"),
            (0.0, Some(0.0), "zero"),
            (-1.0, Some(0.0), "below zero"),
            (7.0, Some(1.0), "above"),
            (f64::INFINITY, Some(1.0), "infinite"),
            (f64::NAN, None, "nowhere"),
        ] {
            assert_eq!(axis.fraction(figure), fraction, "{why}");
        }
    }

    #[test]
    fn epochs_are_ticked_by_whole_numbers() {
        for (epochs, expected) in [
            (1, &[1][..]),
            (2, &[1, 2]),
            (10, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
            (12, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
            (50, &[1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50]),
            (100, &[1, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100]),
        ] {
            let expected = expected.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            assert_eq!(labels(&Axis::epochs(epochs)), expected, "{epochs} epochs");
        }
    }

    #[test]
    fn labels_that_would_overlap_are_left_out() {
        let axis = Axis::linear([0.0, 10_000.0], 10);
        assert_eq!(axis.readable_ticks(1_000.0).len(), 11);
        assert!(axis.readable_ticks(150.0).len() < 6);
    }
}
