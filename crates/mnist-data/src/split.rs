//! Division of the training images into a training and a validation part.

use crate::draw::{generator, shuffle};
use crate::error::DataError;

/// How the validation images are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ValidationSplit {
    /// The last images, as many as Keras's `validation_split` takes: training ends at `floor(n * (1 - fraction))`.
    Tail {
        /// The share of the validation part, between 0 and 1.
        fraction: f64,
    },
    /// From each class `round(fraction * class size)` images, drawn at random.
    Stratified {
        /// The share of the validation part, between 0 and 1.
        fraction: f64,
        /// What the draw depends on, beside the labels.
        seed: u64,
    },
}

/// Which images are for training and which for validation: every index once, each list ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitIndices {
    /// Indices of the training images.
    pub train: Vec<u32>,
    /// Indices of the validation images.
    pub validation: Vec<u32>,
}

impl ValidationSplit {
    /// Divides the images that have these labels (`[N]`, in the order of the images).
    ///
    /// # Errors
    ///
    /// [`DataError::Fraction`] unless the fraction lies between 0 and 1, [`DataError::EmptyPart`] if a part would hold
    /// no image, [`DataError::TooManyImages`] beyond 32-bit indices.
    pub fn split(&self, labels: &[u8]) -> Result<SplitIndices, DataError> {
        let (Self::Tail { fraction } | Self::Stratified { fraction, .. }) = *self;
        if !(fraction > 0.0 && fraction < 1.0) {
            return Err(DataError::Fraction { found: fraction });
        }
        let images = labels.len();
        let count = u32::try_from(images).map_err(|_| DataError::TooManyImages { found: images })?;

        let indices = match *self {
            Self::Tail { fraction } => tail(count, fraction),
            Self::Stratified { fraction, seed } => stratified(count, labels, fraction, seed),
        };
        for (part, indices) in [("training", &indices.train), ("validation", &indices.validation)] {
            if indices.is_empty() {
                return Err(DataError::EmptyPart { part, fraction, images });
            }
        }
        Ok(indices)
    }
}

fn tail(count: u32, fraction: f64) -> SplitIndices {
    // Keras computes exactly this in float64: 100 images with fraction 0.9 train on 9 images, not on 10.
    let split_at = (f64::from(count) * (1.0 - fraction)).floor() as u32;
    SplitIndices { train: (0..split_at).collect(), validation: (split_at..count).collect() }
}

fn stratified(count: u32, labels: &[u8], fraction: f64, seed: u64) -> SplitIndices {
    let mut classes: Vec<Vec<u32>> = vec![Vec::new(); 256];
    for (index, &label) in (0..count).zip(labels) {
        classes[usize::from(label)].push(index);
    }
    let mut indices = SplitIndices { train: Vec::new(), validation: Vec::new() };
    for (label, mut class) in (0_u64..).zip(classes) {
        let validation = (class.len() as f64 * fraction).round() as usize;
        // A stream of its own: one class more or less leaves the draw of all others as it was.
        shuffle(&mut generator(seed, label), &mut class);
        indices.validation.extend_from_slice(&class[..validation]);
        indices.train.extend_from_slice(&class[validation..]);
    }
    indices.train.sort_unstable();
    indices.validation.sort_unstable();
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail_sizes(images: usize, fraction: f64) -> (usize, usize) {
        let split = ValidationSplit::Tail { fraction }.split(&vec![0; images]).unwrap();
        (split.train.len(), split.validation.len())
    }

    #[test]
    fn tail_takes_as_many_images_as_keras() {
        // Python: math.floor(n * (1 - fraction)), which is Keras's train_validation_split.
        let table = [
            (60_000, 0.2, 48_000, "the study"),
            (100, 0.1, 90, "a product that is a whole number"),
            (100, 0.9, 9, "1 - 0.9 is a little less than 0.1"),
            (50, 0.7, 15, "1 - 0.7 is a little more than 0.3"),
            (7, 0.5, 3, "training is rounded down"),
            (1_000, 1.0 / 3.0, 666, "training is rounded down"),
            (10, 0.05, 9, "so validation is rounded up"),
        ];
        for (images, fraction, train, why) in table {
            assert_eq!(tail_sizes(images, fraction), (train, images - train), "{images} {fraction}: {why}");
        }
    }

    #[test]
    fn tail_validates_on_the_last_images() {
        let split = ValidationSplit::Tail { fraction: 0.4 }.split(&[0; 5]).unwrap();
        assert_eq!(split, SplitIndices { train: vec![0, 1, 2], validation: vec![3, 4] });
    }

    #[test]
    fn stratified_takes_the_same_share_of_every_class() {
        let labels: Vec<u8> = [vec![3; 40], vec![0; 11], vec![9; 100]].concat();
        let split = ValidationSplit::Stratified { fraction: 0.2, seed: 1 }.split(&labels).unwrap();
        let count = |label| split.validation.iter().filter(|&&i| labels[i as usize] == label).count();
        assert_eq!((count(3), count(0), count(9)), (8, 2, 20));

        let mut all = [split.train.clone(), split.validation.clone()].concat();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..151), "every image is in one part");
        assert!(split.train.is_sorted() && split.validation.is_sorted());
    }

    #[test]
    fn stratified_depends_on_the_seed_and_on_nothing_else() {
        let labels: Vec<u8> = (0..200).map(|i| i % 4).collect();
        let split = |seed| ValidationSplit::Stratified { fraction: 0.25, seed }.split(&labels).unwrap();
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
    }

    #[test]
    fn the_stratified_draw_never_changes_between_releases() {
        // The first two of shuffle([0..10]) on stream 0 of seed 0: scripts/golden/batch_order.py, first line.
        let split = ValidationSplit::Stratified { fraction: 0.2, seed: 0 }.split(&[0; 10]).unwrap();
        assert_eq!(split.validation, [1, 6]);
    }

    #[test]
    fn refuses_fractions_that_are_not_between_zero_and_one() {
        for fraction in [0.0, 1.0, -0.2, 20.0, f64::NAN, f64::INFINITY] {
            for split in
                [ValidationSplit::Tail { fraction }, ValidationSplit::Stratified { fraction, seed: 0 }]
            {
                let message = split.split(&[0; 10]).unwrap_err().to_string();
                let start = "validation fraction: expected more than 0 and less than 1, found ";
                assert!(message.starts_with(&format!("{start}{fraction};")), "{message}");
            }
        }
    }

    #[test]
    fn refuses_to_leave_a_part_empty() {
        let table = [
            (ValidationSplit::Tail { fraction: 0.9 }, 10, "training"),
            (ValidationSplit::Tail { fraction: 0.5 }, 0, "training"),
            (ValidationSplit::Stratified { fraction: 0.2, seed: 0 }, 2, "validation"),
            (ValidationSplit::Stratified { fraction: 0.8, seed: 0 }, 2, "training"),
        ];
        for (split, images, part) in table {
            let message = split.split(&vec![0; images]).unwrap_err().to_string();
            let expected = format!("of {images} images leaves the {part} part empty");
            assert!(message.contains(&expected), "{message}");
        }
    }
}
