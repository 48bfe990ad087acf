//! The optimizer, as data: the rule by which a step changes the weights.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The rule by which a step changes the weights. A name with a W at its end has decoupled weight decay (Loshchilov & Hutter
/// 2019); the others have L2 regularisation, see [`Decay`].
///
/// A sweep file spells it as a word, `"sgd"`, or with settings, `{ sgd = { momentum = 0.9, nesterov = true } }`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum OptimizerSpec {
    /// Adam (Kingma & Ba 2015). Keras: `keras.optimizers.Adam`; PyTorch: `torch.optim.Adam`.
    Adam(AdamSettings),
    /// Adam with decoupled weight decay. Keras: `keras.optimizers.AdamW`; PyTorch: `torch.optim.AdamW`.
    AdamW(AdamSettings),
    /// Stochastic gradient descent. PyTorch: `torch.optim.SGD`.
    Sgd(SgdSettings),
    /// The same with decoupled weight decay. Keras: `keras.optimizers.SGD` with `weight_decay`.
    SgdW(SgdSettings),
}

/// The settings of Adam.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AdamSettings {
    /// How much of the first moment each step keeps, in `[0, 1)`.
    pub beta1: f64,
    /// How much of the second moment each step keeps, in `[0, 1)`.
    pub beta2: f64,
    /// Added to the root of the second moment; Keras's default is 1e-7, PyTorch's 1e-8.
    pub epsilon: f64,
}

/// The settings of gradient descent.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SgdSettings {
    /// How much of the sum of gradients so far each step keeps, in `[0, 1)`; 0 keeps none (Polyak 1964).
    pub momentum: f64,
    /// Whether each step goes where the momentum will lead it (Nesterov 1983; Sutskever et al. 2013).
    pub nesterov: bool,
}

/// How a step follows the gradients, weight decay apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum UpdateRule {
    /// By their moments, each corrected for its start at 0.
    Adam(AdamSettings),
    /// By a sum of them, of which each step keeps a part.
    Momentum {
        /// The part.
        momentum: f64,
        /// Whether the step goes where the sum will lead it.
        nesterov: bool,
    },
    /// As they are.
    Descent,
}

/// What the weight decay of a recipe does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decay {
    /// `weight_decay * weight` is a part of the gradient, and passes through the moments or the momentum as the rest of it
    /// does: L2 regularisation, the `weight_decay` of PyTorch's `SGD` and `Adam`.
    InGradient,
    /// `learning_rate * weight_decay * weight` is taken off the weight, whatever the gradient: the `weight_decay` of
    /// PyTorch's `AdamW` and of all optimizers in Keras.
    Decoupled,
}

impl Default for AdamSettings {
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 }
    }
}

impl Default for OptimizerSpec {
    fn default() -> Self {
        Self::Adam(AdamSettings::default())
    }
}

impl OptimizerSpec {
    /// Whether it is the one that is left out of a record.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What its weight decay does.
    pub fn decay(self) -> Decay {
        match self {
            Self::Adam(_) | Self::Sgd(_) => Decay::InGradient,
            Self::AdamW(_) | Self::SgdW(_) => Decay::Decoupled,
        }
    }

    /// How its steps follow the gradients.
    pub fn rule(self) -> UpdateRule {
        match self {
            Self::Adam(settings) | Self::AdamW(settings) => UpdateRule::Adam(settings),
            Self::Sgd(SgdSettings { momentum, nesterov })
            | Self::SgdW(SgdSettings { momentum, nesterov }) => {
                if momentum > 0.0 {
                    UpdateRule::Momentum { momentum, nesterov }
                } else {
                    UpdateRule::Descent
                }
            }
        }
    }

