//! Tensors of `f32` on the CPU as slices.

#![expect(unsafe_code, reason = "tensors' memory as slices")]

use pool_kernels::Layout;
use tch::{Device, Kind, TchError, Tensor};

/// Whether kernels can work on it: `f32` in the memory of the CPU, laid out as strides say.
pub(crate) fn is_dense_cpu_f32(tensor: &Tensor) -> bool {
    tensor.kind() == Kind::Float && tensor.device() == Device::Cpu && !tensor.is_sparse()
}

/// Channels that come last in memory, below which most lanes of a vector would be idle.
pub(crate) const FEWEST_CHANNELS: i64 = 8;

/// The layout of a batch `[N, C, spatial...]`, if kernels know it.
pub(crate) fn layout_of(batch: &Tensor) -> Option<Layout> {
    [Layout::ChannelsFirst, Layout::ChannelsLast].into_iter().find(|layout| lies_in(batch, *layout))
}

fn lies_in(batch: &Tensor, layout: Layout) -> bool {
    let (size, stride) = (batch.size(), batch.stride());
    let expected = strides(&size, layout);
    // The stride of an axis of one entry says nothing.
    size.iter().zip(stride.iter().zip(&expected)).all(|(&size, (found, wanted))| size == 1 || found == wanted)
}

/// The batch itself if kernels know its layout and its channels fill vectors there, else a copy with channels first.
pub(crate) fn with_layout(batch: &Tensor) -> Result<(Tensor, Layout), TchError> {
    match layout_of(batch) {
        Some(Layout::ChannelsLast) if batch.size()[1] < FEWEST_CHANNELS => {}
        Some(layout) => return Ok((batch.shallow_clone(), layout)),
        None => {}
    }
    Ok((batch.f_contiguous()?, Layout::ChannelsFirst))
}

/// The batch in this layout, copied if it lies otherwise.
pub(crate) fn in_layout(batch: &Tensor, layout: Layout) -> Result<Tensor, TchError> {
    let size = batch.size();
    if lies_in(batch, layout) {
        return Ok(batch.shallow_clone());
    }
    let mut copy = empty(&size, layout)?;
    copy.f_copy_(batch)?;
    Ok(copy)
}

/// Memory for a batch of this size, with anything in it.
pub(crate) fn empty(size: &[i64], layout: Layout) -> Result<Tensor, TchError> {
    Tensor::f_empty_strided(size, strides(size, layout), (Kind::Float, Device::Cpu))
}

fn strides(size: &[i64], layout: Layout) -> Vec<i64> {
    let mut order: Vec<usize> = (0..size.len()).collect();
    if layout == Layout::ChannelsLast && size.len() > 2 {
        order.remove(1);
        order.push(1);
    }
    let mut strides = vec![1; size.len()];
    let mut step = 1;
    for axis in order.into_iter().rev() {
        strides[axis] = step;
        step *= size[axis].max(1);
    }
    strides
}

/// All numbers, in the order in which they lie in memory.
///
/// # Safety
/// Nobody writes to the tensor's storage, through this handle or another, while the slice lives.
pub(super) unsafe fn f32_slice(tensor: &Tensor) -> &[f32] {
    check(tensor);
    if tensor.numel() == 0 {
        return &[];
    }
    // SAFETY: `check` has seen that so many numbers lie there without gaps. They live as long as the tensor, and the caller
    // promises that nobody writes to them.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<f32>().cast_const(), tensor.numel()) }
}

/// All numbers, to be written.
///
/// # Safety
/// Nobody else reads or writes the tensor's storage, through another handle, while the slice lives.
pub(super) unsafe fn f32_slice_mut(tensor: &mut Tensor) -> &mut [f32] {
    check(tensor);
    if tensor.numel() == 0 {
        return &mut [];
    }
    // SAFETY: as in `f32_slice`; the caller promises that the storage is nobody else's meanwhile.
    unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast::<f32>(), tensor.numel()) }
}

/// Numbers, and all of them: no view with gaps.
fn check(tensor: &Tensor) {
    assert!(is_dense_cpu_f32(tensor), "{:?} on {:?}", tensor.kind(), tensor.device());
    assert!(layout_of(tensor).is_some(), "strides {:?}", tensor.stride());
}

/// The bytes of a contiguous tensor of them.
///
/// # Safety
/// As [`f32_slice`].
pub(super) unsafe fn byte_slice(tensor: &Tensor) -> &[u8] {
    assert!(tensor.kind() == Kind::Uint8 && tensor.is_contiguous() && tensor.device() == Device::Cpu);
    if tensor.numel() == 0 {
        return &[];
    }
    // SAFETY: so many bytes lie there and live as long as the tensor; the caller promises that nobody writes to them.
    unsafe { std::slice::from_raw_parts(tensor.data_ptr().cast::<u8>().cast_const(), tensor.numel()) }
}

/// The bytes of a contiguous tensor of them, to be written.
///
/// # Safety
/// As [`f32_slice_mut`].
pub(super) unsafe fn byte_slice_mut(tensor: &mut Tensor) -> &mut [u8] {
    assert!(tensor.kind() == Kind::Uint8 && tensor.is_contiguous() && tensor.device() == Device::Cpu);
    if tensor.numel() == 0 {
        return &mut [];
    }
    // SAFETY: as in `byte_slice`; the caller promises that the storage is nobody else's meanwhile.
    unsafe { std::slice::from_raw_parts_mut(tensor.data_ptr().cast::<u8>(), tensor.numel()) }
}
