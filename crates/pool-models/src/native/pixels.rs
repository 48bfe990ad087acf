//! Batches made of bytes.

#![expect(unsafe_code, reason = "tensors' memory as slices")]

use pool_kernels::{Layout, look_up};
use tch::{TchError, Tensor};

use super::shim::TorchThreads;
use super::slices::{empty, f32_slice_mut};

/// A batch `[N, C, H, W]` of pictures of `sizes`, `[C, H, W]`; `tables` has what the bytes of each channel are.
pub(crate) fn batch_of_bytes(
    tables: &[[f32; 256]],
    sizes: [usize; 3],
    pictures: &[&[u8]],
) -> Result<Tensor, TchError> {
    let [channels, height, width] = sizes.map(|size| size as i64);
    let mut batch = empty(&[pictures.len() as i64, channels, height, width], Layout::ChannelsFirst)?;
    // SAFETY: it was just made here.
    look_up(&TorchThreads, tables, pictures, unsafe { f32_slice_mut(&mut batch) });
    Ok(batch)
}
