//! How a pooling layer is written in a sweep file: `"max"`, or `{ reduce = "max", size = 3, stride = 2 }`.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    Blur, Fractional, FractionalEvaluation, FractionalRegions, FractionalSequence, FractionalSize, Geometry,
    OpenExtent, Padding, Pool, Reducer, StridedConv, Window,
};
use crate::{Extent, SettingError, SpellingError};

/// Every key that a pooling layer can have, before it is checked.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LongSpelling {
    #[serde(skip_serializing_if = "Option::is_none")]
    reduce: Option<Reducer>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Extent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stride: Option<Extent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    padding: Option<Padding>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dilation: Option<Extent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ceil: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    count_padding: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adaptive: Option<OpenExtent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    global: Option<GlobalSpelling>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fractional: Option<FractionalSpelling>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pyramid: Option<Vec<LevelSpelling>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strided_conv: Option<StridedConv>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blur: Option<Blur>,
    #[serde(skip_serializing_if = "Option::is_none")]
    haar: Option<NoSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spectral: Option<SpectralSpelling>,
}

/// `{}`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoSettings {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SpectralSpelling {
    output: Extent,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FractionalSpelling {
    #[serde(skip_serializing_if = "Option::is_none")]
    ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Extent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<Extent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    regions: Option<RegionsWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sequence: Option<FractionalSequence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation: Option<FractionalEvaluation>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RegionsWord {
    Disjoint,
    Overlapping,
}

impl TryFrom<FractionalSpelling> for Fractional {
    type Error = SettingError;

    fn try_from(spelling: FractionalSpelling) -> Result<Self, SettingError> {
        let conflict = |found: &str| SettingError::Conflict { found: found.to_owned() };
        let size = match (spelling.ratio, spelling.output) {
            (Some(_), Some(_)) => return Err(conflict("ratio and output")),
            (Some(ratio), None) => FractionalSize::Ratio(ratio),
            (None, Some(output)) => FractionalSize::Output(output),
            (None, None) => return Err(SettingError::NoFractionalSize),
        };
        let regions = match (spelling.size, spelling.regions) {
            (Some(_), Some(_)) => return Err(conflict("size and regions")),
            (Some(size), None) => FractionalRegions::Sized(size),
            (None, Some(RegionsWord::Overlapping)) => FractionalRegions::Overlapping,
            (None, Some(RegionsWord::Disjoint) | None) => FractionalRegions::Disjoint,
        };
        let sequence = spelling.sequence.unwrap_or_default();
        let evaluation = spelling.evaluation.unwrap_or_default();
        Ok(Self { size, sequence, regions, evaluation })
    }
}

impl From<&Fractional> for FractionalSpelling {
    fn from(fractional: &Fractional) -> Self {
        let Fractional { size, sequence, regions, evaluation } = fractional;
        let (ratio, output) = match size {
            FractionalSize::Ratio(ratio) => (Some(*ratio), None),
            FractionalSize::Output(output) => (None, Some(output.clone())),
        };
        let (size, regions) = match regions {
            FractionalRegions::Disjoint => (None, None),
            FractionalRegions::Overlapping => (None, Some(RegionsWord::Overlapping)),
            FractionalRegions::Sized(size) => (Some(size.clone()), None),
        };
        Self {
            ratio,
            output,
            size,
            regions,
            sequence: unless_default(*sequence),
            evaluation: unless_default(*evaluation),
        }
    }
}

fn unless_default<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

/// One level of a pyramid.
struct LevelSpelling(usize);

impl Serialize for LevelSpelling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for LevelSpelling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let level = i64::deserialize(deserializer)?;
        Extent::checked_size(level.into()).map(Self)
    }
}

impl TryFrom<LongSpelling> for Pool {
    type Error = SettingError;

