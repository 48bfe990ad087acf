//! How a window becomes one value.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::spelling::peers;
use crate::SettingError;
use crate::reading::whole;

/// How a window becomes one value. `x` are the values that the window sees, `n` how many; padded cells are not among
/// them.
///
/// Formulas, gradients at ties and at zero, papers and the names in other libraries stand in `docs/operators.md` and in
/// [`catalogue`](crate::catalogue).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reducer {
    /// The greatest value. Of equal ones, the first in row-major order receives the gradient, as in PyTorch, and as in
    /// TensorFlow's one- and two-dimensional windows (its 3D windows give all of it to each, and Keras's global maximum
    /// splits it). Keras: `MaxPooling`; PyTorch: `MaxPool`.
    Max,
    /// The arithmetic mean. Keras: `AveragePooling`; PyTorch: `AvgPool` with `count_include_pad=False`.
    Avg,
    /// The smallest value; ties as in [`Reducer::Max`].
    Min,
    /// The middle value; of an even number of values the lower of the two in the middle, as `torch.median`.
    Median,
    /// The p-norm `(sum |x|^p)^(1/p)` (Sermanet et al. 2012). PyTorch: `LPPool`.
    Lp {
        /// The exponent, in `[1, 1000]`: 1 is the sum of magnitudes.
        #[serde(default = "defaults::p_of_lp")]
        p: f64,
    },
    /// Generalised mean `(mean max(x, 1e-6)^p)^(1/p)` (Radenovic et al. 2018).
    Gem {
        /// The exponent, in `[0.001, 1000]`; where it starts if it is learned, free to leave that interval.
        #[serde(default = "defaults::p_of_gem")]
        p: f64,
        /// Whether the exponent is learned.
        #[serde(default, skip_serializing_if = "Learned::is_no")]
        learned: Learned,
    },
    /// Log-mean-exp `(logsumexp(r x) - ln n) / r` (Pinheiro & Collobert 2015): between the mean (r near 0) and the
    /// maximum (large r).
    Lse {
        /// The sharpness, not 0 and its size in `[1e-6, 1e6]`; where it starts if it is learned.
        #[serde(default = "defaults::r")]
        r: f64,
        /// Whether the sharpness is learned.
        #[serde(default, skip_serializing_if = "Learned::is_no")]
        learned: Learned,
    },
    /// `sum softmax(beta x) x` (SoftPool: Stergiou et al. 2021, with `beta = 1`).
    Soft {
        /// The inverse temperature, in `[-1e6, 1e6]`; 0 is the mean.
        #[serde(default = "defaults::beta")]
        beta: f64,
    },
    /// In training one of the values `a = max(x, 0)`, drawn with probability `a / sum a`; in prediction
    /// `sum a^2 / sum a` (Zeiler & Fergus 2013). An all-zero window gives 0.
    Stochastic,
    /// `alpha max + (1 - alpha) avg` (Lee, Gallagher & Tu 2016).
    Mixed {
        /// The share of the maximum, in `[0, 1]`; where it starts if it is learned, and then neither 0 nor 1.
        #[serde(default = "defaults::alpha")]
        alpha: f64,
        /// Whether the share is learned; it is the logistic function of a parameter, and so stays in `(0, 1)`.
        #[serde(default, skip_serializing_if = "Learned::is_no")]
        learned: Learned,
    },
    /// `s max + (1 - s) avg` with `s = sigmoid(w . x)`, where the learned `w` has one weight per cell of the window
    /// (Lee, Gallagher & Tu 2016).
    Gated,
    /// `s (v1 . x) + (1 - s) (v2 . x)` with `s = sigmoid(w . x)`: two learned filters and a learned gate, the paper's
    /// tree of two levels (Lee, Gallagher & Tu 2016).
    Tree,
    /// In training the maximum or the average, by a fair coin per sample and channel; in prediction the mean of both
    /// (Yu, Wang, Chen & Wei 2014).
    RandomMixed,
    /// `(avg + max) / 2`. timm: `SelectAdaptivePool2d("avgmax")`.
    AvgMax,
    /// Average and maximum side by side: twice the channels, averages first. timm:
    /// `SelectAdaptivePool2d("catavgmax")`.
    CatAvgMax,
    /// `sum w x / sum w` with `w = exp(G(x))`, where the logit `G` is a learned 1x1 convolution, instance
    /// normalisation, and 12 times the logistic function (local importance pooling: Gao, Wang & Wu 2019).
    Lip,
    /// Softmax of `q . x / sqrt(C)` over all places as weights of a mean, with one learned query `q` of `C` entries.
    /// Global windows only.
    Attention,
    /// Maximum with stride 1, then, in training, random rows and columns of every grid; in prediction the expectation
    /// over them (S3Pool: Zhai et al. 2017). Windows of a fixed size only.
    S3 {
        /// Rows and columns of a grid, at most 1024 and a multiple of the stride; each grid keeps one in `stride` of them.
        #[serde(default = "defaults::grid", deserialize_with = "whole::<1, 1024, _, _>")]
        grid: usize,
    },
}

