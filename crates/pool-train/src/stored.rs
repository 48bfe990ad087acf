//! Trained networks, taken from a trial's folder and put to use: on a picture, on another data set, in other programs.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use mnist_data::{DataDir, DataError, Dataset, Likeness, Picture, PictureShape, picture_in_frame};
use pool_models::{
    Net, Normalization, class_probabilities, load_weights, save_normalized_weights, save_torchscript,
};
use pool_records::{
    EvaluatedSet, Record, RunError, RunLayout, StopFlag, TrialRecord, TrialStatus, check_outputs,
};
use pool_spec::{Colour, ComputeDevice, DataSource, TrialSpec};
use serde::Serialize;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

use crate::TrainError;
use crate::resident::ImageSet;
use crate::trial::{Examined, examine};

/// A finished trial with the weights that were evaluated.
#[derive(Debug)]
pub struct StoredTrial {
    folder: PathBuf,
    record: TrialRecord,
    variables: VarStore,
    /// It takes pictures in 0 to 1, and normalizes them as those were that it learned.
    net: Net,
    /// The network's outputs: a record may come from anywhere, but the network has just been built.
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
        let mut net = spec.model.build(&variables.root())?.with_precision(spec.train.precision);
        if !record.normalization.is_empty() {
            net = net.with_normalization(Normalization::new(&record.normalization, Device::Cpu)?)?;
        }
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

    /// Channels, height and width of the pictures that the network takes.
    fn picture_shape(&self) -> Result<PictureShape, TrainError> {
        let input = &self.record.spec.model.input;
        PictureShape::of_sizes(input)
            .ok_or_else(|| TrainError::NoPictures { folder: self.folder.clone(), input: input.clone() })
    }

    /// What the classes are called, by label.
    pub fn class_names(&self) -> Vec<String> {
        let numbered = mnist_data::class_names(&self.record.spec.data.source, self.classes);
        let mut own = self.record.class_names.iter().cloned();
        numbered.into_iter().map(|number| own.next().unwrap_or(number)).collect()
    }

    /// The probability of every class for one picture, `[C, H, W]`, 0 to 255.
    ///
    /// # Errors
    /// Another number of pixels than the network takes, or libtorch's refusal.
    fn probabilities(&self, pixels: &[u8]) -> Result<Vec<f64>, TrainError> {
        let [channels, height, width] = self.picture_shape()?.sizes().map(|size| size as i64);
        let picture = Tensor::f_from_slice(pixels)?.f_to_kind(Kind::Float)?.f_div_scalar(255.0)?;
        let picture = picture.f_reshape([1, channels, height, width])?;
        Ok(class_probabilities(&self.net.predictor()?.forward(&picture)?)?)
    }

    /// Evaluates the test images of a data set, its own or another one of the same picture size.
    ///
    /// # Errors
    /// Missing data, pictures of another size, or more classes than the network knows.
    pub fn evaluate(&self, source: &DataSource, data_dir: &DataDir) -> Result<EvaluatedSet, TrainError> {
        let data = mnist_data::load(source, &self.spec().data.pictures, data_dir)?;
        self.check_fit(&data)?;
        let pictures = Rc::new(data.test);
        let images = ImageSet::new(Rc::clone(&pictures), &[], ComputeDevice::Cpu)?;
        let batch_size = self.record.spec.train.batch_size;
        let Examined { evaluation, confusion, calibration, .. } =
            examine(&self.net.predictor()?, &pictures, &images, self.classes, batch_size, &StopFlag::new())?;
        Ok(EvaluatedSet { dataset: data.name, evaluation, confusion, calibration })
    }

