//! Answers to layers and settings that are written as another library writes them: our spelling of what was meant.

use super::given::{Call, Given};
use super::long::LongSpelling;
use super::nested::GlobalSpelling;
use super::peers::{self, Is, OfReducer, Setting};
use crate::Extent;
use crate::pool::{Blur, Padding, Pool, Reducer};

/// What stands for an argument that its library asks for.
const FOR_EXAMPLE: usize = 7;
/// Our words that are no reducers.
const OWN: [&str; 4] = ["none", "haar", "blur", "strided_conv"];

/// The answer to a layer as another library names or calls it; none where nobody calls one so.
pub(crate) fn answer(text: &str) -> Option<String> {
    let call = Call::parse(text)?;
    let shown = text.trim();
    let spelt = |ours: &str| Some(format!("\"{shown}\" is spelt {ours} here"));
    let Some(layer) = peers::layer(call.name) else {
        if !call.arguments.is_empty() {
            return None;
        }
        return match OWN.into_iter().find(|own| peers::plain(own) == peers::plain(text)) {
            Some(own) => spelt(&format!("\"{own}\"")),
            None => spelt(&Pool::window(peers::reducer(text)?, 2).to_string()),
        };
    };
    let adaptive = |reducer, output| LongSpelling::from(&Pool::adaptive(reducer, output));
    let long = match layer.is {
        Is::Nothing => return spelt("\"none\""),
        Is::Lacking(why) => return Some(format!("\"{shown}\" {why}")),
        Is::Window(reducer) => LongSpelling::from(&Pool::window(reducer, 2)),
        Is::Global(reducer) => LongSpelling::from(&Pool::global(reducer)),
        Is::AdaptiveToOne(reducer) => adaptive(reducer, 1),
        Is::Adaptive(reducer) => adaptive(reducer, FOR_EXAMPLE),
        Is::Fractional(reducer) => LongSpelling::from(&Pool::fractional(reducer, 0.7)),
        Is::Blur => LongSpelling { blur: Some(Blur::new(1)), ..LongSpelling::default() },
    };
    let mut asked = Asked { long, notes: Vec::new() };
    let mut lacks_an_output = matches!(layer.is, Is::Adaptive(_) | Is::Fractional(_));
    // A function's first argument is what it pools.
    let is_input = |(name, given): &&(Option<&str>, Given)| name.is_none() && given.text().is_some();
    let arguments = &call.arguments[usize::from(call.arguments.first().as_ref().is_some_and(is_input))..];
    let mut positions = layer.arguments.iter();
    for (name, given) in arguments {
        let setting = match name {
            Some("input" | "x" | "value") => continue,
            Some(name) => peers::setting(name),
            None => positions.next().copied(),
        };
        if given.is_nothing() {
            continue;
        }
        lacks_an_output &= !matches!(setting, Some(Setting::Output | Setting::Ratio));
        let name = name.unwrap_or("an argument");
        match setting {
            Some(setting) => {
                asked.set(setting, name, given);
            }
            None => asked.notes.push(format!("{name} has no place here")),
        }
    }
    // PyTorch's average counts padded cells unless it is asked not to.
    if matches!((layer.is, &asked.long.padding), (Is::Window(Reducer::Avg), Some(Padding::Symmetric(_)))) {
        asked.long.count_padding.get_or_insert(true);
    }
    let example = if lacks_an_output { ", for example," } else { "" };
    let notes: String = asked.notes.iter().map(|note| format!("; {note}")).collect();
    Some(match Pool::try_from(asked.long) {
        Ok(pool) => format!("\"{shown}\" is spelt{example} {pool} here{notes}"),
        Err(error) => format!("\"{shown}\" cannot be had here: {error}{notes}"),
    })
}

/// The answer to settings that stand in a table under another library's names, or in a place of theirs.
pub(super) fn answer_to_settings(long: LongSpelling, foreign: &[(String, Given)]) -> String {
    let mut asked = Asked { long, notes: Vec::new() };
    for (name, given) in foreign {
        if let Some(reducer) = Reducer::named(name) {
            asked.reduce(reducer, name, given);
        } else if let Some(setting) = peers::setting(name)
            && asked.set(setting, name, given)
        {
            asked.notes.push(place(setting, name));
        }
    }
    // As where a reducer stands alone.
    if asked.long.lacks_windows() {
        asked.long.size = Some(Extent::All(2));
    }
    let notes = asked.notes.join(", and ");
    match Pool::try_from(asked.long) {
        Ok(pool) => format!("{notes}; write {pool}"),
        Err(error) => format!("{notes}; {error}"),
    }
}

/// What a setting of this name is called here, or where it stands.
fn place(setting: Setting, name: &str) -> String {
    let ours = match setting {
        Setting::Size => "size",
        Setting::Stride => "stride",
        Setting::Padding => "padding",
        Setting::Dilation => "dilation",
        Setting::Ceil => "ceil",
        Setting::CountPadding => "count_padding",
        Setting::Output => "adaptive",
        Setting::Ratio => "fractional = { ratio = 0.7 }",
        Setting::KeepDims => "global = { keep_dims = true }",
        Setting::Reduce => "reduce",
        Setting::Taps => return format!("{name} belongs to blur"),
        Setting::OfReducer(_) => return format!("{name} stands within the reducer"),
        Setting::Absent(why) => return format!("{name} has no place here, as {why}"),
    };
    format!("{name} is spelt {ours} here")
}

