//! Networks that get these images wrong.

/// Each network's predictions for images that are all of class 0.
pub(crate) fn predictions(images: usize, wrong: &[Vec<usize>]) -> Vec<Vec<u16>> {
    wrong.iter().map(|wrong| (0..images).map(|image| u16::from(wrong.contains(&image))).collect()).collect()
}
