//! Which activations, and which of their gradients, are alive while each layer computes.
//!
//! Layers compute in the order of their rows, and their backward passes in the opposite order. Several layers may read
//! one output, and what joins branches reads several.

use std::collections::BTreeSet;

use pool_spec::LayerCost;

use super::saturating_sum;

/// What the layers of a network read.
pub(super) struct Readings<'a> {
    layers: &'a [LayerCost],
    /// Of each layer, the tensors that it reads, by the layer that made them; the input batch is none of them. A view
    /// makes no tensor: who reads it reads what it is a view of.
    tensors: Vec<BTreeSet<usize>>,
}

impl<'a> Readings<'a> {
    pub(super) fn of(layers: &'a [LayerCost]) -> Self {
        let mut tensors: Vec<BTreeSet<usize>> = Vec::with_capacity(layers.len());
        for index in 0..layers.len() {
            let made = |layer: usize| match layers[layer].output_tensors {
                0 => tensors[layer].clone(),
                _ => BTreeSet::from([layer]),
            };
            tensors.push(sources(layers, index).into_iter().flat_map(made).collect());
        }
        Self { layers, tensors }
    }

    /// Elements of other layers' outputs that must be there while each layer's forward pass runs: those that it reads, and
    /// those that a later one reads.
    pub(super) fn alive_in_forward(&self) -> Vec<u64> {
        let mut last_read = vec![0; self.layers.len()];
        for (index, tensors) in self.tensors.iter().enumerate() {
            tensors.iter().for_each(|&tensor| last_read[tensor] = index);
        }
        let alive = |index: usize| {
            let earlier = (0..index).filter(|&tensor| last_read[tensor] >= index);
            saturating_sum(earlier.map(|tensor| self.layers[tensor].output_elements))
        };
        (0..self.layers.len()).map(alive).collect()
    }

    /// Elements of the gradients of activations that exist at once while each layer's backward pass runs: those that wait
    /// for an earlier layer, its output's, and those that it makes.
    pub(super) fn gradients_in_backward(&self) -> Vec<u64> {
        let mut alive = vec![0; self.layers.len()];
        let Some(last) = self.layers.last() else { return alive };
        let mut gradients = Gradients { buffers: Vec::new(), of_output: vec![None; self.layers.len()] };
        // The loss makes the first one.
        let of_loss = gradients.make(last.output_elements);
        gradients.of_output[self.layers.len() - 1] = Some(of_loss);
        for index in (0..self.layers.len()).rev() {
            alive[index] = gradients.pass(self, index);
        }
        alive
    }

    /// The layers before this one whose outputs get a gradient from it: all that it reads and that are not made of the
    /// input batch alone without a tensor of their own.
    fn differentiated(&self, index: usize) -> Vec<usize> {
        let makes_a_tensor =
            |layer: &usize| self.layers[*layer].output_tensors > 0 || !self.tensors[*layer].is_empty();
        sources(self.layers, index).into_iter().filter(makes_a_tensor).collect()
    }
}

/// The layers that this one reads, by index; the input batch is none. Rows may come from a file that nobody checked: a
/// layer that does not come before is none, either.
fn sources(layers: &[LayerCost], index: usize) -> Vec<usize> {
    match &layers[index].reads[..] {
        [] => index.checked_sub(1).into_iter().collect(),
        reads => {
            reads.iter().filter_map(|number| number.checked_sub(1)).filter(|&read| read < index).collect()
        }
    }
}

/// The gradients of activations during a backward pass. Those of a view and of what was joined are views of one buffer.
struct Gradients {
    buffers: Vec<Buffer>,
    /// The buffer of each layer's output, from when a reader has made it.
    of_output: Vec<Option<usize>>,
}

struct Buffer {
    elements: u64,
    users: usize,
}

impl Gradients {
    /// A buffer with one user.
    fn make(&mut self, elements: u64) -> usize {
        self.buffers.push(Buffer { elements, users: 1 });
        self.buffers.len() - 1
    }

