//! Spellings of pooling layers that nobody meant.

use crate::damage::{damaged, seeds};
use pool_metrics::MemoryModel;
use pool_models::{Conv2d, Dense, Flatten, OptimizerSpec, Pool, Sequential};
use proptest::prelude::*;

/// Samples `[C, spatial...]`: MNIST's, and one of every other rank.
const SAMPLES: [&[usize]; 3] = [&[1, 28, 28], &[2, 100], &[2, 5, 6, 7]];

fn spellings() -> impl Strategy<Value = String> {
    let text = damaged(seeds("pool_toml")).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    prop_oneof![1 => any::<String>(), 1 => "[a-z_{}=\\[\\]\" .,0-9]{0,60}", 4 => text]
}

fn is_one_line(error: &impl std::fmt::Display) -> bool {
    !error.to_string().contains(char::is_control)
}

#[test]
fn every_seed_is_a_layer() {
    for seed in seeds("pool_toml") {
        let text = String::from_utf8(seed).unwrap();
        assert!(text.parse::<Pool>().is_ok(), "{text}");
    }
}

proptest! {
    #[test]
    fn a_spelling_is_refused_in_a_line_or_is_a_layer_that_can_be_written_again(text in spellings()) {
        match text.parse::<Pool>() {
            Err(error) => prop_assert!(is_one_line(&error), "{}", error),
            Ok(pool) => {
                // The text, because a power that is no number is not its own equal.
                let spelling = pool.to_string();
                let again = spelling.parse::<Pool>().unwrap();
                prop_assert_eq!(again.to_string(), spelling);
                for sample in SAMPLES {
                    match pool.output_shape(sample) {
                        Err(error) => prop_assert!(is_one_line(&error), "{}", error),
                        Ok(_) => {
                            let json = serde_json::to_string(&pool).unwrap();
                            prop_assert_eq!(serde_json::from_str::<Pool>(&json).unwrap(), pool.clone());
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn a_network_with_a_strange_layer_is_refused_or_ends_in_its_classes(text in spellings()) {
        if let Ok(pool) = text.parse::<Pool>() {
            let network =
                Sequential::new([1, 28, 28]).add(Conv2d::new(2, 3)).add(pool).add(Flatten).add(Dense::new(10));
            match network.infer() {
                Err(error) => prop_assert!(is_one_line(&error), "{}", error),
                Ok(inferred) => {
                    prop_assert_eq!(inferred.output(), Some(&[10][..]));
                    let costs = inferred.costs();
                    let optimizer = OptimizerSpec::default();
                    let bytes =
                        |model: MemoryModel| model.estimate(&costs, 784, 200, optimizer).total_bytes();
                    prop_assert!(bytes(MemoryModel::Training) > bytes(MemoryModel::Inference) / 2);
                    prop_assert!(network.summary().is_ok());
                }
            }
        }
    }
}
