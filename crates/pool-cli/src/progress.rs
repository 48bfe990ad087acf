//! What a person sees while a sweep runs: bars in a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use pool_metrics::median;
use pool_records::{CostRecord, EpochRecord, PausedTrial, TrialEvent, TrialRecord, TrialStatus, TunedArm};
use pool_run::{SweepEvent, TaskOutcome};
use pool_spec::{ArmOverrides, Task};

use crate::output::eprint_line;

/// Shows a sweep's events on standard error.
pub(crate) enum Progress {
    Bars(Bars),
    Lines(Lines),
}

impl Progress {
    pub(crate) fn new() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Bars(Bars::default())
        } else {
            Self::Lines(Lines::default())
        }
    }

    pub(crate) fn show(&mut self, event: &SweepEvent<'_>) {
        match self {
            Self::Bars(bars) => bars.show(event),
            Self::Lines(lines) => lines.show(event),
        }
    }

    pub(crate) fn finish(&mut self) {
        if let Self::Bars(bars) = self {
            bars.finish();
        }
    }
}

/// Counts what is done in a terminal, and writes nothing elsewhere.
pub(crate) struct Counter(ProgressBar);

impl Counter {
    pub(crate) fn new(what: &'static str, count: usize) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::new(count as u64)
        } else {
            ProgressBar::hidden()
        };
        Self(bar.with_style(style("{msg} {pos}/{len}")).with_message(what))
    }

    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    pub(crate) fn finish(&self) {
        self.0.finish_and_clear();
    }
}

/// A bar for the sweep, and one below it for each running task.
#[derive(Default)]
pub(crate) struct Bars {
    screen: MultiProgress,
    sweep: Option<ProgressBar>,
    tasks: HashMap<String, TaskBar>,
    count: Count,
}

struct TaskBar {
    bar: ProgressBar,
    steps_per_epoch: u64,
}

/// How finely the sweep's bar follows its tasks, so that the time to go is known before the first has ended.
const PARTS_OF_A_TASK: u64 = 1000;

impl Bars {
    fn show(&mut self, event: &SweepEvent<'_>) {
        match event {
            SweepEvent::Planned { .. } => {
                let bar = self
                    .screen
                    .add(ProgressBar::new(0))
                    .with_style(style("sweep {msg} {bar:16} {elapsed} so far, {eta} to go"));
                bar.enable_steady_tick(std::time::Duration::from_secs(1));
                self.sweep = Some(bar);
            }
            SweepEvent::Stage { done, all } => {
                let found = *done > self.count.ended;
                self.count = Count { ended: *done, all: *all };
                if let Some(sweep) = &self.sweep {
                    sweep.set_length(self.count.all as u64 * PARTS_OF_A_TASK);
                    sweep.set_position(self.count.ended as u64 * PARTS_OF_A_TASK);
                    // Those that were done before must not make the others look fast.
                    if found {
                        sweep.reset_eta();
                    }
                }
                self.update_sweep();
            }
            SweepEvent::Submitted { task, job } => {
                let _ = self.screen.println(submitted_line(*task, *job));
            }
            SweepEvent::Rung { number, arms, epochs } => {
                let _ = self.screen.println(rung_line(*number, *arms, *epochs));
            }
            SweepEvent::Look { number, of, arms, seeds } => {
                let _ = self.screen.println(look_line(*number, *of, *arms, *seeds));
            }
            SweepEvent::Tuned { settings, arms } => {
                for line in tuned_lines(settings, arms) {
                    let _ = self.screen.println(line);
                }
            }
            SweepEvent::Retrying { task, reason, exclusive } => {
                if let Some(TaskBar { bar, .. }) = self.tasks.remove(task.id()) {
                    bar.finish_and_clear();
                }
                let _ = self.screen.println(retry_line(*task, reason, *exclusive));
            }
            SweepEvent::Started(task) => {
                let bar =
                    self.screen.add(ProgressBar::new(0)).with_style(style("{prefix} {bar:16} {wide_msg}"));
                bar.set_prefix(task.id().to_owned());
                bar.set_message("starting");
                self.tasks.insert(task.id().to_owned(), TaskBar { bar, steps_per_epoch: 0 });
            }
            SweepEvent::Progress(task, event) => {
                if let TrialEvent::Resumed { epoch, changes } = event
                    && !changes.is_empty()
                {
                    let _ = self.screen.println(resumed_line(*task, *epoch, changes));
                }
                if let Some(bar) = self.tasks.get_mut(task.id()) {
                    bar.show(event);
                }
                self.update_sweep();
            }
            SweepEvent::Ended(task, outcome) => {
                if let Some(TaskBar { bar, .. }) = self.tasks.remove(task.id()) {
                    bar.finish_and_clear();
                }
                let _ = self.screen.println(end_line(*task, outcome));
                self.count.add(outcome);
                self.update_sweep();
            }
        }
    }

