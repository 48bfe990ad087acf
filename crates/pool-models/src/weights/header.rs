//! The header of a safetensors file: eight bytes that say how long it is, then JSON that says where each tensor lies.
//!
//! tch's own reader adds up numbers of the header that may overflow, and copies a tensor of one entry into any shape.

use std::io::Read;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::WeightsError;

/// A network of ten thousand variables has a header of this size.
const GREATEST_BYTES: u64 = 1 << 20;

/// What a file says of itself.
#[derive(Debug)]
pub(super) struct Header {
    /// The tensors in the order of their bytes, which follow one another without gaps.
    pub(super) entries: Vec<Entry>,
    /// Where the last one ends, from the beginning of the file, in bytes.
    pub(super) end: u64,
}

/// One tensor.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    /// `F32`, for example.
    pub(super) dtype: String,
    pub(super) shape: Vec<u64>,
    pub(super) bytes: u64,
}

/// A tensor as the JSON spells it.
#[derive(Deserialize)]
struct Spelt {
    dtype: String,
    shape: Vec<u64>,
    /// The first byte behind the header, and the first that is no longer the tensor's.
    data_offsets: [u64; 2],
}

impl Header {
    /// Reads up to the first tensor of a file of `length` bytes.
    pub(super) fn read(file: &mut impl Read, length: u64) -> Result<Self, WeightsError> {
        let mut prefix = [0; 8];
        if length < prefix.len() as u64 {
            return Err(malformed(format!("{length} bytes are too few")));
        }
        file.read_exact(&mut prefix).map_err(WeightsError::Read)?;
        let size = u64::from_le_bytes(prefix);
        if size > GREATEST_BYTES || size > length - prefix.len() as u64 {
            return Err(malformed(format!("its header would have {size} bytes")));
        }
        let mut json = vec![0; size as usize];
        file.read_exact(&mut json).map_err(WeightsError::Read)?;
        Self::parse(&json, prefix.len() as u64 + size)
    }

    /// `start` is the place of the first tensor's first byte.
    fn parse(json: &[u8], start: u64) -> Result<Self, WeightsError> {
        let no_json = |error: serde_json::Error| malformed(format!("its header: {error}"));
        let mut tensors: Map<String, Value> = serde_json::from_slice(json).map_err(no_json)?;
        // Whatever the writer wanted to say.
        tensors.remove("__metadata__");
        let spelt = tensors.into_iter().map(|(name, value)| Ok((name, Spelt::deserialize(value)?)));
        let mut spelt = spelt.collect::<Result<Vec<_>, serde_json::Error>>().map_err(no_json)?;
        spelt.sort_by_key(|(_, tensor)| tensor.data_offsets);

        let mut end = 0;
        let mut entries = Vec::new();
        for (name, Spelt { dtype, shape, data_offsets: [first, beyond] }) in spelt {
            if first != end || beyond < first {
                return Err(malformed(format!("the place of the tensor {name:?} is no place")));
            }
            end = beyond;
            entries.push(Entry { name, dtype, shape, bytes: beyond - first });
        }
        Ok(Self { entries, end: start.saturating_add(end) })
    }
}

fn malformed(reason: String) -> WeightsError {
    WeightsError::Format { reason }
}
