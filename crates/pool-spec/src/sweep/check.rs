//! From the sweep file as written to a sweep that can be trusted.

use std::collections::HashSet;
use std::path::Path;

use toml::Spanned;

use super::arm::{Arm, ArmOverrides};
use super::error::Source;
use super::filling::{Fillings, POOL};
use super::network::NetworkTemplate;
use super::search::{Search, SearchContext};
use super::toml_file::{ArmToml, ControlledParameters, DataToml, ModelToml, SeedToml, SweepToml};
use crate::{
    DataSource, DataSpec, Decay, EvaluationSpec, PictureSettings, Schedule, StepSchedule, SweepError,
    TrainSpec,
};

/// A sweep file in which every single setting is right. Whether they fit one another (a window and its input, say) is
/// known when it is planned, since that depends on the data.
#[derive(Debug, Clone)]
pub struct Sweep {
    pub(super) source: Source,
    /// The study's name, which names the run directory too.
    pub study: String,
    /// One trial per arm and seed.
    pub seeds: Vec<u64>,
    /// The images.
    pub data: DataSpec,
    /// The training protocol.
    pub train: TrainSpec,
    /// What is done with the test images.
    pub evaluation: EvaluationSpec,
    /// Epochs timed per arm for its costs; 0 measures none.
    pub cost_epochs: u32,
    /// The arms, in the order of the file.
    pub arms: Vec<Arm>,
    pub(super) control: Option<ControlledParameters>,
    pub(super) network: Option<NetworkTemplate>,
    /// Draws further arms; `None` trains only those listed.
    pub(super) search: Option<Search>,
}

const MAX_NAME: usize = 60;
/// A plan keeps a network for each, and training the least of them takes a second.
const MAX_TRIALS: usize = 100_000;

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
        if let Some(fraction) = raw.data.validation.fraction().filter(|share| !(*share > 0.0 && *share < 1.0))
        {
            let message =
                format!("validation = {fraction:?}: the fraction must lie between 0 and 1, such as 0.2");
            return Err(source.error_of("data.validation", message));
        }
        let data = check_data(&source, raw.data, folder)?;
        check_train(&source, &raw.train)?;
        let draws_decay = raw.search.as_ref().is_some_and(|search| search.space.weight_decay.is_some());
        if !draws_decay {
            check_decay_is_there(&source, &raw.train)?;
        }
        let train = raw.train;
        let network = raw.model.map(|model| check_model(&source, model)).transpose()?;
        if raw.arm.is_empty() && raw.search.is_none() {
            let message = "there is no [[arm]]: add at least one, such as name = \"max\" and pool = \"max\"";
            return Err(source.error_at(None, message));
        }
        let arms = check_arms(&source, raw.arm)?;
        let around =
            SearchContext { listed: &arms, seeds: seeds.len(), train: &train, network: network.as_ref() };
        let search = raw.search.map(|search| Search::check(&source, search, &around)).transpose()?;
        let most_arms = search.as_ref().map_or(arms.len(), |search| search.arms);
        let trials = seeds.len().saturating_mul(most_arms);
        if trials > MAX_TRIALS {
            let message = format!(
                "{} seeds for each of {} arms are {trials} trials, and at most {MAX_TRIALS} are planned; divide the study",
                seeds.len(),
                most_arms
            );
            return Err(source.error_of("seeds", message));
        }
        Ok(Self {
            study: raw.study,
            seeds,
            data,
            train,
            evaluation: raw.evaluation,
            cost_epochs: raw.costs.epochs.0 as u32,
            arms,
            control: raw.control.parameters,
            network,
            search,
            source,
        })
    }
}

/// The network: one of the literature, or the layers of the file.
fn check_model(source: &Source, model: ModelToml) -> Result<NetworkTemplate, SweepError> {
    let network = match model {
        ModelToml { network: Some(network), layers: None } => return Ok(network.template()),
        ModelToml { network: None, layers: Some(layers) } => NetworkTemplate::new(layers),
        ModelToml { network: Some(_), layers: Some(_) } => {
            let message = "network and layers exclude each other; keep one of them";
            return Err(source.error_of("model.network", message));
        }
        ModelToml { network: None, layers: None } => {
            let message =
                "[model] is empty: add network = \"resnet8\", or layers = [...], or leave the table out";
            return Err(source.error_of("model", message));
        }
    };
    if !network.has_places() {
        let message = "layers has no \"pool\": put that word where the arms' pooling layer goes";
        return Err(source.error_of("model.layers", message));
    }
    Ok(network)
}

