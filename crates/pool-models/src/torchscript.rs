//! TorchScript: a network that runs without this program, in Python or C++.

use std::io;
use std::path::Path;
use std::thread;

use pool_files::atomic_write_with;
use tch::{CModule, Device, Kind, TchError, Tensor};

use crate::error::first_line;
use crate::{Mode, ModelError, Net};

/// Writes the network as TorchScript, for `torch.jit.load(path)` in Python: a module that takes `[N, C, spatial...]` as
/// `f32` for any `N` and gives what [`Net::forward`] gives in [`Mode::Inference`]. The weights are constants of the
/// module, on the CPU (`map_location="cuda"` moves them), and nothing of it asks for a gradient.
///
/// PyTorch 2.11 reads such files with a notice that `torch.export` is what it will develop further.
///
/// The module is what libtorch records of one forward pass. Before a file is written, the module runs on batches of
/// other sizes, and must give what the network gives. The file is there whole or not at all, and the same each time.
///
/// ```no_run
/// use pool_models::{Dense, Pool, Reducer, Sequential, save_torchscript};
/// use tch::{Device, nn};
///
/// let variables = nn::VarStore::new(Device::Cpu);
/// let model = Sequential::new([3, 32, 32]).add(Pool::global(Reducer::Avg)).add(Dense::new(10));
/// save_torchscript(&model.build(&variables.root())?, "model.pt".as_ref())?;
/// # Ok::<(), pool_models::ModelError>(())
/// ```
///
/// # Errors
/// [`ModelError::Unfaithful`] for a network that cannot be recorded, [`ModelError::Write`] for a file that cannot be
/// written, or libtorch's refusal.
pub fn save_torchscript(net: &Net, path: &Path) -> Result<(), ModelError> {
    let frozen = net.frozen()?;
    // libtorch records a thread, and goes on doing so where something went wrong: that thread had better end.
    let recording = thread::Builder::new().spawn(move || tch::no_grad(|| checked_module(&frozen)));
    let module = match recording.map_err(TchError::from)?.join() {
        Ok(module) => module?,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    atomic_write_with(path, |partial| {
        module.save(partial).map_err(|error| io::Error::other(first_line(&error)))
    })
    .map_err(|cause| ModelError::Write { path: path.to_owned(), cause })
}

/// The module, held to give for other batches than the recorded one what the network gives.
fn checked_module(net: &Net) -> Result<CModule, ModelError> {
    let module = record(net, &batch(2, net.input())?)?;
    for size in [1, 3] {
        check(&module, net, &batch(size, net.input())?)?;
    }
    Ok(module)
}

fn record(net: &Net, input: &Tensor) -> Result<CModule, ModelError> {
    let mut failure = None;
    let mut forward = |inputs: &[Tensor]| match net.forward(&inputs[0], Mode::Inference) {
        Ok(output) => vec![output],
        Err(error) => {
            failure = Some(error);
            Vec::new()
        }
    };
    let module = CModule::create_by_tracing("Net", "forward", &[input.shallow_clone()], &mut forward);
    match failure {
        Some(error) => Err(error),
        None => Ok(module?),
    }
}

/// Both run the same kernels in the same order; what a layer computes beside libtorch's record shows in any digit.
fn check(module: &CModule, net: &Net, input: &Tensor) -> Result<(), ModelError> {
    const RELATIVE: f64 = 1e-4;
    const ABSOLUTE: f64 = 1e-5;
    let expected = net.forward(input, Mode::Inference)?;
    // A module that fixes the size of the batch refuses all others.
    let alike = match module.forward_ts(&[input]) {
        Ok(found) => {
            found.size() == expected.size() && found.f_allclose(&expected, RELATIVE, ABSOLUTE, true)?
        }
        Err(_) => false,
    };
    if alike { Ok(()) } else { Err(ModelError::Unfaithful { batch: input.size()[0] }) }
}

/// `size` samples of the shape, values from 0 to 1, no two samples alike.
fn batch(size: i64, sample: &[usize]) -> Result<Tensor, TchError> {
    let shape: Vec<i64> = std::iter::once(size).chain(sample.iter().map(|&n| n as i64)).collect();
    let count = shape.iter().product::<i64>();
    Tensor::f_arange(count, (Kind::Float, Device::Cpu))?.f_sin()?.f_square()?.f_reshape(&shape)
}

#[cfg(test)]
mod tests {
    use tch::nn;

    use super::*;
    use crate::{Dense, Flatten, Pool, Sequential};

    fn net(seed: u64) -> Net {
        let model = Sequential::new([1, 6, 6]).add(Pool::max(2)).add(Flatten).add(Dense::new(3)).seed(seed);
        model.build(&nn::VarStore::new(Device::Cpu).root()).unwrap().frozen().unwrap()
    }

    #[test]
    fn a_module_that_predicts_something_else_is_found_out() {
        let input = batch(3, &[1, 6, 6]).unwrap();
        let module = record(&net(1), &input).unwrap();
        assert!(check(&module, &net(1), &input).is_ok());
        assert_eq!(
            check(&module, &net(2), &input).unwrap_err().to_string(),
            "the recorded network gives other values than the network itself for a batch of 3: one of its layers \
             computes something that libtorch does not record, which is a fault of pool-models; no file was written, \
             and the weights in safetensors format hold the same network"
        );
    }

    #[test]
    fn a_recording_that_fails_says_why() {
        let failed = thread::spawn(|| record(&net(1), &batch(2, &[1, 7, 7]).unwrap()).map(|_| ()));
        assert_eq!(
            failed.join().unwrap().unwrap_err().to_string(),
            "the input tensor has shape [2, 1, 7, 7], expected [N, 1, 6, 6]"
        );
    }
}
