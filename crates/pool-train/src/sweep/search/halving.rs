//! Successive halving (Jamieson & Talwalkar 2016): many arms for few epochs, the best of them for more.
//!
//! Every rung is finished before the next begins. The asynchronous variant (ASHA, Li et al. 2020) keeps machines busier,
//! but what it promotes depends on which trial ends first; here the same file and seed promote the same arms, however
//! many trials run at once and however often the sweep is interrupted.

use std::collections::HashSet;

use pool_metrics::{EpochRecord, PlannedRung};

use crate::{TrainError, Trial};

/// What the rungs are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ladder {
    /// One arm of so many goes on, for so many times the epochs.
    pub(super) reduction: u32,
    /// Epochs of the first rung.
    pub(super) first_epochs: u32,
    /// Epochs of the last rung.
    pub(super) last_epochs: u32,
    /// Seeds of the last rung; the others have one.
    pub(super) seeds: usize,
}

impl Ladder {
    /// The rungs for this many arms.
    pub(super) fn rungs(self, arms: usize) -> Vec<PlannedRung> {
        let mut rungs = Vec::new();
        let (mut arms, mut epochs) = (arms, self.first_epochs);
        while epochs < self.last_epochs {
            rungs.push(PlannedRung { arms, seeds: 1, epochs });
            arms = (arms / self.reduction as usize).max(1);
            epochs = epochs.saturating_mul(self.reduction);
        }
        rungs.push(PlannedRung { arms, seeds: self.seeds, epochs: self.last_epochs });
        rungs
    }

    /// Trials of so many arms: one for each, and further seeds for those of the last rung.
    fn trials(self, arms: usize) -> usize {
        let last = self.rungs(arms).last().map_or(0, |rung| rung.arms);
        arms + last * (self.seeds - 1)
    }

    /// The most arms whose trials are no more than this; 0 where not even one fits.
    pub(super) fn arms_within(self, trials: usize) -> usize {
        (1..=trials).rev().find(|&arms| self.trials(arms) <= trials).unwrap_or(0)
    }
}

/// The first trial of every arm, in order.
pub(crate) fn without_repeats<'a>(trials: &[&'a Trial]) -> Vec<&'a Trial> {
    let mut seen = HashSet::new();
    trials.iter().copied().filter(|trial| seen.insert(&trial.spec().arm)).collect()
}

/// The `keep` trials whose best validation error within the first `epochs` is lowest, in the order they were given. Ties
/// go to the lower validation loss, and then to the earlier trial. One that has no epochs to show has died on the way, and
/// does not go on.
pub(crate) fn best_arms<'a>(
    field: &[&'a Trial],
    epochs: u32,
    keep: usize,
    epochs_of: impl Fn(&Trial) -> Result<Option<Vec<EpochRecord>>, TrainError>,
) -> Result<Vec<&'a Trial>, TrainError> {
    let mut scored = Vec::new();
    for (index, &trial) in field.iter().enumerate() {
        if let Some(history) = epochs_of(trial)? {
            scored.push((score(&history, epochs), index));
        }
    }
    scored.sort_by(|(a, first), (b, second)| {
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(first.cmp(second))
    });
    let mut kept: Vec<usize> = scored.into_iter().take(keep).map(|(_, index)| index).collect();
    kept.sort_unstable();
    Ok(kept.into_iter().map(|index| field[index]).collect())
}

/// Validation error and loss of the best epoch; infinite where training has diverged, whatever it was before.
fn score(history: &[EpochRecord], epochs: u32) -> (f64, f64) {
    let looked_at = || history.iter().filter(|epoch| epoch.epoch <= epochs);
    if !looked_at().all(|epoch| epoch.train_loss.is_finite() && epoch.validation_loss.is_finite()) {
        return (f64::INFINITY, f64::INFINITY);
    }
    looked_at()
        .map(|epoch| (epoch.validation_error, epoch.validation_loss))
        .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)))
        .unwrap_or((f64::INFINITY, f64::INFINITY))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ladder(first_epochs: u32, last_epochs: u32, seeds: usize) -> Ladder {
        Ladder { reduction: 3, first_epochs, last_epochs, seeds }
    }

    #[test]
    fn a_third_of_the_arms_goes_on_for_three_times_the_epochs() {
        let rungs = ladder(1, 9, 5).rungs(27);
        let numbers: Vec<_> = rungs.iter().map(|rung| (rung.arms, rung.epochs, rung.seeds)).collect();
        assert_eq!(numbers, [(27, 1, 1), (9, 3, 1), (3, 9, 5)]);
    }

    #[test]
    fn the_last_rung_ends_with_the_last_epoch_whatever_the_steps_were() {
        for (first, last, arms, expected, why) in [
            (1, 10, 27, &[(27, 1), (9, 3), (3, 9), (1, 10)][..], "ten is no power of three"),
            (2, 2, 5, &[(5, 2)], "a single rung"),
            (1, 9, 2, &[(2, 1), (1, 3), (1, 9)], "one arm is always left"),
        ] {
            let rungs = ladder(first, last, 1).rungs(arms);
            let numbers: Vec<_> = rungs.iter().map(|rung| (rung.arms, rung.epochs)).collect();
            assert_eq!(numbers, expected, "{why}");
        }
    }

    #[test]
    fn as_many_arms_begin_as_the_trials_allow() {
        for (trials, seeds, expected, why) in [
            (27, 1, 27, "one trial each"),
            (39, 5, 27, "27, and 4 further seeds for 3"),
            (38, 5, 26, "26, and 4 further seeds for 2"),
            (5, 5, 1, "one arm with five seeds"),
            (4, 5, 0, "not even that"),
        ] {
            assert_eq!(ladder(1, 9, seeds).arms_within(trials), expected, "{why}");
        }
    }

    #[test]
    fn the_best_epoch_until_then_counts() {
        let epoch = |epoch, validation_error, validation_loss| EpochRecord {
            epoch,
            train_loss: 0.0,
            train_error: 0.0,
            validation_loss,
            validation_error,
            train_s: 0.0,
            validation_s: 0.0,
        };
        let history = [epoch(1, 0.3, 1.0), epoch(2, 0.2, 0.9), epoch(3, 0.25, 0.8), epoch(4, 0.1, 0.1)];
        assert_eq!(score(&history, 3), (0.2, 0.9));
        assert_eq!(score(&history, 9), (0.1, 0.1));
        let diverged = [epoch(1, 0.1, 0.1), epoch(2, 0.9, f64::NAN)];
        assert_eq!(score(&diverged, 2), (f64::INFINITY, f64::INFINITY), "diverged later");
        assert_eq!(score(&[epoch(1, 0.5, f64::NAN)], 1), (f64::INFINITY, f64::INFINITY), "diverged");
    }
}
