//! The figures of an arm: what its trials measured, as mean and interval over seeds, and what it costs.

mod class_names;
mod costs;
mod estimate;
mod over_processes;
mod test_set;
use pool_metrics::MemoryModel;
use pool_records::{Evaluation, TestResults, TrialRecord, TrialStatus};
use pool_spec::{Fillings, OptimizerSpec, Reported};
use serde::{Serialize, Serializer};

use crate::ArmResults;
pub use class_names::ClassNames;
pub use costs::{CostFigures, LatencyFigures, PeakFigures, TimeSource};
pub(crate) use estimate::LEVEL;
pub use estimate::{Estimate, Proportion, Spread};
pub use over_processes::OverProcesses;
pub(crate) use over_processes::overlap_with_shortest;
pub use test_set::RobustnessFigures;
pub(crate) use test_set::{
    change_axis_title, change_unit, change_words, changed, classes_with_errors, errors_by_class,
};

/// The figures of one arm. Diverged trials are counted, but are not part of any mean.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ArmFigures {
    /// The arm's name.
    pub arm: String,
    /// Its pooling layer, or what it puts into the places of the network, as a sweep file spells it; `None` before a
    /// trial has finished.
    #[serde(serialize_with = "spelling", rename = "pool")]
    pub fillings: Option<Fillings>,
    /// What a publication reported of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reported: Option<Reported>,
    /// Finished trials, in the plan's order.
    pub trials: Vec<TrialFigures>,
    /// Finished trials whose loss became NaN or infinite.
    pub diverged: usize,
    /// Share of test images misclassified.
    pub test_error: Option<Estimate>,
    /// Share of validation images misclassified.
    pub validation_error: Option<Estimate>,
    /// Share of training images misclassified, without dropout.
    pub train_error: Option<Estimate>,
    /// Mean cross-entropy of the test images, nats: their negative log-likelihood.
    pub test_loss: Option<Estimate>,
    /// Mean cross-entropy of the validation images, nats.
    pub validation_loss: Option<Estimate>,
    /// Mean cross-entropy of the training images, without dropout, nats.
    pub train_loss: Option<Estimate>,
    /// Over-fitting: validation loss minus training loss, nats.
    pub loss_gap: Option<Estimate>,
    /// Over-fitting: validation error minus training error, as a share.
    pub error_gap: Option<Estimate>,
    /// The epoch with the lowest validation loss, after which a network only over-fits.
    pub epoch_of_lowest_validation_loss: Option<Estimate>,
    /// Share of validation images misclassified after the last epoch that ran.
    pub last_epoch_error: Option<Estimate>,
    /// Epochs that ran.
    pub epochs: Option<Estimate>,
    /// Expected calibration error on the test images, a share.
    pub calibration_error: Option<Estimate>,
    /// Fraction of each class's test images misclassified; `None` for a class without images.
    pub class_errors: Vec<Option<Estimate>>,
    /// Test images after small changes; empty if no trial measured them.
    pub robustness: Vec<RobustnessFigures>,
    /// Trainable parameters.
    pub parameters: Option<u64>,
    /// The estimate of each memory model at the training batch size.
    pub memory: Vec<MemoryFigure>,
    /// The estimated memory of predicting one image, in bytes.
    pub memory_of_one_image: Option<u64>,
    /// Time and measured memory.
    pub costs: CostFigures,
}

/// The figures of one trial.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TrialFigures {
    /// Its id.
    pub trial: String,
    /// Its seed.
    pub seed: u64,
    /// How it ended.
    pub status: TrialStatus,
    /// Epochs that ran.
    pub epochs: u32,
    /// Test images misclassified.
    pub test_error: Option<Proportion>,
    /// Validation images misclassified.
    pub validation_error: Option<Proportion>,
    /// Training images misclassified, without dropout.
    pub train_error: Option<Proportion>,
}

/// The estimate of one memory model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MemoryFigure {
    /// The model.
    pub model: MemoryModel,
    /// Images of a batch.
    pub batch_size: u64,
    /// The sum of its items.
    pub bytes: u64,
}

