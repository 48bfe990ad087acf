//! What a sweep will take, from a few timed steps of every arm.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use pool_records::{Probe, ProcessOptions, TaskCommand};
use pool_spec::{
    ArmEstimate, DeviceChoice, Kernels, Perturbations, Plan, Selection, SweepEstimate, Task, Trial, TrialSpec,
};

use crate::local_processes::KEEP_FREED_PAGES;
use crate::{LocalOptions, Needs, ScheduleError, Share};

/// Starting a process, libtorch and the data set.
const START_S: f64 = 0.5;

/// Times a few steps of every arm, in as many processes of this program at once as a sweep with these options would
/// run. `on_arm` is called before each arm.
///
/// # Errors
/// A process that cannot be started, or dies.
pub fn measure_estimate(
    selection: &Selection<'_>,
    program: &Path,
    options: LocalOptions,
    on_arm: &mut dyn FnMut(),
) -> Result<SweepEstimate, ScheduleError> {
    let tasks = selection.plan.rungs().first().map_or(selection.trials.len(), |rung| rung.arms);
    let mut share = options.share(tasks);
    let memory_bytes = options.memory_bytes();
    let images = selection.plan.images.all();
    let trials = selection.one_per_arm();
    let largest = trials.iter().map(|trial| Needs::of(Task::Trial(trial), images).memory_bytes).max();
    let fitting = memory_bytes / largest.unwrap_or(1).max(1);
    share.jobs = share.jobs.min(u32::try_from(fitting).unwrap_or(u32::MAX)).max(1);
    let probes = trials.iter().map(|trial| {
        on_arm();
        probe_apart(trial.spec(), program, share)
    });
    Ok(estimate_from(selection, share, &probes.collect::<Result<Vec<_>, _>>()?))
}

/// From the probe of each arm, in the order of [`Selection::one_per_arm`].
pub fn estimate_from(selection: &Selection<'_>, share: Share, probes: &[Probe]) -> SweepEstimate {
    let plan = selection.plan;
    let specs: Vec<&TrialSpec> = selection.one_per_arm().into_iter().map(Trial::spec).collect();
    let arms: Vec<ArmEstimate> = specs
        .iter()
        .zip(probes)
        .map(|(spec, probe)| ArmEstimate {
            arm: spec.arm.clone(),
            step_s: probe.step_s,
            trial_s: START_S
                + f64::from(spec.train.epochs) * epoch_s(plan, spec, probe)
                + evaluation_s(plan, spec, probe),
            peak_bytes: probe
                .peak_bytes
                .map(|bytes| bytes + Needs::data_bytes(plan.images.all(), &spec.model.input)),
        })
        .collect();
    let total_s = match plan.rungs() {
        [] => {
            let arm_of = |trial: &&Trial| arms.iter().find(|row| row.arm == trial.spec().arm);
            let tried = selection.tuning.iter().map(|tried| &tried.trial);
            // Tuned arms are trained twice with the study's seeds.
            let times = if selection.tuning.is_empty() { 1 } else { 2 };
            let study = std::iter::repeat_n(&selection.trials, times).flatten().copied();
            at_once(share.jobs, tried.chain(study).filter_map(|trial| arm_of(&trial)).map(|row| row.trial_s))
        }
        rungs => {
            // Which arms go on is not known: each is as long as the average.
            let mean = |seconds_of: fn(&Plan, &TrialSpec, &Probe) -> f64| {
                let all = specs.iter().zip(probes).map(|(spec, probe)| seconds_of(plan, spec, probe));
                all.sum::<f64>() / specs.len().max(1) as f64
            };
            let (epoch, evaluation) = (mean(epoch_s), mean(evaluation_s));
            let (mut total, mut behind) = (0.0, 0);
            for (index, rung) in rungs.iter().enumerate() {
                let entering = rung.arms.min(specs.len());
                let last = if index + 1 == rungs.len() { evaluation } else { 0.0 };
                let seconds = |epochs: u32| START_S + f64::from(epochs) * epoch + last;
                let on = std::iter::repeat_n(seconds(rung.epochs - behind), entering);
                let anew = std::iter::repeat_n(seconds(rung.epochs), entering * (rung.seeds - 1));
                total += at_once(share.jobs, on.chain(anew));
                behind = rung.epochs;
            }
            total
        }
    };
    SweepEstimate { jobs: share.jobs, threads: share.threads, arms, total_s }
}

/// How long tasks of these seconds take, each started as soon as one of `jobs` places is free.
fn at_once(jobs: u32, tasks: impl Iterator<Item = f64>) -> f64 {
    let mut ends = vec![0.0_f64; jobs.max(1) as usize];
    for seconds in tasks {
        if let Some(first) = ends.iter_mut().min_by(|a, b| a.total_cmp(b)) {
            *first += seconds;
        }
    }
    ends.into_iter().fold(0.0, f64::max)
}

fn batches(images: u64, spec: &TrialSpec) -> f64 {
    images.div_ceil(spec.train.batch_size as u64) as f64
}

fn epoch_s(plan: &Plan, spec: &TrialSpec, probe: &Probe) -> f64 {
    batches(plan.images.train, spec) * probe.step_s
        + batches(plan.images.validation, spec) * probe.prediction_s
}

fn evaluation_s(plan: &Plan, spec: &TrialSpec, probe: &Probe) -> f64 {
    let changes: u64 = match spec.evaluation.perturbations {
        Perturbations::Standard => {
            mnist_data::standard_levels().iter().map(|level| level.perturbations.len() as u64).sum()
        }
        Perturbations::None => 0,
    };
    let images = plan.images.train + plan.images.validation + plan.images.test * (1 + changes);
    batches(images, spec) * probe.prediction_s
}

/// Times a few steps of a trial in fresh processes, as many at once as trials will run; each reads the spec on its
/// standard input. Gives the median of their times and the highest peak. A network that this machine has no room for
/// costs these processes alone, and its peak of memory is no other network's.
///
/// # Errors
/// A process that cannot be started, or dies.
fn probe_apart(spec: &TrialSpec, program: &Path, share: Share) -> Result<Probe, ScheduleError> {
    let input = serde_json::to_vec(spec).map_err(|cause| start_error(program)(cause.into()))?;
    let options = ProcessOptions {
        threads: share.threads,
        jobs: share.jobs,
        kernels: Kernels::default(),
        device: DeviceChoice::default(),
        stop_with_stdin: false,
        verbose: 0,
    };
    let command = TaskCommand::Probe { options };
    let start = |_| -> std::io::Result<Child> {
        let mut child = Command::new(program)
            .args(command.to_args())
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
        let output = output.map_err(start_error(program))?;
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

fn read(output: &Output, spec: &TrialSpec, program: &Path) -> Result<Probe, ScheduleError> {
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said = said.lines().last().unwrap_or_default().trim_start_matches("error: ");
        let said = if said.is_empty() { output.status.to_string() } else { said.to_owned() };
        return Err(ScheduleError::Probe { arm: spec.arm.clone(), said });
    }
    serde_json::from_slice(&output.stdout).map_err(|cause| start_error(program)(cause.into()))
}

fn start_error(program: &Path) -> impl Fn(std::io::Error) -> ScheduleError {
    |cause| ScheduleError::Start { program: program.to_owned(), cause }
}
