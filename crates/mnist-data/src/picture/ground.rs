//! The background of a picture, judged by its border.

/// The border is this share of the shorter side, and at least one pixel: a scanner's dark rim does not fill it.
const BORDER_SHARE: usize = 32;
/// From the median absolute deviation to the standard deviation of normal noise.
const MAD_TO_SD: f32 = 1.4826;

/// The grey values of a picture's outermost pixels.
pub(super) struct Border {
    /// Ascending; never empty.
    greys: Vec<u8>,
    /// Their median.
    level: u8,
}

/// Whether the object or the background is lighter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Polarity {
    LightOnDark,
    DarkOnLight,
}

impl Border {
    /// Of row-major pixels `[H, W]`, of which there is at least one.
    pub(super) fn of(height: usize, width: usize, pixels: &[u8]) -> Self {
        let thick = thickness(height, width);
        let mut greys = Vec::with_capacity(2 * thick * (height + width));
        for (y, row) in pixels.chunks_exact(width).enumerate() {
            if is_edge(y, height, thick) {
                greys.extend_from_slice(row);
            } else {
                greys.extend_from_slice(&row[..thick]);
                greys.extend_from_slice(&row[width - thick..]);
            }
        }
        greys.sort_unstable();
        let level = greys[greys.len() / 2];
        Self { greys, level }
    }

    /// The border of the inverted picture. Of an even number of grey values the same one stays the median, so that
    /// pixels that were darker than it are lighter now.
    pub(super) fn inverted(&self) -> Self {
        let greys = self.greys.iter().rev().map(|&grey| u8::MAX - grey).collect();
        Self { greys, level: u8::MAX - self.level }
    }

    /// The median grey value.
    pub(super) fn level(&self) -> u8 {
        self.level
    }

    /// The grey value that a quarter of the border does not exceed: that of the ground even if an object reaches it.
    pub(super) fn lower_quartile(&self) -> u8 {
        self.greys[self.greys.len() / 4]
    }

    /// The standard deviation of noise and uneven light, estimated from the median absolute deviation, which an object
    /// that reaches the border does not inflate.
    pub(super) fn noise_sd(&self) -> f32 {
        let level = self.level;
        let mut deviations: Vec<u8> = self.greys.iter().map(|grey| grey.abs_diff(level)).collect();
        deviations.sort_unstable();
        MAD_TO_SD * f32::from(deviations[deviations.len() / 2])
    }

    /// Whether the pixels that differ from the border are lighter or darker. Differences are squared, so that a little
    /// ink outweighs a large sheet that is slightly lighter in its middle than at its border.
    pub(super) fn polarity(&self, pixels: &[u8]) -> Polarity {
        let level = i64::from(self.level);
        let balance: i64 = pixels
            .iter()
            .map(|&pixel| i64::from(pixel) - level)
            .map(|difference| difference * difference.abs())
            .sum();
        if balance < 0 { Polarity::DarkOnLight } else { Polarity::LightOnDark }
    }
}

/// How many pixels from the edge inwards are border.
fn thickness(height: usize, width: usize) -> usize {
    (height.min(width) / BORDER_SHARE).max(1)
}

fn is_edge(position: usize, side: usize, thick: usize) -> bool {
    position < thick || position + thick >= side
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polarity_is_that_of_the_pixels_that_differ_most_from_the_border() {
        let table: [([u8; 9], Polarity, &str); 5] = [
            ([0, 0, 0, 0, 255, 0, 0, 0, 0], Polarity::LightOnDark, "a light spot on black"),
            ([255, 255, 255, 255, 0, 255, 255, 255, 255], Polarity::DarkOnLight, "a dark spot on white"),
            ([100, 100, 100, 100, 20, 100, 100, 100, 100], Polarity::DarkOnLight, "darker than a dark grey"),
            (
                [180, 180, 180, 180, 250, 180, 180, 180, 180],
                Polarity::LightOnDark,
                "lighter than a light grey",
            ),
            ([200, 220, 200, 220, 20, 220, 200, 220, 200], Polarity::DarkOnLight, "ink on uneven paper"),
        ];
        for (pixels, expected, why) in table {
            assert_eq!(Border::of(3, 3, &pixels).polarity(&pixels), expected, "{why}");
        }
    }

    #[test]
    fn the_border_is_one_pixel_of_a_small_picture_and_a_thirty_second_of_a_large_one() {
        let table = [((28, 28), 108), ((1, 5), 5), ((2, 2), 4), ((64, 640), 64 * 640 - 60 * 636)];
        for ((height, width), expected) in table {
            assert_eq!(Border::of(height, width, &vec![0; height * width]).greys.len(), expected);
        }
    }

    #[test]
    fn plain_ground_has_no_noise_even_if_the_object_reaches_the_border() {
        let mut pixels = [10; 100];
        pixels[..4].fill(255);
        assert_eq!(Border::of(10, 10, &pixels).noise_sd(), 0.0);
        // 10 in the first column, 14 in the last, 10 to 14 along the rows: most of it is 2 off.
        let uneven: Vec<u8> = (0..100).map(|pixel| 10 + pixel % 5).collect();
        assert_eq!(Border::of(10, 10, &uneven).noise_sd(), 1.4826 * 2.0);
    }
}