/// Whether a number of a reducer is learned with the network's weights, and how many of it there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Learned {
    /// It stays as it is given.
    #[default]
    No,
    /// One for the whole layer.
    Layer,
    /// One for each channel.
    Channel,
}

impl Learned {
    /// Signature as serde wants it.
    fn is_no(&self) -> bool {
        *self == Self::No
    }
}

/// What a sweep file may leave out.
mod defaults {
    pub(super) const fn p_of_lp() -> f64 {
        2.0
    }
    pub(super) const fn p_of_gem() -> f64 {
        3.0
    }
    pub(super) const fn r() -> f64 {
        10.0
    }
    pub(super) const fn beta() -> f64 {
        1.0
    }
    pub(super) const fn alpha() -> f64 {
        0.5
    }
    pub(super) const fn grid() -> usize {
        2
    }
}

impl Reducer {
    /// The greatest `p` of a norm or mean that kernels take: a cell is divided by a power of two first, which leaves up to
    /// 2 in it, and greater powers of that overflow.
    pub const GREATEST_KERNEL_POWER: f64 = 64.0;

    /// Every reducer with its default settings, in the order of the documentation.
    pub const ALL: [Self; 18] = [
        Self::Max,
        Self::Avg,
        Self::Min,
        Self::Median,
        Self::Lp { p: defaults::p_of_lp() },
        Self::Gem { p: defaults::p_of_gem(), learned: Learned::No },
        Self::Lse { r: defaults::r(), learned: Learned::No },
        Self::Soft { beta: defaults::beta() },
        Self::Stochastic,
        Self::Mixed { alpha: defaults::alpha(), learned: Learned::No },
        Self::Gated,
        Self::Tree,
        Self::RandomMixed,
        Self::AvgMax,
        Self::CatAvgMax,
        Self::Lip,
        Self::Attention,
        Self::S3 { grid: defaults::grid() },
    ];

