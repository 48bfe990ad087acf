//! What can be wrong with a weights file.

use std::io;

use tch::TchError;

use crate::error::first_line;

/// A weights file that cannot be written or read, or is not the network's.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The system refused to write it.
    #[error("cannot write it: {0}")]
    Write(io::Error),
    /// The system refused to read it.
    #[error("cannot read it: {0}")]
    Read(io::Error),
    /// A folder, a pipe or a device.
    #[error("it is no regular file")]
    NoFile,
    /// Something else than safetensors.
    #[error("no safetensors file: {reason}")]
    Format {
        /// What is wrong with it.
        reason: String,
    },
    /// A file that ends too early or too late.
    #[error(
        "it has {bytes} bytes, and its header speaks of {expected}: it is not whole; copy or save it again"
    )]
    Length {
        /// Bytes of the file.
        bytes: u64,
        /// Bytes that its header and its tensors take.
        expected: u64,
    },
    /// Variables that it does not hold, or tensors that are no variables.
    #[error("it belongs to another network than this one: {}", apart(.missing, .extra))]
    Names {
        /// Names of variables that it does not hold.
        missing: Vec<String>,
        /// Names of tensors that the network has no variable for.
        extra: Vec<String>,
    },
    /// A tensor of another shape than its variable.
    #[error(
        "it belongs to another network than this one: {name} has shape {found:?} there and {expected:?} here"
    )]
    Shape {
        /// The variable.
        name: String,
        /// The tensor's shape.
        found: Vec<u64>,
        /// The variable's shape.
        expected: Vec<i64>,
    },
    /// A tensor of another element type than its variable.
    #[error("{name} holds {}, expected {expected}; convert it before", shown(.found))]
    ElementType {
        /// The variable.
        name: String,
        /// The tensor's element type, in the format's words.
        found: String,
        /// The variable's element type.
        expected: &'static str,
    },
    /// A tensor whose bytes do not make its shape.
    #[error("no safetensors file: {name} has {found} bytes, and its shape takes {expected}")]
    Bytes {
        /// The variable.
        name: String,
        /// Bytes in the file.
        found: u64,
        /// Bytes of the variable.
        expected: u64,
    },
    /// libtorch or tch refused.
    #[error("{}", first_line(.0))]
    Torch(TchError),
}

impl From<TchError> for WeightsError {
    fn from(error: TchError) -> Self {
        Self::Torch(error)
    }
}

fn apart(missing: &[String], extra: &[String]) -> String {
    let parts = [("lacks", missing), ("holds besides", extra)];
    let parts = parts.into_iter().filter(|(_, names)| !names.is_empty());
    parts.map(|(verb, names)| format!("{verb} {}", listed(names))).collect::<Vec<_>>().join(", ")
}

/// The first few names: a file from elsewhere may have a million.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let first: Vec<String> = names.iter().take(SHOWN).map(|name| shown(name)).collect();
    let others = names.len().saturating_sub(SHOWN);
    if others > 0 { format!("{} and {others} more", first.join(", ")) } else { first.join(", ") }
}

/// A word of the file, which may be of any length and hold anything.
fn shown(word: &str) -> String {
    word.chars().take(60).flat_map(char::escape_debug).collect()
}