    fn update_sweep(&self) {
        if let Some(sweep) = &self.sweep {
            let running: u64 = self.tasks.values().map(TaskBar::parts_done).sum();
            sweep.set_position(self.count.ended as u64 * PARTS_OF_A_TASK + running);
            sweep.set_message(self.count.to_string());
        }
    }

    fn finish(&mut self) {
        if let Some(sweep) = self.sweep.take() {
            sweep.finish_and_clear();
        }
    }
}

impl TaskBar {
    fn parts_done(&self) -> u64 {
        let steps = self.bar.length().unwrap_or(0);
        (self.bar.position() * PARTS_OF_A_TASK).checked_div(steps).unwrap_or(0)
    }

    fn show(&mut self, event: &TrialEvent) {
        match event {
            TrialEvent::Started { epochs, steps } => {
                self.steps_per_epoch = *steps;
                self.bar.set_length(u64::from(*epochs) * steps);
                self.bar.set_message(format!("epoch 1/{epochs}"));
            }
            TrialEvent::Resumed { epoch, changes: _ } => {
                self.bar.set_position(u64::from(*epoch) * self.steps_per_epoch);
                self.bar.set_message(format!("going on after epoch {epoch}"));
            }
            TrialEvent::Step { epoch, done } => {
                self.bar.set_position(u64::from(epoch - 1) * self.steps_per_epoch + done);
            }
            TrialEvent::Epoch(record) => {
                self.bar.set_position(u64::from(record.epoch) * self.steps_per_epoch);
                let error_percent = 100.0 * record.validation_error;
                self.bar.set_message(format!("epoch {}, error {error_percent:.2} %", record.epoch));
            }
            TrialEvent::Evaluating => self.bar.set_message("evaluating"),
            TrialEvent::Measuring { what } => self.bar.set_message(format!("measuring {what}")),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("templates are written here, not by users")
}

/// How many tasks have come to their end, of how many: a trial counts once in every rung.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    ended: usize,
    all: usize,
}

impl Count {
    fn add(&mut self, outcome: &TaskOutcome) {
        match outcome {
            TaskOutcome::Finished(_)
            | TaskOutcome::Paused(_)
            | TaskOutcome::Measured(_)
            | TaskOutcome::Failed(_) => self.ended += 1,
            TaskOutcome::Stopped => {}
        }
    }
}

impl std::fmt::Display for Count {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.ended, self.all)
    }
}

/// One line per event that matters.
#[derive(Default)]
pub(crate) struct Lines {
    count: Count,
    epochs: HashMap<String, u32>,
}

impl Lines {
    fn show(&mut self, event: &SweepEvent<'_>) {
        match event {
            SweepEvent::Planned { trials, measurements, finished } => {
                eprint_line(&planned_line(*trials, *measurements, *finished));
            }
            SweepEvent::Stage { done, all } => self.count = Count { ended: *done, all: *all },
            SweepEvent::Submitted { task, job } => eprint_line(&submitted_line(*task, *job)),
            SweepEvent::Rung { number, arms, epochs } => eprint_line(&rung_line(*number, *arms, *epochs)),
            SweepEvent::Look { number, of, arms, seeds } => {
                eprint_line(&look_line(*number, *of, *arms, *seeds));
            }
            SweepEvent::Tuned { settings, arms } => {
                tuned_lines(settings, arms).iter().for_each(|line| eprint_line(line));
            }
            SweepEvent::Retrying { task, reason, exclusive } => {
                eprint_line(&retry_line(*task, reason, *exclusive));
            }
            SweepEvent::Started(task) => eprint_line(&format!("{}: started", task.id())),
            SweepEvent::Progress(task, TrialEvent::Started { epochs, .. }) => {
                self.epochs.insert(task.id().to_owned(), *epochs);
            }
            SweepEvent::Progress(task, TrialEvent::Resumed { epoch, changes }) => {
                eprint_line(&resumed_line(*task, *epoch, changes));
            }
            SweepEvent::Progress(task, TrialEvent::Epoch(record)) => {
                let epochs = self.epochs.get(task.id()).copied().unwrap_or_default();
                eprint_line(&format!("{}: {}", task.id(), epoch_line(record, epochs)));
            }
            SweepEvent::Progress(task, TrialEvent::Measuring { what }) => {
                eprint_line(&format!("{}: measuring {what}", task.id()));
            }
            // A failure is shown when its process has ended.
            SweepEvent::Progress(_, TrialEvent::Step { .. } | TrialEvent::Evaluating) => {}
            SweepEvent::Ended(task, outcome) => {
                self.count.add(outcome);
                eprint_line(&format!("[{}] {}", self.count, end_line(*task, outcome)));
            }
        }
    }
}

