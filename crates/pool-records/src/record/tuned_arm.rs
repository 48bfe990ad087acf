//! What the trials of tuning found, and the setting that it chooses for each arm.

use std::collections::HashMap;

use pool_spec::{ArmOverrides, SettingTrial};
use serde::Serialize;

use super::{Evaluation, TrialStatus, TrialSummary};

/// An arm and the settings that it was tried with.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TunedArm {
    /// The arm's name.
    pub arm: String,
    /// What was found with each setting, in their order.
    pub settings: Vec<TriedSetting>,
    /// The setting with the lowest mean validation error over the seeds of tuning. Ties go to the lower validation loss, and
    /// then to the earlier setting. A setting with a trial that diverged cannot be chosen. `None` while a trial is missing,
    /// as every arm has the same budget, and where every setting has diverged.
    pub chosen: Option<usize>,
}

/// What was found with one setting.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct TriedSetting {
    /// Trials with a record.
    pub trials: usize,
    /// Those of them that diverged.
    pub diverged: usize,
    /// Trials without a record.
    pub missing: usize,
    /// Share of the validation images misclassified: the mean over trials that did not diverge.
    pub validation_error: Option<f64>,
    /// Mean cross-entropy of the validation images, nats: the mean over the same.
    pub validation_loss: Option<f64>,
}

impl TunedArm {
    /// Every arm, in the order of the trials; `finished` has the records that there are, by the trials' ids.
    pub fn all<'a>(
        settings: usize,
        trials: impl IntoIterator<Item = &'a SettingTrial>,
        finished: &HashMap<String, TrialSummary>,
    ) -> Vec<Self> {
        let mut arms: Vec<(&str, Vec<Vec<Option<&TrialSummary>>>)> = Vec::new();
        for tried in trials {
            let place = arms.iter().position(|(arm, _)| *arm == tried.arm()).unwrap_or_else(|| {
                arms.push((tried.arm(), vec![Vec::new(); settings]));
                arms.len() - 1
            });
            // A plan that was put together by hand may name a setting that is not there.
            if let Some(of_setting) = arms[place].1.get_mut(tried.setting) {
                of_setting.push(finished.get(tried.trial.id()));
            }
        }
        arms.into_iter()
            .map(|(arm, found)| {
                let settings: Vec<TriedSetting> =
                    found.iter().map(|trials| TriedSetting::of(trials)).collect();
                Self { arm: arm.to_owned(), chosen: chosen(&settings), settings }
            })
            .collect()
    }
}

impl TunedArm {
    /// The one of these settings that was chosen, and what was found with it.
    pub fn choice<'a>(
        &'a self,
        settings: &'a [ArmOverrides],
    ) -> Option<(&'a ArmOverrides, &'a TriedSetting)> {
        let place = self.chosen?;
        Some((settings.get(place)?, self.settings.get(place)?))
    }

    /// Whether a trial is missing, so that nothing is chosen yet.
    pub fn is_waiting(&self) -> bool {
        self.settings.iter().any(|setting| setting.missing > 0)
    }
}

impl TriedSetting {
    fn of(trials: &[Option<&TrialSummary>]) -> Self {
        let there: Vec<&TrialSummary> = trials.iter().copied().flatten().collect();
        let healthy = there.iter().filter(|trial| trial.status != TrialStatus::Diverged);
        let evaluations: Vec<_> = healthy.filter_map(|trial| trial.validation).collect();
        let mean = |figures: Vec<f64>| {
            (!figures.is_empty()).then(|| figures.iter().sum::<f64>() / figures.len() as f64)
        };
        Self {
            trials: there.len(),
            diverged: there.len() - evaluations.len(),
            missing: trials.len() - there.len(),
            validation_error: mean(evaluations.iter().map(Evaluation::error_rate).collect()),
            validation_loss: mean(evaluations.iter().map(|found| found.loss).collect()),
        }
    }
}

fn chosen(settings: &[TriedSetting]) -> Option<usize> {
    if settings.iter().any(|setting| setting.missing > 0) {
        return None;
    }
    let figures = |setting: &TriedSetting| {
        (setting.diverged == 0).then_some(())?;
        Some((setting.validation_error?, setting.validation_loss?))
    };
    let sound = settings.iter().enumerate().filter_map(|(place, setting)| Some((place, figures(setting)?)));
    let best = sound.min_by(|(_, a), (_, b)| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    best.map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(diverged: usize, missing: usize, error: f64, loss: f64) -> TriedSetting {
        TriedSetting {
            trials: 2 - missing,
            diverged,
            missing,
            validation_error: Some(error),
            validation_loss: Some(loss),
        }
    }

    #[test]
    fn the_lowest_validation_error_is_chosen() {
        for (settings, expected, why) in [
            (&[found(0, 0, 0.3, 1.0), found(0, 0, 0.2, 2.0)][..], Some(1), "the error decides"),
            (&[found(0, 0, 0.2, 1.0), found(0, 0, 0.2, 0.5)], Some(1), "then the loss"),
            (&[found(0, 0, 0.2, 0.5), found(0, 0, 0.2, 0.5)], Some(0), "then the order"),
            (&[found(0, 0, 0.3, 1.0), found(1, 0, 0.1, 0.1)], Some(0), "half of its trials diverged"),
            (&[found(0, 0, 0.3, 1.0), found(0, 1, 0.1, 0.1)], None, "a trial is missing"),
            (&[found(2, 0, 0.3, 1.0)], None, "everything diverged"),
            (&[], None, "no setting"),
        ] {
            assert_eq!(chosen(settings), expected, "{why}");
        }
    }
}
