//! Operators that draw random numbers: reproducible from their seed, independent of everybody else's, and true to their
//! distributions.

use crate::common::{Built, distinct, every_layer, sample, shape, values};
use pool_metrics::wilson_interval;
use pool_models::{Conv2d, Dense, Dropout, Flatten, Mode, Pool, Sequential};
use tch::{Device, Kind, Tensor, nn};

/// Every layer whose training is not its prediction.
fn drawing() -> Vec<Pool> {
    let shape = shape(2, 4, 13);
    let input = distinct(&shape, 0) + 2.0;
    let draws = |pool: &Pool| {
        let built = Built::new(pool, &sample(&shape), 1);
        built.forward(&input, Mode::Training) != built.forward(&input, Mode::Inference)
    };
    let drawing: Vec<Pool> = every_layer().into_iter().filter(draws).collect();
    assert!(drawing.len() >= 6, "{drawing:?}");
    drawing
}

#[test]
fn the_same_seed_draws_the_same_and_every_pass_draws_anew() {
    for pool in drawing() {
        let shape = shape(2, 4, 13);
        let input = distinct(&shape, 0) + 2.0;
        let passes = |seed| -> Vec<Tensor> {
            let built = Built::new(&pool, &sample(&shape), seed);
            (0..3).map(|_| built.forward(&input, Mode::Training)).collect()
        };
        let first = passes(1);
        assert_eq!(first, passes(1), "{pool}");
        assert_ne!(first, passes(2), "{pool}: another seed");
        assert!(first[0] != first[1] || first[1] != first[2], "{pool}: every pass");
    }
}

#[test]
fn prediction_draws_nothing() {
    for pool in drawing() {
        let shape = shape(2, 4, 13);
        let input = distinct(&shape, 0);
        let built = Built::new(&pool, &sample(&shape), 1);
        let before = built.forward(&input, Mode::Inference);
        let drawn = built.forward(&input, Mode::Training);
        assert_eq!(built.forward(&input, Mode::Inference), before, "{pool}");
        let undisturbed = Built::new(&pool, &sample(&shape), 1).forward(&input, Mode::Training);
        assert_eq!(drawn, undisturbed, "{pool}: a prediction beforehand changes nothing");
    }
}

/// libtorch's generator draws dropout's masks; whatever the pooling layer draws leaves them as they were.
#[test]
fn what_a_pooling_layer_draws_shifts_no_other_layer() {
    let dropped = |pool: &Pool| {
        tch::manual_seed(7);
        let model = Sequential::new([1, 8, 8]).add(pool.clone()).add(Dropout::new(0.5)).seed(3);
        let variables = nn::VarStore::new(Device::Cpu);
        let net = model.build(&variables.root()).unwrap();
        let output =
            net.forward(&Tensor::ones([1, 1, 8, 8], (Kind::Float, Device::Cpu)), Mode::Training).unwrap();
        values(&output.ne(0.0))
    };
    let pools = ["'max'", "'stochastic'", "'random_mixed'", "{ reduce = { s3 = { grid = 4 } }, size = 2 }"];
    let masks = pools.map(|spelling| dropped(&spelling.parse().unwrap()));
    assert!(masks.windows(2).all(|pair| pair[0] == pair[1]), "{masks:?}");
}

#[test]
fn a_learned_pooling_layer_shifts_no_other_layers_weights() {
    let dense = |pool: &str| {
        let model = Sequential::new([1, 8, 8])
            .add(Conv2d::new(2, 3))
            .add(pool.parse::<Pool>().unwrap())
            .add(Flatten)
            .add(Dense::new(4))
            .seed(3);
        let variables = nn::VarStore::new(Device::Cpu);
        let _net = model.build(&variables.root()).unwrap();
        values(&variables.variables()["dense.weight"])
    };
    assert_eq!(dense("'max'"), dense("'tree'"));
    assert_eq!(dense("'max'"), dense("'strided_conv'"));
}

/// Draws as many windows in one pass as there are entries here.
const WINDOWS: i64 = 40_000;

/// Windows of these values, all alike, pooled once in training.
fn draw(pool: &Pool, window: &[f64]) -> Vec<f64> {
    let input = Tensor::from_slice(window).repeat([WINDOWS]).reshape([1, 1, -1]);
    let length = window.len() as i64 * WINDOWS;
    values(&Built::new(pool, &sample(&[1, 1, length]), 11).forward(&input, Mode::Training))
}

