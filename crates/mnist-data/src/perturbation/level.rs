//! Which perturbations the study measures: levels of rising strength, each made of perturbations equally strong.

use pool_spec::PerturbationKind;

use super::Perturbation;

/// Perturbations of one kind that are equally strong: one point on the axis of a robustness curve.
#[derive(Debug, Clone, PartialEq)]
pub struct PerturbationLevel {
    /// The kind of all its perturbations.
    pub kind: PerturbationKind,
    /// How strong, in the unit that [`PerturbationKind::title`] names; 0 would be no change.
    pub strength: f64,
    /// What an error at this level is averaged over; never empty.
    pub perturbations: Vec<Perturbation>,
}

/// The levels of the study, by kind and then by rising strength.
///
/// A pooling layer of stride 2 sees a shift by 1 and one by 3 out of phase with its windows, those by 2 and 4 in
/// phase, so a curve over all four tells phase from distance. Shifts that lose content go in all four directions of the
/// axes; circular ones, which lose nothing, to the right and down. Rotation goes both ways, and scale up and down.
#[must_use]
pub fn standard_levels() -> Vec<PerturbationLevel> {
    let shifts = [1, 2, 3, 4].map(shift);
    let circular_shifts = [1, 2, 3, 4].map(circular_shift);
    let rotations = [5.0, 10.0, 15.0].map(rotation);
    let scales = [5.0, 10.0, 20.0].map(scale);
    let noises = [0.1, 0.2, 0.3].map(noise);
    let blurs = [0.5, 1.0, 1.5].map(blur);
    shifts
        .into_iter()
        .chain(circular_shifts)
        .chain(rotations)
        .chain(scales)
        .chain(noises)
        .chain(blurs)
        .collect()
}

fn level(kind: PerturbationKind, strength: f64, perturbations: Vec<Perturbation>) -> PerturbationLevel {
    PerturbationLevel { kind, strength, perturbations }
}

fn shift(pixels: i32) -> PerturbationLevel {
    let directions = [(pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)];
    let perturbations = directions.map(|(right, down)| Perturbation::Shift { right, down });
    level(PerturbationKind::Shift, pixels.into(), perturbations.to_vec())
}

fn circular_shift(pixels: i32) -> PerturbationLevel {
    let directions = [(pixels, 0), (0, pixels)];
    let perturbations = directions.map(|(right, down)| Perturbation::CircularShift { right, down });
    level(PerturbationKind::CircularShift, pixels.into(), perturbations.to_vec())
}

fn rotation(degrees: f64) -> PerturbationLevel {
    let perturbations = [degrees, -degrees].map(|degrees| Perturbation::Rotation { degrees });
    level(PerturbationKind::Rotation, degrees, perturbations.to_vec())
}

fn scale(per_cent: f64) -> PerturbationLevel {
    let factors = [(100.0 + per_cent) / 100.0, (100.0 - per_cent) / 100.0];
    let perturbations = factors.map(|factor| Perturbation::Scale { factor });
    level(PerturbationKind::Scale, per_cent, perturbations.to_vec())
}

fn noise(sd: f64) -> PerturbationLevel {
    level(PerturbationKind::Noise, sd, vec![Perturbation::Noise { sd }])
}

fn blur(sd: f64) -> PerturbationLevel {
    level(PerturbationKind::Blur, sd, vec![Perturbation::Blur { sd }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::{LabelledImages, PictureShape};

    #[test]
    fn levels_go_kind_by_kind_with_rising_strength() {
        let levels = standard_levels();
        assert!(levels.is_sorted_by(|a, b| (a.kind, a.strength) < (b.kind, b.strength)));
        let kinds: std::collections::BTreeSet<PerturbationKind> =
            levels.iter().map(|level| level.kind).collect();
        assert!(kinds.into_iter().eq(PerturbationKind::ALL));
    }

    #[test]
    fn every_perturbation_is_of_its_level_s_kind_and_changes_a_picture() {
        let images =
            LabelledImages::new(PictureShape::grey(9, 9), (0..81).map(|pixel| pixel * 3).collect(), vec![0])
                .unwrap();
        for level in standard_levels() {
            assert!(!level.perturbations.is_empty());
            for perturbation in level.perturbations {
                assert_eq!(perturbation.kind(), level.kind);
                assert_ne!(images.perturbed(&perturbation, 1).unwrap(), images, "{perturbation:?}");
            }
        }
    }

    #[test]
    fn strengths_are_those_of_the_perturbations() {
        let table = [
            (PerturbationKind::Shift, 3.0, Perturbation::Shift { right: 0, down: -3 }),
            (PerturbationKind::CircularShift, 4.0, Perturbation::CircularShift { right: 4, down: 0 }),
            (PerturbationKind::Rotation, 10.0, Perturbation::Rotation { degrees: -10.0 }),
            (PerturbationKind::Scale, 10.0, Perturbation::Scale { factor: 1.1 }),
            (PerturbationKind::Scale, 20.0, Perturbation::Scale { factor: 0.8 }),
            (PerturbationKind::Noise, 0.3, Perturbation::Noise { sd: 0.3 }),
            (PerturbationKind::Blur, 1.5, Perturbation::Blur { sd: 1.5 }),
        ];
        for (kind, strength, perturbation) in table {
            let levels = standard_levels();
            let level = levels.iter().find(|level| level.kind == kind && level.strength == strength).unwrap();
            assert!(level.perturbations.contains(&perturbation), "{perturbation:?}");
        }
    }
}
