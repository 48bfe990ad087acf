//! A few steps on made-up images: what a trial will take, before it is trained.

use std::time::{Duration, Instant};

use pool_records::Probe;
use pool_spec::TrialSpec;
use tch::{Kind, Tensor};

use crate::TrainError;
use crate::machine::torch;
use crate::machine::{Stopwatch, resident_peak_bytes};
use crate::resident::ImageTensors;
use crate::trial::{Training, TrialContext, predict, set_threads};

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
        images: Tensor::f_rand(&shape[..], (Kind::Float, torch(device)))?,
        labels: Tensor::f_randint(classes, [batch], (Kind::Int64, torch(device)))?,
    };
    let all = Tensor::f_arange(batch, (Kind::Int64, torch(device)))?;

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
