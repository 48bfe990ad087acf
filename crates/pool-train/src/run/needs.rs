//! What a task will take of a machine, before it runs.

use pool_metrics::{MemoryEstimate, MemoryModel, ModelFacts};

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
const PARAMETER_COPIES_ON_DISK: u64 = 9;
const F32_BYTES: u64 = 4;

impl Needs {
    /// An image's pixel stands as a byte and as an `f32`.
    pub(crate) const BYTES_PER_PIXEL: u64 = 5;

    /// Those of a task whose data set has this many images, with a network that a plan has found to fit.
    pub fn of(task: Task<'_>, images: u64) -> Self {
        let facts = match task {
            Task::Trial(trial) => trial.spec().model_facts(),
            Task::Costs(measurement) => measurement.spec().model_facts(),
        };
        let unknown = Self { memory_bytes: PROCESS_BYTES, disk_bytes: FILES_BYTES };
        facts.map_or(unknown, |facts| Self::of_network(&facts, images))
    }

    /// Disk space that a task takes in the end: its weights and its records.
    pub(super) fn lasting_disk_bytes(task: Task<'_>) -> u64 {
        let parameters = match task {
            Task::Trial(trial) => trial.spec().model.infer().map_or(0, |inferred| inferred.parameters()),
            Task::Costs(_) => 0,
        };
        FILES_BYTES.saturating_add(parameters.saturating_mul(F32_BYTES))
    }

    fn of_network(facts: &ModelFacts, images: u64) -> Self {
        let training = facts.memory.iter().find(|estimate| estimate.model == MemoryModel::Training);
        let training = training.map_or(0, MemoryEstimate::total_bytes);
        let pixels: usize = facts.shapes.first().map_or(0, |input| input.iter().product());
        let data = images.saturating_mul(pixels as u64).saturating_mul(Self::BYTES_PER_PIXEL);
        let network = training.saturating_mul(MODEL_FACTOR);
        let parameters = facts.parameters.saturating_mul(F32_BYTES);
        Self {
            memory_bytes: PROCESS_BYTES.saturating_add(data).saturating_add(network),
            disk_bytes: FILES_BYTES.saturating_add(parameters.saturating_mul(PARAMETER_COPIES_ON_DISK)),
        }
    }
}
