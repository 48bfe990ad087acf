//! Decides when training has stopped getting better.

use pool_records::EpochRecord;
use pool_spec::EarlyStopping;

/// What an epoch means for the trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The best epoch so far: its weights are worth keeping.
    Improved,
    /// Not better, but there is patience left.
    Waiting,
    /// Not better for as many epochs as there was patience.
    Stop,
}

/// Follows one figure over the epochs.
#[derive(Debug)]
pub(super) struct Patience {
    rule: EarlyStopping,
    best: f64,
    waited: u32,
}

impl Patience {
    pub(super) fn new(rule: EarlyStopping) -> Self {
        Self { rule, best: f64::INFINITY, waited: 0 }
    }

    /// As it stands after these epochs.
    pub(super) fn after(rule: EarlyStopping, epochs: &[EpochRecord]) -> Self {
        let mut patience = Self::new(rule);
        for epoch in epochs {
            patience.judge(epoch);
        }
        patience
    }

    pub(super) fn judge(&mut self, epoch: &EpochRecord) -> Verdict {
        let figure = self.rule.watched(epoch.validation_loss, epoch.validation_error);
        if self.rule.improves(figure, self.best) {
            self.best = figure;
            self.waited = 0;
            return Verdict::Improved;
        }
        self.waited += 1;
        if self.waited >= self.rule.patience { Verdict::Stop } else { Verdict::Waiting }
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{Improved, Stop, Waiting};
    use super::*;
    use pool_spec::Monitor;

    fn verdicts(patience: u32, min_delta: f64, monitor: Monitor, losses: &[f64]) -> Vec<Verdict> {
        let rule = EarlyStopping { monitor, patience, min_delta, restore_best: true };
        let mut patience = Patience::new(rule);
        losses
            .iter()
            .map(|&loss| {
                patience.judge(&EpochRecord {
                    epoch: 1,
                    train_loss: 0.0,
                    train_error: 0.0,
                    validation_loss: loss,
                    validation_error: 1.0 - loss,
                    train_s: 0.0,
                    validation_s: 0.0,
                })
            })
            .collect()
    }

    #[test]
    fn stops_after_as_many_epochs_without_improvement_as_there_is_patience() {
        for (patience, min_delta, losses, expected, why) in [
            (2, 0.0, &[0.5, 0.4, 0.3][..], &[Improved, Improved, Improved][..], "always better"),
            (2, 0.0, &[0.5, 0.6, 0.7], &[Improved, Waiting, Stop], "two worse epochs"),
            (2, 0.0, &[0.5, 0.6, 0.4, 0.6], &[Improved, Waiting, Improved, Waiting], "patience starts anew"),
            (1, 0.0, &[0.5, 0.5], &[Improved, Stop], "equal is no improvement"),
            (
                2,
                0.2,
                &[0.5, 0.4, 0.2],
                &[Improved, Waiting, Improved],
                "by more than min_delta, from the best",
            ),
            (1, 0.2, &[0.5, 0.31], &[Improved, Stop], "too small an improvement"),
        ] {
            assert_eq!(verdicts(patience, min_delta, Monitor::ValidationLoss, losses), expected, "{why}");
        }
    }

    #[test]
    fn watches_the_figure_that_was_asked_for() {
        assert_eq!(verdicts(1, 0.0, Monitor::ValidationError, &[0.5, 0.6]), [Improved, Improved]);
    }
}
