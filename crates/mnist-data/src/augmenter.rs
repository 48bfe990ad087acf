//! Training images changed at random, each time that they are seen.

mod change;

use pool_spec::draw::{self, between, unit};
use pool_spec::{Augmentation, Flip};
use sha2::{Digest, Sha256};

use crate::images::PictureShape;
pub use change::Change;

/// Changes training images as an [`Augmentation`] says.
///
/// What happens to an image is a function of the seed, the epoch and the image's index alone: not of the batch that it is
/// in, nor of the number of threads, so that training that goes on from a checkpoint sees the same images. Each kind of
/// change draws even where it is switched off, so that switching it on leaves the others as they were.
#[derive(Debug, Clone)]
pub struct Augmenter {
    augmentation: Augmentation,
    shape: PictureShape,
    seed: u64,
}

impl Augmenter {
    /// For images of this shape, under the seed of a trial.
    #[must_use]
    pub fn new(augmentation: Augmentation, shape: PictureShape, seed: u64) -> Self {
        // The batch order draws from the same seed.
        let digest = Sha256::new().chain_update("augmentation").chain_update(seed.to_le_bytes()).finalize();
        let seed = u64::from_le_bytes(std::array::from_fn(|index| digest[index]));
        Self { augmentation, shape, seed }
    }

    /// What happens to one image in one epoch, counted from 0. Epochs and images beyond 2^32 repeat the draws of others.
    #[must_use]
    pub fn change(&self, epoch: u64, image: u64) -> Change {
        let Augmentation { flip, translate, rotate, scale, cutout, brightness, contrast } = self.augmentation;
        let mut generator = draw::generator(self.seed, (epoch << 32) | (image & u64::from(u32::MAX)));
        let [mirror_columns, mirror_rows] = [(); 2].map(|()| draw::below(&mut generator, 2) == 1);
        let mut pixels = || between(&mut generator, 0, 2 * translate as u64) as i64 - translate as i64;
        let (down, right) = (pixels(), pixels());
        let mut within = |most: f64| most * (2.0 * unit(&mut generator) - 1.0);
        let (degrees, larger, lighter, stronger) =
            (within(rotate), within(scale), within(brightness), within(contrast));
        let mut place = |side: usize| draw::below(&mut generator, side as u64) as usize;
        let centre = [place(self.shape.height), place(self.shape.width)];
        Change {
            mirror_columns: mirror_columns && matches!(flip, Some(Flip::Horizontal | Flip::Both)),
            mirror_rows: mirror_rows && matches!(flip, Some(Flip::Vertical | Flip::Both)),
            down,
            right,
            degrees,
            factor: 1.0 + larger,
            brightness: 1.0 + lighter,
            contrast: 1.0 + stronger,
            cutout: (cutout > 0).then_some((centre, cutout)),
        }
    }

    /// Changes a batch in place: `images` holds the values `[count, C, H, W]`, 0 to 1, of the images with these indices.
    /// Divides the work among as many threads.
    ///
    /// # Panics
    ///
    /// If there are not as many values as the images have.
    pub fn augment(&self, epoch: u64, indices: &[i64], images: &mut [f32], threads: usize) {
        let size = self.shape.bytes();
        assert_eq!(images.len(), indices.len() * size, "one image for each index");
        let share = indices.len().div_ceil(threads.max(1)).max(1);
        std::thread::scope(|scope| {
            let mut shares = indices.chunks(share).zip(images.chunks_mut(share * size)).peekable();
            while let Some((indices, images)) = shares.next() {
                let mut work = move || self.augment_share(epoch, indices, images);
                // The last share is this thread's own.
                if shares.peek().is_some() {
                    scope.spawn(work);
                } else {
                    work();
                }
            }
        });
    }

    fn augment_share(&self, epoch: u64, indices: &[i64], images: &mut [f32]) {
        let mut old = vec![0.0; self.shape.plane_bytes()];
        for (&index, image) in indices.iter().zip(images.chunks_exact_mut(self.shape.bytes())) {
            self.change(epoch, index as u64).apply_with(self.shape, image, &mut old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: PictureShape = PictureShape { colour: pool_spec::Colour::Rgb, height: 7, width: 5 };

    fn everything() -> Augmentation {
        Augmentation {
            flip: Some(Flip::Both),
            translate: 2,
            rotate: 15.0,
            scale: 0.2,
            cutout: 3,
            brightness: 0.3,
            contrast: 0.3,
        }
    }

    fn images(count: usize) -> Vec<f32> {
        (0..count * SHAPE.bytes()).map(|value| (value * 37 % 101) as f32 / 100.0).collect()
    }

    #[test]
    fn an_image_changes_alike_in_every_batch_and_with_any_number_of_threads() {
        let augmenter = Augmenter::new(everything(), SHAPE, 7);
        let mut whole = images(9);
        augmenter.augment(3, &[0, 1, 2, 3, 4, 5, 6, 7, 8], &mut whole, 1);
        for threads in [2, 4, 16] {
            let mut again = images(9);
            augmenter.augment(3, &[0, 1, 2, 3, 4, 5, 6, 7, 8], &mut again, threads);
            assert_eq!(again, whole, "{threads}");
        }
        let mut alone = images(9)[4 * SHAPE.bytes()..5 * SHAPE.bytes()].to_vec();
        augmenter.augment(3, &[4], &mut alone, 2);
        assert_eq!(alone, whole[4 * SHAPE.bytes()..5 * SHAPE.bytes()]);
    }

    #[test]
    fn seed_epoch_and_image_each_change_the_draw() {
        let change = |seed, epoch, image| Augmenter::new(everything(), SHAPE, seed).change(epoch, image);
        assert_eq!(change(1, 2, 3), change(1, 2, 3));
        for other in [change(2, 2, 3), change(1, 3, 3), change(1, 2, 4)] {
            assert_ne!(change(1, 2, 3), other);
        }
    }

    #[test]
    fn amounts_fill_their_intervals_and_one_that_is_off_leaves_the_others() {
        let augmenter = Augmenter::new(everything(), SHAPE, 1);
        let changes: Vec<Change> = (0..4_000).map(|image| augmenter.change(0, image)).collect();
        let share =
            |is: fn(&Change) -> bool| changes.iter().filter(|change| is(change)).count() as f64 / 4_000.0;
        // Standard deviations of 0.008.
        assert!((share(|change| change.mirror_columns) - 0.5).abs() < 0.04);
        assert!((share(|change| change.right == 2) - 0.2).abs() < 0.04);
        assert!((share(|change| change.degrees > 7.5) - 0.25).abs() < 0.04);
        assert!(changes.iter().all(|change| change.degrees.abs() <= 15.0 && change.right.abs() <= 2));
        assert!(changes.iter().all(|change| (0.8..=1.2).contains(&change.factor)));
        let still = Augmentation { flip: None, rotate: 0.0, ..everything() };
        let still = Augmenter::new(still, SHAPE, 1).change(0, 9);
        let moving = augmenter.change(0, 9);
        assert_eq!((still.right, still.factor, still.cutout), (moving.right, moving.factor, moving.cutout));
        assert_eq!((still.degrees, still.mirror_columns), (0.0, false));
    }

    #[test]
    fn nothing_changes_where_nothing_is_asked_for() {
        let mut unchanged = images(3);
        Augmenter::new(Augmentation::default(), SHAPE, 1).augment(0, &[0, 1, 2], &mut unchanged, 2);
        assert_eq!(unchanged, images(3));
    }
}
