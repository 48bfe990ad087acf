//! Trained networks, taken from a trial's folder and put to use.

mod evaluated_set;
mod export;
mod prediction;

use std::path::{Path, PathBuf};

use mnist_data::{DataDir, Dataset};
use pool_models::{Mode, Net, class_probabilities, load_weights};
use pool_records::{Record, RunError, RunLayout, TrialRecord, TrialStatus};
use pool_spec::{DataSource, TrialSpec};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

pub use evaluated_set::EvaluatedSet;
pub use export::WeightFormat;
pub use prediction::Prediction;

use crate::TrainError;

/// A finished trial with the weights that were evaluated.
#[derive(Debug)]
pub struct StoredTrial {
    folder: PathBuf,
    record: TrialRecord,
    variables: VarStore,
    net: Net,
    classes: usize,
}

impl StoredTrial {
    /// Reads a trial's folder, `runs/STUDY/trials/ID`, and rebuilds its network.
    ///
    /// # Errors
    /// A folder that is no finished trial's, a trial that diverged and so left no weights, or weights that do not fit.
    pub fn open(folder: &Path) -> Result<Self, TrainError> {
        let record = read_record(folder)?;
        if record.status == TrialStatus::Diverged {
            return Err(TrainError::Diverged { folder: folder.to_owned() });
        }
        let spec = &record.spec;
        let mut variables = VarStore::new(Device::Cpu);
        let classes = spec.model.infer()?.output().map_or(0, |output| output.iter().product());
        let net = spec.model.build(&variables.root())?.with_precision(spec.train.precision);
        load_weights(&mut variables, &RunLayout::weights_in(folder))?;
        Ok(Self { folder: folder.to_owned(), record, variables, net, classes })
    }

    /// Every setting that it was trained with.
    pub fn spec(&self) -> &TrialSpec {
        &self.record.spec
    }

    /// What was measured when it was trained.
    pub fn record(&self) -> &TrialRecord {
        &self.record
    }

    /// Height and width of the pictures that the network takes.
    pub fn picture_size(&self) -> (usize, usize) {
        match self.record.spec.model.input[..] {
            [_, height, width] => (height, width),
            _ => (0, 0),
        }
    }

    /// What the classes are called, by label.
    pub fn class_names(&self) -> Vec<String> {
        mnist_data::class_names(&self.record.spec.data.source, self.classes())
    }

    /// The probability of every class for one picture, given row by row, 0 to 255.
    ///
    /// # Errors
    /// Another number of pixels than [`StoredTrial::picture_size`] says, or libtorch's refusal.
    fn probabilities(&self, pixels: &[u8]) -> Result<Vec<f64>, TrainError> {
        let (height, width) = self.picture_size();
        let picture = Tensor::f_from_slice(pixels)?.f_to_kind(Kind::Float)?.f_div_scalar(255.0)?;
        let picture = picture.f_reshape([1, 1, height as i64, width as i64])?;
        let _guard = tch::no_grad_guard();
        Ok(class_probabilities(&self.net.forward(&picture, Mode::Inference)?)?)
    }

    /// Looks at the test images of a data set, its own or another one of the same picture size.
    ///
    /// # Errors
    /// Missing data, pictures of another size, or more classes than the network knows.
    pub fn evaluate(&self, source: &DataSource, data_dir: &DataDir) -> Result<EvaluatedSet, TrainError> {
        let data = mnist_data::load(source, data_dir)?;
        self.check_fit(&data)?;
        EvaluatedSet::of(&self.net, &data, self.classes(), self.record.spec.train.batch_size)
    }

    /// The network's outputs: a record may come from anywhere, but the network has just been built.
    fn classes(&self) -> usize {
        self.classes
    }

    fn check_fit(&self, data: &Dataset) -> Result<(), TrainError> {
        let (height, width) = self.picture_size();
        if (data.test.height(), data.test.width()) != (height, width) {
            return Err(TrainError::Foreign {
                what: format!("pictures of {}x{} pixels", data.test.height(), data.test.width()),
                data: data.name.clone(),
                expected: format!("{height}x{width}"),
            });
        }
        if data.classes > self.classes() {
            return Err(TrainError::Foreign {
                what: format!("{} classes", data.classes),
                data: data.name.clone(),
                expected: format!("at most {}", self.classes()),
            });
        }
        Ok(())
    }
}

fn read_record(folder: &Path) -> Result<TrialRecord, TrainError> {
    let path = RunLayout::record_in(folder);
    match std::fs::read_to_string(&path) {
        Ok(text) => TrialRecord::from_json(&text)
            .map_err(|error| RunError::Record { path, cause: error.to_string() }.into()),
        Err(error) if is_absent(&error) => Err(TrainError::NoTrial { folder: folder.to_owned() }),
        Err(error) => Err(TrainError::io("read", &path)(error)),
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}
