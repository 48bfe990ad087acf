//! How many images of each class a trial trains with, decides by, and is tested with.

use serde::{Deserialize, Serialize};

/// Images of each class, by label, in the three parts of a data set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassImages {
    /// To train with.
    pub train: Vec<u64>,
    /// To decide when to stop, and which arm to take.
    pub validation: Vec<u64>,
    /// To test with.
    pub test: Vec<u64>,
}

impl ClassImages {
    /// Of the labels of each part.
    pub fn of(
        train: impl Iterator<Item = u16>,
        validation: impl Iterator<Item = u16>,
        test: impl Iterator<Item = u16>,
    ) -> Self {
        Self { train: counts(train), validation: counts(validation), test: counts(test) }
    }

    /// Classes that occur, but not to train with: a network never learns them.
    pub fn untrained(&self) -> Vec<usize> {
        self.absent_from(&self.train)
    }

    /// Classes that occur, but not to decide by.
    pub fn unvalidated(&self) -> Vec<usize> {
        self.absent_from(&self.validation)
    }

    /// Classes that occur, but not to test with.
    pub fn untested(&self) -> Vec<usize> {
        self.absent_from(&self.test)
    }

    /// Labels that no image has are no classes: sets that count from 1 have no class 0.
    fn absent_from(&self, part: &[u64]) -> Vec<usize> {
        let parts = [&self.train, &self.validation, &self.test];
        let labels = parts.iter().map(|part| part.len()).max().unwrap_or(0);
        let images = |part: &[u64], label: usize| part.get(label).copied().unwrap_or(0);
        let occurs = |label: usize| parts.iter().any(|part| images(part, label) > 0);
        (0..labels).filter(|&label| occurs(label) && images(part, label) == 0).collect()
    }
}

/// By label, up to the greatest.
fn counts(labels: impl Iterator<Item = u16>) -> Vec<u64> {
    let mut counts = Vec::new();
    for label in labels.map(usize::from) {
        if counts.len() <= label {
            counts.resize(label + 1, 0);
        }
        counts[label] += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(train: &[u16], validation: &[u16], test: &[u16]) -> ClassImages {
        ClassImages::of(train.iter().copied(), validation.iter().copied(), test.iter().copied())
    }

    #[test]
    fn counts_each_class_and_names_those_that_a_part_lacks() {
        let sorted = images(&[0, 0, 1, 1], &[2, 2], &[0, 1, 2]);
        assert_eq!((&sorted.train[..], &sorted.validation[..]), (&[2, 2][..], &[0, 0, 2][..]));
        assert_eq!(sorted.untrained(), [2]);
        assert_eq!(sorted.unvalidated(), [0, 1]);
        assert!(sorted.untested().is_empty());
        let whole = images(&[1, 2, 3], &[3, 2, 1], &[1, 3, 2]);
        assert!(
            whole.untrained().is_empty() && whole.unvalidated().is_empty() && whole.untested().is_empty()
        );
        let foreign = images(&[0], &[0], &[0, 7]);
        assert_eq!((foreign.untrained(), foreign.unvalidated()), (vec![7], vec![7]));
        assert_eq!(images(&[0, 5], &[0, 5], &[0]).untested(), [5]);
    }
}