fn epoch_line(record: &EpochRecord, epochs: u32) -> String {
    format!(
        "epoch {}/{epochs}, loss {:.4}, validation loss {:.4}, validation error {:.2} %, {:.1} s",
        record.epoch,
        record.train_loss,
        record.validation_loss,
        100.0 * record.validation_error,
        record.train_s
    )
}

fn rung_line(number: usize, arms: usize, epochs: u32) -> String {
    format!("rung {number}: {}, until epoch {epochs}", counted(arms, "arm"))
}

fn look_line(number: usize, of: usize, arms: usize, seeds: u32) -> String {
    format!("look {number} of {of}: {} until seed {seeds}", counted(arms, "arm"))
}

/// One line for each arm: what it is trained with from now on.
fn tuned_lines(settings: &[ArmOverrides], arms: &[TunedArm]) -> Vec<String> {
    let line = |arm: &TunedArm| match arm.choice(settings) {
        Some((setting, found)) => {
            let error_percent = 100.0 * found.validation_error.unwrap_or(f64::NAN);
            format!("tuned {}: {setting}, validation error {error_percent:.2} %", arm.arm)
        }
        None if arm.is_waiting() => format!("not tuned {}: trials are missing", arm.arm),
        None => format!("not tuned {}: every setting has a trial that diverged", arm.arm),
    };
    arms.iter().map(line).collect()
}

fn planned_line(trials: usize, measurements: usize, finished: usize) -> String {
    let costs = match measurements {
        0 => String::new(),
        count => format!(" and {} of costs", counted(count, "measurement")),
    };
    let before = match finished {
        0 => String::new(),
        count => format!(", {count} of them finished already"),
    };
    format!("{}{costs}{before}", counted(trials, "trial"))
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn resumed_line(task: Task<'_>, epoch: u32, changes: &[String]) -> String {
    let id = task.id();
    if changes.is_empty() {
        return format!("{id}: going on after epoch {epoch}");
    }
    format!(
        "{id}: warning: going on after epoch {epoch} with {}; the last digits may differ from those of a trial that ran \
         through",
        changes.join(", ")
    )
}

fn submitted_line(task: Task<'_>, job: u64) -> String {
    format!("{}: waits in Slurm's queue, job {job}", task.id())
}

fn retry_line(task: Task<'_>, reason: &str, exclusive: bool) -> String {
    let how = if exclusive { "trying again with more memory to itself" } else { "trying again" };
    format!("{}: {reason}; {how}", task.id())
}

fn end_line(task: Task<'_>, outcome: &TaskOutcome) -> String {
    let outcome = match outcome {
        TaskOutcome::Finished(record) => result_line(record),
        TaskOutcome::Paused(paused) => paused_line(paused),
        TaskOutcome::Measured(record) => cost_line(record),
        TaskOutcome::Failed(failure) => format!("failed: {}", failure.reason),
        TaskOutcome::Stopped => "stopped".to_owned(),
    };
    format!("{}: {outcome}", task.id())
}

fn result_line(record: &TrialRecord) -> String {
    let epochs = record.epochs.len();
    match (record.test_error(), record.status) {
        (Some(error), TrialStatus::Finished | TrialStatus::StoppedEarly) => format!(
            "test error {:.2} %, {}, {:.1} s of training",
            100.0 * error,
            counted(epochs, "epoch"),
            record.train_s()
        ),
        _ => {
            format!("diverged in epoch {epochs}: the loss is no longer a number; try a smaller learning rate")
        }
    }
}

fn paused_line(paused: &PausedTrial) -> String {
    let best = paused.best_validation_error().unwrap_or(f64::INFINITY);
    format!("validation error {:.2} % after epoch {}", 100.0 * best, paused.epochs.len())
}

fn cost_line(record: &CostRecord) -> String {
    let epoch_s = median(&record.training.epoch_s).unwrap_or(f64::NAN);
    let prediction_s = median(&record.prediction.seconds).unwrap_or(f64::NAN);
    let images = record.prediction.images;
    let spoilt =
        if record.contention.is_contended() { "; contended: something else was running" } else { "" };
    format!("an epoch takes {epoch_s:.2} s, predicting {images} images {prediction_s:.3} s{spoilt}")
}