    /// What every reducer says about itself.
    fn row(&self) -> Row {
        let row = |name| Row { name, channels: 1, lays_windows_out: false, range: None };
        let laid_out = |name| Row { lays_windows_out: true, ..row(name) };
        match *self {
            Self::Max => row("max"),
            Self::Avg => row("avg"),
            Self::Min => row("min"),
            Self::Median => row("median"),
            Self::Lp { p } => {
                Row { range: Some(("p", p, (1.0..=1e3).contains(&p), "[1, 1000]")), ..row("lp") }
            }
            Self::Gem { p, .. } => {
                Row { range: Some(("p", p, (1e-3..=1e3).contains(&p), "[0.001, 1000]")), ..row("gem") }
            }
            Self::Lse { r, .. } => {
                const INTERVAL: &str =
                    "[0.000001, 1000000], or the same below 0; at 0 it would be the average";
                Row { range: Some(("r", r, (1e-6..=1e6).contains(&r.abs()), INTERVAL)), ..row("lse") }
            }
            Self::Soft { beta } => {
                let inside = beta.abs() <= 1e6;
                Row { range: Some(("beta", beta, inside, "[-1000000, 1000000]")), ..row("soft") }
            }
            Self::Stochastic => row("stochastic"),
            Self::Mixed { alpha, learned: Learned::No } => {
                let inside = (0.0..=1.0).contains(&alpha);
                Row { range: Some(("alpha", alpha, inside, "[0, 1]")), ..row("mixed") }
            }
            // The ends would be infinite logits.
            Self::Mixed { alpha, .. } => {
                let inside = alpha > 0.0 && alpha < 1.0;
                let range = Some(("alpha", alpha, inside, "(0, 1) where it is learned"));
                Row { range, ..row("mixed") }
            }
            Self::Gated => laid_out("gated"),
            Self::Tree => laid_out("tree"),
            Self::RandomMixed => row("random_mixed"),
            Self::AvgMax => row("avg_max"),
            Self::CatAvgMax => Row { channels: 2, ..row("cat_avg_max") },
            Self::Lip => row("lip"),
            Self::Attention => laid_out("attention"),
            Self::S3 { grid } => {
                let inside = (1..=1024).contains(&grid);
                Row { range: Some(("grid", grid as f64, inside, "[1, 1024]")), ..row("s3") }
            }
        }
    }

    /// The word that a sweep file uses.
    pub fn name(&self) -> &'static str {
        self.row().name
    }

    /// The reducer of this name with its default settings.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reducer| reducer.name() == name)
    }

    /// Channels of the output.
    pub fn channels(&self, input: usize) -> usize {
        self.row().channels * input
    }

    /// Whether windows are always laid out side by side, which takes as much memory as all their cells together. The
    /// others run on kernels, in `f32` on the processor, or on libtorch's pooling functions where those know the windows.
    pub fn lays_windows_out(&self) -> bool {
        self.row().lays_windows_out
    }

    /// Refuses a setting outside its interval.
    ///
    /// # Errors
    /// The setting, its value and the interval.
    pub fn check(&self) -> Result<(), SettingError> {
        match self.row().range {
            Some((field, value, inside, interval)) if !inside => {
                Err(SettingError::Range { field, value, interval })
            }
            _ => Ok(()),
        }
    }
}

/// What a reducer says about itself.
struct Row {
    /// The word that a sweep file uses.
    name: &'static str,
    /// Output channels per input channel.
    channels: usize,
    /// Whether it needs the windows laid out side by side, whatever the input.
    lays_windows_out: bool,
    /// A setting, its value, whether it lies inside its interval, and the interval.
    range: Option<(&'static str, f64, bool, &'static str)>,
}

/// The name: `lp`.
impl fmt::Display for Reducer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A reducer with its default settings is written as its name.
impl Serialize for Reducer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if Self::ALL.contains(self) {
            serializer.serialize_str(self.name())
        } else {
            Self::serialize(self, serializer)
        }
    }
}

/// `"lp"`, or `{ lp = { p = 3.0 } }`.
impl<'de> Deserialize<'de> for Reducer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ReducerVisitor;

        impl<'de> Visitor<'de> for ReducerVisitor {
            type Value = Reducer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a reducer, such as \"max\" or { lp = { p = 3.0 } }")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Reducer, E> {
                match Reducer::named(text) {
                    Some(reducer) => Ok(reducer),
                    None => match peers::reducer(text) {
                        Some(meant) => {
                            Err(E::custom(format!("\"{}\" is spelt \"{meant}\" here", text.escape_debug())))
                        }
                        // The derived reader knows every name, and says so.
                        None => Reducer::deserialize(StrDeserializer::<E>::new(text)),
                    },
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Reducer, A::Error> {
                let reducer = Reducer::deserialize(MapAccessDeserializer::new(&mut map))?;
                match map.next_key::<String>()? {
                    None => Ok(reducer),
                    Some(key) => Err(A::Error::custom(format!(
                        "a second reducer, `{key}`, in one table; keep one of them"
                    ))),
                }
            }
        }

        deserializer.deserialize_any(ReducerVisitor)
    }
}
