//! A tensor as the safetensors crate writes it.

use std::borrow::Cow;

use safetensors::{Dtype, View};
use tch::{Kind, TchError, Tensor};

/// The shape and the bytes of a tensor of `f32`.
pub(super) struct SavedTensor {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl SavedTensor {
    /// A copy of the tensor, on the CPU.
    pub(super) fn new(tensor: &Tensor) -> Result<Self, TchError> {
        let values = Vec::<f32>::try_from(tensor.f_to_kind(Kind::Float)?.f_flatten(0, -1)?)?;
        Ok(Self {
            shape: tensor.size().iter().map(|&size| size as usize).collect(),
            bytes: values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        })
    }
}

impl View for SavedTensor {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}
