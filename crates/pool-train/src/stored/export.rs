//! Weights for other programs.

use std::path::{Path, PathBuf};

use pool_models::{save_torchscript, save_weights};
use pool_records::{RunError, RunLayout, check_outputs};

use super::StoredTrial;
use crate::TrainError;

/// A form in which a trained network leaves this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightFormat {
    /// The weights alone, by name; no code inside.
    Safetensors,
    /// Weights and forward pass, for `torch.jit.load` in Python or C++.
    TorchScript,
}

impl WeightFormat {
    /// The end of a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Safetensors => "safetensors",
            Self::TorchScript => "pt",
        }
    }
}

impl StoredTrial {
    /// A file name of its own, such as `max-s1-0de0d558.pt`.
    pub fn export_name(&self, format: WeightFormat) -> PathBuf {
        PathBuf::from(format!("{}.{}", self.record.id, format.extension()))
    }

    /// Writes the network to `path`: whole, or not at all.
    ///
    /// # Errors
    /// A file of a run or of this trial, one that cannot be written, or a network that TorchScript cannot hold.
    pub fn export(&self, format: WeightFormat, path: &Path) -> Result<(), TrainError> {
        let read =
            [RunLayout::spec_in, RunLayout::record_in, RunLayout::weights_in].map(|file| file(&self.folder));
        check_outputs(&read.each_ref().map(PathBuf::as_path), &[path]).map_err(RunError::from)?;
        match format {
            WeightFormat::Safetensors => save_weights(&self.variables, path),
            WeightFormat::TorchScript => save_torchscript(&self.net, path),
        }
        .map_err(TrainError::from)
    }
}
