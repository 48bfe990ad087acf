//! Training batches changed at random, on the processor.

use mnist_data::{Augmenter, PictureShape};
use pool_spec::{Augmentation, ChannelStatistics};
use tch::{Device, TchError, Tensor};

use crate::resident::Batch;

/// Changes batches of a set's images, which may be normalized.
#[derive(Debug, Clone)]
pub(crate) struct BatchAugmenter {
    augmenter: Augmenter,
    /// What the images were normalized by; changes are those of images from 0 to 1.
    channels: Vec<ChannelStatistics>,
    plane: usize,
}

impl BatchAugmenter {
    /// For images of this shape, under the seed of a trial; `None` where nothing is changed.
    pub(crate) fn new(
        augmentation: Augmentation,
        shape: PictureShape,
        channels: &[ChannelStatistics],
        seed: u64,
    ) -> Option<Self> {
        (!augmentation.is_none()).then(|| Self {
            augmenter: Augmenter::new(augmentation, shape, seed),
            channels: channels.to_vec(),
            plane: shape.plane_bytes(),
        })
    }

    /// Changes this batch in an epoch, counted from 0; `indices` says which images of the set it has. A batch on another
    /// device comes to the processor and goes back.
    pub(crate) fn augment(&self, batch: &mut Batch, epoch: u64, indices: &Tensor) -> Result<(), TchError> {
        let indices = Vec::<i64>::try_from(&indices.f_to_device(Device::Cpu)?)?;
        let device = batch.images.device();
        let mut images = vec![0.0; batch.images.numel()];
        let count = images.len();
        batch.images.f_copy_data(&mut images, count)?;
        let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
        self.change_channels(&mut images, |value, mean, divisor| value * divisor + mean);
        self.augmenter.augment(epoch, &indices, &mut images, threads);
        self.change_channels(&mut images, |value, mean, divisor| (value - mean) / divisor);
        batch.images = Tensor::f_from_slice(&images)?.f_reshape(batch.images.size())?.f_to_device(device)?;
        Ok(())
    }

    fn change_channels(&self, images: &mut [f32], change: impl Fn(f32, f32, f32) -> f32) {
        if self.channels.is_empty() {
            return;
        }
        for (plane, channel) in images.chunks_exact_mut(self.plane).zip(self.channels.iter().cycle()) {
            let (mean, divisor) = (channel.mean as f32, channel.divisor() as f32);
            plane.iter_mut().for_each(|value| *value = change(*value, mean, divisor));
        }
    }
}

#[cfg(test)]
mod tests {
    use pool_models::Normalization;
    use pool_spec::Colour;
    use tch::Kind;

    use super::*;

    #[test]
    fn normalized_images_change_as_they_would_have_before() {
        let shape = PictureShape { colour: Colour::Rgb, height: 6, width: 5 };
        let channels = [(0.2, 0.3), (0.5, 0.25), (0.7, 0.1)].map(|(mean, sd)| ChannelStatistics { mean, sd });
        let augmentation = Augmentation {
            translate: 2,
            rotate: 20.0,
            brightness: 0.3,
            cutout: 2,
            ..Augmentation::default()
        };
        let images = Tensor::arange(4 * 90, (Kind::Float, Device::Cpu)).sin().abs().reshape([4, 3, 6, 5]);
        let labels = Tensor::zeros([4], (Kind::Int64, Device::Cpu));
        let indices = Tensor::from_slice(&[3i64, 1, 2, 0]);
        let batch = || Batch { images: images.copy(), labels: labels.shallow_clone() };
        let augmented = |mut batch: Batch, channels: &[ChannelStatistics]| {
            let augmenter = BatchAugmenter::new(augmentation, shape, channels, 1).unwrap();
            augmenter.augment(&mut batch, 2, &indices).unwrap();
            batch
        };
        let normalized = |mut batch: Batch| {
            let normalization = Normalization::new(&channels, Device::Cpu).unwrap();
            normalization.apply_in_place(&mut batch.images).unwrap();
            batch
        };
        let expected = normalized(augmented(batch(), &[])).images;
        let found = augmented(normalized(batch()), &channels).images;
        assert!(found.allclose(&expected, 1e-5, 1e-5, false));
        assert!(!found.allclose(&normalized(batch()).images, 1e-2, 1e-2, false));
        assert!(BatchAugmenter::new(Augmentation::default(), shape, &channels, 1).is_none());
    }
}
