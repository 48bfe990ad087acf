//! Arrays and pictures in files, for trying a pooling layer on real data. Behind the feature `files`.

mod error;
mod kind;
mod npy;
mod picture;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use pool_files::with_room;
use tch::Tensor;

pub use error::FileError;
pub use kind::FileKind;
pub use npy::{read_array, write_array};
pub use picture::{
    Drawn, GreyPicture, grey_tensor, read_picture, read_picture_and_depth, write_picture,
    write_picture_of_depth,
};
pub use pool_files::PngDepth;

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

/// All bytes of a file.
fn read_bytes(path: &Path) -> Result<Vec<u8>, FileError> {
    let mut file = File::open(path).map_err(FileError::io("read", path))?;
    let length = file.metadata().map_err(FileError::io("read", path))?.len();
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let mut bytes = with_room(length).map_err(FileError::memory(path))?;
    file.read_to_end(&mut bytes).map_err(FileError::io("read", path))?;
    Ok(bytes)
}

/// Whether a path names a picture; anything else is an array.
pub fn is_picture(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"))
}
