//! The kinds of perturbation, by which a report groups them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A small change of a test picture, without its parameters: mnist-data makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PerturbationKind {
    /// Moved by whole pixels, background enters.
    Shift,
    /// Moved by whole pixels, around the edges.
    CircularShift,
    /// Turned about the centre.
    Rotation,
    /// Larger or smaller about the centre.
    Scale,
    /// Gaussian noise.
    Noise,
    /// Gaussian blur.
    Blur,
}

impl PerturbationKind {
    /// All kinds, in the order of a report.
    pub const ALL: [Self; 6] =
        [Self::Shift, Self::CircularShift, Self::Rotation, Self::Scale, Self::Noise, Self::Blur];

    /// The name in records and tables, which does not change between releases.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Shift => "shift",
            Self::CircularShift => "circular_shift",
            Self::Rotation => "rotation",
            Self::Scale => "scale",
            Self::Noise => "noise",
            Self::Blur => "blur",
        }
    }

    /// What a person reads on the axis of strengths, with the unit of a level's strength.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Shift => "shift (pixels)",
            Self::CircularShift => "circular shift (pixels)",
            Self::Rotation => "rotation (degrees)",
            Self::Scale => "larger or smaller (per cent)",
            Self::Noise => "Gaussian noise (SD, share of the grey range)",
            Self::Blur => "Gaussian blur (SD, pixels)",
        }
    }
}

impl fmt::Display for PerturbationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_titles_tell_the_kinds_apart() {
        for texts in [
            PerturbationKind::ALL.map(PerturbationKind::name),
            PerturbationKind::ALL.map(PerturbationKind::title),
        ] {
            let different: std::collections::BTreeSet<&str> = texts.into_iter().collect();
            assert_eq!(different.len(), PerturbationKind::ALL.len());
        }
    }

    #[test]
    fn names_are_snake_case() {
        for kind in PerturbationKind::ALL {
            assert!(kind.name().bytes().all(|c| c.is_ascii_lowercase() || c == b'_'), "{kind}");
        }
    }
}
