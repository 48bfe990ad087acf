//! Space to depth over tensors.

use pool_spec::SpaceToDepth;
use tch::{TchError, Tensor};

/// `[N, C, spatial...]` to `[N, C * block^axes, spatial / block...]`.
pub(super) fn deepened(layer: SpaceToDepth, input: &Tensor) -> Result<Tensor, TchError> {
    let block = layer.block as i64;
    let (channels, spatial) = (input.size()[1], &input.size()[2..]);
    let axes = spatial.len() as i64;
    // [N, C, rows, block, columns, block] -> [N, C, block, block, rows, columns]
    let divided = spatial.iter().flat_map(|size| [size / block, block]);
    let divided: Vec<i64> = [-1, channels].into_iter().chain(divided).collect();
    let order = (0..axes).map(|axis| 3 + 2 * axis).chain((0..axes).map(|axis| 2 + 2 * axis));
    let order: Vec<i64> = [0, 1].into_iter().chain(order).collect();
    let output = spatial.iter().map(|size| size / block);
    let output: Vec<i64> = [-1, channels * block.pow(axes as u32)].into_iter().chain(output).collect();
    input.f_reshape(&divided)?.f_permute(&order)?.f_reshape(&output)
}
