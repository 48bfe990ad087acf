//! From the sweep file as written to a sweep that can be trusted.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use mnist_data::DataDir;
use pool_models::{ModelError, Pool};
use toml::Spanned;

use super::error::Source;
use super::network::NetworkTemplate;
use super::plan::{Plan, TrialSpec};
use super::spec::{DataFacts, DataSource, DataSpec, EarlyStopping, TrainSpec};
use super::toml_file::{ArmToml, DatasetToml, SweepToml, TrainToml};
use crate::{SweepError, TrainError};

/// A sweep file in which every single setting is right. Whether they fit one another (a window and its input, say) is
/// known when it is planned, since that depends on the data.
#[derive(Debug, Clone)]
pub struct Sweep {
    source: Source,
    /// The study's name, which names the run directory too.
    pub study: String,
    /// One trial per arm and seed.
    pub seeds: Vec<u64>,
    /// The images.
    pub data: DataSpec,
    /// The training protocol.
    pub train: TrainSpec,
    /// The arms, in the order of the file.
    pub arms: Vec<Arm>,
    network: Option<NetworkTemplate>,
    spans: Spans,
}

/// One pooling choice under comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Its name in every table.
    pub name: String,
    /// The layer.
    pub pool: Pool,
    span: Range<usize>,
}

/// Where the settings stand that are checked against one another later.
#[derive(Debug, Clone)]
struct Spans {
    dataset: Range<usize>,
    batch_size: Range<usize>,
    validation: Range<usize>,
    model: Option<Range<usize>>,
}

const MAX_EPOCHS: i64 = 100_000;
const MAX_NAME: usize = 60;

