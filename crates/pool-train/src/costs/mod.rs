//! What an arm costs: durations and peaks of memory, measured with nothing else running.

mod memory;
mod times;

use std::path::Path;

use pool_records::{CostRecord, ModelFacts, RECORD_VERSION, StopFlag, TrialEvent};
use pool_spec::{CostSpec, TaskSpec};

pub use memory::measure_peak;
pub use times::probe;

use crate::TrainError;
use crate::context::{TrialContext, now};
use crate::resident::ResidentData;
use crate::usage::ProcessorUse;

/// Measures an arm's costs and returns the record; storing it is left to the caller. `program` is this program, which
/// is started again for every peak of memory, because a peak is honest in a fresh process alone.
///
/// # Errors
/// Missing data, a network that cannot be built, or [`RunError::Stopped`](pool_records::RunError::Stopped).
pub fn measure_costs(
    spec: &CostSpec,
    folder: &Path,
    program: &Path,
    context: &TrialContext,
    stop: &StopFlag,
    on_event: &mut dyn FnMut(TrialEvent),
) -> Result<CostRecord, TrainError> {
    let started = now();
    context.set_threads();
    let mut measuring = |what: &str| on_event(TrialEvent::Measuring { what: what.to_owned() });
    // A peak is the same in every process.
    let memory = if spec.process == 1 {
        measuring("peak memory");
        memory::peaks(spec, folder, program, context, stop)?
    } else {
        Vec::new()
    };

    let data = ResidentData::load(&spec.data, spec.model.seed, &context.data_dir, context.device)?;
    let (variables, net) = context.build(&spec.model, spec.train.precision)?;
    let (kernels, device) = (context.kernels, context.device);
    let clock = times::Clock { spec, net: &net, kernels, device, data: &data, stop };
    let processor = ProcessorUse::start();
    measuring("training steps");
    let training = clock.training(&variables)?;
    measuring("prediction");
    let prediction = clock.prediction()?;
    measuring("latency");
    let latency = clock.latencies()?;

    Ok(CostRecord {
        version: RECORD_VERSION,
        id: spec.id(),
        model: ModelFacts::new(&spec.model, &spec.train)?,
        spec: spec.clone(),
        training,
        prediction,
        latency,
        memory,
        contention: processor.contention(context.jobs),
        provenance: context.provenance(started),
    })
}
