//! `[tune]`: the settings that every arm is tried with.

use serde::Deserialize;

use super::arm::ArmOverrides;
use super::axes::{AxisChecker, RecipeAxes, draw_number};
use super::toml_file::{Numbers, SeedToml};
use crate::reading::Whole;
use crate::{SweepError, Tuning, draw};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TuneToml {
    // First, as no table is a number: so [[tune]] is answered by what was meant.
    /// Seeds that each setting is tried with.
    #[serde(default = "one")]
    seeds: Whole<1, 100>,
    dropout: Option<Numbers>,
    learning_rate: Option<Numbers>,
    weight_decay: Option<Numbers>,
    momentum: Option<Numbers>,
    label_smoothing: Option<Numbers>,
    /// Drawn from the axes; left out, every combination of listed values.
    settings: Option<Whole<2, MOST_SETTINGS>>,
    /// Of the draws.
    #[serde(default)]
    seed: Option<SeedToml>,
}

fn one() -> Whole<1, 100> {
    Whole(1)
}

/// More make a choice that is as good as chance among the best of them.
const MOST_SETTINGS: u64 = 100;
/// Draws after which a space counts as used up.
const MOST_DRAWS: u64 = 10_000;
/// The table, in errors.
pub(super) const TUNE: &str = "tune";

/// What tuning tries, checked.
#[derive(Debug, Clone)]
pub(super) struct Tune {
    pub(super) settings: Vec<ArmOverrides>,
    pub(super) seeds: u64,
}

impl Tune {
    /// The seeds of tuning, none of which is a study's.
    pub(super) fn seeds(&self) -> std::ops::Range<u64> {
        Tuning::FIRST_SEED..Tuning::FIRST_SEED + self.seeds
    }

    pub(super) fn check(raw: TuneToml, axes: &AxisChecker<'_>) -> Result<Self, SweepError> {
        let TuneToml { dropout, learning_rate, weight_decay, momentum, label_smoothing, .. } = raw;
        let recipe = RecipeAxes { dropout, learning_rate, weight_decay, momentum, label_smoothing };
        if recipe == RecipeAxes::default() {
            let message = "[tune] has nothing to try: add learning_rate = [0.0003, 0.001, 0.003], or weight_decay, \
                           momentum, dropout or label_smoothing";
            return Err(axes.source.error_of(TUNE, message));
        }
        let recipe = axes.recipe(recipe)?;
        if let (None, Some(Whole(seed))) = (&raw.settings, &raw.seed) {
            let message = format!(
                "seed = {seed} draws settings, and [tune] tries all of them; leave it out, or add settings = 12"
            );
            return Err(axes.source.error_of("tune.seed", message));
        }
        let settings = match raw.settings {
            Some(Whole(count)) => drawn(&recipe, count as usize, raw.seed.map_or(0, |seed| seed.0), axes)?,
            None => combinations(&recipe, axes)?,
        };
        Ok(Self { settings, seeds: raw.seeds.0 })
    }
}

/// An axis with its key, and what a value of it sets.
type Axis<'a> = (&'static str, &'a Option<Numbers>, fn(&mut ArmOverrides, f64));

/// In the order in which settings are listed and drawn.
fn axes_of(recipe: &RecipeAxes) -> [Axis<'_>; 5] {
    [
        ("learning_rate", &recipe.learning_rate, |setting, value| setting.learning_rate = Some(value)),
        ("weight_decay", &recipe.weight_decay, |setting, value| setting.weight_decay = Some(value)),
        ("momentum", &recipe.momentum, |setting, value| setting.momentum = Some(value)),
        ("dropout", &recipe.dropout, |setting, value| setting.dropout = Some(value)),
        ("label_smoothing", &recipe.label_smoothing, |setting, value| setting.label_smoothing = Some(value)),
    ]
}

/// Every combination of the listed values, the first axis changing slowest.
fn combinations(recipe: &RecipeAxes, axes: &AxisChecker<'_>) -> Result<Vec<ArmOverrides>, SweepError> {
    let mut listed = Vec::new();
    for (key, axis, set) in axes_of(recipe) {
        match axis {
            None => {}
            Some(Numbers::List(values)) => listed.push((values, set)),
            Some(Numbers::Range(_)) => {
                let message = format!(
                    "{key}: a range holds too many values to try them all; list some, or add settings = 12 to [tune]"
                );
                return Err(axes.error(key, message));
            }
        }
    }
    let count = listed.iter().fold(1_usize, |count, (values, _)| count.saturating_mul(values.len()));
    if !(2..=MOST_SETTINGS as usize).contains(&count) {
        let s = if count == 1 { "" } else { "s" };
        let cure =
            if count == 1 { "list more values" } else { "list fewer, or add settings = 12 to draw some" };
        let message = format!(
            "[tune] has {count} combination{s} of values, and 2 to {MOST_SETTINGS} can be tried; {cure}"
        );
        return Err(axes.source.error_of(TUNE, message));
    }
    let mut settings = vec![ArmOverrides::default()];
    for (values, set) in listed {
        let with_value = |setting: &ArmOverrides, value: f64| {
            let mut setting = setting.clone();
            set(&mut setting, value);
            setting
        };
        settings = settings
            .iter()
            .flat_map(|setting| values.iter().map(move |&value| with_value(setting, value)))
            .collect();
    }
    Ok(settings)
}