fn check_study_name(source: &Source, name: &str) -> Result<(), SweepError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > MAX_NAME || name.starts_with('.') || !name.chars().all(allowed) {
        let message = format!(
            "study = \"{}\": it names a folder, so use 1 to {MAX_NAME} letters, digits, '-', '_' and '.', the first \
             of them no '.'",
            name.escape_debug()
        );
        return Err(source.error_of("study", message));
    }
    Ok(())
}

fn check_seeds(source: &Source, seeds: &[Spanned<SeedToml>]) -> Result<Vec<u64>, SweepError> {
    if seeds.is_empty() {
        let message = "seeds = []: at least one seed is needed, and 3 or more for intervals";
        return Err(source.error_of("seeds", message));
    }
    let mut seen = HashSet::new();
    let checked = seeds.iter().map(|seed| {
        let value = seed.as_ref().0;
        if seen.insert(value) {
            Ok(value)
        } else {
            Err(source.error_at(Some(seed.span()), format!("seed {value} appears twice; remove one")))
        }
    });
    checked.collect()
}

/// The images: a path is absolute from here on, and only pictures in a folder have settings of their own.
fn check_data(source: &Source, raw: DataToml, folder: &Path) -> Result<DataSpec, SweepError> {
    let DataToml { dataset, validation, size, resize, colour, unreadable, normalize, augment } = raw;
    let data = check_data_source(source, dataset, folder)?;
    let given = [
        ("size", size.is_some()),
        ("resize", resize.is_some()),
        ("colour", colour.is_some()),
        ("unreadable", unreadable.is_some()),
    ];
    if let (false, Some((key, _))) =
        (matches!(data, DataSource::Folder(_)), given.into_iter().find(|(_, given)| *given))
    {
        let word = data.words().0;
        let message = format!("{key} is for pictures in a folder, and dataset is {word}; leave it out");
        return Err(source.error_of(&format!("data.{key}"), message));
    }
    if resize.is_some() && size.is_none() {
        let message = "resize without size: add the size that pictures are brought to, such as size = 32";
        return Err(source.error_of("data.resize", message));
    }
    let pictures = PictureSettings {
        size,
        resize: resize.unwrap_or_default(),
        colour,
        unreadable: unreadable.unwrap_or_default(),
    };
    augment.check().map_err(|(key, message)| source.error_of(&format!("data.augment.{key}"), message))?;
    Ok(DataSpec { source: data, validation, pictures, normalize, augment })
}

/// The source, with the absolute path of its file or folder.
fn check_data_source(source: &Source, data: DataSource, folder: &Path) -> Result<DataSource, SweepError> {
    let Some(path) = data.path() else { return Ok(data) };
    let (key, what) = data.words();
    let wrong = |message: String| Err(source.error_of("data.dataset", message));
    if path.as_os_str().is_empty() {
        return wrong(format!("{key} = \"\": name {what}"));
    }
    let text = path.to_string_lossy();
    if text.contains(char::is_control) {
        return wrong(format!(
            "{key} = \"{}\": holds a line break or the like, as a backslash in double quotes begins an escape; write \
             the path in single quotes, or with /",
            text.escape_debug()
        ));
    }
    // Relative to the sweep file, so that the file means the same from every working directory.
    let path = std::path::absolute(folder.join(path)).unwrap_or_else(|_| path.to_owned());
    if path.to_str().is_none() {
        return wrong(format!(
            "{key} = {}: the whole path must be UTF-8 text; rename the folder",
            path.display()
        ));
    }
    Ok(data.at(path))
}

