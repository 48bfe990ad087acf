//! Which values the layers of a network read, and until when each value is held.

use std::ops::Range;

use pool_spec::InferredLayer;
use tch::{TchError, Tensor};

/// What every layer of a network reads, in the order of the layers. Value 0 is the network's input; value `n` is what
/// layer `n - 1` gives.
#[derive(Debug, Clone)]
pub(crate) struct Wiring(Vec<Vec<Wire>>);

#[derive(Debug, Clone)]
struct Wire {
    value: usize,
    /// `None` for all of its channels.
    channels: Option<Range<usize>>,
    /// Whether nothing reads the value after this.
    is_last: bool,
}

impl Wiring {
    pub(crate) fn of(layers: &[InferredLayer]) -> Self {
        let mut was_read = vec![false; layers.len() + 1];
        let mut wires: Vec<Vec<Wire>> = layers
            .iter()
            .rev()
            .map(|layer| {
                let backwards = layer.inputs.iter().rev().map(|input| {
                    let value = input.layer.map_or(0, |index| index + 1);
                    let is_last = !std::mem::replace(&mut was_read[value], true);
                    Wire { value, channels: input.channels.clone(), is_last }
                });
                let mut wires: Vec<Wire> = backwards.collect();
                wires.reverse();
                wires
            })
            .collect();
        wires.reverse();
        Self(wires)
    }
}

/// The values that are there while a network computes.
pub(crate) struct Values<'a> {
    wiring: &'a Wiring,
    values: Vec<Option<Tensor>>,
}

impl<'a> Values<'a> {
    pub(crate) fn new(wiring: &'a Wiring, input: &Tensor) -> Self {
        let mut values: Vec<Option<Tensor>> = wiring.0.iter().map(|_| None).collect();
        values.insert(0, Some(input.shallow_clone()));
        Self { wiring, values }
    }

    /// What the layer at this index reads. Whatever no other layer reads is let go, so that it ends with this layer's
    /// computation.
    pub(crate) fn read(&mut self, index: usize) -> Result<Vec<Tensor>, TchError> {
        let wires = self.wiring.0[index].iter();
        wires
            .map(|Wire { value, channels, is_last }| {
                let value = &mut self.values[*value];
                let read = if *is_last { value.take() } else { value.as_ref().map(Tensor::shallow_clone) };
                let read = read.expect("layers read what earlier ones gave");
                match channels {
                    None => Ok(read),
                    Some(channels) => read.f_narrow(1, channels.start as i64, channels.len() as i64),
                }
            })
            .collect()
    }

    /// The other value that the sum at this index reads, besides that of the layer before it.
    pub(crate) fn other(&self, index: usize) -> Tensor {
        let other = self.wiring.0[index].iter().find(|wire| wire.value != index);
        let value = other.and_then(|wire| self.values[wire.value].as_ref());
        value.expect("a sum reads what an earlier layer gave").shallow_clone()
    }

    /// Lets go whatever nothing reads after the layer at this index.
    pub(crate) fn release(&mut self, index: usize) {
        for wire in self.wiring.0[index].iter().filter(|wire| wire.is_last) {
            self.values[wire.value] = None;
        }
    }

    /// Keeps what the layer at this index gives.
    pub(crate) fn write(&mut self, index: usize, output: Tensor) {
        self.values[index + 1] = Some(output);
    }

    /// What the last layer gave; the input of a network without layers.
    pub(crate) fn last(mut self) -> Tensor {
        self.values.pop().flatten().expect("every layer has computed")
    }
}
