//! `pool-cli predict`, `evaluate` and `export`: a trained network put to use.
use mnist_data::{DataDir, source_at};
use pool_report::terminal_evaluation;
use pool_train::{Prediction, StoredTrial, TrainError};
use serde::Serialize;

use super::terminal_width;
use crate::args::{EvaluateArgs, ExportArgs, PredictArgs};
use crate::exit::Outcome;
use crate::output::{eprint_line, print, print_json};

/// Classes printed for each picture.
const MOST_LIKELY: usize = 3;

pub(crate) fn predict(args: &PredictArgs) -> anyhow::Result<Outcome> {
    let trial = StoredTrial::open(&args.trial)?;
    let names = trial.class_names();
    let mut answers = Vec::new();
    let mut refused = false;
    for image in &args.images {
        match trial.predict(image) {
            Ok(prediction) if args.json => answers.push(Answer::from(prediction)),
            Ok(prediction) => print(&prediction_text(&prediction, &names))?,
            // One bad picture says nothing against the others.
            Err(TrainError::Data(error)) => {
                eprint_line(&format!("error: {error}"));
                refused = true;
                let image = image.display().to_string();
                answers.push(Answer { image, error: Some(error.to_string()), ..Answer::default() });
            }
            Err(error) => return Err(error.into()),
        }
    }
    if args.json {
        print_json(&answers)?;
    }
    Ok(if refused { Outcome::WrongInput } else { Outcome::Done })
}

/// A picture in JSON: what was predicted for it, or why it cannot be used.
#[derive(Debug, Default, Serialize)]
struct Answer {
    image: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probabilities: Option<Vec<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

impl From<Prediction> for Answer {
    fn from(prediction: Prediction) -> Self {
        let Prediction { image, class, label, probabilities, steps } = prediction;
        let (class, label) = (Some(class), Some(label));
        Self { image, class, label, probabilities: Some(probabilities), steps: Some(steps), error: None }
    }
}

fn prediction_text(prediction: &Prediction, names: &[String]) -> String {
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
    let source = args.data.clone().map_or_else(|| own.clone(), |path| source_at(&path));
    let found = trial.evaluate(&source, &DataDir::from_env())?;
    if args.json {
        print_json(&found)?;
        return Ok(Outcome::Done);
    }
    let text = terminal_evaluation(&trial.record().id, &found, &trial.class_names(), terminal_width());
    print(&format!("{text}\n"))?;
    Ok(Outcome::Done)
}

pub(crate) fn export(args: &ExportArgs) -> anyhow::Result<Outcome> {
    let trial = StoredTrial::open(&args.trial)?;
    let path = args.output.clone().unwrap_or_else(|| trial.export_name(args.format));
    trial.export(args.format, &path)?;
    print(&format!("{}\n", path.display()))?;
    Ok(Outcome::Done)
}
