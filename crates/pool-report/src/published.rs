//! The figures of the published study, to stand beside ours.
use pool_spec::{Fillings, Pool};
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

    /// Which of the study's layers an arm fills its network with, if it is one.
    pub fn of(fillings: &Fillings) -> Option<Self> {
        Self::ALL.into_iter().find(|pool| Fillings::from(pool.layer()) == *fillings)
    }

    /// The arm of the study that this is: one of its layers, in its network.
    pub(crate) fn of_arm(arm: &ArmFigures) -> Option<Self> {
        arm.study_pool.filter(|pool| arm.parameters == Some(pool.published().parameters))
    }

    fn layer(self) -> Pool {
        match self {
            Self::Average => Pool::avg(2),
            Self::Maximum => Pool::max(2),
            Self::None => Pool::None,
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
    fn a_layer_is_the_studys_however_it_is_spelt() {
        for (spelling, expected) in [
            ("avg", Some(StudyPool::Average)),
            ("{ reduce = 'max', size = [2, 2], stride = 2 }", None),
            ("{ reduce = 'max', size = 2, stride = 2 }", Some(StudyPool::Maximum)),
            ("none", Some(StudyPool::None)),
            ("avg_max", None),
            ("{ reduce = 'max', size = 3 }", None),
        ] {
            assert_eq!(StudyPool::of(&spelling.parse::<Pool>().unwrap().into()), expected, "{spelling}");
        }
    }
}
