//! `pool-cli predict`, `evaluate` and `export`: a trained network put to use.

use std::path::Path;

use mnist_data::{DataDir, Likeness, Picture, PublicSet};
use pool_report::{SetToShow, terminal_evaluation};
use pool_train::{DataSource, StoredTrial, WeightFormat};
use serde::Serialize;

use super::terminal_width;
use crate::args::{EvaluateArgs, ExportArgs, ExportFormat, PredictArgs};
use crate::exit::Outcome;
use crate::output::{print, print_json};

/// Classes told for each picture.
const MOST_LIKELY: usize = 3;

/// What a network says of one picture.
#[derive(Debug, Serialize)]
struct Prediction {
    image: String,
    class: String,
    label: usize,
    probabilities: Vec<f64>,
    steps: Vec<String>,
}

pub(crate) fn predict(args: &PredictArgs) -> anyhow::Result<Outcome> {
    let trial = StoredTrial::open(&args.trial)?;
    let names = trial.class_names();
    let predictions: Vec<Prediction> =
        args.images.iter().map(|image| predict_one(&trial, &names, image)).collect::<Result<_, _>>()?;
    if args.json {
        print_json(&predictions)?;
    } else {
        predictions.iter().try_for_each(|prediction| print(&told(prediction, &names)))?;
    }
    Ok(Outcome::Done)
}

fn predict_one(trial: &StoredTrial, names: &[String], image: &Path) -> anyhow::Result<Prediction> {
    let (height, width) = trial.picture_size();
    let likeness = match trial.spec().data.source {
        DataSource::Mnist => PublicSet::Mnist.into(),
        DataSource::FashionMnist => PublicSet::FashionMnist.into(),
        DataSource::Generated | DataSource::Dir(_) => Likeness::Whole,
    };
    let prepared = Picture::read_png(image)?.prepared(likeness, height, width)?;
    let probabilities = trial.probabilities(&prepared.pixels)?;
    let label = most_likely(&probabilities).first().copied().unwrap_or_default();
    Ok(Prediction {
        image: image.display().to_string(),
        class: names.get(label).cloned().unwrap_or_default(),
        label,
        probabilities,
        steps: prepared.steps.iter().map(ToString::to_string).collect(),
    })
}

/// The labels, the most likely first.
fn most_likely(probabilities: &[f64]) -> Vec<usize> {
    let mut labels: Vec<usize> = (0..probabilities.len()).collect();
    labels.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    labels
}

fn told(prediction: &Prediction, names: &[String]) -> String {
    let chances: Vec<String> = most_likely(&prediction.probabilities)
        .into_iter()
        .take(MOST_LIKELY)
        .map(|label| format!("{} ({:.2} %)", names[label], 100.0 * prediction.probabilities[label]))
        .collect();
    let steps: String = prediction.steps.iter().map(|step| format!("  {step}\n")).collect();
    format!("{}: {}\n{steps}", prediction.image, chances.join(", "))
}

pub(crate) fn evaluate(args: &EvaluateArgs) -> anyhow::Result<Outcome> {
    let trial = StoredTrial::open(&args.trial)?;
    let own = &trial.spec().data.source;
    let source = args.data.clone().map_or_else(|| own.clone(), DataSource::Dir);
    let found = trial.evaluate(&source, &DataDir::from_env()?)?;
    if args.json {
        print_json(&found)?;
        return Ok(Outcome::Done);
    }
    let set = SetToShow {
        network: &trial.record().id,
        dataset: &found.dataset,
        evaluation: &found.evaluation,
        confusion: &found.confusion,
        calibration: &found.calibration,
        classes: &trial.class_names(),
    };
    print(&format!("{}\n", terminal_evaluation(&set, terminal_width())))?;
    Ok(Outcome::Done)
}

pub(crate) fn export(args: &ExportArgs) -> anyhow::Result<Outcome> {
    let trial = StoredTrial::open(&args.trial)?;
    let format = match args.format {
        ExportFormat::Safetensors => WeightFormat::Safetensors,
        ExportFormat::Torchscript => WeightFormat::TorchScript,
    };
    let path = args.output.clone().unwrap_or_else(|| trial.export_name(format));
    trial.export(format, &path)?;
    print(&format!("{}\n", path.display()))?;
    Ok(Outcome::Done)
}
