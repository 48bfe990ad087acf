//! The catalogue: what each operator computes, learns and costs, where it comes from, and what others call it.
//!
//! `pool-cli operators` prints it and `docs/operators.md` is made from it, so that neither can fall behind the code.

mod geometries;
mod layers;
mod markdown;
mod reducers;

pub use markdown::catalogue_markdown;

use pool_metrics::LayerCost;
use serde::Serialize;

use crate::{Pool, Reducer, SettingError};

/// One operator of the catalogue.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Operator {
    /// Its name in a sweep file.
    pub name: &'static str,
    /// What it decides.
    pub kind: OperatorKind,
    /// A layer that uses it.
    pub pool: Pool,
    /// That layer as a sweep file writes it.
    pub spelling: String,
    /// What it computes. `x` are the `n` values that a window sees.
    pub formula: &'static str,
    /// Settings and their defaults.
    pub settings: &'static str,
    /// What it learns, and where that starts.
    pub learns: &'static str,
    /// Where the gradient goes, at ties and at zero in particular.
    pub gradient: &'static str,
    /// Multiply-adds, and what is kept for the backward pass.
    pub cost: &'static str,
    /// The paper.
    pub source: &'static str,
    /// Its names elsewhere.
    pub elsewhere: Elsewhere,
    /// What that layer makes of a small input of each number of spatial axes that it supports.
    pub ranks: Vec<Example>,
}

/// What an operator decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OperatorKind {
    /// Which windows exist.
    Geometry,
    /// How a window becomes one value.
    Reducer,
    /// Both at once.
    Layer,
}

/// The names of an operator in other libraries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Elsewhere {
    /// In Keras 3.
    pub keras: Option<&'static str>,
    /// In PyTorch.
    pub pytorch: Option<&'static str>,
    /// In timm.
    pub timm: Option<&'static str>,
}

/// What a layer makes of one small input sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Example {
    /// Spatial axes.
    pub rank: usize,
    /// The sample, `[C, spatial...]`.
    pub input: Vec<usize>,
    /// What comes out.
    pub output: Vec<usize>,
    /// Trainable parameters.
    pub parameters: u64,
    /// Multiply-adds, forward.
    pub multiply_adds: u64,
    /// Bytes that the backward pass reads, the input included where it does.
    pub kept_bytes: u64,
}

/// What stands in the catalogue beside what follows from the layer itself.
struct Facts {
    pool: Pool,
    formula: &'static str,
    settings: &'static str,
    learns: &'static str,
    gradient: &'static str,
    cost: &'static str,
    source: &'static str,
    elsewhere: Elsewhere,
}

const NOWHERE: Elsewhere = Elsewhere { keras: None, pytorch: None, timm: None };

/// Every operator: geometries, reducers, then the layers that are neither.
pub fn catalogue() -> Vec<Operator> {
    let geometries =
        geometries::all().into_iter().map(|(name, facts)| operator(name, OperatorKind::Geometry, facts));
    let reducers = Reducer::ALL
        .iter()
        .map(|reducer| operator(reducer.name(), OperatorKind::Reducer, reducers::facts(reducer)));
    let layers = layers::all().into_iter().map(|(name, facts)| operator(name, OperatorKind::Layer, facts));
    geometries.chain(reducers).chain(layers).collect()
}

fn operator(name: &'static str, kind: OperatorKind, facts: Facts) -> Operator {
    let Facts { pool, formula, settings, learns, gradient, cost, source, elsewhere } = facts;
    let ranks = (1..=3).filter_map(|rank| example(&pool, rank).ok()).collect();
    let spelling = pool.to_string();
    Operator {
        name,
        kind,
        pool,
        spelling,
        formula,
        settings,
        learns,
        gradient,
        cost,
        source,
        elsewhere,
        ranks,
    }
}

fn example(pool: &Pool, rank: usize) -> Result<Example, SettingError> {
    const CHANNELS: usize = 8;
    const SIZE: usize = 12;
    let input: Vec<usize> = std::iter::once(CHANNELS).chain(std::iter::repeat_n(SIZE, rank)).collect();
    let output = pool.output_shape(&input)?;
    let LayerCost { parameters, multiply_adds, kept, .. } = pool.cost(&input)?;
    let kept_bytes = kept.iter().map(|tensor| tensor.bytes).sum();
    Ok(Example { rank, input, output, parameters, multiply_adds, kept_bytes })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_stands_once_and_every_operator_works_over_one_to_three_axes() {
        let catalogue = catalogue();
        let names: HashSet<&str> = catalogue.iter().map(|operator| operator.name).collect();
        assert_eq!(names.len(), catalogue.len());
        for Operator { name, ranks, .. } in &catalogue {
            assert_eq!(ranks.iter().map(|example| example.rank).collect::<Vec<_>>(), [1, 2, 3], "{name}");
        }
    }

    #[test]
    fn the_document_is_the_catalogue() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operators.md");
        let document = std::fs::read_to_string(path).unwrap();
        assert!(
            document == catalogue_markdown(),
            "docs/operators.md is not what the catalogue says; write it anew with \
             `cargo run -p pool-cli -- operators --markdown > docs/operators.md`"
        );
    }
}
