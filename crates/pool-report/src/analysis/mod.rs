//! Everything that a report states, as plain data: computed once, so that all output formats agree.

mod budget;
mod caveats;
pub(crate) mod claims;
mod comparisons;
mod equal_budgets;
mod league;
mod methods;
mod pareto;
pub(crate) mod provenance;
mod recommend;
mod runs;
mod tuning;
mod verdict;

use serde::Serialize;

use crate::{ArmFigures, ClassNames, Run};

pub use budget::{Basis, Budget, Limit, LimitFigure};
pub use caveats::{Absences, class_gaps};
pub use claims::{ClaimResult, Conclusion};
pub use comparisons::{Comparisons, PairComparison, Standing};
pub use equal_budgets::{AtBudget, BudgetOf, Budgeted, EqualBudgets};
pub use league::{League, LeagueRow, LeagueTable, Overall};
pub use pareto::{Objective, ParetoArm, ParetoFront};
pub use recommend::{Judgement, Recommendation, recommend};
pub use runs::{ArmBeside, ArmInRun, Difference, Method, RunComparison, SettingDifference};
pub use tuning::{ShortVerdict, TunedPair, TuningFindings};
pub use verdict::{Choice, Decision, StudyVerdict};

/// What the records of a run say.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    /// The study's name.
    pub study: String,
    /// The data set and its numbers of images; `None` before a trial has finished.
    pub data: Option<StudyData>,
    /// What was found, in a few sentences, and the arm to take if nothing else is known.
    pub verdict: StudyVerdict,
    /// Classes that no training, validation or test image shows, in sentences.
    pub class_gaps: Vec<String>,
    /// What the classes are called, by label; empty if they are numbers only.
    #[serde(skip_serializing_if = "ClassNames::is_empty")]
    pub class_names: ClassNames,
    /// Every arm, in the plan's order.
    pub arms: Vec<ArmFigures>,
    /// Every two arms, on the test images.
    pub comparisons: Comparisons,
    /// What the arms were tuned with, and whether that changes the verdict; `None` where nothing was tuned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tuning: Option<TuningFindings>,
    /// The arms with as many epochs, steps and seconds of training; `None` where that is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equal_budgets: Option<EqualBudgets>,
    /// The arms that no other beats on every count.
    pub pareto: ParetoFront,
    /// The claims of the sweep file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<ClaimResult>,
    /// Differences between arms other than pooling, and between trials other than the seed, in sentences.
    pub confounding: Vec<String>,
    /// What is not in the figures.
    pub absences: Absences,
    /// How the study was made, in paragraphs of sentences for a publication; empty before a trial has finished.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<Vec<String>>,
    /// Label and text of everything that was set and everything that it ran on.
    pub provenance: Vec<(&'static str, String)>,
}

/// The images of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StudyData {
    /// The data set's name.
    pub dataset: String,
    /// Images trained on.
    pub train_images: u64,
    /// Images that decide when to stop.
    pub validation_images: u64,
    /// Images tested on.
    pub test_images: u64,
}

impl Analysis {
    /// Computes it. Arms are compared on what they predicted, so this takes a moment for many arms with many seeds.
    pub fn of(run: &Run) -> Self {
        let mut arms: Vec<ArmFigures> = run.arms.iter().map(ArmFigures::of).collect();
        for arm in &mut arms {
            arm.reported = run.reported.get(&arm.arm).copied();
        }
        caveats::mark_unlike_machines(&mut arms);
        let comparisons = Comparisons::of(run, &run.arms, &arms, None);
        let pareto = ParetoFront::of(&arms.iter().collect::<Vec<_>>());
        let claims = claims::claims(run, &arms);
        Self {
            study: run.study.clone(),
            data: run.records().next().map(StudyData::of),
            verdict: StudyVerdict::of(&arms, &comparisons),
            class_gaps: gaps_of(run),
            class_names: ClassNames::of(run),
            tuning: TuningFindings::of(run, &comparisons),
            equal_budgets: EqualBudgets::of(run, &arms),
            confounding: caveats::confounding(run, &arms),
            absences: Absences::of(run),
            methods: methods::methods(run, &arms, &comparisons, &claims),
            provenance: provenance::provenance(run),
            claims,
            comparisons,
            pareto,
            arms,
        }
    }

    /// The figures of the arm with this name.
    pub fn arm(&self, name: &str) -> Option<&ArmFigures> {
        self.arms.iter().find(|arm| arm.arm == name)
    }

    /// Whether any trial has finished.
    pub fn has_trials(&self) -> bool {
        let untuned = self.tuning.iter().flat_map(|tuning| &tuning.untuned_test_error).any(Option::is_some);
        untuned || self.arms.iter().any(|arm| !arm.trials.is_empty())
    }
}

/// Those of every division that the trials had, which is one unless a run directory was put together by hand.
fn gaps_of(run: &Run) -> Vec<String> {
    let mut divisions: Vec<_> = run.records().map(|record| &record.class_images).collect();
    divisions.dedup();
    let mut gaps: Vec<String> = Vec::new();
    for gap in divisions.into_iter().flat_map(class_gaps) {
        if !gaps.contains(&gap) {
            gaps.push(gap);
        }
    }
    gaps
}

impl StudyData {
    fn of(record: &pool_records::TrialRecord) -> Self {
        let images = |part: &[u64]| part.iter().sum();
        Self {
            dataset: record.spec.data.source.to_string(),
            train_images: images(&record.class_images.train),
            validation_images: images(&record.class_images.validation),
            test_images: images(&record.class_images.test),
        }
    }
}
