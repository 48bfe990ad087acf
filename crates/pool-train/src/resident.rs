//! The data set of a trial: on the processor bytes, which become numbers batch by batch, on a CUDA device numbers.

use std::iter;
use std::rc::Rc;

use mnist_data::{DataDir, Division, LabelledImages};
use pool_models::{Normalization, PixelScale};
use pool_spec::{ChannelStatistics, ClassImages, ComputeDevice, DataRemarks, DataSpec, Normalize};
use tch::{Device, Kind, TchError, Tensor};

use crate::TrainError;
use crate::augmented::BatchAugmenter;
use crate::device::torch;

/// All images of a trial.
pub(crate) struct ResidentData {
    pub(crate) train: ImageSet,
    pub(crate) validation: ImageSet,
    pub(crate) test: ImageSet,
    /// The test images as they came, to be changed a little and looked at again.
    pub(crate) test_pictures: Rc<LabelledImages>,
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

/// Images `[N, C, H, W]` of type `f32`, in `[0, 1]` or normalized, and labels `[N]` of type `i64`, on one device.
pub(crate) struct Batch {
    pub(crate) images: Tensor,
    pub(crate) labels: Tensor,
}

impl Batch {
    /// All images of the set on this device, to which the pixels go as the bytes that they are.
    fn of(set: &LabelledImages, channels: &[ChannelStatistics], device: Device) -> Result<Self, TchError> {
        let sizes: Vec<i64> =
            iter::once(set.len()).chain(set.shape().sizes()).map(|size| size as i64).collect();
        let bytes = Tensor::f_from_data_size(set.pixels(), &sizes, Kind::Uint8)?.f_to_device(device)?;
        let mut images = PixelScale::scaled(&bytes)?;
        if !channels.is_empty() {
            Normalization::new(channels, device)?.apply_in_place(&mut images)?;
        }
        let labels = labels_of(set.labels().iter().copied())?.f_to_device(device)?;
        Ok(Self { images, labels })
    }
}

/// Images of a data set, or of a part of it, from which batches are taken.
pub(crate) enum ImageSet {
    /// For the processor. As numbers they would take four times the memory, and their making longer than all else of a
    /// trial's start; a batch that is made of bytes takes no longer than one that is copied.
    Bytes(BytePart),
    /// For a CUDA device: its host, which has to submit every operation, is the limit.
    Numbers(Batch),
}

/// The images of a set at `rows`, in this order.
pub(crate) struct BytePart {
    set: Rc<LabelledImages>,
    rows: Vec<u32>,
    scale: Rc<PixelScale>,
}

impl ImageSet {
    /// All images of a set for this device, each channel normalized by its statistics; as they are where there are none.
    pub(crate) fn new(
        set: Rc<LabelledImages>,
        channels: &[ChannelStatistics],
        device: ComputeDevice,
    ) -> Result<Self, TchError> {
        Ok(match device {
            ComputeDevice::Cpu => {
                let scale = Rc::new(PixelScale::new(set.shape().colour.channels(), channels)?);
                Self::Bytes(BytePart { rows: (0..set.len() as u32).collect(), set, scale })
            }
            ComputeDevice::Cuda(_) => Self::Numbers(Batch::of(&set, channels, torch(device))?),
        })
    }

    /// How many images there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Bytes(part) => part.rows.len(),
            Self::Numbers(all) => all.labels.numel(),
        }
    }

    /// The labels of all images, `[N]`.
    pub(crate) fn labels(&self) -> Result<Tensor, TchError> {
        match self {
            Self::Bytes(part) => part.labels_of(&part.rows),
            Self::Numbers(all) => Ok(all.labels.shallow_clone()),
        }
    }

    pub(crate) fn device(&self) -> Device {
        match self {
            Self::Bytes(_) => Device::Cpu,
            Self::Numbers(all) => all.images.device(),
        }
    }

    /// The images with these indices (`[count]`, `i64`, on the same device), copied.
    pub(crate) fn gather(&self, indices: &Tensor) -> Result<Batch, TchError> {
        match self {
            Self::Bytes(part) => {
                let indices = Vec::<i64>::try_from(indices)?;
                let rows: Vec<u32> = indices.into_iter().map(|index| part.rows[index as usize]).collect();
                part.batch(&rows)
            }
            Self::Numbers(all) => Ok(Batch {
                images: all.images.f_index_select(0, indices)?,
                labels: all.labels.f_index_select(0, indices)?,
            }),
        }
    }

    /// All images in their order, so many at a time; the last batch has what is left.
    pub(crate) fn batches(&self, size: usize) -> impl Iterator<Item = Result<Batch, TchError>> {
        let images = self.len();
        (0..images).step_by(size).map(move |first| self.slice(first, size.min(images - first)))
    }

    /// All images as one batch.
    pub(crate) fn whole(&self) -> Result<Batch, TchError> {
        self.slice(0, self.len())
    }

    /// Consecutive images, numbers without a copy.
    fn slice(&self, first: usize, count: usize) -> Result<Batch, TchError> {
        match self {
            Self::Bytes(part) => part.batch(&part.rows[first..first + count]),
            Self::Numbers(all) => {
                let (first, count) = (first as i64, count as i64);
                Ok(Batch {
                    images: all.images.f_narrow(0, first, count)?,
                    labels: all.labels.f_narrow(0, first, count)?,
                })
            }
        }
    }

    /// The images with these ascending indices; numbers are a slice where they are consecutive, a copy elsewhere.
    fn part(&self, indices: &[u32]) -> Result<Self, TchError> {
        match (self, indices) {
            (Self::Bytes(all), _) => Ok(Self::Bytes(BytePart {
                set: Rc::clone(&all.set),
                rows: indices.iter().map(|&index| all.rows[index as usize]).collect(),
                scale: Rc::clone(&all.scale),
            })),
            (Self::Numbers(_), &[first, .., last]) if (last - first) as usize + 1 == indices.len() => {
                self.slice(first as usize, indices.len()).map(Self::Numbers)
            }
            (Self::Numbers(_), _) => {
                let indices: Vec<i64> = indices.iter().map(|&index| index.into()).collect();
                self.gather(&Tensor::f_from_slice(&indices)?.f_to_device(self.device())?).map(Self::Numbers)
            }
        }
    }
}

