//! What a task will take of a machine, before it runs.

use pool_metrics::{MemoryEstimate, MemoryModel, ModelFacts, PlannedRung};

use super::Task;

/// What a task's process takes, estimated generously: one that gets less may be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Resident memory at its peak.
    pub memory_bytes: u64,
    /// Disk space while it runs, in its folder.
    pub disk_bytes: u64,
}

/// libtorch, the program and their threads.
const PROCESS_BYTES: u64 = 160 << 20;
/// Measured peaks are up to twice what the memory model counts: allocators keep what they were given once.
const MODEL_FACTOR: u64 = 2;
/// Records, histories and logs.
const FILES_BYTES: u64 = 1 << 20;
/// While a checkpoint replaces the last one, each with parameters, two moments and the best parameters; and the
/// weights in the end: nine times the parameters.
const PARAMETER_COPIES_ON_DISK: u64 = 2 * COPIES_IN_A_CHECKPOINT + 1;
const COPIES_IN_A_CHECKPOINT: u64 = 4;
/// A measurement starts a second process for every peak, which takes a batch of so many images at most.
const LARGEST_MEASURED_BATCH: u64 = 1_000;
const F32_BYTES: u64 = 4;
/// An image's pixel stands as a byte and as an `f32`.
const BYTES_PER_PIXEL: u64 = 5;

impl Needs {
    /// Those of a task whose data set has this many images, with a network that a plan has found to fit.
    pub fn of(task: Task<'_>, images: u64) -> Self {
        let facts = match task {
            Task::Trial(trial) => trial.spec().model_facts(),
            Task::Costs(measurement) => measurement.spec().model_facts(),
        };
        let unknown = Self { memory_bytes: PROCESS_BYTES, disk_bytes: FILES_BYTES };
        facts.map_or(unknown, |facts| match task {
            Task::Trial(_) => Self::of_network(&facts, images),
            Task::Costs(_) => Self::of_measurement(&facts, images),
        })
    }

    /// Two processes at once, the second with a large batch.
    fn of_measurement(facts: &ModelFacts, images: u64) -> Self {
        let alone = Self::of_network(facts, images);
        let trained_with = facts.memory.first().map_or(1, |estimate| estimate.batch_size.max(1));
        // Parameters do not grow with the batch: this is more than enough.
        let factor = 1 + LARGEST_MEASURED_BATCH.max(trained_with).div_ceil(trained_with);
        Self {
            memory_bytes: alone.memory_bytes.saturating_add(Self::process(facts, images, factor)),
            ..alone
        }
    }

    /// Disk space that a task takes in the end: its records, and its weights, or the checkpoint of one that a rung of a
    /// search has given up.
    pub(super) fn lasting_disk_bytes(task: Task<'_>, rungs: &[PlannedRung]) -> u64 {
        let copies = if rungs.is_empty() { 1 } else { COPIES_IN_A_CHECKPOINT };
        let parameters = match task {
            Task::Trial(trial) => trial.spec().model.infer().map_or(0, |inferred| inferred.parameters()),
            Task::Costs(_) => 0,
        };
        FILES_BYTES.saturating_add(parameters.saturating_mul(copies * F32_BYTES))
    }

    /// Memory of so many images of this shape.
    pub(crate) fn data_bytes(images: u64, input: &[usize]) -> u64 {
        let pixels: usize = input.iter().product();
        images.saturating_mul(pixels as u64).saturating_mul(BYTES_PER_PIXEL)
    }

    /// Memory of a process with these images and so many times what the model counts.
    fn process(facts: &ModelFacts, images: u64, factor: u64) -> u64 {
        let training = facts.memory.iter().find(|estimate| estimate.model == MemoryModel::Training);
        let training = training.map_or(0, MemoryEstimate::total_bytes);
        let data = facts.shapes.first().map_or(0, |input| Self::data_bytes(images, input));
        PROCESS_BYTES.saturating_add(data).saturating_add(training.saturating_mul(factor))
    }

    fn of_network(facts: &ModelFacts, images: u64) -> Self {
        let parameters = facts.parameters.saturating_mul(F32_BYTES);
        Self {
            memory_bytes: Self::process(facts, images, MODEL_FACTOR),
            disk_bytes: FILES_BYTES.saturating_add(parameters.saturating_mul(PARAMETER_COPIES_ON_DISK)),
        }
    }
}
