//! How the arms of a sweep are compared: fixed in its plan before the first trial.

use serde::{Deserialize, Serialize};

/// When two arms count as practically equal, and when there are seeds enough.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonSpec {
    /// Arms whose test errors differ by less than this fraction of the images are practically equal; `None` calls no two
    /// arms equal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// Seeds after which the arms are compared, rising: an arm whose comparisons are all decided is trained with no more.
    /// Empty where every arm is trained with every seed. A look at so many seeds is at those from 1 on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<u32>,
}

impl ComparisonSpec {
    /// Of more arms than this not every two are compared: there would be hundreds of pairs, and hardly any difference would
    /// stand out after the correction.
    pub const MOST_ARMS_IN_PAIRS: usize = 10;

    /// Whether nothing was asked for: a fixed number of seeds, and no margin.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// Looks that an arm has behind it, if its trial of each seed has come to an end or not.
    pub fn looks_done(&self, has_ended: impl Fn(u64) -> bool) -> usize {
        let done = |seeds: &&u32| (1..=u64::from(**seeds)).all(&has_ended);
        self.looks.iter().take_while(done).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_done_when_every_seed_of_it_has_ended() {
        let design = ComparisonSpec { margin: Some(0.001), looks: vec![3, 6] };
        for (ended, expected, why) in [
            (&[][..], 0, "nothing yet"),
            (&[1, 3], 0, "one is missing"),
            (&[1, 2, 3], 1, "the first look"),
            (&[1, 2, 3, 4, 6], 1, "not all of the second"),
            (&[1, 2, 3, 4, 5, 6], 2, "both"),
            (&[4, 5, 6], 0, "later seeds take the place of no earlier one"),
        ] {
            assert_eq!(design.looks_done(|seed| ended.contains(&seed)), expected, "{why}");
        }
    }
}
