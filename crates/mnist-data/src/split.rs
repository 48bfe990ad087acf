//! Division of the training images into a training and a validation part.

use pool_spec::Split;
use pool_spec::draw::{generator, shuffle};

use crate::error::{DataError, Mismatch};

/// Which images are for training and which for validation: every index once, each list ascending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitIndices {
    /// Indices of the training images.
    pub train: Vec<u32>,
    /// Indices of the validation images.
    pub validation: Vec<u32>,
}

/// The seed of a stratified draw that is the same for every trial: it depends on the labels alone.
const EVERY_TRIALS_SEED: u64 = 0;

impl SplitIndices {
    /// Divides the images that have these labels (`[N]`, in the order of the images) for a trial with this seed.
    ///
    /// [`Split::Tail`] takes as many of the last images as Keras's `validation_split`: training ends at
    /// `floor(n * (1 - fraction))`. [`Split::Stratified`] draws `round(fraction * class size)` images of each class, the
    /// same ones whatever the seed, and [`Split::StratifiedPerSeed`] as many, other ones for each seed. At least one image
    /// of each class stays for training, and a class of two or more has at least one for validation. [`Split::Folds`] deals
    /// the shuffled images of every class into `k` parts and holds out the part `(seed - 1) % k`; the shuffle is another for
    /// every `k` seeds. A class's only image stays for training.
    /// [`Split::Predefined`] takes the last `predefined` images, which is what [`Dataset::validation`] is for.
    ///
    /// [`Dataset::validation`]: crate::Dataset::validation
    ///
    /// # Errors
    ///
    /// [`DataError::Argument`] unless the fraction lies between 0 and 1, 32-bit indices suffice, and the predefined images
    /// are there; [`DataError::EmptyPart`] or [`DataError::EmptyFold`] if a part would hold no image.
    pub fn of(split: Split, labels: &[u16], predefined: usize, seed: u64) -> Result<Self, DataError> {
        let images = labels.len();
        let count = indexed(images)?;
        let labelled = labels.iter().max().map_or(0, |&greatest| usize::from(greatest) + 1);
        let mut classes: Vec<Vec<u32>> = vec![Vec::new(); labelled];
        for (index, &label) in (0..count).zip(labels) {
            classes[usize::from(label)].push(index);
        }
        let counts: Vec<usize> = classes.iter().map(Vec::len).collect();
        let (train, _) = split_sizes(split, &counts, predefined)?;
        Ok(match split {
            // There are no more images than a 32-bit index can name.
            Split::Tail(_) | Split::Predefined => {
                Self { train: (0..train as u32).collect(), validation: (train as u32..count).collect() }
            }
            Split::Stratified(fraction) => stratified(classes, fraction, EVERY_TRIALS_SEED),
            Split::StratifiedPerSeed(fraction) => stratified(classes, fraction, seed),
            Split::Folds(folds) => {
                let (number, folds) = (seed.wrapping_sub(1), u64::from(folds));
                divided(classes, number / folds, |label, class, image| {
                    is_in_fold(class, label, image, folds, number % folds)
                })
            }
        })
    }
}

/// The sizes of the training and the validation part of a set, from the number of images in each class.
///
/// # Errors
///
/// As of [`SplitIndices::of`].
pub(crate) fn split_sizes(
    split: Split,
    class_counts: &[usize],
    predefined: usize,
) -> Result<(usize, usize), DataError> {
    let images = class_counts.iter().fold(0, |sum: usize, &count| sum.saturating_add(count));
    let count = indexed(images)?;
    let Some(fraction) = split.fraction() else {
        if !(1..images).contains(&predefined) {
            let expected = "a set with validation images of its own, and others to train with";
            let cure = "hold a share out instead, such as { stratified = 0.2 }";
            let found = format!("{predefined} of {images} images set apart");
            return Err(Mismatch::new("validation", expected, found, cure).into());
        }
        return Ok((images - predefined, predefined));
    };
    if !(fraction > 0.0 && fraction < 1.0) {
        let expected = "more than 0 and less than 1";
        return Err(
            Mismatch::new("validation fraction", expected, fraction, "0.2 is the study's value").into()
        );
    }
    let train = match split {
        // Keras computes exactly this in float64: 100 images with fraction 0.9 train on 9 images, not on 10.
        Split::Tail(_) => (f64::from(count) * (1.0 - fraction)).floor() as usize,
        Split::Folds(folds) => {
            let of_fold = |fold| {
                let classes = (0_u64..).zip(class_counts);
                classes.map(|(label, &class)| in_fold(class, label, u64::from(folds), fold)).sum::<usize>()
            };
            // A set of fewer images than folds would leave some of them empty.
            let least = (0..u64::from(folds)).map(of_fold).min().unwrap_or(0);
            if least == 0 {
                return Err(DataError::EmptyFold { folds, images });
            }
            images - of_fold(0)
        }
        Split::Stratified(_) | Split::StratifiedPerSeed(_) | Split::Predefined => {
            class_counts.iter().map(|&class| class - held_out(class, fraction)).sum()
        }
    };
    for (part, size) in [("training", train), ("validation", images - train)] {
        if size == 0 {
            return Err(DataError::EmptyPart { part, fraction, images });
        }
    }
    Ok((train, images - train))
}

