//! A pooling layer as a sweep file or the command line spells it, and the shape that follows from it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pool_metrics::MemoryModel;
use pool_models::{Conv2d, Dense, Flatten, OptimizerSpec, Pool, Sequential};

/// Samples `[C, spatial...]`: MNIST's, and one of every other rank.
const SAMPLES: [&[usize]; 4] = [&[1, 28, 28], &[32, 24, 24], &[2, 100], &[2, 5, 6, 7]];

fuzz_target!(|text: &str| {
    let pool: Pool = match text.parse() {
        Ok(pool) => pool,
        Err(error) => {
            let message = format!("{error}");
            assert!(!message.contains(char::is_control), "more than a line: {message}");
            return;
        }
    };
    let spelling = pool.to_string();
    // The text, because a power that is no number is not its own equal.
    let again: Result<Pool, _> = spelling.parse();
    assert_eq!(again.as_ref().map(Pool::to_string).as_ref(), Ok(&spelling));
    for sample in SAMPLES {
        match pool.output_shape(sample) {
            Ok(_) => {
                let json = serde_json::to_string(&pool).expect("a pool that fits is JSON");
                assert_eq!(serde_json::from_str(&json).ok().as_ref(), Some(&pool), "{json}");
            }
            Err(error) => assert!(!error.to_string().contains(char::is_control), "more than a line: {error}"),
        }
    }
    let network =
        Sequential::new([1, 28, 28]).add(Conv2d::new(2, 3).relu()).add(pool).add(Flatten).add(Dense::new(10));
    if let Ok(inferred) = network.infer() {
        assert_eq!(inferred.output(), Some(&[10][..]));
        let costs = inferred.costs();
        for model in MemoryModel::ALL {
            model.estimate(&costs, inferred.input_elements(), 200, OptimizerSpec::default()).total_bytes();
        }
        network.summary().expect("it could be inferred");
    }
});
