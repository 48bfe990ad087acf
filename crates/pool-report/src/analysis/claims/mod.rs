//! The published study's claims, each with what this run measured of it and what may be concluded.
//!
//! Claims are judged where the run is the study's: its three arms (average, maximum, none) in its network, on its data. No
//! other run has anything to say of them. Differences are paired by seed. A claim
//! about several differences *holds* when every one of them is on its side with a paired t-test at 5 % (that all of them
//! must be leaves the level as it is: an intersection-union test); it *does not hold* when one of them is on the other
//! side at 5 % after Holm's correction for how many there are; otherwise it *cannot be told*.

mod paired;
mod unpaired;
use pool_spec::{DataSource, PublicSet};
use serde::Serialize;

use self::paired::{Figure, Side, paired_claim};
use super::Comparisons;
use crate::{ArmFigures, Run, StudyPool};

/// A claim of the published study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// Without pooling, training loss and error are lower.
    NoneTrainsBetter,
    /// Pooling has the lower validation error, because the network without it over-fits.
    PoolingValidatesBetter,
    /// Without pooling, the test error is slightly lower.
    NoneTestsBetter,
    /// Average pooling trains fastest.
    AverageTrainsFastest,
    /// Pooling leaves a quarter of the parameters.
    QuarterOfTheParameters,
    /// Pooling makes the network less sensitive to small local changes; the study says invariant, which no arm is.
    Invariance,
    /// Maximum pooling is the best choice overall.
    MaximumIsBest,
}

impl Claim {
    /// Every claim, in the order of a report.
    pub const ALL: [Self; 7] = [
        Self::NoneTrainsBetter,
        Self::PoolingValidatesBetter,
        Self::NoneTestsBetter,
        Self::AverageTrainsFastest,
        Self::QuarterOfTheParameters,
        Self::Invariance,
        Self::MaximumIsBest,
    ];

    /// The claim in one sentence.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NoneTrainsBetter => "Without pooling, training loss and training error are lower.",
            Self::PoolingValidatesBetter => {
                "Pooling has the lower validation error, as the network without it over-fits."
            }
            Self::NoneTestsBetter => "Without pooling, the test error is slightly lower.",
            Self::AverageTrainsFastest => "Average pooling trains fastest.",
            Self::QuarterOfTheParameters => "Pooling leaves a quarter of the parameters.",
            Self::Invariance => {
                "Pooling makes the network less sensitive to small local changes (in the study's words: invariant)."
            }
            Self::MaximumIsBest => "Maximum pooling is the best choice overall.",
        }
    }

    /// How it is tested.
    pub fn test(self) -> &'static str {
        match self {
            Self::NoneTrainsBetter => {
                "training loss and error of none minus those of average and maximum, without dropout, paired by seed"
            }
            Self::PoolingValidatesBetter => {
                "validation error and generalisation gap (validation minus training loss) of average and maximum minus \
                 those of none, paired by seed"
            }
            Self::NoneTestsBetter => {
                "test predictions of none against those of average and maximum: bootstrap over images and seeds, and \
                 paired t, corrected for all pairs of the run"
            }
            Self::AverageTrainsFastest => {
                "the range of nine in ten measured epochs of each arm: all of average's below the others'"
            }
            Self::QuarterOfTheParameters => "trainable parameters of average and maximum over those of none",
            Self::Invariance => {
                "share of test images that keep their predicted class when shifted by the smallest measured distance, \
                 average and maximum minus none, paired by seed"
            }
            Self::MaximumIsBest => {
                "maximum is on the Pareto front of the study's arms, and errs less than each of the others on the test \
                 images"
            }
        }
    }
}

/// What may be concluded of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// The figures bear it out.
    Holds,
    /// The figures contradict it.
    DoesNotHold,
    /// The figures allow neither.
    CannotBeTold,
}

impl std::fmt::Display for Conclusion {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Holds => "holds",
            Self::DoesNotHold => "does not hold",
            Self::CannotBeTold => "cannot be told",
        })
    }
}

/// One claim with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClaimResult {
    /// The claim.
    pub claim: Claim,
    /// It in one sentence.
    pub sentence: &'static str,
    /// How it is tested.
    pub test: &'static str,
    /// What was measured, with intervals, or what is missing.
    pub measured: String,
    /// What follows.
    pub conclusion: Conclusion,
}