fn check_train(source: &Source, train: &TrainSpec) -> Result<(), SweepError> {
    let learning_rate = train.learning_rate;
    if !(learning_rate > 0.0 && learning_rate.is_finite()) {
        let message = format!("learning_rate = {learning_rate}: give a finite number above 0, such as 0.001");
        return Err(source.error_of("train.learning_rate", message));
    }
    train.optimizer.check().map_err(|message| source.error_of("train.optimizer", message))?;
    let decay = train.weight_decay;
    if !(decay >= 0.0 && decay.is_finite()) {
        let message = format!("weight_decay = {decay}: give 0 or a small positive number, such as 0.0005");
        return Err(source.error_of("train.weight_decay", message));
    }
    let smoothing = train.label_smoothing;
    if !(0.0..1.0).contains(&smoothing) {
        let message = format!("label_smoothing = {smoothing}: give 0 or more, and less than 1, such as 0.1");
        return Err(source.error_of("train.label_smoothing", message));
    }
    if let Some(norm) = train.clip_norm.filter(|norm| !(*norm > 0.0 && norm.is_finite())) {
        let message =
            format!("clip_norm = {norm}: give a finite number above 0, such as 1.0, or leave it out");
        return Err(source.error_of("train.clip_norm", message));
    }
    let warmup = train.warmup_epochs;
    if !(0.0..f64::from(train.epochs)).contains(&warmup) {
        let message = format!("warmup_epochs = {warmup}: give 0 or more, and less than epochs, such as 1.0");
        return Err(source.error_of("train.warmup_epochs", message));
    }
    match train.schedule {
        Schedule::Step(StepSchedule { factor, .. }) if !(factor > 0.0 && factor <= 1.0) => {
            let message = format!("factor = {factor}: give a number above 0 and at most 1, such as 0.1");
            return Err(source.error_of("train.schedule", message));
        }
        Schedule::OneCycle if warmup > 0.0 => {
            let message = format!(
                "warmup_epochs = {warmup}: schedule = \"one_cycle\" has a rise of its own; leave warmup_epochs out"
            );
            return Err(source.error_of("train.warmup_epochs", message));
        }
        _ => {}
    }
    let min_delta = train.early_stopping.map_or(0.0, |stopping| stopping.min_delta);
    if !(min_delta >= 0.0 && min_delta.is_finite()) {
        let message = format!("min_delta = {min_delta}: give 0 or a small positive number, such as 0.0001");
        return Err(source.error_of("train.early_stopping", message));
    }
    Ok(())
}

/// An optimizer that differs from another by its weight decay alone would be that other one without.
fn check_decay_is_there(source: &Source, train: &TrainSpec) -> Result<(), SweepError> {
    let optimizer = train.optimizer;
    match optimizer.decay() {
        Decay::Decoupled if train.weight_decay == 0.0 => {
            let word = optimizer.word();
            let message = format!(
                "optimizer = \"{word}\": without weight_decay it is \"{}\"; add weight_decay = 0.01, or write that",
                word.trim_end_matches('w')
            );
            Err(source.error_of("train.optimizer", message))
        }
        Decay::Decoupled | Decay::InGradient => Ok(()),
    }
}

fn check_arms(source: &Source, raw: Vec<ArmToml>) -> Result<Vec<Arm>, SweepError> {
    let mut arms: Vec<Arm> = Vec::new();
    for ArmToml { name, pool, fill } in raw {
        let fillings = Fillings { pool, fill };
        let span = name.span();
        let at = |message: String| source.error_at(Some(span.clone()), message);
        let name = name.into_inner();
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
            if earlier.fillings == fillings {
                return Err(at(format!(
                    "arm \"{name}\" is the same as arm \"{}\" ({fillings}): every seed would give the same numbers \
                     twice; remove one",
                    earlier.name
                )));
            }
        }
        if fillings.fill.contains_key(POOL) {
            return Err(at(format!(
                "arm \"{name}\": what goes into the place \"pool\" is the arm's own pool; write pool = \"max\" instead \
                 of fill = {{ pool = \"max\" }}"
            )));
        }
        arms.push(Arm { name, fillings, overrides: ArmOverrides::default(), span });
    }
    Ok(arms)
}

