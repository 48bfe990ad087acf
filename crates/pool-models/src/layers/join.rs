//! What joins the branches of a network, over tensors.

use pool_spec::Join;
use tch::{TchError, Tensor};

/// One output of the branches' `[N, C, spatial...]`.
pub(super) fn joined(join: Join, outputs: &[Tensor]) -> Result<Tensor, TchError> {
    match join {
        Join::Concat => Tensor::f_cat(outputs, 1),
        Join::Add => {
            let (first, others) = outputs.split_first().expect("there are two branches or more");
            others.iter().try_fold(first.shallow_clone(), |sum, output| sum.f_add(output))
        }
    }
}