/// Holds that `value` was drawn with this probability, at a level of 99.9 %.
fn assert_frequency(draws: &[f64], value: f64, probability: f64) {
    let count = draws.iter().filter(|&&drawn| drawn == value).count() as u64;
    let interval = wilson_interval(count, draws.len() as u64, 0.999).expect("there are draws");
    assert!(
        interval.low <= probability && probability <= interval.high,
        "{value} was drawn {count} times of {}, expected a share of {probability}",
        draws.len()
    );
}

#[test]
fn stochastic_pooling_draws_values_in_proportion_to_their_size() {
    let pool: Pool = "{ reduce = 'stochastic', size = 5 }".parse().unwrap();
    let draws = draw(&pool, &[1.0, -3.0, 4.0, 0.0, 3.0]);
    assert!(draws.iter().all(|drawn| [1.0, 3.0, 4.0].contains(drawn)), "neither the negative value nor zero");
    for (value, probability) in [(1.0, 0.125), (4.0, 0.5), (3.0, 0.375)] {
        assert_frequency(&draws, value, probability);
    }
    let mean = draws.iter().sum::<f64>() / draws.len() as f64;
    let predicted =
        pool.forward(&Tensor::from_slice(&[1.0, -3.0, 4.0, 0.0, 3.0]).reshape([1, 1, 5])).unwrap();
    assert!(
        (mean - predicted.double_value(&[0, 0, 0])).abs() < 0.02,
        "prediction is the mean of training: {mean}"
    );
}

#[test]
fn random_mixed_pooling_takes_maximum_and_average_alike() {
    let pool: Pool = "{ reduce = 'random_mixed', size = 2 }".parse().unwrap();
    let (samples, channels) = (200, 200);
    let input = Tensor::from_slice(&[1.0, 3.0, 1.0, 3.0])
        .repeat([samples * channels])
        .reshape([samples, channels, 4]);
    let output = values(&Built::new(&pool, &[200, 4], 11).forward(&input, Mode::Training));
    // Both windows of a sample and channel share one coin.
    assert!(output.chunks(2).all(|pair| pair[0] == pair[1]));
    let draws: Vec<f64> = output.into_iter().step_by(2).collect();
    assert_frequency(&draws, 3.0, 0.5);
    assert_frequency(&draws, 2.0, 0.5);
}

#[test]
fn s3_keeps_every_place_of_a_grid_as_often_as_prediction_says() {
    let pool: Pool = "{ reduce = { s3 = { grid = 4 } }, size = 1, stride = 2 }".parse().unwrap();
    let draws = draw(&pool, &[1.0, 2.0, 3.0, 4.0]);
    // Two of four: the first kept one is 1 in 3 of 6 ways, 2 in 2 of 6, 3 in 1 of 6.
    let first: Vec<f64> = draws.iter().copied().step_by(2).collect();
    for (value, ways) in [(1.0, 3.0), (2.0, 2.0), (3.0, 1.0), (4.0, 0.0)] {
        if ways > 0.0 {
            assert_frequency(&first, value, ways / 6.0);
        } else {
            assert!(!first.contains(&value));
        }
    }
}

#[test]
fn fractional_regions_are_long_as_often_as_their_sequence_says() {
    // 100 entries in 70 regions: 30 have two entries. Shuffled, the first is one of them in 30 of 70 ways; evenly spread,
    // where floor((1 + u) 10 / 7) - floor(u 10 / 7) is 2: for u from 0.4 to 0.7.
    for (sequence, probability) in [("random", 3.0 / 7.0), ("pseudo_random", 0.3)] {
        // The sum of a region of ones is its length.
        let spelling = format!(
            "{{ reduce = {{ lp = {{ p = 1 }} }}, fractional = {{ output = 70, sequence = '{sequence}' }} }}"
        );
        let pool: Pool = spelling.parse().unwrap();
        let input = Tensor::ones([1, 1, 100], (Kind::Double, Device::Cpu));
        let built = Built::new(&pool, &[1, 100], 11);
        let first_lengths: Vec<f64> = (0..4_000)
            .map(|_| {
                let lengths = values(&built.forward(&input, Mode::Training));
                assert_eq!(lengths.iter().filter(|&&length| length == 2.0).count(), 30);
                lengths[0]
            })
            .collect();
        assert_frequency(&first_lengths, 2.0, probability);
        assert_frequency(&first_lengths, 1.0, 1.0 - probability);
    }
}
