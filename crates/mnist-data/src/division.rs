//! Which images train, decide and test, and what a plan needs to know of them: decided here, and nowhere else, for plans,
//! sweeps and trials.

use pool_spec::{ClassImages, DataFacts, DataSource, DataSpec, ImageCounts, PublicSet, Sweep, SweepError};

use crate::catalogue::published;
use crate::sources::load;
use crate::split::split_sizes;
use crate::{BARS_AND_CROSSES_CLASSES, DataDir, DataError, Dataset, LabelledImages, SetLabels, SplitIndices};

/// How a data set's images are divided.
#[derive(Debug, Clone, PartialEq)]
pub struct Division {
    /// Which of the training images are held out.
    pub split: SplitIndices,
    /// What the parts hold.
    pub classes: ClassImages,
}

/// How many images of each class a part has is the same for every seed.
const ANY_SEED: u64 = 0;

/// What this many classes of a source are called, by label: their numbers, where the set says no more.
pub fn class_names(source: &DataSource, classes: usize) -> Vec<String> {
    let known: &[&str] = match source {
        DataSource::Public(set) => published(*set).class_names,
        DataSource::Generated => &BARS_AND_CROSSES_CLASSES,
        DataSource::Dir(_)
        | DataSource::Folder(_)
        | DataSource::Npz(_)
        | DataSource::Cifar10(_)
        | DataSource::Cifar100(_)
        | DataSource::Csv(_) => &[],
    };
    let numbered = |class: usize| known.get(class).map_or_else(|| class.to_string(), ToString::to_string);
    (0..classes).map(numbered).collect()
}

/// Divides a data set's images by their labels, for a trial with this seed.
///
/// # Errors
/// A split that would leave a part without images.
pub fn divide(data: &DataSpec, labels: &SetLabels, seed: u64) -> Result<Division, DataError> {
    let split = SplitIndices::of(data.validation, &labels.train, labels.validation, seed)?;
    let of = |part: &[u32]| -> Vec<u16> { part.iter().map(|&index| labels.train[index as usize]).collect() };
    let (train, validation) = (of(&split.train), of(&split.validation));
    let test = labels.test.iter().copied();
    let classes = ClassImages::of(train.into_iter(), validation.into_iter(), test);
    Ok(Division { split, classes })
}

/// What a plan needs to know of a sweep's images. The public sets are known without their files; a folder is read.
///
/// # Errors
/// Missing or broken files, or a split that would leave a part without images, at their lines of the sweep file.
pub fn data_facts(sweep: &Sweep, data_dir: &DataDir) -> Result<DataFacts, SweepError> {
    let of_validation = |error: DataError| sweep.validation_error(error.to_string());
    let public = |set: PublicSet| {
        let labels = Dataset::public_labels(set, data_dir)
            .inspect_err(|error| tracing::debug!(%error, "planning without the labels"));
        let row = published(set);
        (row.shape.sizes(), row.class_names.len(), row.class_counts(), labels.ok())
    };
    let (sample, classes, counts, labels) = match &sweep.data.source {
        DataSource::Public(set) => public(*set),
        source @ (DataSource::Generated
        | DataSource::Dir(_)
        | DataSource::Folder(_)
        | DataSource::Npz(_)
        | DataSource::Cifar10(_)
        | DataSource::Cifar100(_)
        | DataSource::Csv(_)) => {
            let data = load(source, &sweep.data.pictures, data_dir)
                .map_err(|error| sweep.dataset_error(error.to_string(), error.is_missing()))?;
            (data.train.shape().sizes(), data.classes, data.class_counts(), Some(labels_of(&data)))
        }
    };
    // The sizes of `divide`'s parts, known without the labels.
    let predefined = labels.as_ref().map_or(0, |labels| labels.validation);
    let (train, validation) =
        split_sizes(sweep.data.validation, &counts.train, predefined).map_err(of_validation)?;
    let test: usize = counts.test.iter().sum();
    let images = ImageCounts { train: train as u64, validation: validation as u64, test: test as u64 };
    let division =
        labels.map(|labels| divide(&sweep.data, &labels, ANY_SEED)).transpose().map_err(of_validation)?;
    Ok(DataFacts { sample, classes, images, class_images: division.map(|division| division.classes) })
}

/// Loads a sweep's images once and divides them, so that what is missing or does not fit is known before the first trial.
///
/// # Errors
/// Missing or broken data, or a validation split that leaves a part empty.
pub fn check_data(data: &DataSpec, data_dir: &DataDir) -> Result<(), DataError> {
    let loaded = load(&data.source, &data.pictures, data_dir)?;
    divide(data, &labels_of(&loaded), ANY_SEED).map(drop)
}

/// The labels of a data set.
pub fn labels_of(data: &Dataset) -> SetLabels {
    let labels = |images: &LabelledImages| images.labels().to_vec();
    SetLabels { train: labels(&data.train), validation: data.validation, test: labels(&data.test) }
}
