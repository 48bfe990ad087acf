//! What a trained network says of one picture.

use std::path::Path;

use mnist_data::{DataError, Likeness, Picture, PublicSet};
use pool_spec::DataSource;
use serde::Serialize;

use super::StoredTrial;
use crate::TrainError;

/// What a network says of one picture, and what was done to the picture before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// The picture's file.
    pub image: String,
    /// The most likely class, by its name.
    pub class: String,
    /// Its label.
    pub label: usize,
    /// The probability of every class, by label.
    pub probabilities: Vec<f64>,
    /// What was done to the picture, in sentences.
    pub steps: Vec<String>,
}

impl Prediction {
    /// The labels, the most likely first.
    pub fn ranking(&self) -> Vec<usize> {
        ranking(&self.probabilities)
    }
}

impl StoredTrial {
    /// Makes a picture (.png) look like those of the data set that the network learned, and predicts its class.
    ///
    /// # Errors
    /// A file that is no picture or shows nothing, or libtorch's refusal.
    pub fn predict(&self, image: &Path) -> Result<Prediction, TrainError> {
        let (height, width) = self.picture_size();
        let in_file = |problem| DataError::Picture { file: image.to_owned(), problem };
        let picture = Picture::read_png(image)?;
        let prepared = picture.prepared(self.likeness(), height, width).map_err(in_file)?;
        let probabilities = self.probabilities(&prepared.pixels)?;
        let label = ranking(&probabilities).first().copied().unwrap_or_default();
        Ok(Prediction {
            image: image.display().to_string(),
            class: self.class_names().swap_remove(label),
            label,
            probabilities,
            steps: prepared.steps.iter().map(ToString::to_string).collect(),
        })
    }

    fn likeness(&self) -> Likeness {
        match self.spec().data.source {
            DataSource::Mnist => PublicSet::Mnist.into(),
            DataSource::FashionMnist => PublicSet::FashionMnist.into(),
            DataSource::Generated | DataSource::Dir(_) => Likeness::Whole,
        }
    }
}

fn ranking(probabilities: &[f64]) -> Vec<usize> {
    let mut labels: Vec<usize> = (0..probabilities.len()).collect();
    labels.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    labels
}
