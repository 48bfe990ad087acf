//! One epoch of training.

use serde::{Deserialize, Serialize};

use super::nan_as_null;

/// One epoch. Losses are mean categorical cross-entropies in nats; errors are fractions of the images.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: u32,
    /// Mean over the epoch's steps, while the weights changed and dropout was on (as Keras reports it).
    #[serde(with = "nan_as_null")]
    pub train_loss: f64,
    /// Fraction of training images misclassified, on the same terms.
    #[serde(with = "nan_as_null")]
    pub train_error: f64,
    /// After the epoch, without dropout.
    #[serde(with = "nan_as_null")]
    pub validation_loss: f64,
    /// After the epoch, without dropout.
    #[serde(with = "nan_as_null")]
    pub validation_error: f64,
    /// Seconds of training steps, evaluation not included.
    pub train_s: f64,
    /// Seconds of validation.
    pub validation_s: f64,
}

impl EpochRecord {
    /// The epochs of a `history.jsonl`, one per line. The trial may still be writing it: what follows a line that is not
    /// whole is left out.
    pub fn history(text: &str) -> Vec<Self> {
        text.lines().map_while(|line| serde_json::from_str(line).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(train_loss: f64) -> EpochRecord {
        EpochRecord {
            epoch: 1,
            train_loss,
            train_error: 0.1,
            validation_loss: 0.2,
            validation_error: 0.1,
            train_s: 1.5,
            validation_s: 0.5,
        }
    }

    #[test]
    fn losses_survive_the_file_to_the_last_bit() {
        let loss = 0.1 + 0.2;
        let text = serde_json::to_string(&epoch(loss)).unwrap();
        let read: EpochRecord = serde_json::from_str(&text).unwrap();
        assert_eq!(read.train_loss.to_bits(), loss.to_bits());
    }

    #[test]
    fn a_loss_that_is_no_number_is_null_in_the_file_and_nan_when_read() {
        for loss in [f64::NAN, f64::INFINITY] {
            let text = serde_json::to_string(&epoch(loss)).unwrap();
            assert!(text.contains(r#""train_loss":null"#), "{text}");
            assert!(serde_json::from_str::<EpochRecord>(&text).unwrap().train_loss.is_nan());
        }
    }
}
