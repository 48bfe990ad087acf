//! The figures of the published study, to stand beside ours.

use serde::Serialize;

use crate::ArmFigures;

/// The pooling layers that the study compared, each in its place of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StudyPool {
    /// Average pooling over windows of 2x2, stride 2.
    Average,
    /// Maximum pooling over windows of 2x2, stride 2.
    Maximum,
    /// No pooling layer.
    None,
}

impl StudyPool {
    /// Every one, in the order of the study's table.
    pub const ALL: [Self; 3] = [Self::Average, Self::Maximum, Self::None];

    /// The layer that a record names so. A record spells a layer as briefly as a sweep file can, as a TOML value, so
    /// that each of these has one spelling, and a 3x3 maximum has another.
    pub fn of_spelling(spelling: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|pool| pool.spelling() == spelling)
    }

    /// The arm of the study that this is: one of its layers, in its network.
    pub(crate) fn of_arm(arm: &ArmFigures) -> Option<Self> {
        arm.study_pool.filter(|pool| arm.parameters == Some(pool.published().parameters))
    }

    fn spelling(self) -> &'static str {
        match self {
            Self::Average => r#""avg""#,
            Self::Maximum => r#""max""#,
            Self::None => r#""none""#,
        }
    }

    /// What the study printed for it.
    pub fn published(self) -> PublishedArm {
        match self {
            Self::Average => PublishedArm {
                parameters: 592_074,
                epochs: 10,
                test_error_percent: 1.19,
                train_s: 58.84,
                prediction_s: 0.72,
                memory_gib: 0.46,
            },
            Self::Maximum => PublishedArm {
                parameters: 592_074,
                epochs: 10,
                test_error_percent: 1.19,
                train_s: 58.22,
                prediction_s: 0.71,
                memory_gib: 0.46,
            },
            Self::None => PublishedArm {
                parameters: 2_361_546,
                epochs: 10,
                test_error_percent: 1.10,
                train_s: 77.24,
                prediction_s: 0.70,
                memory_gib: 1.80,
            },
        }
    }
}

/// What the study printed for one arm: one seed, MNIST.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PublishedArm {
    /// Trainable parameters, which tell the study's network from another one with the same pooling layer.
    pub parameters: u64,
    /// Epochs of training.
    pub epochs: u32,
    /// Percent of test images misclassified.
    pub test_error_percent: f64,
    /// Seconds of training, all epochs.
    pub train_s: f64,
    /// Seconds to predict 10,000 images.
    pub prediction_s: f64,
    /// The study's memory estimate, in its GB of 2^30 bytes, cut to two decimals.
    pub memory_gib: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_found_by_their_whole_spelling() {
        for (spelling, expected) in [
            (r#""avg""#, Some(StudyPool::Average)),
            (r#""max""#, Some(StudyPool::Maximum)),
            (r#""none""#, Some(StudyPool::None)),
            (r#""avg_max""#, None),
            (r#"{ reduce = "max", size = 3 }"#, None),
            ("max", None),
        ] {
            assert_eq!(StudyPool::of_spelling(spelling), expected, "{spelling}");
        }
    }
}