/// A layer on the way from another library's spelling to ours.
struct Asked {
    long: LongSpelling,
    /// What a reader must know besides.
    notes: Vec<String>,
}

impl Asked {
    /// Whether the layer has it now; a note says why not.
    fn set(&mut self, setting: Setting, name: &str, given: &Given) -> bool {
        let is_set = self.try_to_set(setting, given).is_some();
        if !is_set {
            self.notes.push(match (setting, self.long.reduce) {
                (Setting::Absent(_), _) => place(setting, name),
                (Setting::OfReducer(_), Some(reducer)) => format!("{reducer} takes no {name} such as this"),
                _ => format!("{name} cannot be taken over as it is"),
            });
        }
        is_set
    }

    fn try_to_set(&mut self, setting: Setting, given: &Given) -> Option<()> {
        let long = &mut self.long;
        match (setting, &mut long.blur, &mut long.fractional) {
            (Setting::Size, Some(blur), _) => blur.size = given.extent()?,
            (Setting::Size, None, Some(fractional)) => fractional.size = Some(given.extent()?),
            (Setting::Size, None, None) => long.size = Some(given.extent()?),
            (Setting::Stride, Some(blur), _) => blur.stride = given.extent()?,
            (Setting::Stride, None, _) => long.stride = Some(given.extent()?),
            (Setting::Padding, ..) => long.padding = Some(given.padding()?),
            // In Keras and TensorFlow the word for the layout stands in this place.
            (Setting::Dilation, ..) if given.text().is_some() => {}
            (Setting::Dilation, ..) => long.dilation = Some(given.extent()?),
            (Setting::Ceil, ..) => long.ceil = Some(given.flag()?),
            (Setting::CountPadding, ..) => long.count_padding = Some(given.flag()?),
            (Setting::Output, _, Some(fractional)) => {
                (fractional.output, fractional.ratio) = (Some(given.extent()?), None);
            }
            (Setting::Output, ..) => long.adaptive = Some(given.open_extent()?),
            (Setting::Ratio, ..) => {
                let fractional = long.fractional.get_or_insert_default();
                (fractional.output, fractional.ratio) = (None, Some(given.number()?));
            }
            (Setting::KeepDims, ..) => long.global = Some(GlobalSpelling { keep_dims: given.flag()? }),
            (Setting::Taps, ..) => long.blur.get_or_insert_default().taps = given.whole()?,
            (Setting::Reduce, ..) => long.reduce = Some(peers::reducer(given.text()?)?),
            (Setting::OfReducer(of), ..) => long.reduce = Some(with(long.reduce?, of, given)?),
            (Setting::Absent(_), ..) => return None,
        }
        Some(())
    }

    /// A reducer that stands where its setting would: `{ lp = { p = 3 } }`.
    fn reduce(&mut self, reducer: Reducer, name: &str, given: &Given) {
        self.notes.push(format!("{name} is a reducer and stands in reduce"));
        self.long.reduce = Some(reducer);
        match given {
            Given::Table(settings) => {
                for (name, given) in settings {
                    match peers::setting(name) {
                        Some(setting) => {
                            self.set(setting, name, given);
                        }
                        None => self.notes.push(format!("{name} has no place here")),
                    }
                }
            }
            Given::Number(_) | Given::List(_) => {
                self.set(Setting::Size, name, given);
            }
            Given::Nothing | Given::Flag(_) | Given::Text(_) => {}
        }
    }
}

/// The reducer with a setting of its own; none where it has no such setting.
fn with(reducer: Reducer, of: OfReducer, given: &Given) -> Option<Reducer> {
    Some(match (reducer, of) {
        (Reducer::Lp { .. }, OfReducer::P) => Reducer::Lp { p: given.number()? },
        (Reducer::Gem { learned, .. }, OfReducer::P) => Reducer::Gem { p: given.number()?, learned },
        (Reducer::Gem { p, .. }, OfReducer::Learned) => Reducer::Gem { p, learned: given.learned()? },
        (Reducer::Lse { learned, .. }, OfReducer::R) => Reducer::Lse { r: given.number()?, learned },
        (Reducer::Lse { r, .. }, OfReducer::Learned) => Reducer::Lse { r, learned: given.learned()? },
        (Reducer::Soft { .. }, OfReducer::Beta) => Reducer::Soft { beta: given.number()? },
        (Reducer::Mixed { learned, .. }, OfReducer::Alpha) => {
            Reducer::Mixed { alpha: given.number()?, learned }
        }
        (Reducer::Mixed { alpha, .. }, OfReducer::Learned) => {
            Reducer::Mixed { alpha, learned: given.learned()? }
        }
        (Reducer::S3 { .. }, OfReducer::Grid) => Reducer::S3 { grid: given.whole()? },
        (
            _,
            OfReducer::P
            | OfReducer::R
            | OfReducer::Beta
            | OfReducer::Alpha
            | OfReducer::Grid
            | OfReducer::Learned,
        ) => {
            return None;
        }
    })
}
