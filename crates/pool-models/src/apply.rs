//! One pooling layer, run once.

use tch::{Device, Tensor, nn};

use crate::pool::sample_of;
use crate::{Mode, ModelError, Pool};

/// One run of a pooling layer over a batch, and what is wanted of it.
#[derive(Debug, Clone, Copy)]
pub struct Application<'a> {
    /// The layer. What it learns stands where learning starts.
    pub pool: &'a Pool,
    /// Whether layers that draw random numbers draw.
    pub mode: Mode,
    /// Seeds the variables and the draws.
    pub seed: u64,
    /// The derivative of some loss with respect to the output, in the output's shape, to get the one with respect to the
    /// input.
    pub grad_output: Option<&'a Tensor>,
    /// Whether to say where each maximum was found.
    pub indices: bool,
}

/// What one run gives.
#[derive(Debug)]
pub struct Applied {
    /// `[N, C, output...]`
    pub output: Tensor,
    /// The derivative with respect to the input, if that of the output was given.
    pub grad_input: Option<Tensor>,
    /// Flat indices into the spatial axes, if they were asked for.
    pub indices: Option<Tensor>,
}

impl<'a> Application<'a> {
    /// A run as in prediction, which gives the output alone.
    pub fn new(pool: &'a Pool) -> Self {
        Self { pool, mode: Mode::Inference, seed: 0, grad_output: None, indices: false }
    }

    /// Runs the layer on `[N, C, spatial...]`.
    ///
    /// # Errors
    /// A setting that does not fit the input, a derivative of another shape than the output, or indices of a layer that
    /// has none.
    pub fn run(&self, input: &Tensor) -> Result<Applied, ModelError> {
        if self.grad_output.is_some() && input.defined() && !input.is_floating_point() {
            return Err(ModelError::TensorKind { found: input.kind() });
        }
        // Whoever calls may have switched gradients off.
        tch::with_grad(|| self.run_with_gradients(input))
    }

    fn run_with_gradients(&self, input: &Tensor) -> Result<Applied, ModelError> {
        let sample = sample_of(input);
        let variables = nn::VarStore::new(Device::Cpu);
        let input = input.f_detach()?.f_set_requires_grad(self.grad_output.is_some())?;
        // An input that cannot be pooled is described as such, and not as a layer that cannot be built.
        let layer = match self.pool.build(&sample, self.seed, &variables.root()) {
            Ok(layer) => layer,
            Err(error) => return Err(self.pool.forward(&input).err().unwrap_or(error)),
        };
        let (output, indices) = if self.indices {
            let (output, indices) = layer.forward_with_indices(&input, self.mode)?;
            (output, Some(indices))
        } else {
            (layer.forward(&input, self.mode)?, None)
        };
        let grad_input =
            self.grad_output.map(|gradient| differentiate(&output, &input, gradient)).transpose()?;
        Ok(Applied { output: output.f_detach()?, grad_input, indices })
    }
}

fn differentiate(output: &Tensor, input: &Tensor, grad_output: &Tensor) -> Result<Tensor, ModelError> {
    if grad_output.size() != output.size() {
        return Err(ModelError::GradShape { expected: output.size(), found: grad_output.size() });
    }
    let loss = output.f_mul(&grad_output.f_to_kind(output.kind())?)?.f_sum(output.kind())?;
    let (keep_graph, create_graph) = (false, false);
    let gradients = Tensor::f_run_backward(&[loss], &[input], keep_graph, create_graph)?;
    Ok(gradients.into_iter().next().unwrap_or_else(|| input.zeros_like()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reducer;

    #[test]
    fn output_gradient_and_indices_belong_together() {
        let input = Tensor::from_slice(&[1.0, 3.0, 2.0, 5.0]).reshape([1, 1, 4]);
        let gradient = Tensor::from_slice(&[10.0, 20.0]).reshape([1, 1, 2]);
        let pool = Pool::max(2);
        let applied = Application { grad_output: Some(&gradient), indices: true, ..Application::new(&pool) };
        let Applied { output, grad_input, indices } = applied.run(&input).unwrap();
        assert_eq!(output, Tensor::from_slice(&[3.0, 5.0]).reshape([1, 1, 2]));
        assert_eq!(grad_input.unwrap(), Tensor::from_slice(&[0.0, 10.0, 0.0, 20.0]).reshape([1, 1, 4]));
        assert_eq!(indices.unwrap(), Tensor::from_slice(&[1i64, 3]).reshape([1, 1, 2]));
    }

    #[test]
    fn a_caller_without_gradients_still_gets_the_one_it_asks_for() {
        let input = Tensor::from_slice(&[1.0, 3.0]).reshape([1, 1, 2]);
        let gradient = Tensor::from_slice(&[10.0]).reshape([1, 1, 1]);
        let max = Pool::max(2);
        let application = Application { grad_output: Some(&gradient), ..Application::new(&max) };
        let applied = tch::no_grad(|| application.run(&input)).unwrap();
        assert_eq!(applied.grad_input.unwrap(), Tensor::from_slice(&[0.0, 10.0]).reshape([1, 1, 2]));
        let whole = input.to_kind(tch::Kind::Int64);
        let application = Application { grad_output: Some(&gradient), ..Application::new(&Pool::None) };
        assert!(application.run(&whole).unwrap_err().to_string().contains("holds Int64"));
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        let input = Tensor::from_slice(&[1.0, 3.0, 2.0, 5.0]).reshape([1, 1, 4]);
        let (max, avg) = (Pool::max(2), Pool::avg(2));
        let message = |application: Application<'_>, input| application.run(input).unwrap_err().to_string();
        assert_eq!(
            message(Application { grad_output: Some(&input), ..Application::new(&max) }, &input),
            "the gradient has shape [1, 1, 4], expected that of the output, [1, 1, 2]"
        );
        assert!(
            message(Application { indices: true, ..Application::new(&avg) }, &input)
                .contains("has no indices")
        );
        let flat = input.reshape([1, 4]);
        assert_eq!(
            message(Application::new(&Pool::window(Reducer::Tree, 2)), &flat),
            "the input tensor has shape [1, 4], expected [N, C, spatial...] with 1 to 3 spatial axes"
        );
    }
}
