//! A value that somebody gave to a setting of another library, and Python's way of writing a call.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::pool::{OpenExtent, Padding};
use crate::{Extent, Learned};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Given {
    /// Python's `None`.
    Nothing,
    Flag(bool),
    Number(f64),
    /// Text, or a name without quotes.
    Text(String),
    List(Vec<Given>),
    Table(Vec<(String, Given)>),
}

/// Lists within lists that are still read; nobody means more.
const DEEPEST: usize = 4;

impl Given {
    /// Nothing is `None` or its absence.
    pub(super) fn is_nothing(&self) -> bool {
        *self == Self::Nothing
    }

    pub(super) fn number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        if let Self::Flag(flag) = self { Some(*flag) } else { None }
    }

    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(super) fn whole(&self) -> Option<usize> {
        self.number()
            .filter(|number| number.fract() == 0.0 && (0.0..=1e6).contains(number))
            .map(|n| n as usize)
    }

    /// One size, where all are the same. TensorFlow's lists have an entry for batch and channels, too.
    pub(super) fn extent(&self) -> Option<Extent> {
        let Self::List(entries) = self else { return self.whole().map(Extent::All) };
        let sizes = entries.iter().map(Self::whole).collect::<Option<Vec<usize>>>()?;
        let spatial = match sizes.as_slice() {
            [1, spatial @ .., 1] if sizes.len() > 3 => spatial,
            all => all,
        };
        let first = *spatial.first()?;
        Some(if spatial.iter().all(|&size| size == first) {
            Extent::All(first)
        } else {
            Extent::Each(spatial.to_vec())
        })
    }

    /// An output's size, of which some may be left open.
    pub(super) fn open_extent(&self) -> Option<OpenExtent> {
        if let Some(extent) = self.extent() {
            return Some(extent.into());
        }
        let Self::List(entries) = self else { return None };
        let size = |entry: &Self| if entry.is_nothing() { Some(None) } else { entry.whole().map(Some) };
        entries.iter().map(size).collect::<Option<Vec<_>>>().map(OpenExtent::Each)
    }

    pub(super) fn padding(&self) -> Option<Padding> {
        match self.text().map(str::to_ascii_lowercase).as_deref() {
            Some("same") => Some(Padding::Same),
            Some("valid") => Some(Padding::Valid),
            Some(_) => None,
            None => match self.extent()? {
                Extent::All(0) => Some(Padding::Valid),
                cells => Some(Padding::Symmetric(cells)),
            },
        }
    }

    pub(super) fn learned(&self) -> Option<Learned> {
        match self {
            Self::Flag(true) => Some(Learned::Layer),
            Self::Flag(false) => Some(Learned::No),
            Self::Text(text) if text == "layer" => Some(Learned::Layer),
            Self::Text(text) if text == "channel" => Some(Learned::Channel),
            Self::Text(text) if text == "no" => Some(Learned::No),
            Self::Nothing | Self::Number(_) | Self::Text(_) | Self::List(_) | Self::Table(_) => None,
        }
    }
}

impl<'de> Deserialize<'de> for Given {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct GivenVisitor;

        impl<'de> Visitor<'de> for GivenVisitor {
            type Value = Given;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Given, E> {
                Ok(Given::Flag(flag))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Given, E> {
                Ok(Given::Number(number as f64))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Given, E> {
                Ok(Given::Number(number as f64))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Given, E> {
                Ok(Given::Number(number))
            }

            fn visit_str<E>(self, text: &str) -> Result<Given, E> {
                Ok(Given::Text(text.to_owned()))
            }

            fn visit_unit<E>(self) -> Result<Given, E> {
                Ok(Given::Nothing)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Given, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    entries.push(entry);
                }
                Ok(Given::List(entries))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Given, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Given::Table(entries))
            }
        }

        deserializer.deserialize_any(GivenVisitor)
    }
}

/// `nn.MaxPool2d(2, stride=1)`, or a name alone.
#[derive(Debug, PartialEq)]
pub(super) struct Call<'t> {
    pub(super) name: &'t str,
    /// Arguments, those by position without a name.
    pub(super) arguments: Vec<(Option<&'t str>, Given)>,
}

