//! What the bytes of pictures are as numbers.

use pool_spec::ChannelStatistics;
use tch::{Device, Kind, TchError, Tensor};

use crate::native::batch_of_bytes;
use crate::normalization::Normalization;

const BYTES: usize = 256;

/// How the bytes of pictures become the numbers that a network sees: 0 to 1, or normalized. Every byte's number is computed
/// once, for each channel, by the functions of libtorch that would compute it for a whole batch.
#[derive(Debug)]
pub struct PixelScale {
    /// By channel.
    tables: Vec<[f32; BYTES]>,
}

impl PixelScale {
    /// For pictures of so many channels, each normalized by its statistics; from 0 to 1 where there are none.
    ///
    /// # Errors
    /// libtorch's refusal, such as of statistics that do not fit the channels.
    pub fn new(channels: usize, normalization: &[ChannelStatistics]) -> Result<Self, TchError> {
        let bytes = Tensor::f_arange(BYTES as i64, (Kind::Uint8, Device::Cpu))?;
        let bytes = bytes.f_reshape([BYTES as i64, 1, 1, 1])?.f_repeat([1, channels as i64, 1, 1])?;
        let mut numbers = Self::scaled(&bytes)?;
        if !normalization.is_empty() {
            Normalization::new(normalization, Device::Cpu)?.apply_in_place(&mut numbers)?;
        }
        let numbers = Vec::<f32>::try_from(&numbers.f_reshape([-1])?)?;
        let table = |channel| std::array::from_fn(|byte| numbers[byte * channels + channel]);
        Ok(Self { tables: (0..channels).map(table).collect() })
    }

    /// Bytes as numbers from 0 to 1, on any device.
    ///
    /// # Errors
    /// libtorch's refusal.
    pub fn scaled(bytes: &Tensor) -> Result<Tensor, TchError> {
        let mut numbers = bytes.f_to_kind(Kind::Float)?;
        let _scaled_in_place = numbers.f_div_scalar_(255.0)?;
        Ok(numbers)
    }

    /// A batch `[N, C, H, W]` on the processor, of pictures whose `sizes` are `[C, H, W]`.
    ///
    /// # Errors
    /// libtorch's refusal.
    ///
    /// # Panics
    /// Pictures of other sizes, or of other channels than this was made for.
    pub fn batch(&self, sizes: [usize; 3], pictures: &[&[u8]]) -> Result<Tensor, TchError> {
        let bytes = sizes.iter().product::<usize>();
        assert_eq!(sizes[0], self.tables.len(), "channels of the pictures");
        assert!(pictures.iter().all(|picture| picture.len() == bytes), "sizes of the pictures");
        batch_of_bytes(&self.tables, sizes, pictures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_what_libtorch_makes_of_a_batch_to_the_last_bit() {
        let pictures: Vec<u8> = (0..3 * 2 * 256u32 * 2).map(|at| (at * 7 % 256) as u8).collect();
        let channels =
            [(0.13, 0.31), (0.5, 0.0), (0.0, 1.7)].map(|(mean, sd)| ChannelStatistics { mean, sd });
        for statistics in [&channels[..], &[]] {
            let bytes = Tensor::from_slice(&pictures).reshape([2, 3, 2, 256]);
            let mut expected = PixelScale::scaled(&bytes).unwrap();
            if !statistics.is_empty() {
                let normalization = Normalization::new(statistics, Device::Cpu).unwrap();
                normalization.apply_in_place(&mut expected).unwrap();
            }
            let scale = PixelScale::new(3, statistics).unwrap();
            let (first, second) = pictures.split_at(pictures.len() / 2);
            assert_eq!(scale.batch([3, 2, 256], &[first, second]).unwrap(), expected);
        }
        assert!(PixelScale::new(1, &channels).is_err());
    }
}
