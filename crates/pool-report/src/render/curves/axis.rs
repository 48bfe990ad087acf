//! Axes whose ticks are round numbers.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// Figures further than this below the greatest one lie on the lower edge: they would squeeze all others.
const SMALLEST_SHARE: f64 = 1e-6;

/// An axis with its ticks, as plotters takes it.
#[derive(Clone)]
pub(super) struct Axis {
    range: Range<f64>,
    ticks: Vec<Tick>,
}

#[derive(Clone)]
struct Tick {
    place: f64,
    label: String,
}

impl Axis {
    /// The narrowest logarithmic axis on which all positive figures lie; it begins and ends with a tick.
    ///
    /// Losses and errors fall tenfold in the first epochs. On a linear axis those epochs leave no room for the last
    /// ones, in which the arms differ.
    pub(super) fn logarithmic(figures: impl Iterator<Item = f64>) -> Self {
        let (mut least, mut greatest) = (f64::INFINITY, 0.0_f64);
        for figure in figures.filter(|figure| figure.is_finite() && *figure > 0.0) {
            least = least.min(figure);
            greatest = greatest.max(figure);
        }
        if greatest == 0.0 {
            (least, greatest) = (0.1, 1.0);
        }
        let ticks = ticks(least.max(SMALLEST_SHARE * greatest), greatest);
        Self { range: ticks[0].place..ticks[ticks.len() - 1].place, ticks }
    }

    /// Where a figure lies on a logarithmic axis; what is beyond an end lies on it, zero too. NaN lies nowhere.
    pub(super) fn place(&self, figure: f64) -> Option<f64> {
        (!figure.is_nan()).then(|| figure.max(0.0).log10().clamp(self.range.start, self.range.end))
    }

    /// Whole epochs, about ten of them labelled. More than one reach from edge to edge.
    pub(super) fn epochs(epochs: u32) -> Self {
        let epochs = epochs.max(1);
        let mut steps = (0..).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u32.pow(power)));
        let step = steps.find(|step| epochs / step <= 12).unwrap_or(epochs);
        let first = (step > 2).then_some(1);
        let labelled = first.into_iter().chain((step..=epochs).step_by(step as usize));
        Self {
            range: if epochs > 1 { 1.0..f64::from(epochs) } else { 0.5..1.5 },
            ticks: labelled.map(|epoch| Tick { place: f64::from(epoch), label: epoch.to_string() }).collect(),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        start + (share * f64::from(end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.iter().map(|tick| tick.place).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, place: &f64) -> String {
        let tick = self.ticks.iter().find(|tick| tick.place == *place);
        tick.map(|tick| tick.label.clone()).unwrap_or_default()
    }
}

/// Round numbers from the last one that is at most `least` to the first one that is at least `greatest`.
fn ticks(least: f64, greatest: f64) -> Vec<Tick> {
    let tenths: &[u32] = match greatest / least {
        ..=30.0 => &[10, 15, 20, 30, 50, 70],
        ..=1000.0 => &[10, 20, 50],
        _ => &[10],
    };
    let decades = least.log10().floor() as i32 - 1..=greatest.log10().ceil() as i32 + 1;
    let candidates: Vec<Tick> =
        decades.flat_map(|decade| tenths.iter().map(move |&tenths| Tick::new(tenths, decade))).collect();
    // A figure that is a round number itself is its own tick, whatever its logarithm was rounded to.
    let (least, greatest) = (least.log10() + 1e-9, greatest.log10() - 1e-9);
    let last = candidates.iter().position(|tick| tick.place >= greatest).unwrap_or(candidates.len() - 1);
    let first = candidates.iter().rposition(|tick| tick.place <= least).unwrap_or(0).min(last - 1);
    candidates.into_iter().skip(first).take(last + 1 - first).collect()
}

impl Tick {
    /// `tenths / 10 * 10^decade`.
    fn new(tenths: u32, decade: i32) -> Self {
        let mantissa = f64::from(tenths) / 10.0;
        let label = if (-6..=5).contains(&decade) {
            let decimals = -decade + i32::from(!tenths.is_multiple_of(10));
            format!("{:.*}", decimals.max(0) as usize, mantissa * 10_f64.powi(decade))
        } else {
            format!("{mantissa}e{decade}")
        };
        Self { place: mantissa.log10() + f64::from(decade), label }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(figures: &[f64]) -> Vec<String> {
        let axis = Axis::logarithmic(figures.iter().copied());
        axis.ticks.iter().map(|tick| axis.format_ext(&tick.place)).collect()
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
            (&[1.0, 1e-30], "0.000001 0.00001 0.0001 0.001 0.01 0.1 1", "the smallest is cut off"),
        ] {
            assert_eq!(labels(figures).join(" "), expected, "{why}");
        }
    }

    #[test]
    fn what_is_beyond_the_axis_lies_on_its_edge() {
        let axis = Axis::logarithmic([0.01, 1.0].into_iter());
        for (figure, place, why) in [
            (0.1, Some(-1.0), "inside"),
            (0.0, Some(-2.0), "zero"),
            (-1.0, Some(-2.0), "below zero"),
            (7.0, Some(0.0), "above"),
            (f64::INFINITY, Some(0.0), "infinite"),
            (f64::NAN, None, "nowhere"),
        ] {
            assert_eq!(axis.place(figure), place, "{why}");
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
            let found: Vec<String> = Axis::epochs(epochs).ticks.into_iter().map(|tick| tick.label).collect();
            assert_eq!(
                found,
                expected.iter().map(ToString::to_string).collect::<Vec<_>>(),
                "{epochs} epochs"
            );
        }
    }
}