    fn try_from(long: LongSpelling) -> Result<Self, SettingError> {
        let layers = given([
            ("strided_conv", long.strided_conv.is_some()),
            ("blur", long.blur.is_some()),
            ("haar", long.haar.is_some()),
            ("spectral", long.spectral.is_some()),
        ]);
        let geometries = given([
            ("size", long.size.is_some()),
            ("adaptive", long.adaptive.is_some()),
            ("global", long.global.is_some()),
            ("fractional", long.fractional.is_some()),
            ("pyramid", long.pyramid.is_some()),
        ]);
        let of_windows = given([
            ("stride", long.stride.is_some()),
            ("padding", long.padding.is_some()),
            ("dilation", long.dilation.is_some()),
            ("ceil", long.ceil.is_some()),
            ("count_padding", long.count_padding.is_some()),
        ]);
        if let [layer, ..] = layers[..] {
            let others =
                given([("reduce", long.reduce.is_some())]).into_iter().chain(geometries).chain(of_windows);
            let all: Vec<&str> = layers.iter().copied().chain(others).collect();
            return match all.len() {
                1 => Ok(long.layer(layer)),
                _ => Err(SettingError::Conflict { found: all.join(" and ") }),
            };
        }
        let Some(reducer) = long.reduce else { return Err(SettingError::NoOperator) };
        match (&geometries[..], &of_windows[..]) {
            ([], _) => Err(SettingError::NoGeometry),
            (["size"], _) | ([_], []) => Ok(Self::Reduce { reducer, geometry: long.geometry()? }),
            ([_], [field, ..]) => Err(SettingError::Misplaced { field, owner: "size" }),
            (many, _) => Err(SettingError::Conflict { found: many.join(" and ") }),
        }
    }
}

