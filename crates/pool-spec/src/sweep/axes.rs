//! Axes of settings: what a search draws from, and what tuning tries.

use rand_chacha::ChaCha8Rng;

use super::error::Source;
use super::network::NetworkTemplate;
use super::toml_file::{Numbers, Range, Scale};
use crate::draw::{self, pick};
use crate::{SgdSettings, SweepError, TrainSpec};

/// The axes of the recipe and of dropout; one that is `None` does not vary.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct RecipeAxes {
    pub(super) dropout: Option<Numbers>,
    pub(super) learning_rate: Option<Numbers>,
    pub(super) weight_decay: Option<Numbers>,
    pub(super) momentum: Option<Numbers>,
    pub(super) label_smoothing: Option<Numbers>,
}

/// The rule of [`is_share`] in words.
const BELOW_1: &str = "from 0 to below 1";

fn is_share(value: f64) -> bool {
    (0.0..1.0).contains(&value)
}

/// Checks axes.
pub(super) struct AxisChecker<'a> {
    pub(super) source: &'a Source,
    /// The table that they stand in, such as `search.space`.
    pub(super) table: &'static str,
    pub(super) train: &'a TrainSpec,
    /// The network, if the file has one.
    pub(super) network: Option<&'a NetworkTemplate>,
}

impl AxisChecker<'_> {
    /// The same axes, every value of which may be set.
    pub(super) fn recipe(&self, axes: RecipeAxes) -> Result<RecipeAxes, SweepError> {
        let positive = |value: f64| value > 0.0 && value.is_finite();
        let not_negative = |value: f64| value >= 0.0 && value.is_finite();
        Ok(RecipeAxes {
            dropout: self.dropout(axes.dropout)?,
            learning_rate: self.numbers(
                "learning_rate",
                axes.learning_rate,
                positive,
                "above 0 and finite",
            )?,
            weight_decay: self.numbers(
                "weight_decay",
                axes.weight_decay,
                not_negative,
                "of 0 or more, finite",
            )?,
            momentum: self.momentum(axes.momentum)?,
            label_smoothing: self.numbers("label_smoothing", axes.label_smoothing, is_share, BELOW_1)?,
        })
    }

    /// Only some networks have a dropout layer.
    fn dropout(&self, axis: Option<Numbers>) -> Result<Option<Numbers>, SweepError> {
        if axis.is_some() && self.network.is_some_and(|network| !network.has_dropout()) {
            let message =
                "dropout: the network has no dropout layer whose rate could change; add { dropout = 0.2 }";
            return Err(self.error("dropout", message));
        }
        self.numbers("dropout", axis, is_share, BELOW_1)
    }

    /// Only some optimizers have a momentum.
    fn momentum(&self, axis: Option<Numbers>) -> Result<Option<Numbers>, SweepError> {
        let optimizer = self.train.optimizer;
        match optimizer.descent() {
            None if axis.is_none() => Ok(None),
            None => {
                let message = format!(
                    "momentum: optimizer = \"{}\" has none to set; write optimizer = \"sgd\" in [train], or \
                     leave the axis out",
                    optimizer.word()
                );
                Err(self.error("momentum", message))
            }
            Some(SgdSettings { nesterov: true, .. }) => {
                let allowed = |value: f64| value > 0.0 && value < 1.0;
                self.numbers("momentum", axis, allowed, "above 0 and below 1, as nesterov = true takes one")
            }
            Some(SgdSettings { nesterov: false, .. }) => self.numbers("momentum", axis, is_share, BELOW_1),
        }
    }

    /// An error of an axis.
    pub(super) fn error(&self, key: &str, message: impl Into<String>) -> SweepError {
        self.source.error_of(&format!("{}.{key}", self.table), message)
    }

    /// An axis of listed values, at least one, and none of them twice.
    pub(super) fn axis<T: PartialEq>(
        &self,
        key: &str,
        values: Option<Vec<T>>,
    ) -> Result<Option<Vec<T>>, SweepError> {
        values.map(|values| self.distinct(key, values)).transpose()
    }

    pub(super) fn distinct<T: PartialEq>(&self, key: &str, values: Vec<T>) -> Result<Vec<T>, SweepError> {
        if values.is_empty() {
            let message = format!("{key} = []: give at least one value, or leave the axis out");
            return Err(self.error(key, message));
        }
        if let Some(index) = (1..values.len()).find(|&index| values[..index].contains(&values[index])) {
            let message = format!("{key}: item {} of the list is there already; remove it", index + 1);
            return Err(self.error(key, message));
        }
        Ok(values)
    }

    fn numbers(
        &self,
        key: &str,
        numbers: Option<Numbers>,
        is_allowed: impl Fn(f64) -> bool,
        rule: &str,
    ) -> Result<Option<Numbers>, SweepError> {
        let given = match &numbers {
            None => Vec::new(),
            Some(Numbers::List(list)) => list.clone(),
            Some(Numbers::Range(range)) => vec![range.from, range.to],
        };
        if let Some(value) = given.into_iter().find(|&value| !is_allowed(value)) {
            return Err(self.error(key, format!("{key}: {value} is not allowed; give numbers {rule}")));
        }
        let message = match numbers {
            None => return Ok(None),
            Some(Numbers::List(list)) => return Ok(Some(Numbers::List(self.distinct(key, list)?))),
            Some(Numbers::Range(range)) if range.from >= range.to => {
                format!("{key}: from = {} must be less than to = {}", range.from, range.to)
            }
            Some(Numbers::Range(range)) if range.scale == Scale::Log && range.from <= 0.0 => {
                format!("{key}: a logarithmic range begins above 0, not at from = {}", range.from)
            }
            Some(Numbers::Range(range)) => return Ok(Some(Numbers::Range(range))),
        };
        Err(self.error(key, message))
    }
}

/// Draws a number from an axis; one that does not vary draws nothing.
pub(super) fn draw_number(axis: &Option<Numbers>, generator: &mut ChaCha8Rng) -> Option<f64> {
    match axis.as_ref()? {
        Numbers::List(values) => pick(generator, values).copied(),
        Numbers::Range(Range { from, to, scale }) => {
            let share = draw::unit(generator);
            let value = match scale {
                Scale::Linear => from + share * (to - from),
                Scale::Log => (from.ln() + share * (to.ln() - from.ln())).exp(),
            };
            Some(two_digits(value).clamp(*from, *to))
        }
    }
}

/// As precise as a name can show it, so that the name says what the number is.
fn two_digits(value: f64) -> f64 {
    format!("{value:.1e}").parse().unwrap_or(value)
}
