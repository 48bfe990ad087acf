//! Memory and disk space: what a task takes, and what this machine has left.

use pool_metrics::{MemoryEstimate, MemoryModel};
use pool_records::ModelFacts;
use pool_spec::{OptimizerSpec, Rung, Task, TrialSpec};

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
/// Records, histories and logs, with what stands next to them while they are replaced.
const FILES_BYTES: u64 = 1 << 20;
/// Records, histories and logs in the end: 75 kB with 10,000 test images and ten epochs.
const LASTING_FILES_BYTES: u64 = 1 << 18;
/// A measurement starts a second process for every peak, which takes a batch of this many images at most.
const LARGEST_MEASURED_BATCH: u64 = 1_000;
const F32_BYTES: u64 = 4;
/// An image's pixel is a byte, and once more one while the set is decoded or test images are changed.
const BYTES_PER_PIXEL: u64 = 2;

impl Needs {
    /// The needs of a task whose data set has this many images, with a network that a plan has found to fit.
    pub fn of(task: Task<'_>, images: u64) -> Self {
        let (model, train) = match task {
            Task::Trial(trial) => (&trial.spec().model, &trial.spec().train),
            Task::Costs(measurement) => (&measurement.spec().model, &measurement.spec().train),
        };
        let unknown = Self { memory_bytes: PROCESS_BYTES, disk_bytes: FILES_BYTES };
        ModelFacts::new(model, train).map_or(unknown, |facts| match task {
            Task::Trial(_) => Self::of_network(&facts, train.optimizer, images),
            Task::Costs(_) => Self::of_measurement(&facts, train.optimizer, images),
        })
    }

    /// Two processes at once, the second with a large batch. The first has all test images as numbers, too, and how many of
    /// all images these are is not known here.
    fn of_measurement(facts: &ModelFacts, optimizer: OptimizerSpec, images: u64) -> Self {
        let exclusive = Self::of_network(facts, optimizer, images);
        let trained_with = facts.memory.first().map_or(1, |estimate| estimate.batch_size.max(1));
        // Parameters do not grow with the batch: this is more than enough.
        let factor = 1 + LARGEST_MEASURED_BATCH.max(trained_with).div_ceil(trained_with);
        let pixels = facts.shapes.first().map_or(0, |input| pixels(images, input));
        let numbers = pixels.saturating_mul(F32_BYTES);
        Self {
            memory_bytes: exclusive
                .memory_bytes
                .saturating_add(Self::process(facts, images, factor))
                .saturating_add(numbers),
            ..exclusive
        }
    }

    /// Disk space that a task takes in the end: its records, and its weights, or the checkpoint of one that a rung of a
    /// search has given up.
    pub(crate) fn lasting_disk_bytes(task: Task<'_>, rungs: &[Rung]) -> u64 {
        let (parameters, optimizer) = match task {
            Task::Trial(trial) => {
                let TrialSpec { model, train, .. } = trial.spec();
                (model.infer().map_or(0, |inferred| inferred.parameters()), train.optimizer)
            }
            Task::Costs(_) => return LASTING_FILES_BYTES,
        };
        let copies = if rungs.is_empty() { 1 } else { copies_in_a_checkpoint(optimizer) };
        LASTING_FILES_BYTES.saturating_add(parameters.saturating_mul(copies * F32_BYTES))
    }

    /// Memory of this many images of this shape.
    pub(crate) fn data_bytes(images: u64, input: &[usize]) -> u64 {
        pixels(images, input).saturating_mul(BYTES_PER_PIXEL)
    }

    /// Memory of a process with these images and `factor` times what the model counts.
    fn process(facts: &ModelFacts, images: u64, factor: u64) -> u64 {
        let training = facts.memory.iter().find(|estimate| estimate.model == MemoryModel::Training);
        let training = training.map_or(0, MemoryEstimate::total_bytes);
        let data = facts.shapes.first().map_or(0, |input| Self::data_bytes(images, input));
        PROCESS_BYTES.saturating_add(data).saturating_add(training.saturating_mul(factor))
    }

    fn of_network(facts: &ModelFacts, optimizer: OptimizerSpec, images: u64) -> Self {
        let parameters = facts.parameters.saturating_mul(F32_BYTES);
        // A checkpoint while it replaces the last one, and the weights in the end: with Adam, nine times the parameters.
        let copies = 2 * copies_in_a_checkpoint(optimizer) + 1;
        Self {
            memory_bytes: Self::process(facts, images, MODEL_FACTOR),
            disk_bytes: FILES_BYTES.saturating_add(parameters.saturating_mul(copies)),
        }
    }
}

/// Pixels of this many images of this shape, over all channels.
fn pixels(images: u64, input: &[usize]) -> u64 {
    images.saturating_mul(input.iter().product::<usize>() as u64)
}

/// How many times the parameters a checkpoint takes: themselves, the best ones, and what the optimizer keeps of each.
fn copies_in_a_checkpoint(optimizer: OptimizerSpec) -> u64 {
    2 + optimizer.state_tensors().len() as u64
}

/// How many processes the kernel reports to have killed for lack of memory: on the whole machine, and in this process's
/// control group.
pub(crate) fn out_of_memory_kills() -> u64 {
    let in_file = |path: &str| std::fs::read_to_string(path).map_or(0, |text| counted(&text));
    let machine = in_file("/proc/vmstat");
    let groups = std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    machine + group_files(&groups).map(|path| in_file(&path)).sum::<u64>()
}

/// The value of the line `oom_kill N`.
fn counted(text: &str) -> u64 {
    let value = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    value.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

/// Where the control groups of `/proc/self/cgroup` count (cgroups(7)): of version 2, or of version 1 for memory.
fn group_files(groups: &str) -> impl Iterator<Item = String> {
    groups.lines().filter_map(|line| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, path) = (parts.next()?, parts.next()?.trim_end_matches('/'));
        match controllers {
            "" => Some(format!("/sys/fs/cgroup{path}/memory.events")),
            "memory" => Some(format!("/sys/fs/cgroup/memory{path}/memory.oom_control")),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kills_are_counted_wherever_the_kernel_counts_them() {
        for (text, expected, why) in [
            ("low 0\noom 3\noom_kill 2\noom_group_kill 0\n", 2, "control groups of version 2"),
            ("oom_kill_disable 0\nunder_oom 0\noom_kill 4\n", 4, "of version 1"),
            ("pgfault 1\noom_kill 7\n", 7, "/proc/vmstat"),
            ("", 0, "a file without the line"),
        ] {
            assert_eq!(counted(text), expected, "{why}");
        }
        let groups = "5:devices:/x\n4:memory:/a/b\n0::/\n";
        assert_eq!(
            group_files(groups).collect::<Vec<_>>(),
            ["/sys/fs/cgroup/memory/a/b/memory.oom_control", "/sys/fs/cgroup/memory.events"]
        );
    }

    #[test]
    fn a_checkpoint_holds_what_the_optimizer_keeps() {
        for (optimizer, copies) in
            [("\"adam\"", 4), ("\"adamw\"", 4), ("\"sgd\"", 2), ("{\"sgd\": {\"momentum\": 0.9}}", 3)]
        {
            let optimizer: OptimizerSpec = serde_json::from_str(optimizer).unwrap();
            assert_eq!(copies_in_a_checkpoint(optimizer), copies, "{optimizer}");
        }
    }
}
