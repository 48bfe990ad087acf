//! Successive halving (Jamieson & Talwalkar 2016): many arms for few epochs, the best of them for more.
//!
//! Every rung is finished before the next begins. The asynchronous variant (ASHA, Li et al. 2020) keeps machines busier,
//! but what it promotes depends on which trial ends first; here the same file and seed promote the same arms, however
//! many trials run at once and however often the sweep is interrupted.

use crate::Rung;

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
    pub(super) fn rungs(self, arms: usize) -> Vec<Rung> {
        let mut rungs = Vec::new();
        let (mut arms, mut epochs) = (arms, self.first_epochs);
        while epochs < self.last_epochs {
            rungs.push(Rung { arms, seeds: 1, epochs });
            arms = (arms / self.reduction as usize).max(1);
            epochs = epochs.saturating_mul(self.reduction);
        }
        rungs.push(Rung { arms, seeds: self.seeds, epochs: self.last_epochs });
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
}
