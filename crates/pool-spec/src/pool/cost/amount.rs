//! How much a layer computes and keeps, as a rule: so much for each cell, so much for each window.
//!
//! Numbers and words come from the same rule, so that what the catalogue says is what the memory model counts.

use std::fmt;
use std::ops::{Add, Mul};

/// What a layer has many of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Each {
    /// A number of the input; of a pyramid's, once for each level.
    Input,
    /// A number of the input, for each channel that it is combined with.
    InputAndChannel,
    /// A number of the input, for each factor of two in the sizes of its axes.
    InputAndFactorOfTwo,
    /// A place of the input, which all channels share.
    Place,
    /// A cell of a window, padded ones included.
    Cell,
    /// A cell of a window, for each channel that is made of it.
    CellAndChannel,
    /// A window.
    Window,
    /// A value that is computed before there are fewer of them.
    DenseValue,
    /// A number of the input with what was padded by hand.
    PaddedInput,
    /// A number of the output.
    Output,
}

impl Each {
    const ALL: [Self; 10] = [
        Self::Input,
        Self::InputAndChannel,
        Self::InputAndFactorOfTwo,
        Self::Place,
        Self::Cell,
        Self::CellAndChannel,
        Self::Window,
        Self::DenseValue,
        Self::PaddedInput,
        Self::Output,
    ];

    fn words(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::InputAndChannel => "input and channel",
            Self::InputAndFactorOfTwo => "input and factor of two in its sizes",
            Self::Place => "place",
            Self::Cell => "cell",
            Self::CellAndChannel => "cell and channel",
            Self::Window => "window",
            Self::DenseValue => "dense value",
            Self::PaddedInput => "padded input",
            Self::Output => "output",
        }
    }
}

/// A sum of multiples, such as two per cell and one per window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Amount([u64; Each::ALL.len()]);

impl Amount {
    pub(super) const NOTHING: Self = Self([0; Each::ALL.len()]);

    fn terms(self) -> impl Iterator<Item = (u64, Each)> {
        self.0.into_iter().zip(Each::ALL).filter(|&(times, _)| times > 0)
    }
}

impl From<Each> for Amount {
    fn from(each: Each) -> Self {
        let mut amount = Self::NOTHING;
        amount.0[each as usize] = 1;
        amount
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|index| self.0[index].saturating_add(other.0[index])))
    }
}

impl Mul<Amount> for u64 {
    type Output = Amount;

    fn mul(self, amount: Amount) -> Amount {
        Amount(amount.0.map(|times| times.saturating_mul(self)))
    }
}

/// `2 per cell and 1 per window`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (times, each)) in self.terms().enumerate() {
            let and = if index > 0 { " and " } else { "" };
            write!(f, "{and}{times} per {}", each.words())?;
        }
        Ok(())
    }
}

/// How many of each there are for one sample.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts([u64; Each::ALL.len()]);

impl Counts {
    pub(super) fn with(mut self, each: Each, count: u64) -> Self {
        self.0[each as usize] = count;
        self
    }

    pub(super) fn of(&self, amount: Amount) -> u64 {
        let numbers = amount.terms().map(|(times, each)| self.0[each as usize].saturating_mul(times));
        numbers.fold(0, u64::saturating_add)
    }
}

/// A tensor that is kept for the backward pass besides input and output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) what: &'static str,
    pub(super) element_bytes: u64,
    pub(super) elements: Amount,
}

/// What a layer computes and keeps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Rule {
    /// Forward; a power or an exponential counts as one, comparisons and plain sums as none.
    pub(super) multiply_adds: Amount,
    /// Whether backward reads the layer's input itself.
    pub(super) keeps_input: bool,
    /// Whether backward reads the layer's output itself.
    pub(super) keeps_output: bool,
    /// What else backward reads.
    pub(super) kept: Vec<Kept>,
}

/// `2 multiply-adds per cell; keeps the input and draws (4 bytes per window)`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let computed = self.multiply_adds.to_string();
        match computed.split_once(' ') {
            None => f.write_str("no multiply-adds")?,
            Some((times, rest)) => {
                let plural = if times == "1" { "" } else { "s" };
                write!(f, "{times} multiply-add{plural} {rest}")?;
            }
        }
        let whole = [(self.keeps_input, "the input"), (self.keeps_output, "the output")];
        let mut kept: Vec<String> =
            whole.iter().filter(|(keeps, _)| *keeps).map(|(_, what)| (*what).to_owned()).collect();
        kept.extend(self.kept.iter().map(|Kept { what, element_bytes, elements }| {
            let bytes = (*element_bytes * *elements).to_string();
            format!("{what} ({})", bytes.replacen(" per", " bytes per", 1))
        }));
        match &kept[..] {
            [] => f.write_str("; keeps nothing"),
            [one] => write!(f, "; keeps {one}"),
            [some @ .., last] => write!(f, "; keeps {} and {last}", some.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_stands_in_its_own_place() {
        for (index, each) in Each::ALL.into_iter().enumerate() {
            assert_eq!(each as usize, index);
            assert_eq!(Counts::default().with(each, 7).of(3 * Amount::from(each)), 21);
        }
    }

    #[test]
    fn numbers_and_words_are_those_of_one_rule() {
        let [cell, window] = [Each::Cell, Each::Window].map(Amount::from);
        let counts = Counts::default().with(Each::Cell, 1_152).with(Each::Window, 288);
        for (multiply_adds, number, words) in [
            (Amount::NOTHING, 0, "no multiply-adds; keeps nothing"),
            (cell, 1_152, "1 multiply-add per cell; keeps nothing"),
            (2 * cell + window, 2_592, "2 multiply-adds per cell and 1 per window; keeps nothing"),
        ] {
            assert_eq!(counts.of(multiply_adds), number);
            assert_eq!(Rule { multiply_adds, ..Rule::default() }.to_string(), words);
        }
        let rule = Rule {
            keeps_input: true,
            kept: vec![
                Kept { what: "sums", element_bytes: 4, elements: 2 * window },
                Kept { what: "order", element_bytes: 8, elements: cell },
            ],
            ..Rule::default()
        };
        let words =
            "no multiply-adds; keeps the input, sums (8 bytes per window) and order (8 bytes per cell)";
        assert_eq!(rule.to_string(), words);
    }

    #[test]
    fn what_is_too_large_to_count_is_as_large_as_a_number_can_be() {
        let counts = Counts::default().with(Each::Cell, u64::MAX / 2);
        assert_eq!(counts.of(3 * Amount::from(Each::Cell)), u64::MAX);
    }
}
