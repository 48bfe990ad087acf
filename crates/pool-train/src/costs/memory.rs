//! Peaks of resident memory, each from a process of its own.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use pool_metrics::MemoryModel;
use pool_records::{MeasuredPeak, Phase, ProcessOptions, RunError, StopFlag, TaskCommand};
use pool_spec::{CostSpec, DeviceChoice};
use tch::{Kind, Tensor};

use crate::TrainError;
use crate::context::TrialContext;
use crate::device::torch;
use crate::resident::ResidentData;
use crate::trial::{Training, predict};
use crate::usage::PeakMemory;

/// A large batch, besides the one that is trained with: what grows with the batch shows apart from what does not.
const LARGE_BATCH: u32 = 1_000;
/// What a program needs that predicts one image as it comes.
const ONE_IMAGE: u32 = 1;
/// Steps after which nothing new is allocated.
const STEPS: usize = 4;
/// How often a process is checked; its output is shorter than a pipe, so that it never waits for us.
const POLL: Duration = Duration::from_millis(20);
/// glibc gives back to the kernel what is freed, so that what is resident is what is in use. (mallopt(3). Slow, which
/// is why the trials themselves do the opposite.)
const GIVE_FREED_PAGES_BACK: [(&str, &str); 3] =
    [("MALLOC_MMAP_THRESHOLD_", "65536"), ("MALLOC_TRIM_THRESHOLD_", "65536"), ("MALLOC_TOP_PAD_", "0")];

/// Batch sizes to measure at, rising.
fn batches(phase: Phase, trained_with: usize) -> Vec<u32> {
    let trained_with = u32::try_from(trained_with).unwrap_or(u32::MAX);
    let mut batches = match phase {
        Phase::Training => vec![trained_with, LARGE_BATCH],
        Phase::Inference => vec![ONE_IMAGE, trained_with, LARGE_BATCH],
    };
    batches.sort_unstable();
    batches.dedup();
    batches
}

/// Our model of the same phase.
fn model(phase: Phase) -> MemoryModel {
    match phase {
        Phase::Training => MemoryModel::Training,
        Phase::Inference => MemoryModel::Inference,
    }
}

/// Starts a process per phase and batch size, one after the other; `None` where its peak is not known.
pub(super) fn peaks(
    spec: &CostSpec,
    folder: &Path,
    program: &Path,
    context: &TrialContext,
    stop: &StopFlag,
) -> Result<Vec<MeasuredPeak>, TrainError> {
    let inferred = spec.model.infer()?;
    let layers = inferred.costs();
    let mut peaks = Vec::new();
    for phase in Phase::ALL {
        for batch_size in batches(phase, spec.train.batch_size) {
            let bytes = if PeakMemory::is_known(context.device) {
                peak_of_a_process(folder, program, phase, batch_size, context, stop)?
            } else {
                None
            };
            let estimate = model(phase).estimate(
                &layers,
                inferred.input_elements(),
                batch_size.into(),
                spec.train.optimizer,
            );
            peaks.push(MeasuredPeak { bytes, estimate });
        }
    }
    Ok(peaks)
}

fn peak_of_a_process(
    folder: &Path,
    program: &Path,
    phase: Phase,
    batch_size: u32,
    context: &TrialContext,
    stop: &StopFlag,
) -> Result<Option<u64>, TrainError> {
    let options = ProcessOptions {
        threads: context.threads,
        jobs: 1,
        kernels: context.kernels,
        device: DeviceChoice::Exactly(context.device),
        stop_with_stdin: false,
        verbose: 0,
    };
    let command = TaskCommand::Peak { folder: folder.to_owned(), phase, batch_size, options };
    let mut process = Command::new(program)
        .args(command.to_args())
        .envs(GIVE_FREED_PAGES_BACK)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(TrainError::io("start", program))?;
    let status = loop {
        match process.try_wait().map_err(TrainError::io("wait for", program))? {
            Some(status) => break status,
            None if stop.is_set() => {
                // It holds nothing that could be lost, and must not outlive its sweep.
                let _ = process.kill();
                let _ = process.wait();
                return Err(RunError::Stopped.into());
            }
            None => std::thread::sleep(POLL),
        }
    };
    if !status.success() {
        tracing::warn!(%status, phase = phase.name(), batch_size, "no peak of memory");
        return Ok(None);
    }
    let mut answer = String::new();
    if let Some(mut stdout) = process.stdout.take() {
        stdout.read_to_string(&mut answer).map_err(TrainError::io("read from", program))?;
    }
    Ok(serde_json::from_str(&answer).unwrap_or_default())
}

/// Runs one phase in this process, which must be fresh, and returns how far its resident memory rose, in bytes.
///
/// libtorch's code and its threads come into memory with their first use, and are the network's no more than the data
/// set is. So the same network runs once with a single image before, and what is resident afterwards does not count.
///
/// # Errors
/// Missing data, a network that cannot be built, or libtorch's refusal.
pub fn measure_peak(
    spec: &CostSpec,
    phase: Phase,
    batch_size: u32,
    context: &TrialContext,
) -> Result<Option<u64>, TrainError> {
    context.set_threads();
    let data = ResidentData::load(&spec.data, spec.model.seed, &context.data_dir, context.device)?;
    run(spec, phase, context, &data, 1, 1)?;
    let memory = PeakMemory::start(context.device);
    run(spec, phase, context, &data, batch_size, STEPS)?;
    Ok(memory.peak_bytes())
}

/// Builds the network and runs some batches of this size; a set with fewer images is gone through again.
fn run(
    spec: &CostSpec,
    phase: Phase,
    context: &TrialContext,
    data: &ResidentData,
    batch_size: u32,
    steps: usize,
) -> Result<(), TrainError> {
    let images = &data.train;
    let (variables, net) = context.build(&spec.model, spec.train.precision)?;
    let on_device = (Kind::Int64, torch(context.device));
    let indices = Tensor::f_arange(i64::from(batch_size), on_device)?.f_remainder(images.len() as i64)?;
    match phase {
        Phase::Training => {
            let training = Training::new(&spec.train, &net, images, &variables, context.kernels)?;
            let mut training = training.augmented(data.augmenter.as_ref());
            for _ in 0..steps {
                let _read_back = f64::try_from(&training.step(&indices)?.loss)?;
            }
            Ok(())
        }
        Phase::Inference => {
            let predictor = net.predictor()?;
            (0..steps).try_for_each(|_| predict(&predictor, &images.gather(&indices)?.images).map(drop))
        }
    }
}
