//! Which seeds the arms are trained with, and when these suffice.

use std::collections::HashSet;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use super::error::Source;
use super::toml_file::SeedToml;
use crate::reading::Whole;
use crate::{ComparisonSpec, SweepError};

/// `[1, 2, 3]`, or `{ until = { margin = 0.1, at_most = 60 } }`.
#[derive(Debug)]
pub(super) enum SeedsToml {
    List(Vec<Spanned<SeedToml>>),
    Until(UntilToml),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DesignToml {
    until: UntilToml,
}

/// Seeds until every comparison is decided.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UntilToml {
    margin: f64,
    at_most: Whole<LEAST_LOOK, 1_000>,
    looks: Option<Vec<Whole<LEAST_LOOK, 1_000>>>,
}

/// Seeds of the first look: with fewer, Student's distribution is too far from the normal one of a design's theory.
const LEAST_LOOK: u64 = 4;

impl<'de> Deserialize<'de> for SeedsToml {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SeedsVisitor;

        impl<'de> Visitor<'de> for SeedsVisitor {
            type Value = SeedsToml;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list such as [1, 2, 3], or { until = { margin = 0.1, at_most = 60 } }")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<SeedsToml, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(SeedsToml::List)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SeedsToml, A::Error> {
                let DesignToml { until } = DesignToml::deserialize(MapAccessDeserializer::new(map))?;
                Ok(SeedsToml::Until(until))
            }
        }

        deserializer.deserialize_any(SeedsVisitor)
    }
}

/// `[compare]`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CompareToml {
    /// Percentage points of test error.
    margin: Option<f64>,
}

/// The seeds, and how the arms are compared over them.
pub(super) fn check_seeds(
    source: &Source,
    seeds: &SeedsToml,
    CompareToml { margin }: CompareToml,
) -> Result<(Vec<u64>, ComparisonSpec), SweepError> {
    match seeds {
        SeedsToml::List(seeds) => {
            let margin = margin.map(|points| check_margin(source, "compare.margin", points)).transpose()?;
            Ok((check_listed_seeds(source, seeds)?, ComparisonSpec { margin, looks: Vec::new() }))
        }
        SeedsToml::Until(_) if margin.is_some() => {
            let message = "[compare] margin is given, and so is the margin of seeds.until; keep the latter";
            Err(source.error_of("compare.margin", message))
        }
        SeedsToml::Until(until) => {
            let margin = Some(check_margin(source, "seeds.until.margin", until.margin)?);
            let looks = check_looks(source, until)?;
            Ok(((1..=until.at_most.0).collect(), ComparisonSpec { margin, looks }))
        }
    }
}

/// Percentage points as a fraction.
fn check_margin(source: &Source, key: &str, points: f64) -> Result<f64, SweepError> {
    if points > 0.0 && points < 100.0 {
        return Ok(points / 100.0);
    }
    let message = format!(
        "margin = {points}: give the difference of test errors, in percentage points, below which two arms are as good \
         as equal to you: more than 0 and less than 100, such as 0.1"
    );
    Err(source.error_of(key, message))
}

/// More looks spend the error in portions that decide nothing.
const MOST_LOOKS: usize = 20;
/// Without looks of the file, none is at fewer seeds than this.
const FIRST_LOOK: u32 = 8;

/// The looks, the last of them at the last seed. Without any in the file, they halve the seeds from there on down.
fn check_looks(source: &Source, until: &UntilToml) -> Result<Vec<u32>, SweepError> {
    let at_most = until.at_most.0 as u32;
    let Some(looks) = &until.looks else {
        let mut looks: Vec<u32> =
            std::iter::successors(Some(at_most), |seeds| Some(seeds / 2).filter(|&half| half >= FIRST_LOOK))
                .collect();
        looks.reverse();
        return Ok(looks);
    };
    let mut looks: Vec<u32> = looks.iter().map(|seeds| seeds.0 as u32).collect();
    if looks.last() != Some(&at_most) {
        looks.push(at_most);
    }
    let rising = looks.windows(2).all(|pair| pair[0] < pair[1]);
    if rising && looks.len() <= MOST_LOOKS {
        return Ok(looks);
    }
    let message = format!(
        "looks = {looks:?} with at_most = {at_most}: give at most {MOST_LOOKS} numbers of seeds that rise and end at \
         at_most, such as [8, 15, 30, 60] with at_most = 60, or leave looks out"
    );
    Err(source.error_of("seeds.until.looks", message))
}

/// A design compares every two arms of the file.
pub(super) fn check_design_fits(source: &Source, arms: usize, has_search: bool) -> Result<(), SweepError> {
    const MOST: usize = ComparisonSpec::MOST_ARMS_IN_PAIRS;
    let message = match arms {
        _ if has_search => {
            "seeds.until and [search] exclude each other: a search draws arms that it drops again; list the \
                            seeds, or list the arms"
                .to_owned()
        }
        0 | 1 => "seeds.until compares arms, and there are fewer than two; add an [[arm]], or list the seeds"
            .to_owned(),
        many if many > MOST => format!(
            "seeds.until compares every two of at most {MOST} arms, and there are {many}; divide the study, or list the seeds"
        ),
        _ => return Ok(()),
    };
    Err(source.error_of("seeds", message))
}

fn check_listed_seeds(source: &Source, seeds: &[Spanned<SeedToml>]) -> Result<Vec<u64>, SweepError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(at_most: u64, looks: Option<&[u64]>) -> Result<Vec<u32>, String> {
        let source = Source { file: "sweep.toml".into(), text: String::new() };
        let looks = looks.map(|looks| looks.iter().map(|&seeds| Whole(seeds)).collect());
        check_looks(&source, &UntilToml { margin: 0.1, at_most: Whole(at_most), looks })
            .map_err(|error| error.message)
    }

    #[test]
    fn looks_end_at_the_last_seed_and_halve_it_where_none_are_given() {
        for (at_most, given, expected) in [
            (60, Some(&[8, 15, 30, 60][..]), &[8, 15, 30, 60][..]),
            (60, Some(&[8, 15, 30]), &[8, 15, 30, 60]),
            (60, Some(&[]), &[60]),
            (60, None, &[15, 30, 60]),
            (30, None, &[15, 30]),
            (64, None, &[8, 16, 32, 64]),
            (5, None, &[5]),
        ] {
            assert_eq!(looks(at_most, given).unwrap(), expected, "{at_most}, {given:?}");
        }
    }

    #[test]
    fn looks_that_do_not_rise_to_the_last_seed_are_refused() {
        for (at_most, given) in [(60, &[15, 8][..]), (60, &[8, 8]), (30, &[8, 40]), (30, &[30, 15])] {
            let message = looks(at_most, Some(given)).unwrap_err();
            assert!(message.contains("numbers of seeds that rise and end at at_most"), "{message}");
        }
        let many: Vec<u64> = (4..30).collect();
        assert!(looks(60, Some(&many)).is_err());
    }
}
