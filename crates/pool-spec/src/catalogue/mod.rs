//! The catalogue: what each operator computes, learns and costs, where it comes from, and what others call it.
//!
//! `pool-cli operators` prints it and `docs/operators.md` is made from it, so that neither can fall behind the code.

mod geometries;
mod layers;
mod markdown;
mod reducers;

pub use markdown::catalogue_markdown;

use serde::Serialize;

use crate::LayerCost;
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
    /// Multiply-adds, and what is kept for the backward pass: the rule by which [`Pool::cost`] counts, in words.
    pub cost: String,
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

/// Where a row's costs come from.
enum Cost {
    /// The layer's own rule; and where settings change that, in which case, and a layer of that kind.
    Own(Vec<(String, Pool)>),
    /// A geometry costs what its reducer costs for each cell and window.
    OfReducer,
}

/// What stands in the catalogue beside what follows from the layer itself.
struct Facts {
    pool: Pool,
    formula: &'static str,
    settings: &'static str,
    learns: &'static str,
    gradient: &'static str,
    cost: Cost,
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
    let cost = cost.in_words(&pool);
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

impl Cost {
    fn in_words(&self, pool: &Pool) -> String {
        let words = |pool: &Pool| pool.cost_in_words(&sample(2)).unwrap_or_default();
        match self {
            Self::OfReducer => "the reducer's".to_owned(),
            Self::Own(otherwise) => {
                let otherwise = otherwise.iter().map(|(case, pool)| format!(". {case}: {}", words(pool)));
                std::iter::once(words(pool)).chain(otherwise).collect()
            }
        }
    }
}

/// One sample, `[C, spatial...]`.
fn sample(rank: usize) -> Vec<usize> {
    const CHANNELS: usize = 8;
    const SIZE: usize = 12;
    std::iter::once(CHANNELS).chain(std::iter::repeat_n(SIZE, rank)).collect()
}

fn example(pool: &Pool, rank: usize) -> Result<Example, SettingError> {
    let input = sample(rank);
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
    fn what_the_catalogue_says_of_costs_is_what_the_cost_rows_say() {
        let catalogue = catalogue();
        let row = |name| catalogue.iter().find(|operator| operator.name == name).unwrap();
        for Operator { name, kind, pool, cost, ranks, .. } in &catalogue {
            if *kind == OperatorKind::Geometry {
                assert_eq!(cost, "the reducer's", "{name}");
                continue;
            }
            let LayerCost { kept, multiply_adds, .. } = pool.cost(&ranks[1].input).unwrap();
            let plain = cost.split(". ").next().unwrap();
            assert_eq!(plain.starts_with("no multiply-adds; "), multiply_adds == 0, "{name}: {cost}");
            for kept in &kept {
                assert!(plain.contains(&kept.what), "{name}: {cost}: {}", kept.what);
            }
            assert_eq!(plain.ends_with("keeps nothing"), kept.is_empty(), "{name}: {cost}");
        }
        for (name, expected) in [
            ("max", "no multiply-adds; keeps the input"),
            ("lp", "1 multiply-add per cell; keeps the input"),
            ("soft", "2 multiply-adds per cell; keeps the input"),
            ("stochastic", "1 multiply-add per cell; keeps the input and draws (4 bytes per window)"),
            ("s3", "no multiply-adds; keeps the input"),
            (
                "blur",
                "3 multiply-adds per dense value; keeps the input and dense values (4 bytes per dense value)",
            ),
            ("none", "no multiply-adds; keeps nothing"),
        ] {
            assert_eq!(row(name).cost, expected, "{name}");
        }
        for name in ["gem", "lse", "mixed"] {
            assert!(row(name).cost.contains(". If learned: "), "{}", row(name).cost);
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