/// The number of images, as a 32-bit index counts them.
fn indexed(images: usize) -> Result<u32, Mismatch> {
    u32::try_from(images).map_err(|_| {
        Mismatch::new("label count", format!("at most {}", u32::MAX), images, "split a smaller set")
    })
}

/// How many images of a class are for validation: the fraction, unless that would leave one part without the class.
fn held_out(class: usize, fraction: f64) -> usize {
    let most = class.saturating_sub(1);
    ((class as f64 * fraction).round() as usize).clamp(most.min(1), most)
}

/// How many images of a class are held out with this fold.
fn in_fold(class: usize, label: u64, folds: u64, fold: u64) -> usize {
    (0..class).filter(|&image| is_in_fold(class, label, image, folds, fold)).count()
}

/// Whether an image of a shuffled class is held out with this fold. The first image of another class goes into another fold,
/// so that rare classes do not all miss the last ones.
fn is_in_fold(class: usize, label: u64, image: usize, folds: u64, fold: u64) -> bool {
    class > 1 && (image as u64 + label) % folds == fold
}

fn stratified(classes: Vec<Vec<u32>>, fraction: f64, seed: u64) -> SplitIndices {
    divided(classes, seed, |_, class, image| image < held_out(class, fraction))
}

/// Divides the indices of each class's images, by label, once they are shuffled: by label, number of the class's images, and
/// place among them.
fn divided(
    classes: Vec<Vec<u32>>,
    seed: u64,
    is_held_out: impl Fn(u64, usize, usize) -> bool,
) -> SplitIndices {
    let mut indices = SplitIndices { train: Vec::new(), validation: Vec::new() };
    for (label, mut class) in (0_u64..).zip(classes) {
        // A stream of its own, so that adding or removing a class does not change the draw of the others.
        shuffle(&mut generator(seed, label), &mut class);
        for (image, &index) in class.iter().enumerate() {
            let part = if is_held_out(label, class.len(), image) {
                &mut indices.validation
            } else {
                &mut indices.train
            };
            part.push(index);
        }
    }
    indices.train.sort_unstable();
    indices.validation.sort_unstable();
    indices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail_sizes(images: usize, fraction: f64) -> (usize, usize) {
        let split = SplitIndices::of(Split::Tail(fraction), &vec![0; images], 0, 0).unwrap();
        (split.train.len(), split.validation.len())
    }

    #[test]
    fn a_set_without_validation_images_of_its_own_has_none_to_take() {
        let split = SplitIndices::of(Split::Predefined, &[0, 1, 0], 1, 0).unwrap();
        assert_eq!((split.train, split.validation), (vec![0, 1], vec![2]));
        for predefined in [0, 3, 4] {
            let refused = SplitIndices::of(Split::Predefined, &[0, 1, 0], predefined, 0).unwrap_err();
            let expected = format!(
                "validation: expected a set with validation images of its own, and others to train with, found {predefined} \
                 of 3 images set apart; hold a share out instead, such as {{ stratified = 0.2 }}"
            );
            assert_eq!(refused.to_string(), expected);
        }
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
        let split = SplitIndices::of(Split::Tail(0.4), &[0; 5], 0, 0).unwrap();
        assert_eq!(split, SplitIndices { train: vec![0, 1, 2], validation: vec![3, 4] });
    }

    #[test]
    fn stratified_takes_the_same_share_of_every_class() {
        let labels: Vec<u16> = [vec![3; 40], vec![0; 11], vec![9; 100]].concat();
        let split = SplitIndices::of(Split::Stratified(0.2), &labels, 0, 0).unwrap();
        let count = |label| split.validation.iter().filter(|&&i| labels[i as usize] == label).count();
        assert_eq!((count(3), count(0), count(9)), (8, 2, 20));

        let mut all = [split.train.clone(), split.validation.clone()].concat();
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..151), "every image is in one part");
        assert!(split.train.is_sorted() && split.validation.is_sorted());
    }

    #[test]
    fn stratified_leaves_no_part_without_a_class_that_has_an_image_for_it() {
        let table = [
            (0, 0.2, 0, "a class that never occurs"),
            (1, 0.2, 0, "a single image trains"),
            (1, 0.9, 0, "however large the fraction"),
            (2, 0.2, 1, "0.4 images round to 0, which would leave validation without the class"),
            (2, 0.9, 1, "1.8 images round to 2, which would leave training without it"),
            (3, 0.1, 1, "0.3"),
            (4, 0.9, 3, "3.6"),
            (5, 0.2, 1, "rounding leaves both parts an image"),
            (6_131, 0.2, 1_226, "1,226.2"),
        ];
        for (class, fraction, expected, why) in table {
            assert_eq!(held_out(class, fraction), expected, "{class} {fraction}: {why}");
        }
        // A rare class among others is in both parts.
        let labels = [vec![0; 100], vec![1; 2], vec![2; 1]].concat();
        let split = SplitIndices::of(Split::Stratified(0.2), &labels, 0, 0).unwrap();
        let classes = |part: &[u32]| -> Vec<u16> {
            let mut found: Vec<u16> = part.iter().map(|&index| labels[index as usize]).collect();
            found.dedup();
            found
        };
        assert_eq!((classes(&split.train), classes(&split.validation)), (vec![0, 1, 2], vec![0, 1]));
    }

    #[test]
    fn sizes_are_those_of_the_split() {
        let counts = [3, 0, 50, 1, 2, 117];
        let labels: Vec<u16> =
            (0..).zip(counts).flat_map(|(label, count)| std::iter::repeat_n(label, count)).collect();
        for fraction in [0.01, 0.2, 0.35, 0.5, 0.99] {
            for split in
                [Split::Tail(fraction), Split::Stratified(fraction), Split::StratifiedPerSeed(fraction)]
            {
                let SplitIndices { train, validation } = SplitIndices::of(split, &labels, 0, 0).unwrap();
                assert_eq!(
                    split_sizes(split, &counts, 0).unwrap(),
                    (train.len(), validation.len()),
                    "{split:?}"
                );
            }
        }
    }

    #[test]
    fn the_stratified_draw_never_changes_between_releases() {
        // The first two of shuffle([0..10]) on stream 0 of seed 0: scripts/golden/batch_order.py, first line.
        let split = SplitIndices::of(Split::Stratified(0.2), &[0; 10], 0, 0).unwrap();
        assert_eq!(split.validation, [1, 6]);
    }

    #[test]
    fn a_draw_per_seed_is_another_for_each_seed_of_the_same_sizes_and_the_first_is_the_common_one() {
        let labels = [vec![0; 50], vec![1; 30]].concat();
        let of = |split, seed| SplitIndices::of(split, &labels, 0, seed).unwrap();
        let per_seed = |seed| of(Split::StratifiedPerSeed(0.2), seed);
        assert_eq!(per_seed(1), per_seed(1));
        assert_ne!(per_seed(1).validation, per_seed(2).validation);
        let of_class_0 = |split: SplitIndices| split.validation.iter().filter(|&&index| index < 50).count();
        assert_eq!(
            (of_class_0(per_seed(1)), of_class_0(per_seed(2)), per_seed(7).validation.len()),
            (10, 10, 16)
        );
        assert_eq!(per_seed(0), of(Split::Stratified(0.2), 7));
        assert_eq!(of(Split::Tail(0.2), 1), of(Split::Tail(0.2), 2));
    }

    #[test]
    fn each_image_is_held_out_once_by_as_many_seeds_as_there_are_folds() {
        let labels = [vec![0; 50], vec![1; 31], vec![2; 3], vec![3; 1]].concat();
        let held_out = |seed| SplitIndices::of(Split::Folds(5), &labels, 0, seed).unwrap().validation;
        for round in [1..=5, 6..=10, 1_000_001..=1_000_005] {
            let mut all: Vec<u32> = round.clone().flat_map(held_out).collect();
            all.sort_unstable();
            assert!(all.iter().copied().eq(0..84), "all but the only image of class 3: {round:?}");
        }
        assert_ne!(held_out(1), held_out(6), "other folds in the next round");
        for seed in 1..=10 {
            let split = SplitIndices::of(Split::Folds(5), &labels, 0, seed).unwrap();
            let of_class_0 = split.validation.iter().filter(|&&index| index < 50).count();
            assert_eq!((of_class_0, split.train.len() + split.validation.len()), (10, 85));
        }
        assert_eq!(split_sizes(Split::Folds(5), &[50, 31, 3, 1], 0).unwrap(), {
            let first = SplitIndices::of(Split::Folds(5), &labels, 0, 1).unwrap();
            (first.train.len(), first.validation.len())
        });
    }

    #[test]
    fn more_folds_than_images_leave_one_empty() {
        let message = SplitIndices::of(Split::Folds(7), &[0, 0, 0, 1, 1, 1], 0, 1).unwrap_err().to_string();
        assert!(message.starts_with("folds = 7: with 6 images a fold would be empty"), "{message}");
    }

    #[test]
    fn refuses_fractions_that_are_not_between_zero_and_one() {
        for fraction in [0.0, 1.0, -0.2, 20.0, f64::NAN, f64::INFINITY] {
            for split in [Split::Tail(fraction), Split::Stratified(fraction)] {
                let message = SplitIndices::of(split, &[0; 10], 0, 0).unwrap_err().to_string();
                let start = "validation fraction: expected more than 0 and less than 1, found ";
                assert!(message.starts_with(&format!("{start}{fraction};")), "{message}");
            }
        }
    }

    #[test]
    fn refuses_to_leave_a_part_empty() {
        let table = [
            (Split::Tail(0.9), 10, "training"),
            (Split::Tail(0.5), 0, "training"),
            (Split::Stratified(0.2), 1, "validation"),
            (Split::Stratified(0.8), 1, "validation"),
        ];
        for (split, images, part) in table {
            let message = SplitIndices::of(split, &vec![0; images], 0, 0).unwrap_err().to_string();
            let expected = format!("of {images} images leaves the {part} part empty");
            assert!(message.contains(&expected), "{message}");
        }
    }
}