impl Sweep {
    /// Reads and checks a sweep file.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn read(file: &Path) -> Result<Self, SweepError> {
        let source = Source::read(file)?;
        let raw: SweepToml = toml::from_str(&source.text).map_err(|error| source.toml_error(&error))?;
        Self::check(source, raw, file.parent().unwrap_or(Path::new("")))
    }

    /// The sweep file's text.
    pub fn text(&self) -> &str {
        &self.source.text
    }

    fn check(source: Source, raw: SweepToml, folder: &Path) -> Result<Self, SweepError> {
        check_study_name(&source, &raw.study)?;
        let seeds = check_seeds(&source, &raw.seeds)?;
        let split = raw.data.validation.as_ref();
        let fraction = split.fraction();
        if !(fraction > 0.0 && fraction < 1.0) {
            let message =
                format!("validation = {fraction:?}: the fraction must lie between 0 and 1, such as 0.2");
            return Err(source.error_at(Some(raw.data.validation.span()), message));
        }
        let spans = Spans {
            dataset: raw.data.dataset.span(),
            batch_size: raw.train.batch_size.span(),
            validation: raw.data.validation.span(),
            model: raw.model.as_ref().map(|model| model.layers.span()),
        };
        let data = DataSpec { validation: *split, source: data_source(&source, raw.data.dataset, folder)? };
        let train = check_train(&source, &raw.train)?;
        let network = match raw.model {
            None => None,
            Some(model) => {
                let span = model.layers.span();
                let network = NetworkTemplate::new(model.layers.into_inner());
                if network.slots() == 0 {
                    let message = "layers has no \"pool\": put that word where the arms' pooling layer goes";
                    return Err(source.error_at(Some(span), message));
                }
                Some(network)
            }
        };
        let arms = check_arms(&source, raw.arm)?;
        Ok(Self { study: raw.study.into_inner(), seeds, data, train, arms, network, spans, source })
    }

    /// Expands the sweep into trials, seed by seed, so that an interrupted sweep has compared all arms on the seeds it
    /// finished.
    ///
    /// # Errors
    /// Settings that do not fit one another or the data.
    pub fn plan(&self, data_dir: &DataDir) -> Result<Plan, TrainError> {
        let facts = self.data.source.facts(data_dir).map_err(|error| {
            // A folder is named by the sweep file; nothing but the file's author can mend it.
            self.source.error_at(Some(self.spans.dataset.clone()), error.to_string())
        })?;
        self.check_sizes(facts)?;
        let network = self.network.clone().unwrap_or_else(|| NetworkTemplate::reference(facts.classes));
        let input = [1, facts.height, facts.width];
        for arm in &self.arms {
            self.check_network(arm, &network, input, facts.classes)?;
        }
        let trials = self
            .seeds
            .iter()
            .flat_map(|&seed| self.arms.iter().map(move |arm| (seed, arm)))
            .map(|(seed, arm)| TrialSpec {
                study: self.study.clone(),
                arm: arm.name.clone(),
                pool: arm.pool.clone(),
                seed,
                data: self.data.clone(),
                train: self.train.clone(),
                model: network.fill(input, &arm.pool, seed),
            })
            .collect();
        Ok(Plan::new(self.study.clone(), self.source.text.clone(), trials))
    }

    /// Loads the images once and divides them, so that what is missing or does not fit is known before the first trial.
    ///
    /// # Errors
    /// Missing or broken data, or a validation split that leaves a part empty.
    pub fn check_data(&self, data_dir: &DataDir) -> Result<(), TrainError> {
        let data = self.data.source.load(data_dir)?;
        self.data
            .validation
            .to_validation_split()
            .split(data.train.labels())
            .map_err(|error| self.source.error_at(Some(self.spans.validation.clone()), error.to_string()))?;
        Ok(())
    }

    fn check_sizes(&self, facts: DataFacts) -> Result<(), SweepError> {
        let available = (facts.train_images as f64 * (1.0 - self.data.validation.fraction())) as usize;
        if available == 0 || available == facts.train_images {
            let message = format!(
                "validation = {:?}: leaves one side without images, of {} in all",
                self.data.validation.fraction(),
                facts.train_images
            );
            return Err(self.source.error_at(Some(self.spans.validation.clone()), message));
        }
        if self.train.batch_size > available {
            let message = format!(
                "batch_size = {}: only {available} images are left for training; make it smaller",
                self.train.batch_size
            );
            return Err(self.source.error_at(Some(self.spans.batch_size.clone()), message));
        }
        Ok(())
    }

    fn check_network(
        &self,
        arm: &Arm,
        network: &NetworkTemplate,
        input: [usize; 3],
        classes: usize,
    ) -> Result<(), SweepError> {
        let inferred = network.fill(input, &arm.pool, 0).infer().map_err(|error| {
            let layer = match &error {
                ModelError::Layer { index, .. } => network.span_of_fixed(*index),
                _ => None,
            };
            let span = layer.unwrap_or_else(|| arm.span.clone());
            self.source.error_at(Some(span), format!("arm \"{}\": {error}", arm.name))
        })?;
        let output = inferred.output().unwrap_or(&input);
        if *output != [classes] {
            let message = format!(
                "arm \"{}\": the network ends in the shape {output:?}, but the data has {classes} classes; end the \
                 layers in {{ dense = {{ units = {classes} }} }}",
                arm.name
            );
            return Err(self.source.error_at(self.spans.model.clone(), message));
        }
        Ok(())
    }
}

fn check_study_name(source: &Source, study: &Spanned<String>) -> Result<(), SweepError> {
    let name = study.as_ref();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > MAX_NAME || name.starts_with('.') || !name.chars().all(allowed) {
        let message = format!(
            "study = \"{}\": it names a folder, so use 1 to {MAX_NAME} letters, digits, '-', '_' and '.', the first \
             of them no '.'",
            name.escape_debug()
        );
        return Err(source.error_at(Some(study.span()), message));
    }
    Ok(())
}

fn check_seeds(source: &Source, seeds: &Spanned<Vec<Spanned<i64>>>) -> Result<Vec<u64>, SweepError> {
    if seeds.as_ref().is_empty() {
        let message = "seeds = []: at least one seed is needed, and 3 or more for intervals";
        return Err(source.error_at(Some(seeds.span()), message));
    }
    let mut seen = HashSet::new();
    seeds
        .as_ref()
        .iter()
        .map(|seed| {
            let value = *seed.as_ref();
            let at = |message: String| source.error_at(Some(seed.span()), message);
            let checked =
                u64::try_from(value).map_err(|_| at(format!("seed {value}: seeds are 0 or greater")))?;
            if seen.insert(checked) {
                Ok(checked)
            } else {
                Err(at(format!("seed {value} appears twice; remove one")))
            }
        })
        .collect()
}