impl ArmFigures {
    /// Summarises the records of an arm.
    pub fn of(arm: &ArmResults) -> Self {
        let healthy: Vec<&TrialRecord> = arm.healthy().collect();
        let tests: Vec<&TestResults> = healthy.iter().filter_map(|record| record.test.as_ref()).collect();
        let values = |figure: fn(&TrialRecord) -> Option<f64>| -> Vec<f64> {
            healthy.iter().filter_map(|record| figure(record)).collect()
        };
        let record = arm.records.first();
        let held_out_ratio = record.map_or(0.0, TrialRecord::held_out_ratio);
        let share = |figure| Estimate::share(&values(figure), held_out_ratio);
        let amount = |figure| Estimate::of(&values(figure), held_out_ratio);
        let gap = |figure| Estimate::signed(&values(figure), held_out_ratio);
        let model = record.map(|record| &record.model).or(arm.costs.first().map(|costs| &costs.model));
        let measured = arm.costs.first().map(|costs| costs.spec.fillings());
        let fillings = record.map(|record| record.spec.fillings()).or(measured);
        Self {
            arm: arm.name.clone(),
            reported: None,
            fillings,
            trials: arm.records.iter().map(TrialFigures::of).collect(),
            diverged: arm.records.len() - healthy.len(),
            test_error: share(TrialRecord::test_error),
            validation_error: share(|record| record.validation.as_ref().map(Evaluation::error_rate)),
            train_error: share(|record| record.train.as_ref().map(Evaluation::error_rate)),
            test_loss: amount(|record| record.test.as_ref().map(|test| test.evaluation.loss)),
            validation_loss: amount(|record| record.validation.map(|validation| validation.loss)),
            train_loss: amount(|record| record.train.map(|train| train.loss)),
            loss_gap: gap(|record| record.generalisation_gap().map(|(loss, _)| loss)),
            error_gap: gap(|record| record.generalisation_gap().map(|(_, error)| error)),
            epoch_of_lowest_validation_loss: amount(|record| {
                record.epoch_of_lowest_validation_loss().map(f64::from)
            }),
            last_epoch_error: share(|record| record.epochs.last().map(|epoch| epoch.validation_error)),
            epochs: amount(|record| Some(record.epochs.len() as f64)),
            calibration_error: share(|record| {
                record.test.as_ref().map(|test| test.calibration.expected_calibration_error())
            }),
            class_errors: test_set::class_errors(&tests, held_out_ratio),
            robustness: test_set::robustness(&tests, held_out_ratio),
            parameters: model.map(|model| model.parameters),
            memory: model.map_or_else(Vec::new, |model| {
                let bytes = |estimate: &pool_metrics::MemoryEstimate| MemoryFigure {
                    model: estimate.model,
                    batch_size: estimate.batch_size,
                    bytes: estimate.total_bytes(),
                };
                model.memory.iter().map(bytes).collect()
            }),
            memory_of_one_image: model.and_then(|model| {
                let pixels =
                    model.shapes.first()?.iter().fold(1, |pixels: u64, &n| pixels.saturating_mul(n as u64));
                // Whatever the optimizer: prediction has none.
                let optimizer = OptimizerSpec::default();
                Some(MemoryModel::Inference.estimate(&model.layers, pixels, 1, optimizer).total_bytes())
            }),
            costs: CostFigures::of(arm),
        }
    }

    /// The estimate of one memory model at the training batch size, bytes.
    pub fn memory_bytes(&self, model: MemoryModel) -> Option<u64> {
        self.memory.iter().find(|figure| figure.model == model).map(|figure| figure.bytes)
    }
}

/// As a sweep file spells it.
pub(crate) fn spelling<S: Serializer>(fillings: &Option<Fillings>, serializer: S) -> Result<S::Ok, S::Error> {
    fillings.as_ref().map(ToString::to_string).serialize(serializer)
}

impl TrialFigures {
    fn of(record: &TrialRecord) -> Self {
        let share = |part: &Evaluation| Proportion::of(part.errors, part.images);
        Self {
            trial: record.id.clone(),
            seed: record.spec.seed,
            status: record.status,
            epochs: record.epochs.len() as u32,
            test_error: record.test.as_ref().map(|test| share(&test.evaluation)),
            validation_error: record.validation.as_ref().map(share),
            train_error: record.train.as_ref().map(share),
        }
    }
}
