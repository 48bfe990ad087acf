//! How long a search may train.

use std::collections::HashMap;

use pool_metrics::EpochRecord;

use super::task::Fate;

/// Hours of training, added up over all trials: however many run at once, and however often the sweep is interrupted,
/// the same budget buys as much.
#[derive(Debug, Default)]
pub struct WorkingHours {
    /// None is as many as it takes.
    budget_s: Option<f64>,
    spent_s: HashMap<String, f64>,
}

impl WorkingHours {
    pub(super) fn new(hours: Option<f64>) -> Self {
        Self { budget_s: hours.map(|hours| hours * 3600.0), spent_s: HashMap::new() }
    }

    /// Whether there is time for another trial.
    pub fn are_left(&self) -> bool {
        self.budget_s.is_none_or(|budget_s| self.spent_s.values().sum::<f64>() < budget_s)
    }

    /// Takes what a trial has trained so far.
    pub(super) fn spend(&mut self, fate: &Fate) {
        match fate {
            Fate::Finished(record) => self.spend_epochs(&record.id, &record.epochs),
            Fate::Paused(paused) => self.spend_epochs(&paused.id, &paused.epochs),
            Fate::Measured(_) | Fate::Failed(_) | Fate::Stopped => {}
        }
    }

    /// Takes the time of all epochs that a trial has behind it, which replaces what was taken for it before.
    fn spend_epochs(&mut self, id: &str, epochs: &[EpochRecord]) {
        let seconds = epochs.iter().map(|epoch| epoch.train_s + epoch.validation_s).sum();
        self.spent_s.insert(id.to_owned(), seconds);
    }
}
