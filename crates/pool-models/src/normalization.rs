//! Pictures in 0 to 1, brought to what a network learned from: the mean of each channel off, and the rest divided by its
//! standard deviation.

use pool_spec::ChannelStatistics;
use tch::{Device, TchError, Tensor};

/// The figures of each channel, ready for a batch `[N, C, H, W]`.
#[derive(Debug)]
pub struct Normalization {
    /// `[C, 1, 1]`.
    mean: Tensor,
    /// `[C, 1, 1]`.
    divisor: Tensor,
}

impl Normalization {
    /// From the statistics of each channel, on this device.
    ///
    /// # Errors
    /// libtorch's refusal.
    pub fn new(channels: &[ChannelStatistics], device: Device) -> Result<Self, TchError> {
        let per_channel = |value: fn(&ChannelStatistics) -> f64| {
            let values: Vec<f32> = channels.iter().map(|channel| value(channel) as f32).collect();
            Tensor::f_from_slice(&values)?.f_reshape([-1, 1, 1])?.f_to_device(device)
        };
        Ok(Self {
            mean: per_channel(|channel| channel.mean)?,
            divisor: per_channel(|channel| channel.divisor())?,
        })
    }

    /// How many channels a picture has.
    pub(crate) fn channels(&self) -> usize {
        self.mean.numel()
    }

    /// The normalized batch.
    ///
    /// # Errors
    /// Another number of channels, or libtorch's refusal.
    pub fn apply(&self, images: &Tensor) -> Result<Tensor, TchError> {
        images.f_sub(&self.mean)?.f_div(&self.divisor)
    }

    /// Normalizes the batch where it lies, to the same values.
    ///
    /// # Errors
    /// As of [`Normalization::apply`].
    pub fn apply_in_place(&self, images: &mut Tensor) -> Result<(), TchError> {
        let mut shifted = images.f_sub_(&self.mean)?;
        shifted.f_div_(&self.divisor).map(drop)
    }

    /// The same on the CPU, for a network that is to be recorded.
    pub(crate) fn frozen(&self) -> Result<Self, TchError> {
        let copied = |tensor: &Tensor| tensor.f_to_device(Device::Cpu);
        Ok(Self { mean: copied(&self.mean)?, divisor: copied(&self.divisor)? })
    }
}

#[cfg(test)]
mod tests {
    use tch::nn;

    use super::*;
    use crate::{Dense, Flatten, Mode, Sequential};

    fn channels() -> [ChannelStatistics; 2] {
        [ChannelStatistics { mean: 0.5, sd: 0.25 }, ChannelStatistics { mean: 0.1, sd: 0.0 }]
    }

    #[test]
    fn each_channel_is_shifted_and_scaled_by_its_own_figures_in_place_or_not() {
        let mut images = Tensor::from_slice(&[0.0_f32, 1.0, 0.1, 0.6]).reshape([1, 2, 1, 2]);
        let normalization = Normalization::new(&channels(), Device::Cpu).unwrap();
        let copied = normalization.apply(&images).unwrap();
        normalization.apply_in_place(&mut images).unwrap();
        assert_eq!(copied, images);
        let expected = Tensor::from_slice(&[-2.0_f32, 2.0, 0.0, 0.5]).reshape([1, 2, 1, 2]);
        assert!(copied.allclose(&expected, 0.0, 1e-6, false), "{copied}");
    }

    #[test]
    fn a_network_with_it_gives_what_it_gives_for_normalized_pictures_and_refuses_other_channels() {
        let variables = nn::VarStore::new(Device::Cpu);
        let model = Sequential::new([2, 3, 3]).add(Flatten).add(Dense::new(4));
        let net = model.build(&variables.root()).unwrap();
        let images = Tensor::arange(36, (tch::Kind::Float, Device::Cpu)).reshape([2, 2, 3, 3]) / 36.0;
        let normalization = Normalization::new(&channels(), Device::Cpu).unwrap();
        let expected = net.forward(&normalization.apply(&images).unwrap(), Mode::Inference).unwrap();
        let net = net.with_normalization(normalization).unwrap();
        assert_eq!(net.forward(&images, Mode::Inference).unwrap(), expected);
        let grey = Normalization::new(&channels()[..1], Device::Cpu).unwrap();
        assert_eq!(
            net.with_normalization(grey).unwrap_err().to_string(),
            "1 channel to normalize, and the network takes pictures [2, 3, 3]; give figures for each of its channels"
        );
    }
}
