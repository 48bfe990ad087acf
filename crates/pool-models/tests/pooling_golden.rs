//! Pooling layers equal those of PyTorch and Keras, values and gradients; `scripts/golden/pooling.py` made the cases
//! and names the versions.

use pool_models::Pool;
use serde::Deserialize;
use tch::{Kind, Tensor};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

/// One layer of a peer, run forward and backward; shapes start with `[N, C]`.
#[derive(Deserialize)]
struct Case {
    peer: String,
    layer: String,
    why: String,
    pool: Pool,
    dtype: Dtype,
    shape: Vec<i64>,
    input: Vec<f64>,
    output_shape: Vec<i64>,
    output: Vec<f64>,
    /// The gradient is that of `sum(output * weights)` with respect to the input.
    weights: Vec<f64>,
    gradient: Vec<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Dtype {
    F32,
    F64,
}

impl Dtype {
    fn kind(self) -> Kind {
        match self {
            Self::F32 => Kind::Float,
            Self::F64 => Kind::Double,
        }
    }

    /// Absolute and relative.
    fn tolerance(self) -> f64 {
        match self {
            Self::F32 => 1e-6,
            Self::F64 => 1e-12,
        }
    }
}

impl Case {
    fn name(&self) -> String {
        let Self { peer, layer, why, pool, dtype, shape, .. } = self;
        format!("{peer} {layer}, {why}: {pool} of {shape:?} {dtype:?}")
    }

    fn tensor(&self, values: &[f64], shape: &[i64]) -> Tensor {
        Tensor::from_slice(values).to_kind(self.dtype.kind()).reshape(shape)
    }

    fn run(&self) -> Result<(), String> {
        let input = self.tensor(&self.input, &self.shape).set_requires_grad(true);
        let output = self.pool.forward(&input).map_err(|error| error.to_string())?;
        if output.size() != self.output_shape {
            return Err(format!("output shape {:?}, expected {:?}", output.size(), self.output_shape));
        }
        self.compare("output", &output, &self.output)?;
        (&output * self.tensor(&self.weights, &self.output_shape)).sum(self.dtype.kind()).backward();
        self.compare("gradient", &input.grad(), &self.gradient)
    }

    fn compare(&self, what: &str, found: &Tensor, expected: &[f64]) -> Result<(), String> {
        if found.kind() != self.dtype.kind() {
            return Err(format!("{what} of type {:?}, expected {:?}", found.kind(), self.dtype.kind()));
        }
        let found = Vec::<f64>::try_from(found.detach().flatten(0, -1)).map_err(|error| error.to_string())?;
        if found.len() != expected.len() {
            return Err(format!("{what} of {} values, expected {}", found.len(), expected.len()));
        }
        let tolerance = self.dtype.tolerance();
        let close = |(found, expected): (&f64, &f64)| {
            // NaN is close to nothing.
            (found - expected).abs() <= tolerance * (1.0 + expected.abs())
        };
        match found.iter().zip(expected).position(|pair| !close(pair)) {
            None => Ok(()),
            Some(at) => Err(format!("{what}[{at}] is {}, expected {}", found[at], expected[at])),
        }
    }
}

fn golden_cases() -> Vec<Case> {
    let golden: Golden = serde_json::from_str(include_str!("golden/pooling.json")).unwrap();
    golden.cases
}

#[test]
fn every_layer_pools_and_differentiates_as_its_peers_do() {
    let cases = golden_cases();
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| case.run().err().map(|error| format!("{}: {error}", case.name())))
        .collect();
    assert!(
        failures.is_empty(),
        "{} of {} cases differ from their peer:\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n")
    );
}

#[test]
fn both_peers_and_both_types_are_well_represented() {
    let cases = golden_cases();
    assert!(cases.len() >= 100, "only {} cases", cases.len());
    for peer in ["PyTorch", "Keras"] {
        for dtype in [Dtype::F32, Dtype::F64] {
            let count = cases.iter().filter(|case| case.peer == peer && case.dtype == dtype).count();
            assert!(count >= 20, "only {count} cases of {peer} in {dtype:?}");
        }
    }
}