/// The data that the claims are judged on: the study's, and the set that was made to take its place.
const DATASETS: [DataSource; 2] =
    [DataSource::Public(PublicSet::Mnist), DataSource::Public(PublicSet::FashionMnist)];

/// Whether this run is the published study's: its three arms in its network, on its data.
fn is_the_studys(run: &Run, arms: &[ArmFigures]) -> bool {
    run.records().next().is_some_and(|record| DATASETS.contains(&record.spec.data.source))
        && StudyPool::ALL.iter().all(|pool| arms.iter().any(|arm| StudyPool::of_arm(arm) == Some(*pool)))
}

/// The study's arms in this run: the first one of each.
#[derive(Clone, Copy)]
pub(super) struct StudyArms<'a> {
    run: &'a Run,
    average: Option<&'a ArmFigures>,
    maximum: Option<&'a ArmFigures>,
    none: Option<&'a ArmFigures>,
}

impl<'a> StudyArms<'a> {
    fn of(run: &'a Run, arms: &'a [ArmFigures]) -> Self {
        let find = |pool| arms.iter().find(|arm| StudyPool::of_arm(arm) == Some(pool));
        Self {
            run,
            average: find(StudyPool::Average),
            maximum: find(StudyPool::Maximum),
            none: find(StudyPool::None),
        }
    }

    /// Those that are there, in the study's order.
    fn present(&self) -> Vec<&'a ArmFigures> {
        [self.average, self.maximum, self.none].into_iter().flatten().collect()
    }

    /// Those with a pooling layer.
    fn pooled(&self) -> Vec<&'a ArmFigures> {
        [self.average, self.maximum].into_iter().flatten().collect()
    }
}

/// A conclusion and what was measured.
type Finding = (Conclusion, String);

/// Every claim against this run; none where it is not the study's.
pub(super) fn claims(run: &Run, arms: &[ArmFigures], comparisons: &Comparisons) -> Vec<ClaimResult> {
    if !is_the_studys(run, arms) {
        return Vec::new();
    }
    let study = StudyArms::of(run, arms);
    Claim::ALL
        .into_iter()
        .map(|claim| {
            let (conclusion, measured) = finding(claim, &study, comparisons);
            ClaimResult { claim, sentence: claim.sentence(), test: claim.test(), measured, conclusion }
        })
        .collect()
}

fn finding(claim: Claim, study: &StudyArms<'_>, comparisons: &Comparisons) -> Finding {
    match claim {
        Claim::NoneTrainsBetter => paired_claim(
            study,
            Side::NoneIsLower,
            &[
                Figure {
                    words: "training loss",
                    unit: "nats",
                    scale: 1.0,
                    decimals: 4,
                    of: |record| record.train.map(|train| train.loss),
                },
                Figure {
                    words: "training error",
                    unit: "points",
                    scale: 100.0,
                    decimals: 2,
                    of: |record| record.train.map(|train| train.error_rate()),
                },
            ],
        ),
        Claim::PoolingValidatesBetter => paired_claim(
            study,
            Side::PooledIsLower,
            &[
                Figure {
                    words: "validation error",
                    unit: "points",
                    scale: 100.0,
                    decimals: 2,
                    of: |record| record.validation.map(|validation| validation.error_rate()),
                },
                Figure {
                    words: "generalisation gap",
                    unit: "nats",
                    scale: 1.0,
                    decimals: 4,
                    of: |record| record.generalisation_gap().map(|(loss, _)| loss),
                },
            ],
        ),
        Claim::NoneTestsBetter => unpaired::none_tests_better(study, comparisons),
        Claim::AverageTrainsFastest => unpaired::average_trains_fastest(study),
        Claim::QuarterOfTheParameters => unpaired::quarter_of_the_parameters(study),
        Claim::Invariance => paired::invariance(study),
        Claim::MaximumIsBest => unpaired::maximum_is_best(study, comparisons),
    }
}

fn cannot_be_told(why: impl Into<String>) -> Finding {
    (Conclusion::CannotBeTold, why.into())
}
