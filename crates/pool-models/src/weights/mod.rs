//! Weights in the safetensors format, which any framework reads and which holds no code.

mod error;
mod header;
mod saved;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use pool_files::atomic_write_with;
use pool_spec::ChannelStatistics;
use safetensors::SafeTensorError;
use tch::nn::VarStore;
use tch::{Kind, TchError, Tensor};

use crate::ModelError;
use crate::error::first_line;

pub use error::WeightsError;
use header::{Entry, Header};
use saved::SavedTensor;

/// Writes every variable under its name, such as `conv2d.weight`. The file is there whole or not at all.
///
/// # Errors
/// [`ModelError::Weights`] when the file cannot be written.
pub fn save_weights(variables: &VarStore, path: &Path) -> Result<(), ModelError> {
    save_tensors(&variables.variables().into_iter().collect::<Vec<_>>(), path)
}

/// Writes tensors under their names, as [`save_weights`] does those of a network.
///
/// # Errors
/// As there.
pub fn save_tensors(named: &[(String, Tensor)], path: &Path) -> Result<(), ModelError> {
    atomic_write_with(path, |partial| {
        Tensor::write_safetensors(named, partial).map_err(|error| match error {
            // The system's own words, without the temporary name.
            TchError::SafeTensorError { err: SafeTensorError::IoError(error), .. } => error,
            error => io::Error::other(first_line(&error)),
        })
    })
    .map_err(|cause| in_file(path, WeightsError::Write(cause)))
}

/// Writes every variable as [`save_weights`] does, and what the network's pictures are normalized by: without any channels
/// nothing, else `__metadata__` has the key `normalization`, whose text is a list with `mean` and `sd` of each channel in
/// 0 to 1, such as `[{"mean":0.13,"sd":0.31}]`. A channel whose `sd` is 0 is only shifted.
///
/// # Errors
/// As there.
pub fn save_normalized_weights(
    variables: &VarStore,
    channels: &[ChannelStatistics],
    path: &Path,
) -> Result<(), ModelError> {
    if channels.is_empty() {
        return save_weights(variables, path);
    }
    let text = serde_json::to_string(channels).expect("a list of numbers");
    let metadata = HashMap::from([("normalization".to_owned(), text)]);
    let named = variables.variables();
    let views = named.iter().map(|(name, tensor)| Ok((name, SavedTensor::new(tensor)?)));
    let views = views.collect::<Result<Vec<_>, TchError>>()?;
    atomic_write_with(path, |partial| {
        safetensors::serialize_to_file(views, &Some(metadata), partial).map_err(|error| match error {
            SafeTensorError::IoError(error) => error,
            error => io::Error::other(error.to_string()),
        })
    })
    .map_err(|cause| in_file(path, WeightsError::Write(cause)))
}

/// Reads every variable back, into those of a network that was built as the saved one was; its seed does not matter.
///
/// ```no_run
/// use pool_models::{Dense, Flatten, Mode, Pool, Sequential, load_weights};
/// use tch::{Device, nn};
///
/// let model = Sequential::new([1, 28, 28]).add(Pool::max(2)).add(Flatten).add(Dense::new(10));
/// let mut variables = nn::VarStore::new(Device::Cpu);
/// let net = model.build(&variables.root())?;
/// load_weights(&mut variables, "model.safetensors".as_ref())?;
/// # Ok::<(), pool_models::ModelError>(())
/// ```
///
/// The file may come from anywhere: its header is held against the variables before anything of the size that it speaks
/// of is read.
///
/// # Errors
/// [`ModelError::Weights`] for a file that cannot be read, is no safetensors file or not all of one, or does not hold
/// exactly these variables, each in its shape and element type. The variables then stay as they were.
pub fn load_weights(variables: &mut VarStore, path: &Path) -> Result<(), ModelError> {
    let named = variables.variables();
    let weights = load_tensors(&named, path)?;
    tch::no_grad(|| {
        for (name, weights) in weights {
            named[&name].shallow_clone().f_copy_(&weights)?;
        }
        Ok(())
    })
}

/// Reads what [`save_tensors`] wrote: exactly the tensors of these names, each of the shape and element type of its
/// namesake in `like`. They are new ones, on the CPU.
///
/// # Errors
/// As [`load_weights`].
pub fn load_tensors(
    like: &HashMap<String, Tensor>,
    path: &Path,
) -> Result<HashMap<String, Tensor>, ModelError> {
    read(like, path).map_err(|cause| in_file(path, cause))
}

fn in_file(path: &Path, cause: WeightsError) -> ModelError {
    ModelError::Weights { path: path.to_owned(), cause }
}

/// What the file holds for each name.
fn read(named: &HashMap<String, Tensor>, path: &Path) -> Result<HashMap<String, Tensor>, WeightsError> {
    // Opening a pipe would wait for its other end.
    if !path.metadata().map_err(WeightsError::Read)?.is_file() {
        return Err(WeightsError::NoFile);
    }
    let mut file = File::open(path).map_err(WeightsError::Read)?;
    let length = file.metadata().map_err(WeightsError::Read)?.len();
    let Header { entries, end } = Header::read(&mut file, length)?;
    check_names(named, &entries)?;
    for entry in &entries {
        check(entry, &named[&entry.name])?;
    }
    if end != length {
        return Err(WeightsError::Length { bytes: length, expected: end });
    }
    let weights = entries.into_iter().map(|entry| {
        let variable = &named[&entry.name];
        let mut bytes = vec![0; entry.bytes as usize];
        file.read_exact(&mut bytes).map_err(WeightsError::Read)?;
        Ok((entry.name, Tensor::f_from_data_size(&bytes, &variable.size(), variable.kind())?))
    });
    weights.collect()
}

fn check_names(named: &HashMap<String, Tensor>, entries: &[Entry]) -> Result<(), WeightsError> {
    let held = |name: &String| entries.iter().any(|entry| entry.name == *name);
    let mut missing: Vec<String> = named.keys().filter(|&name| !held(name)).cloned().collect();
    missing.sort_unstable();
    let names = entries.iter().map(|entry| &entry.name);
    let extra: Vec<String> = names.filter(|&name| !named.contains_key(name)).cloned().collect();
    if missing.is_empty() && extra.is_empty() {
        return Ok(());
    }
    Err(WeightsError::Names { missing, extra })
}

/// Whether an entry is the variable's: after this, its bytes are as many as the variable's.
fn check(entry: &Entry, variable: &Tensor) -> Result<(), WeightsError> {
    let name = || entry.name.clone();
    let (found, expected) = (entry.shape.clone(), variable.size());
    if !found.iter().map(|&n| i64::try_from(n)).eq(expected.iter().map(|&n| Ok(n))) {
        return Err(WeightsError::Shape { name: name(), found, expected });
    }
    let expected = element_type(variable.kind());
    if entry.dtype != expected {
        return Err(WeightsError::ElementType { name: name(), found: entry.dtype.clone(), expected });
    }
    let expected = (variable.numel() * variable.kind().elt_size_in_bytes()) as u64;
    if entry.bytes != expected {
        return Err(WeightsError::Bytes { name: name(), found: entry.bytes, expected });
    }
    Ok(())
}

/// The format's word for what a `VarStore` can be converted to, and for an optimizer's count of steps.
fn element_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Float => "F32",
        Kind::Double => "F64",
        Kind::Half => "F16",
        Kind::BFloat16 => "BF16",
        Kind::Int64 => "I64",
        _ => "a floating-point type",
    }
}
