//! The backward pass, layer by layer.

use super::{LastReader, LayerCost, f32_bytes, saturating_sum, trainable_parameters};

/// What is alive while one layer's backward pass runs, in bytes, beside what is always there.
#[derive(Default)]
pub(super) struct Moment {
    pub(super) kept: u64,
    pub(super) activation_gradients: u64,
    pub(super) parameter_gradients: u64,
}

impl Moment {
    pub(super) fn of_backward(layers: &[LayerCost], index: usize, batch_size: u64) -> Self {
        let layer = &layers[index];
        // The backward pass goes from the last layer to the first, and frees what it has read on the way.
        let earlier = layers[..index].iter().flat_map(|layer| &layer.kept);
        let own = layer.kept.iter().filter(|kept| kept.last_reader == LastReader::Maker);
        let kept = saturating_sum(earlier.chain(own).map(|kept| kept.bytes));
        // Nobody asks for the gradient of the images; that of a view is a view.
        let input = if reads_the_input_batch(layers, index) { 0 } else { layer.input_elements };
        let through_the_layer =
            if layer.output_tensors == 0 { 0 } else { layer.output_elements.saturating_add(input) };
        let through_the_activation =
            if layer.output_tensors > 1 { layer.output_elements.saturating_mul(2) } else { 0 };
        Self {
            kept: batch_size.saturating_mul(kept),
            activation_gradients: f32_bytes(batch_size, through_the_layer.max(through_the_activation)),
            // Of this layer and those after it: they are kept until all are there.
            parameter_gradients: f32_bytes(1, trainable_parameters(&layers[index..])),
        }
    }

    pub(super) fn bytes(&self) -> u64 {
        saturating_sum([self.kept, self.activation_gradients, self.parameter_gradients].into_iter())
    }
}

/// Whether no layer before this one makes a tensor, so that it reads the input batch itself: the first layer does, and so
/// do those that are computed together with it.
pub(super) fn reads_the_input_batch(layers: &[LayerCost], index: usize) -> bool {
    layers[..index].iter().all(|layer| layer.output_tensors == 0)
}