/// The keys that are there.
fn given<const KEYS: usize>(keys: [(&'static str, bool); KEYS]) -> Vec<&'static str> {
    keys.into_iter().filter_map(|(key, given)| given.then_some(key)).collect()
}

impl LongSpelling {
    /// The only layer given.
    fn layer(self, name: &str) -> Pool {
        match self {
            Self { strided_conv: Some(conv), .. } => Pool::StridedConv(conv),
            Self { blur: Some(blur), .. } => Pool::Blur(blur),
            Self { spectral: Some(spectral), .. } => Pool::Spectral { output: spectral.output },
            Self { .. } => {
                debug_assert_eq!(name, "haar");
                Pool::Haar
            }
        }
    }

    /// The only geometry given.
    fn geometry(self) -> Result<Geometry, SettingError> {
        Ok(match self {
            Self { size: Some(size), .. } => Geometry::Window(Window {
                stride: self.stride.unwrap_or_else(|| size.clone()),
                padding: self.padding.unwrap_or_default(),
                dilation: self.dilation.unwrap_or(Extent::All(1)),
                ceil: self.ceil.unwrap_or_default(),
                count_padding: self.count_padding.unwrap_or_default(),
                size,
            }),
            Self { adaptive: Some(output), .. } => Geometry::Adaptive(output),
            Self { global: Some(GlobalSpelling { keep_dims }), .. } => Geometry::Global { keep_dims },
            Self { fractional: Some(fractional), .. } => Geometry::Fractional(fractional.try_into()?),
            Self { pyramid: Some(levels), .. } => {
                Geometry::Pyramid(levels.into_iter().map(|LevelSpelling(level)| level).collect())
            }
            Self { .. } => return Err(SettingError::NoGeometry),
        })
    }
}

/// Only what differs from the defaults.
impl From<&Pool> for LongSpelling {
    fn from(pool: &Pool) -> Self {
        match pool {
            Pool::None => Self::default(),
            Pool::Reduce { reducer, geometry } => Self { reduce: Some(*reducer), ..geometry.into() },
            Pool::StridedConv(conv) => Self { strided_conv: Some(conv.clone()), ..Self::default() },
            Pool::Blur(blur) => Self { blur: Some(blur.clone()), ..Self::default() },
            Pool::Haar => Self { haar: Some(NoSettings {}), ..Self::default() },
            Pool::Spectral { output } => {
                Self { spectral: Some(SpectralSpelling { output: output.clone() }), ..Self::default() }
            }
        }
    }
}

impl From<&Geometry> for LongSpelling {
    fn from(geometry: &Geometry) -> Self {
        let empty = Self::default();
        match geometry {
            Geometry::Window(Window { size, stride, padding, dilation, ceil, count_padding }) => Self {
                stride: (stride != size).then(|| stride.clone()),
                size: Some(size.clone()),
                padding: unless_default(padding.clone()),
                dilation: (*dilation != Extent::All(1)).then(|| dilation.clone()),
                ceil: unless_default(*ceil),
                count_padding: unless_default(*count_padding),
                ..empty
            },
            Geometry::Adaptive(output) => Self { adaptive: Some(output.clone()), ..empty },
            Geometry::Global { keep_dims } => {
                Self { global: Some(GlobalSpelling { keep_dims: *keep_dims }), ..empty }
            }
            Geometry::Fractional(fractional) => Self { fractional: Some(fractional.into()), ..empty },
            Geometry::Pyramid(levels) => {
                Self { pyramid: Some(levels.iter().map(|&level| LevelSpelling(level)).collect()), ..empty }
            }
        }
    }
}

/// `true`, or `{ keep_dims = true }`.
struct GlobalSpelling {
    keep_dims: bool,
}

impl Serialize for GlobalSpelling {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.keep_dims {
            serializer.collect_map([("keep_dims", true)])
        } else {
            serializer.serialize_bool(true)
        }
    }
}

impl<'de> Deserialize<'de> for GlobalSpelling {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Keys {
            keep_dims: bool,
        }

        struct GlobalVisitor;

        impl<'de> Visitor<'de> for GlobalVisitor {
            type Value = GlobalSpelling;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, or { keep_dims = true }")
            }

            fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<GlobalSpelling, E> {
                if value {
                    Ok(GlobalSpelling { keep_dims: false })
                } else {
                    Err(E::custom("global = false says nothing; leave the key out"))
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<GlobalSpelling, A::Error> {
                let Keys { keep_dims } = Keys::deserialize(MapAccessDeserializer::new(map))?;
                Ok(GlobalSpelling { keep_dims })
            }
        }

        deserializer.deserialize_any(GlobalVisitor)
    }
}

/// The layers that one word says, each with its default settings.
fn one_word(name: &str) -> Option<Pool> {
    match name {
        "none" => Some(Pool::None),
        "haar" => Some(Pool::Haar),
        "blur" => Some(Pool::Blur(Blur::default())),
        "strided_conv" => Some(Pool::strided_conv(2)),
        name => match Reducer::named(name)? {
            Reducer::Attention => Some(Pool::global(Reducer::Attention)),
            reducer => Some(Pool::window(reducer, 2)),
        },
    }
}

/// The word for a layer, if there is one.
fn word_of(pool: &Pool) -> Option<&'static str> {
    let name = match pool {
        Pool::None => "none",
        Pool::Reduce { reducer, .. } => reducer.name(),
        Pool::StridedConv(_) => "strided_conv",
        Pool::Blur(_) => "blur",
        Pool::Haar => "haar",
        Pool::Spectral { .. } => return None,
    };
    (one_word(name).as_ref() == Some(pool)).then_some(name)
}

/// As short as it can be.
impl Serialize for Pool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match word_of(self) {
            Some(word) => serializer.serialize_str(word),
            None => LongSpelling::from(self).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Pool {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PoolVisitor;

        impl<'de> Visitor<'de> for PoolVisitor {
            type Value = Pool;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pooling layer, such as \"max\", \"none\" or { reduce = \"max\", size = 2 }")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Pool, E> {
                one_word(text).ok_or_else(|| E::custom(unknown(text)))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Pool, A::Error> {
                let long = LongSpelling::deserialize(MapAccessDeserializer::new(map))?;
                long.try_into().map_err(serde::de::Error::custom)
            }
        }

        deserializer.deserialize_any(PoolVisitor)
    }
}

fn unknown(word: &str) -> String {
    if word == "spectral" {
        return "spectral pooling needs its output size: { spectral = { output = 7 } }".to_owned();
    }
    let known: Vec<String> = Reducer::ALL.iter().map(|reducer| format!("\"{reducer}\"")).collect();
    format!(
        "unknown pooling layer \"{word}\"; use {}, \"strided_conv\", \"blur\", \"haar\", \"none\", or a table such as \
         {{ reduce = \"max\", size = 2 }}",
        known.join(", ")
    )
}

/// The TOML spelling, as short as it can be.
impl fmt::Display for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut spelling = String::new();
        self.serialize(toml::ser::ValueSerializer::new(&mut spelling)).map_err(|_| fmt::Error)?;
        f.write_str(&spelling)
    }
}

