//! Arguments about single pooling layers.

use std::path::PathBuf;

use clap::Args;
use pool_models::Pool;
use pool_models::files::DataFormat;

use super::one_of;

#[derive(Debug, Args)]
pub(crate) struct ApplyArgs {
    /// The pooling layer, as a sweep file writes it
    #[arg(long, value_name = "TOML", required_unless_present = "gallery")]
    pub(crate) pool: Option<Pool>,
    /// The array or picture; the gallery's default is the first test image of MNIST
    #[arg(long, value_name = "FILE", required_unless_present = "gallery")]
    pub(crate) input: Option<PathBuf>,
    /// File for the result
    #[arg(long, value_name = "FILE", required_unless_present = "gallery")]
    pub(crate) output: Option<PathBuf>,
    /// Position of the channels in every array
    #[arg(long, default_value = "channels_first", value_parser = one_of([
        ("channels_first", "[N, C, spatial...]", DataFormat::ChannelsFirst),
        ("channels_last", "[N, spatial..., C]", DataFormat::ChannelsLast),
    ]))]
    pub(crate) data_format: DataFormat,
    /// Run as in training: layers that draw random numbers draw
    #[arg(long)]
    pub(crate) train: bool,
    /// Seed of the layer's random draws and initial weights
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// The derivative of a loss with respect to the output
    #[arg(long, value_name = "FILE", requires = "grad_input")]
    pub(crate) grad_output: Option<PathBuf>,
    /// File for the derivative with respect to the input
    #[arg(long, value_name = "FILE", requires = "grad_output")]
    pub(crate) grad_input: Option<PathBuf>,
    /// File for the positions of the maxima: flat indices into the spatial axes, int64
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

#[derive(Debug, Args)]
pub(crate) struct OperatorsArgs {
    /// Print everything about each operator as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print docs/operators.md
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}
