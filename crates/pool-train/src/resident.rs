//! A data set as tensors that stay in the device's memory, so that a batch is one gather and no image is touched twice.

use mnist_data::{DataDir, Division, LabelledImages};
use pool_models::Normalization;
use pool_spec::{ChannelStatistics, ClassImages, ComputeDevice, DataRemarks, DataSpec, Normalize};
use tch::{Kind, TchError, Tensor};

use crate::TrainError;
use crate::augmented::BatchAugmenter;
use crate::device::torch;

/// All images of a trial.
pub(crate) struct ResidentData {
    pub(crate) train: ImageTensors,
    pub(crate) validation: ImageTensors,
    pub(crate) test: ImageTensors,
    /// The test images as they came, to be changed a little and looked at again.
    pub(crate) test_pictures: LabelledImages,
    pub(crate) classes: usize,
    /// Images of each class.
    pub(crate) class_images: ClassImages,
    /// What the classes are called, where the images say so.
    pub(crate) class_names: Vec<String>,
    pub(crate) remarks: DataRemarks,
    /// What was done to the channels of all images, and is to be done to others; empty if nothing was.
    pub(crate) normalization: Vec<ChannelStatistics>,
    /// What changes the training images; `None` where nothing does.
    pub(crate) augmenter: Option<BatchAugmenter>,
}

/// Images `[N, C, H, W]` of type `f32`, in `[0, 1]` or normalized, and labels `[N]` of type `i64`.
pub(crate) struct ImageTensors {
    pub(crate) images: Tensor,
    pub(crate) labels: Tensor,
}

impl ImageTensors {
    /// The set on this device, to which its pixels go as the bytes that they are.
    pub(crate) fn new(set: &LabelledImages, device: ComputeDevice) -> Result<Self, TchError> {
        let device = torch(device);
        let [channels, height, width] = set.shape().sizes().map(|size| size as i64);
        let shape = [set.len() as i64, channels, height, width];
        let pixels = Tensor::f_from_data_size(set.pixels(), &shape, Kind::Uint8)?.f_to_device(device)?;
        let mut images = pixels.f_to_kind(Kind::Float)?;
        let _scaled_in_place = images.f_div_scalar_(255.0)?;
        let labels: Vec<i64> = set.labels().iter().map(|&label| label.into()).collect();
        let labels = Tensor::f_from_slice(&labels)?.f_to_device(device)?;
        Ok(Self { images, labels })
    }

    /// The same images, each channel normalized by its statistics; as they are where there are none.
    pub(crate) fn normalized(mut self, channels: &[ChannelStatistics]) -> Result<Self, TchError> {
        if !channels.is_empty() {
            Normalization::new(channels, self.images.device())?.apply_in_place(&mut self.images)?;
        }
        Ok(self)
    }

    pub(crate) fn len(&self) -> u64 {
        self.labels.size()[0] as u64
    }

    /// Consecutive images, without a copy.
    pub(crate) fn slice(&self, start: usize, count: usize) -> Result<Self, TchError> {
        let (start, count) = (start as i64, count as i64);
        Ok(Self {
            images: self.images.f_narrow(0, start, count)?,
            labels: self.labels.f_narrow(0, start, count)?,
        })
    }

    /// The images with these indices (`[count]`, `i64`, on the same device), copied.
    pub(crate) fn gather(&self, indices: &Tensor) -> Result<Self, TchError> {
        Ok(Self {
            images: self.images.f_index_select(0, indices)?,
            labels: self.labels.f_index_select(0, indices)?,
        })
    }

    /// The images with these ascending indices: a slice where they are consecutive, a copy elsewhere.
    fn part(&self, indices: &[u32]) -> Result<Self, TchError> {
        match (indices.first(), indices.last()) {
            (Some(&first), Some(&last)) if (last - first) as usize + 1 == indices.len() => {
                self.slice(first as usize, indices.len())
            }
            _ => {
                let indices: Vec<i64> = indices.iter().map(|&index| index.into()).collect();
                self.gather(&Tensor::f_from_slice(&indices)?.f_to_device(self.images.device())?)
            }
        }
    }
}

impl ResidentData {
    /// Everything that a trial with this seed needs, brought to this device once.
    pub(crate) fn load(
        spec: &DataSpec,
        seed: u64,
        data_dir: &DataDir,
        device: ComputeDevice,
    ) -> Result<Self, TrainError> {
        let data = mnist_data::load(&spec.source, &spec.pictures, data_dir)?;
        let Division { split, classes } = mnist_data::divide(spec, &mnist_data::labels_of(&data), seed)?;
        let normalization = match spec.normalize {
            Normalize::None => Vec::new(),
            Normalize::PerChannel => {
                data.train.channel_statistics(split.train.iter().map(|&index| index as usize))
            }
        };
        let tensors = |set: &LabelledImages| ImageTensors::new(set, device)?.normalized(&normalization);
        let all_train = tensors(&data.train)?;
        let augmenter = BatchAugmenter::new(spec.augment, data.train.shape(), &normalization, seed);
        Ok(Self {
            train: all_train.part(&split.train)?,
            validation: all_train.part(&split.validation)?,
            test: tensors(&data.test)?,
            test_pictures: data.test,
            classes: data.classes,
            class_images: classes,
            class_names: data.class_names,
            remarks: data.remarks,
            normalization,
            augmenter,
        })
    }
}

#[cfg(test)]
mod tests {
    use mnist_data::{Dataset, SplitIndices};
    use pool_spec::{Augmentation, DataSource, PictureSettings, Split};

    use super::*;

    fn loaded(validation: Split, seed: u64) -> ResidentData {
        let spec = DataSpec {
            source: DataSource::Generated,
            validation,
            pictures: PictureSettings::default(),
            normalize: Normalize::None,
            augment: Augmentation::default(),
        };
        ResidentData::load(&spec, seed, &DataDir::at("no-data"), ComputeDevice::Cpu).unwrap()
    }

    #[test]
    fn each_seed_has_validation_images_of_its_own_if_they_are_drawn_per_seed() {
        let split = Split::StratifiedPerSeed(0.2);
        let all = Dataset::bars_and_crosses(0).train;
        for seed in [1, 2] {
            let indices = SplitIndices::of(split, all.labels(), 0, seed).unwrap().validation;
            let expected = ImageTensors::new(&all.select(&indices).unwrap(), ComputeDevice::Cpu).unwrap();
            assert_eq!(loaded(split, seed).validation.images, expected.images);
        }
        let (one, two) = (loaded(split, 1), loaded(split, 2));
        assert_ne!(one.validation.images, two.validation.images);
        assert_eq!(one.class_images, two.class_images);
        let once = |seed| loaded(Split::Stratified(0.2), seed).validation.images;
        assert_eq!(once(1), once(2));
    }
}
