//! Pooling layers equal those of PyTorch, Keras, timm and others, values and gradients; the scripts in `scripts/golden/`
//! made the cases and name the versions.

use crate::common::device;
use pool_models::{ModelError, Pool, max_unpool};
use serde::Deserialize;
use tch::{Kind, Tensor};

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    /// Cases with a mask.
    #[serde(default)]
    masked: Vec<Case>,
    /// Cases with indices.
    #[serde(default)]
    indexed: Vec<Case>,
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
    /// 1 where an entry counts, `[N, L]`.
    mask: Option<Vec<Vec<u8>>>,
    /// Where each maximum was found.
    indices: Option<Vec<i64>>,
    /// The output put back at the indices, where windows do not overlap.
    unpooled: Option<Vec<f64>>,
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
        Tensor::from_slice(values).to_kind(self.dtype.kind()).reshape(shape).to_device(device())
    }

    fn run(&self) -> Result<(), String> {
        let input = self.tensor(&self.input, &self.shape).set_requires_grad(true);
        let output = self.forward(&input).map_err(|error| error.to_string())?;
        if output.size() != self.output_shape {
            return Err(format!("output shape {:?}, expected {:?}", output.size(), self.output_shape));
        }
        self.compare("output", &output, &self.output)?;
        (&output * self.tensor(&self.weights, &self.output_shape)).sum(self.dtype.kind()).backward();
        self.compare("gradient", &input.grad(), &self.gradient)?;
        self.compare_places(&input.detach())
    }

    fn forward(&self, input: &Tensor) -> Result<Tensor, ModelError> {
        match &self.mask {
            None => self.pool.forward(input),
            Some(mask) => {
                let rows: Vec<Tensor> = mask.iter().map(|row| Tensor::from_slice(row)).collect();
                self.pool
                    .forward_masked(input, &Tensor::stack(&rows, 0).to_kind(Kind::Bool).to_device(device()))
            }
        }
    }

    /// The indices, and what they put back.
    fn compare_places(&self, input: &Tensor) -> Result<(), String> {
        let Some(expected) = &self.indices else { return Ok(()) };
        let (values, indices) = self.pool.forward_with_indices(input).map_err(|error| error.to_string())?;
        self.compare("output beside indices", &values, &self.output)?;
        let found = Vec::<i64>::try_from(indices.flatten(0, -1)).map_err(|error| error.to_string())?;
        if found != *expected {
            return Err(format!("indices {found:?}, expected {expected:?}"));
        }
        let Some(unpooled) = &self.unpooled else { return Ok(()) };
        let spatial: Vec<usize> = self.shape[2..].iter().map(|&n| n as usize).collect();
        let found = max_unpool(&values, &indices, &spatial).map_err(|error| error.to_string())?;
        self.compare("unpooled", &found, unpooled)
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
    [include_str!("../golden/pooling.json"), include_str!("../golden/operators.json")]
        .into_iter()
        .flat_map(|text| {
            let Golden { cases, masked, indexed } = serde_json::from_str(text).unwrap();
            cases.into_iter().chain(masked).chain(indexed)
        })
        .collect()
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
fn peers_types_and_kinds_of_cases_are_well_represented() {
    let cases = golden_cases();
    assert!(cases.len() >= 650, "only {} cases", cases.len());
    let count = |what: &str, belongs: &dyn Fn(&Case) -> bool, least: usize| {
        let count = cases.iter().filter(|case| belongs(case)).count();
        assert!(count >= least, "only {count} cases of {what}");
    };
    for dtype in [Dtype::F32, Dtype::F64] {
        for (peer, least) in [("PyTorch", 100), ("Keras", 50), ("timm", 5), ("antialiased-cnns", 3)] {
            count(peer, &|case| case.peer == peer && case.dtype == dtype, least);
        }
    }
    for rank in 1..=3 {
        count("one rank", &|case| case.shape.len() == rank + 2, 100);
    }
    count("masks", &|case| case.mask.is_some(), 5);
    count("indices", &|case| case.indices.is_some(), 15);
    count("unpooling", &|case| case.unpooled.is_some(), 5);
}
