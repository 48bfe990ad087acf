//! Arguments about single pooling layers.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pool_models::Pool;

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// The pooling layer, as a sweep file writes it
    #[arg(long, value_name = "TOML", required_unless_present = "gallery")]
    pub(crate) pool: Option<Pool>,
    /// The array or picture; the gallery's default is the first test image of MNIST
    #[arg(long, value_name = "FILE", required_unless_present = "gallery")]
    pub(crate) input: Option<PathBuf>,
    /// Where the result goes
    #[arg(long, value_name = "FILE", required_unless_present = "gallery")]
    pub(crate) output: Option<PathBuf>,
    /// Where the channels of every array stand
    #[arg(long, value_enum, default_value_t = Format::ChannelsFirst)]
    pub(crate) data_format: Format,
    /// Run as in training: layers that draw random numbers draw
    #[arg(long)]
    pub(crate) train: bool,
    /// Seeds what the layer draws and learns
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// The derivative of a loss with respect to the output
    #[arg(long, value_name = "FILE", requires = "grad_input")]
    pub(crate) grad_output: Option<PathBuf>,
    /// Where the derivative with respect to the input goes
    #[arg(long, value_name = "FILE", requires = "grad_output")]
    pub(crate) grad_input: Option<PathBuf>,
    /// Where the places of the maxima go: flat indices into the spatial axes, int64
    #[arg(long, value_name = "FILE")]
    pub(crate) indices: Option<PathBuf>,
    /// Draw one picture through every operator, as SVG
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["pool", "output", "grad_output", "grad_input", "indices", "train"]
    )]
    pub(crate) gallery: Option<PathBuf>,
}

/// Where the channels stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Format {
    /// [N, C, spatial...]
    ChannelsFirst,
    /// [N, spatial..., C]
    ChannelsLast,
}

#[derive(Debug, Args)]
pub(crate) struct OperatorsArgs {
    /// Print everything about each operator as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print docs/operators.md
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}