/// Characters that show nothing, or turn what follows around: two arms could look alike, and a table be scrambled.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Colour, Normalize, PictureSize, Resize, Split, Unreadable};

    fn read(data: &str) -> Result<DataSpec, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("sweep.toml");
        let rest = "[train]\nepochs = 1\nbatch_size = 10\n[[arm]]\nname = \"max\"\npool = \"max\"\n";
        std::fs::write(&file, format!("study = \"s\"\nseeds = [1]\n[data]\n{data}\n{rest}")).expect("a file");
        let sweep = Sweep::read(&file).map_err(|error| error.to_string())?;
        Ok(sweep.data)
    }

    #[test]
    fn pictures_of_a_folder_have_settings_and_others_do_not() {
        let data = read(
            "dataset = { folder = \"f\" }\nsize = [32, 48]\nresize = \"crop\"\ncolour = \"rgb\"\nunreadable = \"skip\"",
        );
        let size = PictureSize { height: 32, width: 48 };
        let expected = PictureSettings {
            size: Some(size),
            resize: Resize::Crop,
            colour: Some(Colour::Rgb),
            unreadable: Unreadable::Skip,
        };
        let data = data.expect("settings of a folder");
        assert_eq!(data.pictures, expected);
        let json = serde_json::to_string(&data).expect("a spec");
        assert_eq!(serde_json::from_str::<DataSpec>(&json).expect("the same"), data);

        for (data, expected) in [
            (
                "dataset = \"mnist\"\nsize = 32",
                "5: size is for pictures in a folder, and dataset is mnist; leave it out",
            ),
            (
                "dataset = { csv = \"f\" }\ncolour = \"rgb\"",
                "5: colour is for pictures in a folder, and dataset is csv; leave it out",
            ),
            (
                "dataset = { folder = \"f\" }\nresize = \"crop\"",
                "5: resize without size: add the size that pictures are brought to, such as size = 32",
            ),
            (
                "dataset = { folder = \"f\" }\nsize = 0",
                "5: size = 0: give pixels from 1 to 1024, such as 32, or height and width, such as [32, 48]",
            ),
            (
                "dataset = { folder = \"f\" }\nsize = [1, 2, 3]",
                "give pixels from 1 to 1024, such as 32, or height and width, such as [32, 48]",
            ),
            ("dataset = { npz = \"\" }", "4: npz = \"\": name the file that holds the arrays"),
        ] {
            let message = read(data).expect_err(data);
            assert!(message.ends_with(expected), "{message} should end with {expected}");
        }
    }

    #[test]
    fn channels_are_normalized_if_the_file_says_so() {
        let data = read("dataset = \"mnist\"\nnormalize = \"per_channel\"").expect("normalized data");
        assert_eq!(data.normalize, Normalize::PerChannel);
        let json = serde_json::to_string(&data).expect("a spec");
        assert_eq!(json, r#"{"source":"mnist","validation":{"tail":0.2},"normalize":"per_channel"}"#);
        assert_eq!(serde_json::from_str::<DataSpec>(&json).expect("the same"), data);
        let message = read("dataset = \"mnist\"\nnormalize = \"channels\"").expect_err("an unknown word");
        assert!(message.ends_with("5: normalize = \"channels\": give `none` or `per_channel`"), "{message}");
    }

    #[test]
    fn a_stratified_split_may_be_drawn_for_each_seed_and_another_may_not() {
        let with = |split: &str| read(&format!("dataset = \"mnist\"\nvalidation = {split}"));
        let data = with("{ stratified = 0.3, per_seed = true }").expect("a split");
        assert_eq!(data.validation, Split::StratifiedPerSeed(0.3));
        assert_eq!(with("\"predefined\"").expect("a word").validation, Split::Predefined);
        let rule = "give { tail = 0.2 }, { stratified = 0.2 }, { stratified = 0.2, per_seed = true } or \"predefined\"";
        for (split, expected) in [
            ("{ tail = 0.2, per_seed = true }", rule),
            ("{ per_seed = true }", rule),
            ("{}", rule),
            ("0.2", rule),
            ("\"own\"", rule),
            ("{ stratified = 0.2, per_seed = 1 }", "per_seed = 1: give true or false"),
            (
                "{ stratified = 0.2, per_sed = true }",
                "unknown field `per_sed`, expected one of `tail`, `stratified`, `per_seed`",
            ),
            ("{ stratified = \"a\" }", "stratified = \"a\": give a number"),
        ] {
            let message = with(split).expect_err(split);
            assert!(message.ends_with(expected), "{message} should end with {expected}");
        }
    }

    #[test]
    fn a_data_set_without_settings_is_written_as_before() {
        let data = read("dataset = \"mnist\"\nnormalize = \"none\"").expect("the study's data");
        let json = serde_json::to_string(&data).expect("a spec");
        assert_eq!(json, r#"{"source":"mnist","validation":{"tail":0.2}}"#);
    }
}