/// So many different settings, drawn from the axes.
fn drawn(
    recipe: &RecipeAxes,
    count: usize,
    seed: u64,
    axes: &AxisChecker<'_>,
) -> Result<Vec<ArmOverrides>, SweepError> {
    let mut settings: Vec<ArmOverrides> = Vec::new();
    for number in 0..MOST_DRAWS {
        if settings.len() == count {
            return Ok(settings);
        }
        let mut generator = draw::generator(seed, number);
        let mut setting = ArmOverrides::default();
        for (_, axis, set) in axes_of(recipe) {
            if let Some(value) = draw_number(axis, &mut generator) {
                set(&mut setting, value);
            }
        }
        if !settings.contains(&setting) {
            settings.push(setting);
        }
    }
    let message = format!(
        "settings = {count}: the axes have only {} different settings; give fewer, or leave settings out",
        settings.len()
    );
    Err(axes.source.error_of("tune.settings", message))
}

#[cfg(test)]
mod tests {
    use super::super::error::Source;
    use super::*;
    use crate::TrainSpec;

    fn tune(text: &str) -> Result<Tune, String> {
        let source = Source { file: "sweep.toml".into(), text: format!("[tune]\n{text}") };
        let train: TrainSpec = toml::from_str("epochs = 3").unwrap();
        let axes = AxisChecker { source: &source, table: TUNE, train: &train, network: None };
        Tune::check(toml::from_str(text).map_err(|error| error.to_string())?, &axes)
            .map_err(|error| error.to_string())
    }

    fn words(tune: &Tune) -> Vec<String> {
        tune.settings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn listed_values_are_combined_the_first_axis_slowest() {
        let tune = tune("learning_rate = [0.001, 0.01]\ndropout = [0.2, 0.5]\nseeds = 2").unwrap();
        assert_eq!(
            words(&tune),
            [
                "dropout 0.2, lr 0.001",
                "dropout 0.5, lr 0.001",
                "dropout 0.2, lr 0.01",
                "dropout 0.5, lr 0.01"
            ]
        );
        assert_eq!(tune.seeds().collect::<Vec<_>>(), [1_000_001, 1_000_002]);
    }

    #[test]
    fn drawn_settings_are_different_and_the_same_for_the_same_seed() {
        let text = "learning_rate = { from = 1e-4, to = 1e-2, scale = \"log\" }\nsettings = 5";
        let settings = tune(text).unwrap().settings;
        assert_eq!(settings.len(), 5);
        assert_eq!(settings, tune(text).unwrap().settings);
        assert_ne!(settings, tune(&format!("{text}\nseed = 1")).unwrap().settings);
        for (place, setting) in settings.iter().enumerate() {
            assert!((1e-4..=1e-2).contains(&setting.learning_rate.unwrap()), "{setting:?}");
            assert!(!settings[..place].contains(setting));
        }
    }

    #[test]
    fn what_cannot_be_tuned_is_refused_with_its_cure() {
        for (text, expected) in [
            ("", "has nothing to try: add learning_rate"),
            (
                "learning_rate = [0.001]",
                "has 1 combination of values, and 2 to 100 can be tried; list more values",
            ),
            ("learning_rate = []", "give at least one value"),
            ("learning_rate = [0.0, 0.1]", "learning_rate: 0 is not allowed"),
            ("learning_rate = { from = 0.1, to = 0.2 }", "list some, or add settings = 12"),
            ("learning_rate = [0.1, 0.2]\nsettings = 3", "only 2 different settings"),
            ("learning_rate = [0.1, 0.2]\nseed = 3", "seed = 3 draws settings, and [tune] tries all of them"),
            ("learning_rate = [0.1, 0.1]", "learning_rate: item 2 of the list is there already; remove it"),
            ("momentum = [0.0, 0.9]", "optimizer = \"adam\" has none to set"),
            ("learning_rates = [0.1]", "unknown field"),
            ("seeds = [1, 2]", "invalid type: sequence"),
        ] {
            let error = tune(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
