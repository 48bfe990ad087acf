//! What is compared.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::filling::Fillings;

/// One choice under comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Its name in every table.
    pub name: String,
    /// What it puts into the places of the network.
    pub fillings: Fillings,
    pub(super) overrides: ArmOverrides,
    pub(super) span: Range<usize>,
}

/// What an arm overrides besides what it fills. Whatever is `None` is as the sweep file has it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmOverrides {
    /// The places of the network that the pooling layer takes, from 0; the others stay empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slots: Option<Vec<usize>>,
    /// The rate of every dropout layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropout: Option<f64>,
    /// The step size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learning_rate: Option<f64>,
    /// Images per step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<usize>,
    /// How strongly weights decay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_decay: Option<f64>,
    /// The momentum of an optimizer that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub momentum: Option<f64>,
    /// The share of a label that is spread over all classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_smoothing: Option<f64>,
}

/// Every change in a word or two: `dropout 0.2, lr 0.001`.
impl fmt::Display for ArmOverrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().collect::<Vec<_>>().join(", "))
    }
}

impl ArmOverrides {
    /// Each change in a word or two.
    pub(super) fn words(&self) -> impl Iterator<Item = String> {
        let slots = self.slots.as_ref().map(|slots| {
            let numbers: Vec<String> = slots.iter().map(|slot| (slot + 1).to_string()).collect();
            if numbers.is_empty() { "nowhere".to_owned() } else { format!("at {}", numbers.join("+")) }
        });
        let dropout = self.dropout.map(|rate| format!("dropout {rate}"));
        let learning_rate = self.learning_rate.map(|rate| format!("lr {rate}"));
        let batch_size = self.batch_size.map(|images| format!("batch {images}"));
        let weight_decay = self.weight_decay.map(|decay| format!("decay {decay}"));
        let momentum = self.momentum.map(|share| format!("momentum {share}"));
        let label_smoothing = self.label_smoothing.map(|share| format!("smoothing {share}"));
        [slots, dropout, learning_rate, batch_size, weight_decay, momentum, label_smoothing]
            .into_iter()
            .flatten()
    }
}
