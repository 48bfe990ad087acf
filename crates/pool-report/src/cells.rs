//! Figures as text, for the cells of tables and for sentences.
use pool_metrics::Interval;

use crate::{Estimate, OverProcesses};

/// The text of a figure that is missing.
pub(crate) const NOTHING: &str = "-";

/// `1.05 [0.93, 1.17]`, or only the mean if one seed gives no interval.
pub(crate) fn estimate(value: Option<Estimate>, scale: f64, decimals: usize) -> String {
    let Some(Estimate { mean, interval, .. }) = value else { return NOTHING.to_owned() };
    in_range(mean, interval, scale, decimals)
}

/// `7.50 [7.41, 7.72]`: the median and its interval over processes, or the range of nine in ten repetitions of one process;
/// only the median if there was one repetition.
pub(crate) fn over_processes(value: Option<OverProcesses>, scale: f64, decimals: usize) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| in_range(value.median, value.range(), scale, decimals))
}

/// `7.50 [7.41, 7.72]`, or only the figure if it has no range.
pub(crate) fn in_range(value: f64, range: Option<Interval>, scale: f64, decimals: usize) -> String {
    let figure = |value: f64| fixed(value * scale, decimals);
    match range {
        Some(Interval { low, high }) => format!("{} [{}, {}]", figure(value), figure(low), figure(high)),
        None => figure(value),
    }
}

/// A fraction as a percentage with its unit: `1.05 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{} %", fixed(100.0 * share, 2))
}

/// A difference of fractions in percentage points, without its unit: `0.21`.
pub(crate) fn points(difference: f64) -> String {
    fixed(100.0 * difference, 2)
}

/// An interval in percentage points: `[0.10, 0.32]`.
pub(crate) fn points_interval(Interval { low, high }: Interval) -> String {
    format!("[{}, {}]", points(low), points(high))
}

/// `0.031`, or `< 0.001`.
pub(crate) fn p_value(value: f64) -> String {
    if value < 0.001 { "< 0.001".to_owned() } else { fixed(value, 3) }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [some @ .., last] => {
            let some: Vec<&str> = some.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", some.join(", "), last.as_ref())
        }
    }
}

/// `1 seed`, `5 seeds`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(&count.to_string()), if count == 1 { "" } else { "s" })
}

/// With this many decimals, and without a sign if it rounds to zero.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|digit| matches!(digit, '0' | '.')) => digits.to_owned(),
        _ => text,
    }
}

/// `1844.04` as `1,844.0`.
pub(crate) fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| grouped(&fixed(value, decimals)))
}

/// `592074` as `592,074`.
pub(crate) fn thousands(value: Option<u64>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| grouped(&value.to_string()))
}

/// A comma after every third digit before the point.
fn grouped(number: &str) -> String {
    let whole = number.find('.').unwrap_or(number.len());
    let mut text = String::new();
    for (index, character) in number.char_indices() {
        let follows_digit = text.ends_with(|last: char| last.is_ascii_digit());
        if index < whole && follows_digit && (whole - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(character);
    }
    text
}

const MIB: f64 = (1u64 << 20) as f64;
const GIB: f64 = (1u64 << 30) as f64;

pub(crate) fn mebibytes(bytes: Option<f64>) -> String {
    number(bytes.map(|bytes| bytes / MIB), 1)
}

pub(crate) fn gibibytes(bytes: Option<u64>) -> String {
    number(bytes.map(|bytes| bytes as f64 / GIB), 3)
}

/// Seconds as `42 s`, `12 min` or `3.4 h`.
pub(crate) fn duration(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round();
    match minutes {
        _ if seconds < 90.0 => format!("{:.0} s", seconds.max(1.0)),
        _ if minutes < 90.0 => format!("{minutes:.0} min"),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
}

/// `batch size 200` if all of these are the same, `each arm's batch size` if not.
pub(crate) fn batch_size(mut of_arms: impl Iterator<Item = u64>) -> String {
    match of_arms.next() {
        Some(first) if of_arms.all(|batch| batch == first) => {
            format!("batch size {}", thousands(Some(first)))
        }
        Some(_) => "each arm's batch size".to_owned(),
        None => format!("batch size {}", thousands(None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_as_a_table_needs_them() {
        let with =
            |interval| Some(Estimate { mean: 0.0105, sd: None, interval, seeds: 5, held_out_ratio: 0.0 });
        let interval = Some(Interval { low: 0.0093, high: 0.0117 });
        assert_eq!(estimate(with(interval), 100.0, 2), "1.05 [0.93, 1.17]");
        assert_eq!(estimate(with(None), 100.0, 2), "1.05");
        assert_eq!(estimate(None, 100.0, 2), "-");
        let wide = Some(Interval { low: -0.00001, high: 0.02101 });
        assert_eq!(estimate(with(wide), 100.0, 2), "1.05 [0.00, 2.10]");
        assert_eq!(number(Some(-0.5), 1), "-0.5");
        assert_eq!(number(Some(f64::NAN), 2), "NaN");
        assert_eq!(number(Some(1_844.04), 1), "1,844.0");
        assert_eq!(number(Some(-123_456.789), 3), "-123,456.789");
        for (value, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (592_074, "592,074"), (2_361_546, "2,361,546")]
        {
            assert_eq!(thousands(Some(value)), text);
        }
        assert_eq!((percent(0.01049), points(-0.00001)), ("1.05 %".to_owned(), "0.00".to_owned()));
        assert_eq!((p_value(0.0004), p_value(0.0312)), ("< 0.001".to_owned(), "0.031".to_owned()));
        assert_eq!(
            [listed(&["a"]), listed(&["a", "b"]), listed(&["a", "b", "c"])],
            ["a", "a and b", "a, b and c"]
        );
        assert_eq!(
            (counted(1, "seed"), counted(1_200, "seed")),
            ("1 seed".to_owned(), "1,200 seeds".to_owned())
        );
        assert_eq!(mebibytes(Some(1.5 * 1024.0 * 1024.0)), "1.5");
    }
}
