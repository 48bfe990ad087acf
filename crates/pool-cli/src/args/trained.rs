//! Arguments about trained networks.

use std::path::PathBuf;

use clap::Args;
use pool_train::WeightFormat;

use super::one_of;

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
    /// Other images whose test images are evaluated: a folder of pictures, IDX, CIFAR or CSV files, or a .npz file [default: the trial's own data set]
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
    #[arg(long, value_parser = one_of([
        ("safetensors", "The weights by name, without code", WeightFormat::Safetensors),
        ("torchscript", "Weights and forward pass, for torch.jit.load", WeightFormat::TorchScript),
    ]))]
    pub(crate) format: WeightFormat,
    /// The file, outside any run directory [default: the trial's name, in this folder]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