impl std::str::FromStr for Pool {
    type Err = SpellingError;

    /// Reads a TOML value: `"max"`, or `{ reduce = "max", size = 3 }`. A word needs no quotes, which a shell would take
    /// away.
    fn from_str(text: &str) -> Result<Self, SpellingError> {
        let text = text.trim();
        if let Some(pool) = one_word(text) {
            return Ok(pool);
        }
        if text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
            return Err(SpellingError { reason: unknown(text) });
        }
        toml::de::ValueDeserializer::parse(text)
            .and_then(Self::deserialize)
            .map_err(|error| SpellingError { reason: error.message().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Learned;

    #[derive(Debug, Serialize, Deserialize)]
    struct Arm {
        pool: Pool,
    }

    fn read(value: &str) -> Result<Pool, String> {
        let alone = value.parse::<Pool>().map_err(|error| error.to_string());
        let in_a_file = toml::from_str::<Arm>(&format!("pool = {value}")).map(|arm| arm.pool);
        assert_eq!(in_a_file.map_err(|error| error.message().to_owned()), alone);
        alone
    }

    #[test]
    fn every_spelling_means_the_layer_that_its_rust_constructor_makes() {
        for (text, pool) in [
            ("\"max\"", Pool::max(2)),
            ("\"avg\"", Pool::avg(2)),
            ("\"none\"", Pool::None),
            ("{ reduce = \"max\", size = 3 }", Pool::max(3)),
            ("{ reduce = \"avg\", size = [2, 3], stride = 2 }", Pool::avg([2, 3]).stride(2)),
            ("{ reduce = \"max\", size = 3, padding = \"same\" }", Pool::max(3).padding(Padding::Same)),
            (
                "{ reduce = \"max\", size = 3, padding = [1, 0] }",
                Pool::max(3).padding(Padding::Symmetric([1, 0].into())),
            ),
            ("{ reduce = \"max\", adaptive = [7, 7] }", Pool::adaptive(Reducer::Max, [7, 7])),
            ("{ reduce = \"avg\", global = true }", Pool::global(Reducer::Avg)),
            ("{ reduce = \"avg\", global = { keep_dims = true } }", Pool::global_keep_dims(Reducer::Avg)),
            ("\"median\"", Pool::window(Reducer::Median, 2)),
            ("\"attention\"", Pool::global(Reducer::Attention)),
            ("\"haar\"", Pool::Haar),
            ("\"blur\"", Pool::blur(2)),
            ("\"strided_conv\"", Pool::strided_conv(2)),
            ("{ reduce = { lp = { p = 3.0 } }, size = 2 }", Pool::window(Reducer::Lp { p: 3.0 }, 2)),
            (
                "{ reduce = { gem = { p = 3.0, learned = \"channel\" } }, size = 2 }",
                Pool::window(Reducer::Gem { p: 3.0, learned: Learned::Channel }, 2),
            ),
            (
                "{ reduce = \"max\", size = 3, stride = 2, padding = 1, dilation = 2, ceil = true }",
                Pool::max(3).stride(2).padding(Padding::Symmetric(1.into())).dilation(2).ceil(),
            ),
            (
                "{ reduce = \"avg\", size = 3, padding = 1, count_padding = true }",
                Pool::avg(3).padding(Padding::Symmetric(1.into())).count_padding(),
            ),
            ("{ reduce = \"max\", adaptive = [7, \"same\"] }", Pool::adaptive(Reducer::Max, [Some(7), None])),
            ("{ reduce = \"max\", fractional = { ratio = 0.7 } }", Pool::fractional(Reducer::Max, 0.7)),
            (
                "{ reduce = \"max\", fractional = { output = [3, 4], size = 2, sequence = \"random\", evaluation = \
                 \"expectation\" } }",
                Pool::Reduce {
                    reducer: Reducer::Max,
                    geometry: Geometry::Fractional(Fractional {
                        size: FractionalSize::Output([3, 4].into()),
                        sequence: FractionalSequence::Random,
                        regions: FractionalRegions::Sized(2.into()),
                        evaluation: FractionalEvaluation::Expectation,
                    }),
                },
            ),
            ("{ reduce = \"avg\", pyramid = [4, 2, 1] }", Pool::pyramid(Reducer::Avg, [4, 2, 1])),
            ("{ strided_conv = { size = 3, stride = 2 } }", Pool::strided_conv(3).stride(2)),
            ("{ blur = { reduce = \"max\", size = 3, stride = 2, taps = 3 } }", Pool::blur(3)),
            ("{ spectral = { output = 7 } }", Pool::spectral(7)),
        ] {
            assert_eq!(read(text), Ok(pool.clone()), "{text}");
            assert_eq!(pool.to_string(), text, "shown as it was written");
            let stored = serde_json::to_string(&pool).unwrap();
            assert_eq!(serde_json::from_str::<Pool>(&stored).unwrap(), pool, "{stored}");
        }
    }

    #[test]
    fn a_word_needs_no_quotes_outside_a_file() {
        assert_eq!(" max ".parse(), Ok(Pool::max(2)));
        assert_eq!("none".parse(), Ok(Pool::None));
        let error = "maximum".parse::<Pool>().unwrap_err().to_string();
        assert!(error.starts_with("unknown pooling layer \"maximum\"; use \"max\""), "{error}");
    }

    #[test]
    fn wrong_spellings_say_what_is_right() {
        for (text, part) in [
            ("\"maximum\"", "unknown pooling layer \"maximum\"; use \"max\", \"avg\", \"min\""),
            ("\"spectral\"", "needs its output size"),
            ("3.5", "a pooling layer, such as \"max\""),
            ("{ reduce = \"maximum\", size = 2 }", "unknown variant `maximum`, expected one of `max`, `avg`"),
            ("{ reduce = 3, size = 2 }", "a reducer, such as \"max\" or { lp = { p = 3.0 } }"),
            ("{ reduce = { lp = { q = 3.0 } }, size = 2 }", "unknown field `q`, expected `p`"),
            ("{ reduce = { lp = { p = \"x\" } }, size = 2 }", "expected f64"),
            ("{ reduce = \"max\" }", "no window is given"),
            ("{ size = 2 }", "nothing says how to pool"),
            ("{ reduce = \"max\", size = 2, global = true }", "size and global exclude each other"),
            ("{ reduce = \"max\", adaptive = 7, stride = 2 }", "stride belongs to size"),
            ("{ reduce = \"avg\", global = true, count_padding = true }", "count_padding belongs to size"),
            ("{ reduce = \"max\", size = 2, padding = \"full\" }", "unknown variant `full`"),
            ("{ reduce = \"max\", size = -2 }", "-2 is no size"),
            ("{ reduce = \"max\", sice = 2 }", "unknown field `sice`, expected one of"),
            ("{ reduce = \"max\", global = false }", "leave the key out"),
            ("{ reduce = \"max\", adaptive = [7, \"open\"] }", "unknown variant `open`, expected `same`"),
            ("{ reduce = \"max\", fractional = {} }", "give ratio or output"),
            ("{ reduce = \"max\", fractional = { ratio = 0.5, output = 3 } }", "ratio and output exclude"),
            (
                "{ reduce = \"max\", fractional = { ratio = 0.5, size = 2, regions = \"disjoint\" } }",
                "size and regions exclude",
            ),
            ("{ reduce = \"max\", pyramid = [4, -1] }", "-1 is no size"),
            (
                "{ reduce = \"max\", strided_conv = { size = 2 } }",
                "strided_conv and reduce exclude each other",
            ),
            ("{ blur = { tabs = 3 } }", "unknown field `tabs`"),
            ("{ haar = { size = 3 } }", "unknown field `size`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
