//! What people write, and what they are told where it is wrong.
//!
//! [`Whole`] reads a number and names its interval, so that the rule of a message is the rule that decides. [`explain`]
//! turns the words of the TOML reader into a user's: the key, what stands there, and what to write.

mod defaults;
mod one_key;
mod toml_words;
mod typing;

use std::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer};

pub(crate) use defaults::{is_true, is_zero, yes};
pub(crate) use one_key::{value, variant};
pub use toml_words::{TomlText, explain};

/// A whole number from `LEAST` to `MOST`; a `MOST` of `u64::MAX` is no limit. Anything else is refused when it is read, by
/// the rule that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Whole<const LEAST: u64, const MOST: u64>(pub u64);

impl<const LEAST: u64, const MOST: u64> Whole<LEAST, MOST> {
    /// The same as a size; where `usize` does not reach it, the greatest that there is.
    pub fn to_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    /// The rule in words.
    pub(crate) fn rule(f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match MOST {
            u64::MAX => write!(f, "a whole number, {LEAST} or greater"),
            most => write!(f, "a whole number from {LEAST} to {most}"),
        }
    }

    /// Takes what a reader found; `expected` names the rule.
    pub(crate) fn check<E: Error>(value: i128, expected: &dyn serde::de::Expected) -> Result<Self, E> {
        let allowed = |value: &u64| (LEAST..=MOST).contains(value);
        u64::try_from(value).ok().filter(allowed).map(Self).ok_or_else(|| {
            // A reader's integers are of 64 bits.
            let found = i64::try_from(value).map_or(Unexpected::Unsigned(value as u64), Unexpected::Signed);
            E::invalid_value(found, expected)
        })
    }
}

impl<'de, const LEAST: u64, const MOST: u64> Deserialize<'de> for Whole<LEAST, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WholeVisitor<const LEAST: u64, const MOST: u64>;

        impl<const LEAST: u64, const MOST: u64> Visitor<'_> for WholeVisitor<LEAST, MOST> {
            type Value = Whole<LEAST, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Whole::<LEAST, MOST>::rule(f)
            }

            fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
                Whole::check(value.into(), &self)
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
                Whole::check(value.into(), &self)
            }
        }

        deserializer.deserialize_any(WholeVisitor)
    }
}

/// The same for a field of another type of number, `#[serde(deserialize_with = "whole::<1, 7, _, _>")]`.
///
/// # Errors
/// Anything but a whole number from `LEAST` to `MOST`.
pub fn whole<'de, const LEAST: u64, const MOST: u64, T: TryFrom<u64>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let Whole::<LEAST, MOST>(value) = Whole::deserialize(deserializer)?;
    T::try_from(value)
        .map_err(|_| D::Error::custom(format!("{value} is too large a number for this setting")))
}

/// A reader's message in one line. It repeats words of the file: line breaks between them become `; `, and other
/// characters that would not show, or would move the terminal's cursor, are spelt out.
pub fn one_line(message: &str) -> String {
    let spelt_out = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    message.trim().replace('\n', "; ").chars().map(spelt_out).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_within_is_read_and_one_beyond_is_told_the_interval() {
        fn read<const LEAST: u64, const MOST: u64>(text: &str) -> Result<u64, String> {
            toml::de::ValueDeserializer::parse(text)
                .and_then(Whole::<LEAST, MOST>::deserialize)
                .map(|Whole(number)| number)
                .map_err(|error| error.message().to_owned())
        }
        assert_eq!(read::<1, 7>("1"), Ok(1));
        assert_eq!(read::<1, 7>("7"), Ok(7));
        assert_eq!(read::<0, { u64::MAX }>("18446744073709551615"), Ok(u64::MAX));
        for (text, found) in [
            ("0", "invalid value: integer `0`"),
            ("8", "invalid value: integer `8`"),
            ("-1", "invalid value: integer `-1`"),
            ("18446744073709551615", "invalid value: integer `18446744073709551615`"),
            ("1.0", "invalid type: floating point `1.0`"),
            ("\"1\"", "invalid type: string \"1\""),
        ] {
            assert_eq!(read::<1, 7>(text), Err(format!("{found}, expected a whole number from 1 to 7")));
        }
        assert_eq!(
            read::<1, { u64::MAX }>("0"),
            Err("invalid value: integer `0`, expected a whole number, 1 or greater".to_owned())
        );
    }

    #[test]
    fn a_word_of_the_file_cannot_write_over_the_terminal() {
        for (message, expected) in [
            ("unknown field `sice`\n", "unknown field `sice`"),
            ("unknown field `a\nb`", "unknown field `a; b`"),
            ("unknown field `\u{1b}[2J\r\t`", r"unknown field `\u{1b}[2J\r\t`"),
            ("unknown field `池`", "unknown field `池`"),
        ] {
            assert_eq!(one_line(message), expected);
        }
    }
}
