//! The long spelling, key by key.

use serde::de::{Error, MapAccess};
use serde::{Deserialize, Serialize};

use super::foreign::answer_to_settings;
use super::nested::{
    FractionalSpelling, GlobalSpelling, LevelSpelling, NoSettings, SpectralSpelling, unless_default,
};
use super::peers;
use crate::pool::{Blur, Geometry, OpenExtent, Padding, Pool, Reducer, StridedConv, Window};
use crate::{Extent, SettingError};

/// Makes each key a field, and reads its value.
macro_rules! long_spelling {
    ($($key:ident: $value:ty,)*) => {
        /// Every key that a pooling layer can have, before it is checked.
        #[derive(Default, Serialize)]
        pub(super) struct LongSpelling {
            $(#[serde(skip_serializing_if = "Option::is_none")]
            pub(super) $key: Option<$value>,)*
        }

        impl LongSpelling {
            const KEYS: &[&str] = &[$(stringify!($key)),*];

            fn take<'de, A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
                match key {
                    $(stringify!($key) => once(&mut self.$key, stringify!($key), map),)*
                    unknown => Err(A::Error::unknown_field(unknown, Self::KEYS)),
                }
            }
        }
    };
}

long_spelling! {
    reduce: Reducer,
    size: Extent,
    stride: Extent,
    padding: Padding,
    dilation: Extent,
    ceil: bool,
    count_padding: bool,
    adaptive: OpenExtent,
    global: GlobalSpelling,
    fractional: FractionalSpelling,
    pyramid: Vec<LevelSpelling>,
    strided_conv: StridedConv,
    blur: Blur,
    haar: NoSettings,
    spectral: SpectralSpelling,
}

impl LongSpelling {
    /// Reads a table.
    ///
    /// # Errors
    /// The first key or value that is wrong; keys of another library last, as the answer depends on all others.
    pub(super) fn read<'de, A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut long = Self::default();
        let mut foreign = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let is_foreign = peers::setting(&key).is_some() || Reducer::named(&key).is_some();
            if is_foreign && !Self::KEYS.contains(&key.as_str()) {
                foreign.push((key, map.next_value()?));
            } else {
                long.take(&key, &mut map)?;
            }
        }
        if foreign.is_empty() { Ok(long) } else { Err(A::Error::custom(answer_to_settings(long, &foreign))) }
    }

    /// Whether a reducer stands without anything to say what it reduces.
    pub(super) fn lacks_windows(&self) -> bool {
        let Self { reduce, size, adaptive, global, fractional, pyramid, .. } = self;
        reduce.is_some()
            && size.is_none()
            && adaptive.is_none()
            && global.is_none()
            && fractional.is_none()
            && pyramid.is_none()
    }
}

/// Reads the value of a key that may stand once, which a JSON file need not heed.
fn once<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    place: &mut Option<T>,
    key: &'static str,
    map: &mut A,
) -> Result<(), A::Error> {
    if place.replace(map.next_value()?).is_some() {
        return Err(A::Error::duplicate_field(key));
    }
    Ok(())
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
        if !layers.is_empty() {
            let others =
                given([("reduce", long.reduce.is_some())]).into_iter().chain(geometries).chain(of_windows);
            let all: Vec<&str> = layers.iter().copied().chain(others).collect();
            return match all.len() {
                1 => long.layer(),
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
    fn layer(self) -> Result<Pool, SettingError> {
        match self {
            Self { strided_conv: Some(conv), .. } => Ok(Pool::StridedConv(conv)),
            Self { blur: Some(blur), .. } => Ok(Pool::Blur(blur)),
            Self { haar: Some(NoSettings {}), .. } => Ok(Pool::Haar),
            Self { spectral: Some(spectral), .. } => Ok(Pool::Spectral { output: spectral.output }),
            Self { .. } => Err(SettingError::NoOperator),
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
