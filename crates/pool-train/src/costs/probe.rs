//! A few steps on made-up images: what a trial will take, before it is trained.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use crate::machine::{Stopwatch, resident_peak_bytes};
use crate::resident::ImageTensors;
use crate::run::{KEEP_FREED_PAGES, Share};
use crate::trial::{Training, TrialContext, predict, set_threads};
use crate::{TrainError, TrialSpec};

/// What a few steps tell of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// One step of training: the median.
    pub step_s: f64,
    /// Predicting one batch of as many images: the median.
    pub prediction_s: f64,
    /// The peak of the process's resident memory, without a data set; none where the system does not tell.
    pub peak_bytes: Option<u64>,
}

/// Steps before the clock starts; Adam makes its moments in the first.
const WARM_UP: usize = 3;
const FEWEST: usize = 5;
const MOST: usize = 100;
/// Time for steps, and for predictions, once there are enough.
const ENOUGH: Duration = Duration::from_millis(300);

/// Times steps and predictions of a trial's network, on random images of its data set's shape.
///
/// # Errors
/// A network that cannot be built.
pub fn probe(spec: &TrialSpec, context: &TrialContext) -> Result<Probe, TrainError> {
    set_threads(context);
    let device = context.device;
    let batch = spec.train.batch_size as i64;
    let inferred = spec.model.infer()?;
    let classes = inferred.output().and_then(|shape| shape.last().copied()).unwrap_or(1) as i64;
    let sides = spec.model.input.iter().map(|&side| side as i64);
    let shape: Vec<i64> = std::iter::once(batch).chain(sides).collect();
    let images = ImageTensors {
        images: Tensor::f_rand(&shape[..], (Kind::Float, device.torch()))?,
        labels: Tensor::f_randint(classes, [batch], (Kind::Int64, device.torch()))?,
    };
    let all = Tensor::f_arange(batch, (Kind::Int64, device.torch()))?;

    let (variables, net) = context.build(&spec.model, spec.train.precision)?;
    let mut training = Training::new(&spec.train, &net, &images, &variables, context.kernels)?;
    let step_s = median_s(context, || Ok(f64::try_from(&training.step(&all)?.loss).map(drop)?))?;
    let prediction_s = median_s(context, || predict(&net, &images.images).map(drop))?;
    Ok(Probe { step_s, prediction_s, peak_bytes: resident_peak_bytes(device) })
}

fn median_s(
    context: &TrialContext,
    mut work: impl FnMut() -> Result<(), TrainError>,
) -> Result<f64, TrainError> {
    for _ in 0..WARM_UP {
        work()?;
    }
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < FEWEST || (times.len() < MOST && start.elapsed() < ENOUGH) {
        let stopwatch = Stopwatch::start(context.device);
        work()?;
        times.push(stopwatch.read_s());
    }
    Ok(pool_metrics::median(&times).unwrap_or(f64::NAN))
}

/// As [`probe`], in fresh processes, as many at once as trials will run: `PROGRAM probe --threads T`, the spec on its
/// standard input. Gives the median of their times and the highest peak. A network that this machine has no room for
/// costs these processes alone, and its peak of memory is no other network's.
///
/// # Errors
/// A process that cannot be started, or dies.
pub(crate) fn probe_apart(spec: &TrialSpec, program: &Path, share: Share) -> Result<Probe, TrainError> {
    let input =
        serde_json::to_vec(spec).map_err(|cause| TrainError::Json { path: program.to_owned(), cause })?;
    let start = |_| -> std::io::Result<Child> {
        let mut child = Command::new(program)
            .args(["probe", "--threads", &share.threads.to_string()])
            .envs(KEEP_FREED_PAGES)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        // A process that has died says why on its standard error.
        let _ = child.stdin.take().map(|mut stdin| stdin.write_all(&input));
        Ok(child)
    };
    let started: Vec<std::io::Result<Child>> = (0..share.jobs).map(start).collect();
    // All are waited for, although one may have failed.
    let ended: Vec<std::io::Result<Output>> =
        started.into_iter().map(|child| child.and_then(Child::wait_with_output)).collect();
    let probes = ended.into_iter().map(|output| {
        let output = output.map_err(TrainError::io("run", program))?;
        read(&output, spec, program)
    });
    let probes: Vec<Probe> = probes.collect::<Result<_, _>>()?;
    let median_of = |seconds: fn(&Probe) -> f64| {
        pool_metrics::median(&probes.iter().map(seconds).collect::<Vec<_>>()).unwrap_or(f64::NAN)
    };
    Ok(Probe {
        step_s: median_of(|probe| probe.step_s),
        prediction_s: median_of(|probe| probe.prediction_s),
        peak_bytes: probes.iter().filter_map(|probe| probe.peak_bytes).max(),
    })
}

fn read(output: &Output, spec: &TrialSpec, program: &Path) -> Result<Probe, TrainError> {
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().last().unwrap_or_default().trim_start_matches("error: ");
        let said = if said.is_empty() { output.status.to_string() } else { said.to_owned() };
        return Err(TrainError::Probe { arm: spec.arm.clone(), said });
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|cause| TrainError::Json { path: program.to_owned(), cause })
}
