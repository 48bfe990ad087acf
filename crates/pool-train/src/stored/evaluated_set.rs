//! What a trained network makes of a whole set of test images.

use mnist_data::Dataset;
use pool_metrics::{Calibration, ConfusionMatrix};
use pool_models::Net;
use pool_records::{Evaluation, StopFlag};
use pool_spec::ComputeDevice;
use serde::Serialize;

use crate::TrainError;
use crate::resident::ImageTensors;
use crate::trial::{Examined, examine};

/// Errors, loss, classes and confidence over a set of images.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluatedSet {
    /// The data set's name.
    pub dataset: String,
    /// Errors and loss.
    pub evaluation: Evaluation,
    /// How often each class was taken for each other one.
    pub confusion: ConfusionMatrix,
    /// How far the predicted probabilities can be believed.
    pub calibration: Calibration,
}

impl EvaluatedSet {
    pub(super) fn of(
        net: &Net,
        data: &Dataset,
        classes: usize,
        batch_size: usize,
    ) -> Result<Self, TrainError> {
        let images = ImageTensors::new(&data.test, ComputeDevice::Cpu)?;
        let Examined { evaluation, confusion, calibration, .. } =
            examine(net, &data.test, &images, classes, batch_size, &StopFlag::new())?;
        Ok(Self { dataset: data.name.clone(), evaluation, confusion, calibration })
    }
}