    fn alive(&self) -> u64 {
        saturating_sum(self.buffers.iter().filter(|buffer| buffer.users > 0).map(|buffer| buffer.elements))
    }

    /// The backward pass of the layer at this index: the elements alive while it runs.
    fn pass(&mut self, readings: &Readings<'_>, index: usize) -> u64 {
        let layer = &readings.layers[index];
        let Some(own) = self.of_output[index].take() else { return self.alive() };
        let sources = readings.differentiated(index);
        let before = self.alive();
        let hands_on = layer.output_tensors == 0 || layer.reads.len() > 1;
        let (made, alive): (Vec<usize>, u64) = if hands_on {
            self.buffers[own].users += sources.len();
            (vec![own; sources.len()], before)
        } else {
            let made = sources.iter().map(|&source| self.make(readings.layers[source].output_elements));
            let made = made.collect();
            // An activation of its own has a gradient on both sides before the layer's input has one.
            let activation = if layer.output_tensors > 1 { layer.output_elements } else { 0 };
            (made, self.alive().max(before.saturating_add(activation)))
        };
        self.buffers[own].users -= 1;
        for (source, buffer) in sources.into_iter().zip(made) {
            self.add(source, buffer, readings.layers[source].output_elements);
        }
        alive
    }

    /// A reader's share of the gradient of this layer's output: the only one so far, or added to what there is.
    fn add(&mut self, layer: usize, share: usize, elements: u64) {
        let Some(sum) = self.of_output[layer] else {
            self.of_output[layer] = Some(share);
            return;
        };
        self.buffers[share].users -= 1;
        if self.buffers[sum].users > 1 {
            self.buffers[sum].users -= 1;
            self.of_output[layer] = Some(self.make(elements));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(reads: &[usize], output_elements: u64, output_tensors: u64) -> LayerCost {
        LayerCost { reads: reads.to_vec(), output_elements, output_tensors, ..LayerCost::default() }
    }

    /// A stem, two layers next to an identity shortcut, their sum, a head.
    fn residual() -> Vec<LayerCost> {
        vec![
            layer(&[], 100, 1),
            layer(&[], 30, 1),
            layer(&[], 100, 1),
            layer(&[3, 1], 100, 1),
            layer(&[], 10, 1),
        ]
    }

    #[test]
    fn a_shortcut_holds_its_tensor_until_the_sum_has_read_it() {
        assert_eq!(Readings::of(&residual()).alive_in_forward(), [0, 100, 130, 200, 100]);
    }

    #[test]
    fn the_gradient_of_a_sum_waits_for_the_branch_that_is_still_to_come() {
        let layers = residual();
        // From the head down: its own and the sum's; the sum hands on one buffer; the branch's two layers, next to
        // the shortcut's share of the stem's gradient; the stem's.
        assert_eq!(Readings::of(&layers).gradients_in_backward(), [100, 230, 130, 100, 110]);
    }

    #[test]
    fn what_is_concatenated_gets_views_of_one_gradient() {
        let layers =
            [layer(&[], 8, 1), layer(&[1], 5, 1), layer(&[1], 7, 1), layer(&[2, 3], 12, 1), layer(&[], 1, 1)];
        // The last branch makes the shared input's gradient, the first adds to it.
        assert_eq!(Readings::of(&layers).gradients_in_backward(), [8, 12 + 8 + 8, 12 + 8, 12, 13]);
        assert_eq!(Readings::of(&layers).alive_in_forward(), [0, 8, 13, 12, 12]);
    }

    #[test]
    fn rows_that_nobody_checked_are_no_danger() {
        let layers = [layer(&[9], 5, 1), layer(&[2, 0], 5, 0), layer(&[], 5, 3)];
        assert_eq!(Readings::of(&layers).alive_in_forward(), [0, 0, 0]);
        assert_eq!(Readings::of(&layers).gradients_in_backward().len(), 3);
        assert!(Readings::of(&[]).gradients_in_backward().is_empty());
    }
}
