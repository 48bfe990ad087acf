//! What a trained network makes of a whole set of test images.

use mnist_data::Dataset;
use pool_metrics::{Calibration, ConfusionMatrix, Evaluation};
use pool_models::{Net, predicted_probabilities};
use serde::Serialize;

use crate::TrainError;
use crate::resident::ImageTensors;
use crate::run::StopFlag;
use crate::trial::{classes_of, evaluation_of, logits_of};

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
        let images = ImageTensors::new(&data.test)?;
        let logits = logits_of(net, &images.images, batch_size, &StopFlag::new())?;
        let labels = data.test.labels();
        let predictions = classes_of(&logits)?;
        let correct: Vec<bool> =
            labels.iter().zip(&predictions).map(|(label, found)| label == found).collect();
        let confidence = predicted_probabilities(&logits, &images.labels)?.confidence;
        Ok(Self {
            dataset: data.name.clone(),
            evaluation: evaluation_of(&logits, &images.labels)?,
            confusion: ConfusionMatrix::from_predictions(labels, &predictions, classes)?,
            calibration: Calibration::from_confidences(&confidence, &correct)?,
        })
    }
}
