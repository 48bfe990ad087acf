//! Arrays and pictures in files, for trying a pooling layer on real data. Behind the feature `files`.

mod error;
mod npy;
mod picture;

use std::path::Path;

use tch::Tensor;

pub use error::FileError;
pub use npy::{read_array, write_array};
pub use picture::{Drawn, GreyPicture, grey_tensor, read_picture, write_picture};

/// Where the channels stand in an array.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum DataFormat {
    /// `[N, C, spatial...]`: PyTorch's, and this library's own.
    #[default]
    ChannelsFirst,
    /// `[N, spatial..., C]`: Keras's default.
    ChannelsLast,
}

impl DataFormat {
    /// An array of this format as `[N, C, spatial...]`.
    ///
    /// # Errors
    /// libtorch's refusal.
    pub fn to_channels_first(self, array: &Tensor) -> Result<Tensor, tch::TchError> {
        self.moved(array, -1, 1)
    }

    /// `[N, C, spatial...]` in this format.
    ///
    /// # Errors
    /// libtorch's refusal.
    pub fn from_channels_first(self, tensor: &Tensor) -> Result<Tensor, tch::TchError> {
        self.moved(tensor, 1, -1)
    }

    fn moved(self, tensor: &Tensor, from: i64, to: i64) -> Result<Tensor, tch::TchError> {
        match self {
            // Without spatial axes there is nothing behind the channels.
            Self::ChannelsLast if tensor.dim() > 2 => tensor.f_movedim([from].as_slice(), [to].as_slice()),
            Self::ChannelsFirst | Self::ChannelsLast => Ok(tensor.shallow_clone()),
        }
    }
}

/// Whether a path names a picture; anything else is an array.
pub fn is_picture(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
}
