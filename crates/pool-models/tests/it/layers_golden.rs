//! Convolution, dense layers, activations and batch normalisation give what Keras and PyTorch give.
//! The values come from `scripts/golden/layers.py`.

use std::collections::BTreeMap;

use crate::common::device;
use pool_models::{Mode, Sequential};
use serde::Deserialize;
use tch::{Tensor, nn};

#[derive(Deserialize)]
struct Case {
    name: String,
    model: Sequential,
    weights: BTreeMap<String, Array>,
    mode: String,
    input: Array,
    output: Array,
    /// Variables that a training step changes without a gradient.
    after: BTreeMap<String, Array>,
}

#[derive(Deserialize)]
struct Array {
    shape: Vec<i64>,
    values: Vec<f32>,
}

impl Array {
    fn tensor(&self) -> Tensor {
        Tensor::from_slice(&self.values).reshape(&self.shape).to_device(device())
    }

    /// The greatest difference, relative where values are large.
    fn distance(&self, found: &Tensor) -> f64 {
        assert_eq!(found.size(), self.shape);
        let difference = (found - self.tensor()).abs() / (self.tensor().abs() + 1.0);
        difference.max().double_value(&[])
    }
}

#[test]
fn every_layer_agrees_with_its_peer() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../golden/layers.json")).unwrap();
    assert!(cases.len() >= 25);
    let mut wrong = Vec::new();
    for case in &cases {
        let variables = nn::VarStore::new(device());
        let net = case.model.build(&variables.root()).unwrap();
        let named = variables.variables();
        assert_eq!(named.len(), case.weights.len(), "{}", case.name);
        for (name, value) in &case.weights {
            tch::no_grad(|| named[name].shallow_clone().copy_(&value.tensor()));
        }
        let mode = if case.mode == "training" { Mode::Training } else { Mode::Inference };
        let output = net.forward(&case.input.tensor(), mode).unwrap();
        let distances = std::iter::once(case.output.distance(&output))
            .chain(case.after.iter().map(|(name, value)| value.distance(&named[name])));
        let distance = distances.fold(0.0, f64::max);
        // Rounding: libraries add products in other orders.
        if distance > 2e-6 {
            wrong.push(format!("{}: off by {distance:e}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
