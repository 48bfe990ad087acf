//! What a person sees while a sweep runs: bars in a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use pool_metrics::{EpochRecord, TrialRecord, TrialStatus};
use pool_train::{SweepEvent, Trial, TrialEvent, TrialFate};

use crate::output::say;

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

/// A bar for the sweep, and one below it for each running trial.
#[derive(Default)]
pub(crate) struct Bars {
    screen: MultiProgress,
    sweep: Option<ProgressBar>,
    trials: HashMap<String, TrialBar>,
    ended: u64,
    all: u64,
}

struct TrialBar {
    bar: ProgressBar,
    steps_per_epoch: u64,
}

/// How finely the sweep's bar follows its trials, so that the time to go is known before the first has ended.
const PARTS_OF_A_TRIAL: u64 = 1000;

impl Bars {
    fn show(&mut self, event: &SweepEvent<'_>) {
        match event {
            SweepEvent::Planned { trials, finished } => {
                (self.all, self.ended) = (*trials as u64, *finished as u64);
                let bar = self
                    .screen
                    .add(ProgressBar::new(self.all * PARTS_OF_A_TRIAL))
                    .with_style(style("sweep {msg} {bar:16} {elapsed} so far, {eta} to go"));
                // Trials that were finished before must not make the others look fast.
                bar.set_position(self.ended * PARTS_OF_A_TRIAL);
                bar.reset_eta();
                bar.enable_steady_tick(std::time::Duration::from_secs(1));
                self.sweep = Some(bar);
                self.update_sweep();
            }
            SweepEvent::Started(trial) => {
                let bar =
                    self.screen.add(ProgressBar::new(0)).with_style(style("{prefix} {bar:16} {wide_msg}"));
                bar.set_prefix(trial.id().to_owned());
                bar.set_message("starting");
                self.trials.insert(trial.id().to_owned(), TrialBar { bar, steps_per_epoch: 0 });
            }
            SweepEvent::Progress(trial, event) => {
                if let Some(trial) = self.trials.get_mut(trial.id()) {
                    trial.show(event);
                }
                self.update_sweep();
            }
            SweepEvent::Ended(trial, fate) => {
                if let Some(TrialBar { bar, .. }) = self.trials.remove(trial.id()) {
                    bar.finish_and_clear();
                }
                let _ = self.screen.println(ending(trial, fate));
                if !matches!(fate, TrialFate::Stopped) {
                    self.ended += 1;
                }
                self.update_sweep();
            }
        }
    }

    fn update_sweep(&self) {
        if let Some(sweep) = &self.sweep {
            let running: u64 = self.trials.values().map(TrialBar::parts_done).sum();
            sweep.set_position(self.ended * PARTS_OF_A_TRIAL + running);
            sweep.set_message(format!("{}/{}", self.ended, self.all));
        }
    }

    fn finish(&mut self) {
        if let Some(sweep) = self.sweep.take() {
            sweep.finish_and_clear();
        }
    }
}

impl TrialBar {
    fn parts_done(&self) -> u64 {
        let steps = self.bar.length().unwrap_or(0);
        (self.bar.position() * PARTS_OF_A_TRIAL).checked_div(steps).unwrap_or(0)
    }

    fn show(&mut self, event: &TrialEvent) {
        match event {
            TrialEvent::Started { epochs, steps } => {
                self.steps_per_epoch = *steps;
                self.bar.set_length(u64::from(*epochs) * steps);
                self.bar.set_message(format!("epoch 1/{epochs}"));
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
            TrialEvent::Failed { reason } => self.bar.set_message(reason.clone()),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("templates are written here, not by users")
}

/// One line per event that matters.
#[derive(Default)]
pub(crate) struct Lines {
    trials: usize,
    ended: usize,
    epochs: HashMap<String, u32>,
}

impl Lines {
    fn show(&mut self, event: &SweepEvent<'_>) {
        match event {
            SweepEvent::Planned { trials, finished } => {
                self.trials = *trials;
                self.ended = *finished;
                say(&format!("{trials} trials, {finished} of them finished already"));
            }
            SweepEvent::Started(trial) => say(&format!("{}: started", trial.id())),
            SweepEvent::Progress(trial, TrialEvent::Started { epochs, .. }) => {
                self.epochs.insert(trial.id().to_owned(), *epochs);
            }
            SweepEvent::Progress(trial, TrialEvent::Epoch(record)) => {
                let epochs = self.epochs.get(trial.id()).copied().unwrap_or_default();
                say(&format!("{}: {}", trial.id(), epoch_line(record, epochs)));
            }
            // A failure is told when its process has ended.
            SweepEvent::Progress(
                _,
                TrialEvent::Step { .. } | TrialEvent::Evaluating | TrialEvent::Failed { .. },
            ) => {}
            SweepEvent::Ended(trial, fate) => {
                if !matches!(fate, TrialFate::Stopped) {
                    self.ended += 1;
                }
                say(&format!("[{}/{}] {}", self.ended, self.trials, ending(trial, fate)));
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

fn ending(trial: &Trial, fate: &TrialFate) -> String {
    match fate {
        TrialFate::Finished(record) => format!("{}: {}", trial.id(), result_line(record)),
        TrialFate::Failed(failure) => format!("{}: failed: {}", trial.id(), failure.reason),
        TrialFate::Stopped => format!("{}: stopped", trial.id()),
    }
}

fn result_line(record: &TrialRecord) -> String {
    let epochs = record.epochs.len();
    match (&record.test, record.status) {
        (Some(test), TrialStatus::Finished | TrialStatus::StoppedEarly) => format!(
            "test error {:.2} %, {epochs} epochs, {:.1} s of training",
            100.0 * test.error_rate(),
            record.train_s()
        ),
        _ => {
            format!("diverged in epoch {epochs}: the loss is no longer a number; try a smaller learning rate")
        }
    }
}
