//! `fractional = { ratio = 0.7, regions = "overlapping" }`.

use serde::{Deserialize, Serialize};

use crate::pool::{Fractional, FractionalEvaluation, FractionalRegions, FractionalSequence, FractionalSize};
use crate::{Extent, SettingError};

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FractionalSpelling {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) output: Option<Extent>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<Extent>,
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

pub(super) fn unless_default<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}
