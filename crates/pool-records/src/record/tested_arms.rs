//! What the trials of each arm predicted for the same test images: what arms are compared by.

use pool_metrics::{ArmPair, SeedPredictions};

use super::TrialRecord;

/// The arms of a run whose trials can be compared.
#[derive(Debug)]
pub struct TestedArms<'a> {
    /// The class of each test image.
    pub labels: &'a [u16],
    /// The arms with at least one trial that did not diverge.
    pub arms: Vec<TestedArm<'a>>,
    /// Images held out over images trained with, where each seed holds out others for validation, and else 0.
    pub held_out_ratio: f64,
    /// What is left out.
    pub left_out: Vec<LeftOut<'a>>,
}

/// What the trials of one arm predicted.
#[derive(Debug)]
pub struct TestedArm<'a> {
    /// The arm's name.
    pub arm: &'a str,
    /// One entry per seed.
    pub seeds: Vec<SeedPredictions<'a>>,
}

/// What cannot be compared, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are named after what they name")]
pub enum LeftOut<'a> {
    /// A trial with other test images than the first one's.
    OtherImages { trial: &'a str },
    /// A second trial of an arm with the same seed.
    SeedTwice { arm: &'a str, seed: u64 },
    /// An arm of which no trial has kept from diverging.
    AllDiverged { arm: &'a str },
}

impl<'a> TestedArms<'a> {
    /// Of the records of each arm, by its name. `None` if none of them has looked at test images.
    pub fn of<A>(records: A) -> Option<Self>
    where
        A: IntoIterator<Item = (&'a str, &'a [TrialRecord])> + Clone,
    {
        let healthy = |records: &'a [TrialRecord]| records.iter().filter(|record| record.is_healthy());
        let first = records
            .clone()
            .into_iter()
            .flat_map(|(_, records)| healthy(records))
            .find_map(|record| Some((record, record.test.as_ref()?)));
        let (first, test) = first?;
        let labels = test.labels.as_slice();
        let mut found =
            Self { labels, arms: Vec::new(), held_out_ratio: first.held_out_ratio(), left_out: Vec::new() };
        for (arm, records) in records {
            let mut seeds: Vec<SeedPredictions<'_>> = Vec::new();
            for record in healthy(records) {
                let Some(test) = &record.test else { continue };
                let seed = record.spec.seed;
                if test.labels != labels || test.predictions.len() != labels.len() {
                    found.left_out.push(LeftOut::OtherImages { trial: &record.id });
                } else if seeds.iter().any(|trial| trial.seed == seed) {
                    found.left_out.push(LeftOut::SeedTwice { arm, seed });
                } else {
                    seeds.push(SeedPredictions { seed, predictions: &test.predictions });
                }
            }
            if !records.is_empty() && healthy(records).next().is_none() {
                found.left_out.push(LeftOut::AllDiverged { arm });
            } else if !seeds.is_empty() {
                found.arms.push(TestedArm { arm, seeds });
            }
        }
        Some(found)
    }

    /// Every two arms, in order; `looks` is how many looks of a design an arm has behind it.
    pub fn pairs(&self, looks: impl Fn(&str) -> usize) -> Vec<([&'a str; 2], ArmPair<'_>)> {
        let looks: Vec<usize> = self.arms.iter().map(|arm| looks(arm.arm)).collect();
        let mut pairs = Vec::new();
        for (place, first) in self.arms.iter().enumerate() {
            for (second, looks_of_second) in self.arms.iter().zip(&looks).skip(place + 1) {
                let looks = looks[place].min(*looks_of_second);
                pairs.push(([first.arm, second.arm], ArmPair { a: &first.seeds, b: &second.seeds, looks }));
            }
        }
        pairs
    }
}