    /// The names of what it keeps of every variable from step to step, a tensor of the variable's shape each.
    pub fn state_tensors(self) -> &'static [&'static str] {
        match self.rule() {
            UpdateRule::Adam(_) => &["first", "second"],
            UpdateRule::Momentum { .. } => &["momentum"],
            UpdateRule::Descent => &[],
        }
    }

    /// The settings of gradient descent; `None` for Adam, which has no momentum that could be set.
    pub(crate) fn descent(self) -> Option<SgdSettings> {
        match self {
            Self::Adam(_) | Self::AdamW(_) => None,
            Self::Sgd(settings) | Self::SgdW(settings) => Some(settings),
        }
    }

    /// The same with another momentum; Adam has none, and stays as it is.
    pub(crate) fn with_momentum(self, momentum: f64) -> Self {
        match self {
            Self::Adam(_) | Self::AdamW(_) => self,
            Self::Sgd(settings) => Self::Sgd(SgdSettings { momentum, ..settings }),
            Self::SgdW(settings) => Self::SgdW(SgdSettings { momentum, ..settings }),
        }
    }

    fn name(self) -> Name {
        match self {
            Self::Adam(_) => Name::Adam,
            Self::AdamW(_) => Name::Adamw,
            Self::Sgd(_) => Name::Sgd,
            Self::SgdW(_) => Name::Sgdw,
        }
    }

    /// The word for it in a sweep file.
    pub(crate) fn word(self) -> &'static str {
        self.name().word()
    }

    /// The setting that is wrong, with the rule.
    pub(crate) fn check(self) -> Result<(), String> {
        match self {
            Self::Adam(settings) | Self::AdamW(settings) => settings.check(),
            Self::Sgd(settings) | Self::SgdW(settings) => settings.check(),
        }
    }
}

impl AdamSettings {
    fn check(self) -> Result<(), String> {
        let Self { beta1, beta2, epsilon } = self;
        for (name, beta, usual) in [("beta1", beta1, 0.9), ("beta2", beta2, 0.999)] {
            if !(0.0..1.0).contains(&beta) {
                return Err(format!("{name} = {beta}: give 0 or more, and less than 1, such as {usual}"));
            }
        }
        if !(epsilon > 0.0 && epsilon.is_finite()) {
            return Err(format!("epsilon = {epsilon}: give a small number above 0, such as 1e-7"));
        }
        Ok(())
    }
}

impl SgdSettings {
    fn check(self) -> Result<(), String> {
        let Self { momentum, nesterov } = self;
        if !(0.0..1.0).contains(&momentum) {
            return Err(format!("momentum = {momentum}: give 0 or more, and less than 1, such as 0.9"));
        }
        if nesterov && momentum == 0.0 {
            return Err(
                "nesterov = true: it takes a momentum; add momentum = 0.9, or leave it out".to_owned()
            );
        }
        Ok(())
    }
}

impl fmt::Display for OptimizerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.name() {
            Name::Adam => "Adam",
            Name::Adamw => "AdamW",
            Name::Sgd => "SGD",
            Name::Sgdw => "SGDW",
        })
    }
}

/// Its settings in words.
impl fmt::Display for UpdateRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Adam(AdamSettings { beta1, beta2, epsilon }) => {
                let usual = AdamSettings::default();
                if (*beta1, *beta2) != (usual.beta1, usual.beta2) {
                    write!(f, "betas {beta1} and {beta2}, ")?;
                }
                write!(f, "epsilon {epsilon:e}")
            }
            Self::Momentum { momentum, nesterov: false } => write!(f, "momentum {momentum}"),
            Self::Momentum { momentum, nesterov: true } => write!(f, "Nesterov momentum {momentum}"),
            Self::Descent => f.write_str("no momentum"),
        }
    }
}

impl fmt::Display for Decay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InGradient => "in the gradient",
            Self::Decoupled => "decoupled",
        })
    }
}

/// The words of a sweep file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Name {
    Adam,
    Adamw,
    Sgd,
    Sgdw,
}

impl Name {
    fn word(self) -> &'static str {
        match self {
            Self::Adam => "adam",
            Self::Adamw => "adamw",
            Self::Sgd => "sgd",
            Self::Sgdw => "sgdw",
        }
    }
}

