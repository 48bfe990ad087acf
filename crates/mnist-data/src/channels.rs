//! What the channels of a set's images are like, over all pixels.

use pool_spec::ChannelStatistics;

use crate::LabelledImages;

impl LabelledImages {
    /// Mean and standard deviation of each channel over the images with these indices; an index beyond the set is
    /// passed over.
    pub fn channel_statistics(&self, indices: impl IntoIterator<Item = usize>) -> Vec<ChannelStatistics> {
        let shape = self.shape();
        let mut counts = vec![[0_u64; 256]; shape.colour.channels()];
        for picture in indices.into_iter().filter_map(|index| self.picture(index)) {
            for (counts, plane) in counts.iter_mut().zip(picture.chunks_exact(shape.plane_bytes())) {
                for &pixel in plane {
                    counts[usize::from(pixel)] += 1;
                }
            }
        }
        counts.iter().map(ChannelStatistics::of_counts).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PictureShape;

    fn assert_close(found: &[ChannelStatistics], expected: &[(f64, f64)]) {
        assert_eq!(found.len(), expected.len());
        for (found, &(mean, sd)) in found.iter().zip(expected) {
            assert!(
                (found.mean - mean).abs() < 1e-12 && (found.sd - sd).abs() < 1e-12,
                "{found:?} {mean} {sd}"
            );
        }
    }

    #[test]
    fn every_channel_has_its_mean_and_standard_deviation() {
        let images =
            LabelledImages::new(PictureShape::rgb(1, 2), vec![0, 255, 51, 51, 0, 102], vec![0]).unwrap();
        assert_close(&images.channel_statistics(0..1), &[(0.5, 0.5), (0.2, 0.0), (0.2, 0.2)]);
        assert_eq!(images.channel_statistics(0..1)[1].divisor(), 1.0, "no deviation divides nothing");
    }

    #[test]
    fn only_the_images_that_are_asked_for_count_as_in_numpy() {
        // numpy 2.4.6: x = (numpy.arange(36, dtype="uint8") ** 2 % 251).reshape(3, 3, 2, 2)[[0, 2]] / 255.0;
        // x.mean((0, 2, 3)), x.std((0, 2, 3)). An uint8 is squared modulo 256.
        let pixels = (0..36_u32).map(|value| (value * value % 256 % 251) as u8).collect();
        let images = LabelledImages::new(PictureShape::rgb(2, 2), pixels, vec![0, 1, 2]).unwrap();
        let expected = [
            (0.2803921568627451, 0.3101821964618897),
            (0.2647058823529412, 0.23359681943135036),
            (0.37450980392156863, 0.21651356492963442),
        ];
        assert_close(&images.channel_statistics([0, 2]), &expected);
    }
}
