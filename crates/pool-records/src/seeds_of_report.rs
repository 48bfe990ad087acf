//! How many seeds a report was written for: whether some were added afterwards shows in the next one.

use std::collections::BTreeMap;
use std::fs;

use pool_files::atomic_write;
use pool_spec::{ArmOverrides, ComparisonSpec, PlanFile};
use serde::{Deserialize, Serialize};

use crate::{RunError, RunLayout};

/// What was planned when a report was written.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SeedsOfReport {
    /// The number of seeds of each arm.
    pub seeds: BTreeMap<String, usize>,
    /// How the arms were to be compared.
    pub comparison: ComparisonSpec,
    /// What the arms were tuned with; empty where nothing was tuned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<ArmOverrides>,
    /// The trials of tuning.
    #[serde(default, skip_serializing_if = "is_none")]
    pub tuning_trials: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_none(trials: &usize) -> bool {
    *trials == 0
}

impl SeedsOfReport {
    /// What this plan has. How many seeds the arms of a search have follows from how far they came, so it has none.
    pub fn planned(plan: &PlanFile) -> Self {
        let mut seeds = BTreeMap::new();
        for trial in plan.trials.iter().filter(|_| plan.rungs.is_empty()) {
            *seeds.entry(trial.spec().arm.clone()).or_default() += 1;
        }
        let tuning = plan.tuning.as_ref();
        Self {
            seeds,
            comparison: plan.comparison.clone(),
            settings: tuning.map_or_else(Vec::new, |tuning| tuning.settings.clone()),
            tuning_trials: tuning.map_or(0, |tuning| tuning.trials.len()),
        }
    }

    /// Whether one of these reports was written for arms that were tuned otherwise, or not at all.
    pub fn is_tuned_otherwise(&self, reports: &[Self]) -> bool {
        reports
            .iter()
            .any(|report| report.settings != self.settings || report.tuning_trials != self.tuning_trials)
    }

    /// Those of the reports that were written for a run, the first one first; a list that cannot be read counts as empty.
    pub fn read(layout: &RunLayout) -> Vec<Self> {
        let text = fs::read_to_string(layout.seeds_of_reports()).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// Adds these, unless they are what the last report was written for.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn note(self, layout: &RunLayout) -> Result<(), RunError> {
        let mut reports = Self::read(layout);
        if reports.last() == Some(&self) {
            return Ok(());
        }
        reports.push(self);
        let path = layout.seeds_of_reports();
        let text = serde_json::to_string_pretty(&reports).expect("names and numbers are JSON");
        atomic_write(&path, text.as_bytes()).map_err(RunError::io("write", &path))
    }

    /// The fewest seeds that one of these reports had of an arm, if this one has more of it: the arm, then and now.
    pub fn grown_since(&self, reports: &[Self]) -> Option<(&str, usize, usize)> {
        let grown = self.seeds.iter().filter_map(|(arm, now)| {
            let then = reports.iter().filter_map(|report| report.seeds.get(arm)).min()?;
            (then < now).then_some((arm.as_str(), *then, *now))
        });
        grown.max_by_key(|(_, then, now)| now - then)
    }

    /// Whether one of these reports was written for other arms, or for arms that were to be compared otherwise.
    pub fn is_planned_otherwise(&self, reports: &[Self]) -> bool {
        reports
            .iter()
            .any(|report| report.comparison != self.comparison || !report.seeds.keys().eq(self.seeds.keys()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds(of_arms: &[(&str, usize)]) -> SeedsOfReport {
        let seeds = of_arms.iter().map(|(arm, seeds)| ((*arm).to_owned(), *seeds)).collect();
        SeedsOfReport { seeds, ..SeedsOfReport::default() }
    }

    #[test]
    fn seeds_that_were_added_after_a_report_are_known_in_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let layout = RunLayout::new(folder.path());
        assert_eq!(SeedsOfReport::read(&layout), []);
        for report in [seeds(&[("max", 5)]), seeds(&[("max", 5)]), seeds(&[("max", 5), ("none", 5)])] {
            assert_eq!(report.grown_since(&SeedsOfReport::read(&layout)), None, "an arm may be new");
            report.note(&layout).unwrap();
        }
        assert_eq!(SeedsOfReport::read(&layout).len(), 2, "the same is noted once");
        let more = seeds(&[("max", 8), ("none", 30)]);
        assert_eq!(more.grown_since(&SeedsOfReport::read(&layout)), Some(("none", 5, 30)));
        let design = ComparisonSpec { margin: Some(0.001), looks: vec![8, 30] };
        let planned = SeedsOfReport { comparison: design, ..seeds(&[("max", 5), ("none", 5)]) };
        assert!(planned.is_planned_otherwise(&SeedsOfReport::read(&layout)), "a design after the fact");
        assert!(!planned.is_planned_otherwise(std::slice::from_ref(&planned)));
        let setting = ArmOverrides { learning_rate: Some(0.01), ..ArmOverrides::default() };
        let tuned = SeedsOfReport { settings: vec![setting], tuning_trials: 4, ..planned.clone() };
        assert!(tuned.is_tuned_otherwise(std::slice::from_ref(&planned)), "tuned after the fact");
        assert!(!tuned.is_tuned_otherwise(std::slice::from_ref(&tuned)));
        fs::write(layout.seeds_of_reports(), "[{").unwrap();
        assert_eq!(SeedsOfReport::read(&layout), [], "a torn list");
    }
}