    /// Makes a picture (.png) look like those of the data set that the network learned, and predicts its class. For a
    /// network in colour, or one that learned a folder of pictures, the file may have any usual format, and it is treated
    /// as those of the folder were: laid on white, and brought to the input's frame.
    ///
    /// # Errors
    /// A file that is no picture or shows nothing, or libtorch's refusal.
    pub fn predict(&self, image: &Path) -> Result<Prediction, TrainError> {
        let shape = self.picture_shape()?;
        let prepared = match (self.likeness(), shape.colour) {
            (Some(like), Colour::Grey) => {
                let in_file = |problem| DataError::Picture { file: image.to_owned(), problem };
                Picture::read_png(image)?.prepared(like, shape.height, shape.width).map_err(in_file)?
            }
            (_, Colour::Rgb) | (None, Colour::Grey) => {
                picture_in_frame(image, shape, &self.spec().data.pictures)?
            }
        };
        let probabilities = self.probabilities(&prepared.pixels)?;
        let label = ranking(&probabilities).first().copied().unwrap_or_default();
        Ok(Prediction {
            image: image.display().to_string(),
            class: self.class_names().swap_remove(label),
            label,
            probabilities,
            steps: prepared.steps.iter().map(ToString::to_string).collect(),
        })
    }

    /// What grey pictures are to look like; `None` if they are brought to the network's input as those of the folder were
    /// that it learned.
    fn likeness(&self) -> Option<Likeness> {
        match self.spec().data.source {
            DataSource::Public(set) => Some(set.into()),
            DataSource::Generated
            | DataSource::Dir(_)
            | DataSource::Npz(_)
            | DataSource::Cifar10(_)
            | DataSource::Cifar100(_)
            | DataSource::Csv(_) => Some(Likeness::Whole),
            DataSource::Folder(_) => None,
        }
    }

    /// A file name of its own, such as `max-s1-0de0d558.pt`.
    pub fn export_name(&self, format: WeightFormat) -> PathBuf {
        let extension = match format {
            WeightFormat::Safetensors => "safetensors",
            WeightFormat::TorchScript => "pt",
        };
        PathBuf::from(format!("{}.{extension}", self.record.id))
    }

    /// Writes the network to `path`: whole, or not at all.
    ///
    /// # Errors
    /// A file of a run or of this trial, one that cannot be written, or a network that TorchScript cannot hold.
    pub fn export(&self, format: WeightFormat, path: &Path) -> Result<(), TrainError> {
        let read =
            [RunLayout::spec_in, RunLayout::record_in, RunLayout::weights_in].map(|file| file(&self.folder));
        check_outputs(&read.each_ref().map(PathBuf::as_path), &[path]).map_err(RunError::from)?;
        match format {
            WeightFormat::Safetensors => {
                save_normalized_weights(&self.variables, &self.record.normalization, path)
            }
            WeightFormat::TorchScript => save_torchscript(&self.net, path),
        }
        .map_err(TrainError::from)
    }

    fn check_fit(&self, data: &Dataset) -> Result<(), TrainError> {
        let expected = self.picture_shape()?;
        let found = data.test.shape();
        if found != expected {
            let PictureShape { colour, height, width } = found;
            let colour = match colour {
                Colour::Grey => "",
                Colour::Rgb => " in colour",
            };
            return Err(TrainError::Foreign {
                what: format!("pictures of {height}x{width} pixels{colour}"),
                data: data.name.clone(),
                expected: expected.to_string(),
            });
        }
        if data.classes > self.classes {
            return Err(TrainError::Foreign {
                what: format!("{} classes", data.classes),
                data: data.name.clone(),
                expected: format!("at most {}", self.classes),
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

/// A form in which a trained network leaves this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightFormat {
    /// The weights alone, by name; no code inside. Where pictures are normalized, the header's metadata say by what.
    Safetensors,
    /// Weights and forward pass, for `torch.jit.load` in Python or C++.
    TorchScript,
}

/// What a network predicts for one picture, and what was done to the picture before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// The picture's file.
    pub image: String,
    /// The most likely class, by its name.
    pub class: String,
    /// Its label.
    pub label: usize,
    /// The probability of every class, by label.
    pub probabilities: Vec<f64>,
    /// What was done to the picture, in sentences.
    pub steps: Vec<String>,
}

impl Prediction {
    /// The labels, the most likely first.
    pub fn ranking(&self) -> Vec<usize> {
        ranking(&self.probabilities)
    }
}

fn ranking(probabilities: &[f64]) -> Vec<usize> {
    let mut labels: Vec<usize> = (0..probabilities.len()).collect();
    labels.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    labels
}
