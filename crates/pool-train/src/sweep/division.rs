//! Which images train, decide and test: decided here, and nowhere else, for plans, sweeps and trials.

use mnist_data::{DataError, Dataset, SetLabels, SplitIndices};
use pool_metrics::ClassImages;

use super::DataSpec;

/// How a data set's images are divided.
pub(crate) struct Division {
    /// Which of the training images are held out.
    pub(crate) split: SplitIndices,
    /// What the parts hold.
    pub(crate) classes: ClassImages,
}

impl DataSpec {
    /// Divides a data set's images by their labels.
    ///
    /// # Errors
    /// A split that would leave a part without images.
    pub(crate) fn divide(&self, labels: &SetLabels) -> Result<Division, DataError> {
        let split = self.validation.to_validation_split().split(&labels.train)?;
        let of =
            |part: &[u32]| -> Vec<u8> { part.iter().map(|&index| labels.train[index as usize]).collect() };
        let (train, validation) = (of(&split.train), of(&split.validation));
        let test = labels.test.iter().copied();
        let classes = ClassImages::of(train.into_iter(), validation.into_iter(), test);
        Ok(Division { split, classes })
    }
}

/// The labels of a data set.
pub(crate) fn labels_of(data: &Dataset) -> SetLabels {
    SetLabels { train: data.train.labels().to_vec(), test: data.test.labels().to_vec() }
}
