//! Arguments about trained networks.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct PredictArgs {
    /// The trial's folder, RUN/trials/ID
    pub(crate) trial: PathBuf,
    /// The pictures
    #[arg(required = true)]
    pub(crate) images: Vec<PathBuf>,
    /// Print classes, probabilities and steps as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvaluateArgs {
    /// The trial's folder, RUN/trials/ID
    pub(crate) trial: PathBuf,
    /// A folder with four IDX files, whose test images are evaluated [default: the trial's own data set]
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Print the results as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The trial's folder, RUN/trials/ID
    pub(crate) trial: PathBuf,
    /// The format of the file
    #[arg(long, value_enum)]
    pub(crate) format: ExportFormat,
    /// The file, outside any run directory [default: the trial's name, in this folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The format of an exported network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// The weights by name, without code
    Safetensors,
    /// Weights and forward pass, for torch.jit.load
    Torchscript,
}