/// As a word where every setting is the usual one.
impl Serialize for OptimizerSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        fn one<S: Serializer, T: Serialize + Default + PartialEq>(
            serializer: S,
            word: &str,
            settings: &T,
        ) -> Result<S::Ok, S::Error> {
            if *settings == T::default() {
                return serializer.serialize_str(word);
            }
            let mut map = serializer.serialize_map(Some(1))?;
            map.serialize_entry(word, settings)?;
            map.end()
        }
        match self {
            Self::Adam(settings) | Self::AdamW(settings) => one(serializer, self.word(), settings),
            Self::Sgd(settings) | Self::SgdW(settings) => one(serializer, self.word(), settings),
        }
    }
}

impl<'de> Deserialize<'de> for OptimizerSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OptimizerVisitor)
    }
}

struct OptimizerVisitor;

impl<'de> Visitor<'de> for OptimizerVisitor {
    type Value = OptimizerSpec;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a word such as \"sgd\", or one with settings such as { sgd = { momentum = 0.9 } }")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<OptimizerSpec, E> {
        Ok(match Name::deserialize(StrDeserializer::new(word))? {
            Name::Adam => OptimizerSpec::Adam(AdamSettings::default()),
            Name::Adamw => OptimizerSpec::AdamW(AdamSettings::default()),
            Name::Sgd => OptimizerSpec::Sgd(SgdSettings::default()),
            Name::Sgdw => OptimizerSpec::SgdW(SgdSettings::default()),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OptimizerSpec, A::Error> {
        let Some(name) = map.next_key()? else { return Err(A::Error::invalid_length(0, &self)) };
        let optimizer = match name {
            Name::Adam => OptimizerSpec::Adam(map.next_value()?),
            Name::Adamw => OptimizerSpec::AdamW(map.next_value()?),
            Name::Sgd => OptimizerSpec::Sgd(map.next_value()?),
            Name::Sgdw => OptimizerSpec::SgdW(map.next_value()?),
        };
        match map.next_key::<Name>()? {
            None => Ok(optimizer),
            Some(_) => Err(A::Error::invalid_length(2, &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> OptimizerSpec {
        toml::de::ValueDeserializer::parse(text).and_then(OptimizerSpec::deserialize).unwrap()
    }

    #[test]
    fn words_and_tables_are_read_and_written_as_short_as_they_can_be() {
        let sgd = |momentum, nesterov| SgdSettings { momentum, nesterov };
        for (text, expected, json) in [
            ("'adam'", OptimizerSpec::default(), r#""adam""#),
            ("{ adam = {} }", OptimizerSpec::default(), r#""adam""#),
            ("'adamw'", OptimizerSpec::AdamW(AdamSettings::default()), r#""adamw""#),
            (
                "{ adamw = { beta2 = 0.99 } }",
                OptimizerSpec::AdamW(AdamSettings { beta2: 0.99, ..AdamSettings::default() }),
                r#"{"adamw":{"beta1":0.9,"beta2":0.99,"epsilon":1e-7}}"#,
            ),
            ("'sgd'", OptimizerSpec::Sgd(sgd(0.0, false)), r#""sgd""#),
            (
                "{ sgd = { momentum = 0.9, nesterov = true } }",
                OptimizerSpec::Sgd(sgd(0.9, true)),
                r#"{"sgd":{"momentum":0.9,"nesterov":true}}"#,
            ),
            (
                "{ sgdw = { momentum = 0.5 } }",
                OptimizerSpec::SgdW(sgd(0.5, false)),
                r#"{"sgdw":{"momentum":0.5,"nesterov":false}}"#,
            ),
        ] {
            assert_eq!(read(text), expected, "{text}");
            assert_eq!(serde_json::to_string(&expected).unwrap(), json);
            assert_eq!(serde_json::from_str::<OptimizerSpec>(json).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_kept_of_a_weight_depends_on_the_rule_and_its_momentum() {
        for (text, expected) in [
            ("'adam'", &["first", "second"][..]),
            ("'adamw'", &["first", "second"]),
            ("'sgd'", &[]),
            ("{ sgd = { momentum = 0.9 } }", &["momentum"]),
            ("{ sgdw = { momentum = 0.9, nesterov = true } }", &["momentum"]),
        ] {
            assert_eq!(read(text).state_tensors(), expected, "{text}");
        }
    }
}
