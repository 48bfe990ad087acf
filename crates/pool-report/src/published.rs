//! The figures of the published study, to stand beside ours.

/// What the study printed for one arm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PublishedArm {
    /// The pooling layer, as a sweep file spells it.
    pub pool: &'static str,
    /// Trainable parameters, which tell the study's network from another one with the same pooling layer.
    pub parameters: u64,
    /// Epochs of training.
    pub epochs: u32,
    /// Percent of test images misclassified.
    pub test_error_percent: f64,
    /// Seconds of training, all epochs.
    pub train_s: f64,
    /// Seconds to predict 10,000 images.
    pub prediction_s: f64,
    /// The study's memory estimate, in its GB of 2^30 bytes, cut to two decimals.
    pub memory_gib: f64,
}

/// The three arms of the study: one seed each, 10 epochs, MNIST.
const PUBLISHED: [PublishedArm; 3] = [
    PublishedArm {
        pool: "\"avg\"",
        parameters: 592_074,
        epochs: 10,
        test_error_percent: 1.19,
        train_s: 58.84,
        prediction_s: 0.72,
        memory_gib: 0.46,
    },
    PublishedArm {
        pool: "\"max\"",
        parameters: 592_074,
        epochs: 10,
        test_error_percent: 1.19,
        train_s: 58.22,
        prediction_s: 0.71,
        memory_gib: 0.46,
    },
    PublishedArm {
        pool: "\"none\"",
        parameters: 2_361_546,
        epochs: 10,
        test_error_percent: 1.10,
        train_s: 77.24,
        prediction_s: 0.70,
        memory_gib: 1.80,
    },
];

/// The study's figures for the arm with this pooling layer, if it had one.
pub fn published(pool: &str) -> Option<&'static PublishedArm> {
    PUBLISHED.iter().find(|arm| arm.pool == pool)
}