impl<'t> Call<'t> {
    /// None for a text that is no call.
    pub(super) fn parse(text: &'t str) -> Option<Self> {
        let mut rest = Rest(text.trim());
        let name = rest.name()?;
        if rest.0.is_empty() {
            return Some(Self { name, arguments: Vec::new() });
        }
        rest.take('(')?;
        let mut arguments = Vec::new();
        while rest.take(')').is_none() {
            let before = rest.0;
            let named = rest.name().filter(|_| rest.take('=').is_some());
            if named.is_none() {
                rest.0 = before;
            }
            arguments.push((named, rest.value(0)?));
            if rest.take(',').is_none() && !rest.0.starts_with(')') {
                return None;
            }
        }
        rest.0.is_empty().then_some(Self { name, arguments })
    }
}

/// What is left to read, its leading spaces taken away.
struct Rest<'t>(&'t str);

impl<'t> Rest<'t> {
    fn take(&mut self, wanted: char) -> Option<()> {
        self.0 = self.0.strip_prefix(wanted)?.trim_start();
        Some(())
    }

    fn until(&mut self, is_part: impl Fn(char) -> bool) -> Option<&'t str> {
        let end = self.0.find(|c| !is_part(c)).unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest.trim_start();
        (!word.is_empty()).then_some(word)
    }

    fn name(&mut self) -> Option<&'t str> {
        let begins = self.0.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        begins.then(|| self.until(|c| c.is_ascii_alphanumeric() || "_.".contains(c)))?
    }

    fn value(&mut self, depth: usize) -> Option<Given> {
        for (open, close) in [('(', ')'), ('[', ']')] {
            if self.take(open).is_some() {
                let mut entries = Vec::new();
                while self.take(close).is_none() {
                    entries.push(self.value(depth + 1).filter(|_| depth < DEEPEST)?);
                    if self.take(',').is_none() && !self.0.starts_with(close) {
                        return None;
                    }
                }
                return Some(Given::List(entries));
            }
        }
        for quote in ['"', '\''] {
            if self.take(quote).is_some() {
                let (text, rest) = self.0.split_once(quote)?;
                self.0 = rest.trim_start();
                return Some(Given::Text(text.to_owned()));
            }
        }
        if let Some(name) = self.name() {
            return Some(match name {
                "None" => Given::Nothing,
                "True" | "true" => Given::Flag(true),
                "False" | "false" => Given::Flag(false),
                name => Given::Text(name.to_owned()),
            });
        }
        self.until(|c| c.is_ascii_digit() || ".eE+-".contains(c))?.parse().ok().map(Given::Number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_read_as_python_writes_them() {
        let numbers = |numbers: [f64; 2]| Given::List(numbers.map(Given::Number).to_vec());
        assert_eq!(
            Call::parse("nn.MaxPool2d((3, 2), stride=1, ceil_mode = True)"),
            Some(Call {
                name: "nn.MaxPool2d",
                arguments: vec![
                    (None, numbers([3.0, 2.0])),
                    (Some("stride"), Given::Number(1.0)),
                    (Some("ceil_mode"), Given::Flag(true)),
                ],
            })
        );
        assert_eq!(
            Call::parse("F.lp_pool2d(x, 2, [3, 3,], padding='same',)").map(|call| call.arguments),
            Some(vec![
                (None, Given::Text("x".to_owned())),
                (None, Given::Number(2.0)),
                (None, numbers([3.0, 3.0])),
                (Some("padding"), Given::Text("same".to_owned())),
            ])
        );
        assert_eq!(Call::parse("Identity").map(|call| call.arguments.len()), Some(0));
        for text in
            ["", "(2)", "a(", "a(2", "a(2))", "a(2) b", "a(,)", "a(2 3)", "a b", "2(2)", "a(((((((2)))))))"]
        {
            assert_eq!(Call::parse(text), None, "{text}");
        }
    }
}