fn data_source(
    source: &Source,
    dataset: Spanned<DatasetToml>,
    folder: &Path,
) -> Result<DataSource, SweepError> {
    let span = dataset.span();
    Ok(match dataset.into_inner() {
        DatasetToml::Mnist => DataSource::Mnist,
        DatasetToml::FashionMnist => DataSource::FashionMnist,
        DatasetToml::Generated => DataSource::Generated,
        DatasetToml::Dir(path) if path.as_os_str().is_empty() => {
            let message = "dir = \"\": name the folder that holds the four IDX files";
            return Err(source.error_at(Some(span), message));
        }
        DatasetToml::Dir(path) => {
            // Relative to the sweep file, so that the file means the same from every working directory.
            let path = std::path::absolute(folder.join(&path)).unwrap_or(path);
            if path.to_str().is_none() {
                let message =
                    format!("dir = {}: the whole path must be UTF-8 text; rename the folder", path.display());
                return Err(source.error_at(Some(span), message));
            }
            DataSource::Dir(path)
        }
    })
}

fn check_train(source: &Source, raw: &TrainToml) -> Result<TrainSpec, SweepError> {
    let whole = |field: &str, value: &Spanned<i64>, greatest: i64| {
        let number = *value.as_ref();
        if (1..=greatest).contains(&number) {
            Ok(number)
        } else {
            let message = format!("{field} = {number}: give a whole number from 1 to {greatest}");
            Err(source.error_at(Some(value.span()), message))
        }
    };
    let learning_rate = *raw.learning_rate.as_ref();
    if !(learning_rate > 0.0 && learning_rate.is_finite()) {
        let message = format!("learning_rate = {learning_rate}: give a number above 0, such as 0.001");
        return Err(source.error_at(Some(raw.learning_rate.span()), message));
    }
    let early_stopping =
        raw.early_stopping.as_ref().map(|stopping| check_early_stopping(source, stopping)).transpose()?;
    Ok(TrainSpec {
        epochs: whole("epochs", &raw.epochs, MAX_EPOCHS)? as u32,
        batch_size: whole("batch_size", &raw.batch_size, i64::from(u32::MAX))? as usize,
        learning_rate,
        early_stopping,
    })
}

fn check_early_stopping(
    source: &Source,
    stopping: &Spanned<EarlyStopping>,
) -> Result<EarlyStopping, SweepError> {
    let checked = *stopping.as_ref();
    let message = if checked.patience == 0 {
        "patience = 0: give at least 1 epoch, or leave early_stopping out to train all epochs".to_owned()
    } else if !(checked.min_delta >= 0.0 && checked.min_delta.is_finite()) {
        format!("min_delta = {}: give 0 or a small positive number", checked.min_delta)
    } else {
        return Ok(checked);
    };
    Err(source.error_at(Some(stopping.span()), message))
}

fn check_arms(source: &Source, raw: Vec<ArmToml>) -> Result<Vec<Arm>, SweepError> {
    if raw.is_empty() {
        let message = "there is no [[arm]]: add at least one, such as name = \"max\" and pool = \"max\"";
        return Err(source.error_at(None, message));
    }
    let mut arms: Vec<Arm> = Vec::new();
    for ArmToml { name, pool } in raw {
        let span = name.span();
        let at = |message: String| source.error_at(Some(span.clone()), message);
        let (name, pool) = (name.into_inner(), pool.into_inner());
        let printable = |c: char| !c.is_control() && !is_invisible(c);
        if name.is_empty()
            || name.trim() != name
            || name.chars().count() > MAX_NAME
            || !name.chars().all(printable)
        {
            let shown = name.escape_debug();
            return Err(at(format!(
                "arm name \"{shown}\": use 1 to {MAX_NAME} visible characters, without spaces at the ends"
            )));
        }
        for earlier in &arms {
            if earlier.name == name {
                return Err(at(format!("arm \"{name}\" appears twice; give each arm a name of its own")));
            }
            if earlier.pool == pool {
                return Err(at(format!(
                    "arm \"{name}\" has the same pooling layer as arm \"{}\" ({pool}): every seed would give the \
                     same numbers twice; remove one",
                    earlier.name
                )));
            }
        }
        arms.push(Arm { name, pool, span });
    }
    Ok(arms)
}

/// Characters that show nothing, or turn what follows around: two arms could look alike, and a table be scrambled.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
