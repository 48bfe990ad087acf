//! `pool-cli predict`, `evaluate` and `export`: a trained network put to use.
use mnist_data::DataDir;
use pool_report::{SetToShow, terminal_evaluation};
use pool_spec::DataSource;
use pool_train::{Prediction, StoredTrial, TrainError, WeightFormat};
use serde::Serialize;

use super::terminal_width;
use crate::args::{EvaluateArgs, ExportArgs, ExportFormat, PredictArgs};
use crate::exit::Outcome;
use crate::output::{print, print_json, say};

/// Classes told for each picture.
const MOST_LIKELY: usize = 3;

pub(crate) fn predict(args: &PredictArgs) -> anyhow::Result<Outcome> {
    let trial = StoredTrial::open(&args.trial)?;
    let names = trial.class_names();
    let mut answers = Vec::new();
    let mut refused = false;
    for image in &args.images {
        match trial.predict(image) {
            Ok(prediction) if args.json => answers.push(Answer::Prediction(prediction)),
            Ok(prediction) => print(&told(&prediction, &names))?,
            // One bad picture says nothing against the others.
            Err(TrainError::Data(error)) => {
                say(&format!("error: {error}"));
                refused = true;
                let image = image.display().to_string();
                answers.push(Answer::Refused { image, error: error.to_string() });
            }
            Err(error) => return Err(error.into()),
        }
    }
    if args.json {
        print_json(&answers)?;
    }
    Ok(if refused { Outcome::WrongInput } else { Outcome::Done })
}

/// What is said of a picture in JSON.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Answer {
    Prediction(Prediction),
    Refused { image: String, error: String },
}

fn told(prediction: &Prediction, names: &[String]) -> String {
    let chances: Vec<String> = prediction
        .ranking()
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
    let found = trial.evaluate(&source, &DataDir::from_env())?;
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
