//! Figures as the text of a table's cell.

use crate::Estimate;

/// What stands where there is no figure.
pub(super) const NOTHING: &str = "-";

/// `1.05 [0.93, 1.17]`, or the mean alone where one seed gives no interval.
pub(super) fn estimate(value: Option<Estimate>, scale: f64, decimals: usize) -> String {
    let Some(Estimate { mean, interval }) = value else { return NOTHING.to_owned() };
    let mean = mean * scale;
    match interval {
        Some(interval) => {
            let (low, high) = (interval.low * scale, interval.high * scale);
            format!("{mean:.decimals$} [{low:.decimals$}, {high:.decimals$}]")
        }
        None => format!("{mean:.decimals$}"),
    }
}

pub(super) fn number(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| format!("{value:.decimals$}"))
}

/// `592074` as `592,074`.
pub(super) fn thousands(value: Option<u64>) -> String {
    let Some(value) = value else { return NOTHING.to_owned() };
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

const MIB: f64 = (1u64 << 20) as f64;
const GIB: f64 = (1u64 << 30) as f64;

pub(super) fn mebibytes(bytes: Option<f64>) -> String {
    number(bytes.map(|bytes| bytes / MIB), 1)
}

pub(super) fn gibibytes(bytes: Option<u64>) -> String {
    number(bytes.map(|bytes| bytes as f64 / GIB), 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pool_metrics::Interval;

    #[test]
    fn figures_read_as_a_table_needs_them() {
        let with = |interval| Some(Estimate { mean: 0.0105, interval });
        let interval = Some(Interval { low: 0.0093, high: 0.0117 });
        assert_eq!(estimate(with(interval), 100.0, 2), "1.05 [0.93, 1.17]");
        assert_eq!(estimate(with(None), 100.0, 2), "1.05");
        assert_eq!(estimate(None, 100.0, 2), "-");
        for (value, text) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (592_074, "592,074"), (2_361_546, "2,361,546")]
        {
            assert_eq!(thousands(Some(value)), text);
        }
        assert_eq!(mebibytes(Some(1.5 * 1024.0 * 1024.0)), "1.5");
    }
}
