//! Every operator trains in a small network: the loss falls, and what the operator learns moves.

use crate::common::every_layer;
use pool_models::{Conv2d, Dense, Flatten, Mode, Optimizer, OptimizerSpec, Pool, Sequential, cross_entropy};
use tch::nn;
use tch::{Device, Kind, Tensor};

const STEPS: usize = 12;

/// Two classes: bright left halves and bright right halves.
fn pictures() -> (Tensor, Tensor) {
    tch::manual_seed(5);
    let noise = Tensor::rand([32, 1, 14, 14], (Kind::Float, Device::Cpu)) * 0.3;
    let labels = Tensor::arange(32, (Kind::Int64, Device::Cpu)).remainder(2);
    let columns = Tensor::arange(14, (Kind::Int64, Device::Cpu)).ge(7).to_kind(Kind::Int64);
    let bright = labels.reshape([-1, 1, 1, 1]).eq_tensor(&columns.reshape([1, 1, 1, -1]));
    (noise + bright.to_kind(Kind::Float), labels)
}

fn problem(pool: &Pool) -> Option<String> {
    let model = Sequential::new([1, 14, 14])
        .add(Conv2d::new(4, 3).relu())
        .add(pool.clone())
        .add(Flatten)
        .add(Dense::new(2))
        .seed(1);
    let variables = nn::VarStore::new(Device::Cpu);
    let net = match model.build(&variables.root()) {
        Ok(net) => net,
        Err(error) => return Some(format!("{pool}: {error}")),
    };
    let before: Vec<(String, Tensor)> =
        variables.variables().into_iter().map(|(name, value)| (name, value.copy())).collect();
    let mut optimizer = Optimizer::new(&variables, OptimizerSpec::default(), 0.01).unwrap();
    let (images, labels) = pictures();
    let losses: Vec<f64> = (0..STEPS)
        .map(|_| {
            let loss = cross_entropy(&net.forward(&images, Mode::Training).unwrap(), &labels).unwrap();
            optimizer.step(&loss).unwrap();
            loss.double_value(&[])
        })
        .collect();
    let (first, last) = (losses[0], losses[STEPS - 1]);
    if !losses.iter().all(|loss| loss.is_finite()) || last >= first {
        return Some(format!("{pool}: losses {losses:?}"));
    }
    let after = variables.variables();
    let still: Vec<&str> =
        before.iter().filter(|(name, value)| after[name] == *value).map(|(name, _)| name.as_str()).collect();
    (!still.is_empty()).then(|| format!("{pool}: {still:?} did not move"))
}

#[test]
fn every_operator_learns_to_tell_left_from_right() {
    tch::set_num_threads(1);
    let problems: Vec<String> = every_layer().iter().filter_map(problem).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
