//! What pooling layers learn, and where it starts.

use super::geometry::Geometry;
use super::{Learned, Pool, Reducer, split_channels};
use crate::SettingError;

/// A variable of a pooling layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name within the layer.
    pub name: &'static str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// What it starts from.
    pub start: Start,
}

/// The values that a variable starts from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// All the same.
    Constant(f64),
    /// Normally distributed.
    Normal {
        /// The mean.
        mean: f64,
        /// The standard deviation.
        deviation: f64,
    },
    /// Uniform on `[-l, l)`, `l = sqrt(6 / (fan_in + fan_out))` (Glorot & Bengio 2010).
    Glorot {
        /// Inputs of one output.
        fan_in: usize,
        /// Outputs that one input has a part in.
        fan_out: usize,
    },
}

/// The spread of gates and filters at the start, as in the authors' code.
const DEVIATION: f64 = 0.1;

/// The variables of `pool` for samples of this shape.
///
/// # Errors
/// The setting that does not fit.
pub fn parameters(pool: &Pool, sample: &[usize]) -> Result<Vec<Parameter>, SettingError> {
    if *pool == Pool::None {
        return Ok(Vec::new());
    }
    let (channels, spatial) = split_channels(sample)?;
    Ok(match pool {
        Pool::Reduce { reducer, geometry } => of_reducer(reducer, geometry, channels, spatial)?,
        Pool::StridedConv(conv) => {
            let sizes = conv.window().resolve("size", spatial)?;
            let volume: usize = sizes.iter().map(|axis| axis.size).product();
            let shape = [channels, channels].into_iter().chain(sizes.iter().map(|axis| axis.size)).collect();
            let fan = channels.saturating_mul(volume);
            vec![
                Parameter { name: "weight", shape, start: Start::Glorot { fan_in: fan, fan_out: fan } },
                constant("bias", vec![channels], 0.0),
            ]
        }
        Pool::None | Pool::Blur(_) | Pool::Haar | Pool::Spectral { .. } => Vec::new(),
    })
}

fn of_reducer(
    reducer: &Reducer,
    geometry: &Geometry,
    channels: usize,
    spatial: &[usize],
) -> Result<Vec<Parameter>, SettingError> {
    let number = |name, learned, start| match learned {
        Learned::No => Vec::new(),
        Learned::Layer => vec![constant(name, vec![1], start)],
        Learned::Channel => vec![constant(name, vec![channels], start)],
    };
    Ok(match *reducer {
        Reducer::Gem { p, learned } => number("p", learned, p),
        Reducer::Lse { r, learned } => number("r", learned, r),
        Reducer::Mixed { alpha, learned } => number("logit", learned, (alpha / (1.0 - alpha)).ln()),
        Reducer::Gated => vec![filter("gate", 0.0, cells(geometry, spatial)?)],
        Reducer::Tree => {
            let cells = cells(geometry, spatial)?;
            let mean = 1.0 / cells as f64;
            vec![filter("left", mean, cells), filter("right", mean, cells), filter("gate", 0.0, cells)]
        }
        // A constant logit: the layer starts as the average.
        Reducer::Lip => vec![
            constant("projection", vec![channels, channels], 0.0),
            constant("scale", vec![channels], 1.0),
            constant("shift", vec![channels], 0.0),
        ],
        // Equal scores: the layer starts as the average.
        Reducer::Attention => vec![constant("query", vec![channels], 0.0)],
        Reducer::Max
        | Reducer::Avg
        | Reducer::Min
        | Reducer::Median
        | Reducer::Lp { .. }
        | Reducer::Soft { .. }
        | Reducer::Stochastic
        | Reducer::RandomMixed
        | Reducer::AvgMax
        | Reducer::CatAvgMax
        | Reducer::S3 { .. } => Vec::new(),
    })
}

fn constant(name: &'static str, shape: Vec<usize>, value: f64) -> Parameter {
    Parameter { name, shape, start: Start::Constant(value) }
}

/// One weight per cell of the window, shared by all channels and places, in row-major order.
fn filter(name: &'static str, mean: f64, cells: usize) -> Parameter {
    Parameter { name, shape: vec![cells], start: Start::Normal { mean, deviation: DEVIATION } }
}

/// Cells of a window; only windows of a fixed size have a filter.
fn cells(geometry: &Geometry, spatial: &[usize]) -> Result<usize, SettingError> {
    match geometry {
        Geometry::Window(window) => Ok(window.size.resolve_positive("size", spatial.len())?.iter().product()),
        Geometry::Adaptive(_) | Geometry::Global { .. } | Geometry::Fractional(_) | Geometry::Pyramid(_) => {
            Ok(0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(pool: &str) -> Vec<(&'static str, Vec<usize>, Start)> {
        let pool: Pool = pool.parse().unwrap();
        let parameters = parameters(&pool, &[3, 8, 8]).unwrap();
        parameters.into_iter().map(|parameter| (parameter.name, parameter.shape, parameter.start)).collect()
    }

    #[test]
    fn every_variable_starts_as_the_catalogue_says() {
        let normal = |mean| Start::Normal { mean, deviation: 0.1 };
        let fan = 3 * 6;
        for (pool, expected) in [
            ("max", vec![]),
            ("gem", vec![]),
            (
                "{ reduce = { gem = { learned = 'layer' } }, size = 2 }",
                vec![("p", vec![1], Start::Constant(3.0))],
            ),
            (
                "{ reduce = { lse = { learned = 'channel' } }, size = 2 }",
                vec![("r", vec![3], Start::Constant(10.0))],
            ),
            (
                "{ reduce = { mixed = { learned = 'channel' } }, size = 2 }",
                vec![("logit", vec![3], Start::Constant(0.0))],
            ),
            ("gated", vec![("gate", vec![4], normal(0.0))]),
            (
                "tree",
                vec![
                    ("left", vec![4], normal(0.25)),
                    ("right", vec![4], normal(0.25)),
                    ("gate", vec![4], normal(0.0)),
                ],
            ),
            (
                "lip",
                vec![
                    ("projection", vec![3, 3], Start::Constant(0.0)),
                    ("scale", vec![3], Start::Constant(1.0)),
                    ("shift", vec![3], Start::Constant(0.0)),
                ],
            ),
            ("attention", vec![("query", vec![3], Start::Constant(0.0))]),
            (
                "{ strided_conv = { size = [2, 3] } }",
                vec![
                    ("weight", vec![3, 3, 2, 3], Start::Glorot { fan_in: fan, fan_out: fan }),
                    ("bias", vec![3], Start::Constant(0.0)),
                ],
            ),
        ] {
            assert_eq!(declared(pool), expected, "{pool}");
        }
        assert_eq!(parameters(&Pool::None, &[7]), Ok(Vec::new()), "no layer, no shape to mind");
    }
}