impl BytePart {
    /// The images at these rows of the set, as numbers.
    fn batch(&self, rows: &[u32]) -> Result<Batch, TchError> {
        let picture = |&row| self.set.picture(row as usize).expect("rows are those of the set");
        let pictures: Vec<&[u8]> = rows.iter().map(picture).collect();
        let images = self.scale.batch(self.set.shape().sizes(), &pictures)?;
        Ok(Batch { images, labels: self.labels_of(rows)? })
    }

    fn labels_of(&self, rows: &[u32]) -> Result<Tensor, TchError> {
        labels_of(rows.iter().map(|&row| self.set.labels()[row as usize]))
    }
}

/// Labels as losses take them.
fn labels_of(labels: impl Iterator<Item = u16>) -> Result<Tensor, TchError> {
    Tensor::f_from_slice(&labels.map(i64::from).collect::<Vec<_>>())
}

impl ResidentData {
    /// Everything that a trial with this seed needs, brought to its device once.
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
        let augmenter = BatchAugmenter::new(spec.augment, data.train.shape(), &normalization, seed);
        let all_train = ImageSet::new(Rc::new(data.train), &normalization, device)?;
        let test_pictures = Rc::new(data.test);
        Ok(Self {
            train: all_train.part(&split.train)?,
            validation: all_train.part(&split.validation)?,
            test: ImageSet::new(Rc::clone(&test_pictures), &normalization, device)?,
            test_pictures,
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
        let images = |data: &ResidentData| data.validation.whole().unwrap().images;
        for seed in [1, 2] {
            let indices = SplitIndices::of(split, all.labels(), 0, seed).unwrap().validation;
            let expected = Batch::of(&all.select(&indices).unwrap(), &[], Device::Cpu).unwrap();
            assert_eq!(images(&loaded(split, seed)), expected.images);
        }
        let (one, two) = (loaded(split, 1), loaded(split, 2));
        assert_ne!(images(&one), images(&two));
        assert_eq!(one.class_images, two.class_images);
        let once = |seed| images(&loaded(Split::Stratified(0.2), seed));
        assert_eq!(once(1), once(2));
    }

    #[test]
    fn bytes_give_the_batches_of_numbers_to_the_last_bit() {
        let channels = [ChannelStatistics { mean: 0.13, sd: 0.31 }];
        let all = Rc::new(Dataset::bars_and_crosses(0).train);
        let consecutive: Vec<u32> = (1_600..2_000).collect();
        let scattered: Vec<u32> = (0..2_000).step_by(7).collect();
        for channels in [&channels[..], &[]] {
            let bytes = ImageSet::new(Rc::clone(&all), channels, ComputeDevice::Cpu).unwrap();
            let numbers = ImageSet::Numbers(Batch::of(&all, channels, Device::Cpu).unwrap());
            for indices in [&consecutive, &scattered, &vec![5]] {
                let [bytes, numbers] = [&bytes, &numbers].map(|set| set.part(indices).unwrap());
                let same = |bytes: Batch, numbers: Batch| {
                    assert_eq!((bytes.images, bytes.labels), (numbers.images, numbers.labels));
                };
                assert_eq!((bytes.len(), numbers.len()), (indices.len(), indices.len()));
                assert_eq!(bytes.labels().unwrap(), numbers.labels().unwrap());
                same(bytes.whole().unwrap(), numbers.whole().unwrap());
                let order = Tensor::from_slice(&[indices.len() as i64 - 1, 0]);
                same(bytes.gather(&order).unwrap(), numbers.gather(&order).unwrap());
                for (bytes, numbers) in bytes.batches(64).zip(numbers.batches(64)) {
                    same(bytes.unwrap(), numbers.unwrap());
                }
                let sizes: Vec<i64> =
                    bytes.batches(64).map(|batch| batch.unwrap().labels.size()[0]).collect();
                assert_eq!(sizes.iter().sum::<i64>(), indices.len() as i64);
                assert_eq!(sizes.len(), indices.len().div_ceil(64));
            }
        }
    }
}
