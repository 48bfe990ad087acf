//! A league: the place of every arm in several runs, on different data or in different networks.
use pool_metrics::{RankInterval, ranks};
use pool_records::TestedArms;
use pool_spec::PerturbationKind;
use serde::Serialize;

use super::caveats::mark_unlike_machines;
use super::methods::of_arms;
use super::{Objective, StudyData};
use crate::cells::{counted, thousands};
use crate::figures::LEVEL;
use crate::render::plain_name;
use crate::{ArmFigures, ArmResults, Estimate, ReportError, Run};

/// The arms of several runs, ranked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct League {
    /// One table for each run, in the order given.
    pub tables: Vec<LeagueTable>,
    /// Arms that are in more than one run, by their mean place in those that have them all.
    pub overall: Vec<Overall>,
    /// Which runs count towards `overall`, by their place in `tables`.
    pub counted: Vec<usize>,
}

/// The arms of one run, the lowest test error first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeagueTable {
    /// The study's name.
    pub study: String,
    /// The images.
    pub data: Option<StudyData>,
    /// Data, network, seeds, epochs and machine, in sentences.
    pub about: Vec<String>,
    /// Its arms.
    pub rows: Vec<LeagueRow>,
    /// Arms and trials that are left out, and why, in sentences.
    pub left_out: Vec<String>,
}

/// One arm of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeagueRow {
    /// The arm's name.
    pub arm: String,
    /// Its place, and those that it may have.
    pub rank: RankInterval,
    /// Share of test images misclassified.
    pub test_error: Estimate,
    /// Share of test images that keep their predicted class after a shift of one pixel.
    pub consistency: Option<Estimate>,
    /// Seconds of an epoch; `None` where it was not measured or must not be compared.
    pub epoch_s: Option<f64>,
    /// Peak memory of training, in bytes, measured; `None` as above.
    pub training_bytes: Option<f64>,
    /// Trainable parameters.
    pub parameters: Option<u64>,
}

/// An arm over several runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overall {
    /// The arm's name.
    pub arm: String,
    /// The mean of its ranks.
    pub mean_rank: f64,
    /// Its rank in each run that counts.
    pub ranks: Vec<RankInterval>,
}

impl League {
    /// Ranks the arms of every run.
    ///
    /// # Errors
    /// [`ReportError::SameStudy`] for two runs of one name: nobody could tell their tables apart.
    pub fn of(runs: &[Run]) -> Result<Self, ReportError> {
        for (place, run) in runs.iter().enumerate() {
            let name = plain_name(&run.study);
            if let Some(other) = runs[..place].iter().find(|other| plain_name(&other.study) == name) {
                let [first, second] = [other, run].map(|run| run.layout.root().to_owned());
                return Err(ReportError::SameStudy { first, second, study: run.study.clone() });
            }
        }
        let tables: Vec<LeagueTable> = runs.iter().map(LeagueTable::of).collect();
        let (counted, overall) = overall(&tables);
        Ok(Self { tables, overall, counted })
    }
}

/// The arms of the runs that most runs have in common, and these runs; nothing where no two have the same arms.
fn overall(tables: &[LeagueTable]) -> (Vec<usize>, Vec<Overall>) {
    let names = |table: &LeagueTable| {
        let mut names: Vec<String> = table.rows.iter().map(|row| row.arm.clone()).collect();
        names.sort();
        names
    };
    let with_arms = |arms: &[String]| -> Vec<usize> {
        (0..tables.len()).filter(|&place| names(&tables[place]) == arms).collect()
    };
    let groups = tables.iter().map(|table| (names(table), with_arms(&names(table))));
    // Of groups that are as large, the first one.
    let largest = groups.reduce(|a, b| if b.1.len() > a.1.len() { b } else { a });
    let Some((arms, counted)) = largest.filter(|(_, counted)| counted.len() > 1) else {
        return (Vec::new(), Vec::new());
    };
    let rank =
        |table: &LeagueTable, arm: &str| table.rows.iter().find(|row| row.arm == arm).map(|row| row.rank);
    let mut overall: Vec<Overall> = arms
        .into_iter()
        .map(|arm| {
            let ranks: Vec<RankInterval> =
                counted.iter().filter_map(|&place| rank(&tables[place], &arm)).collect();
            let mean_rank =
                ranks.iter().map(|found| found.rank as f64).sum::<f64>() / ranks.len().max(1) as f64;
            Overall { arm, mean_rank, ranks }
        })
        .collect();
    overall.sort_by(|a, b| a.mean_rank.total_cmp(&b.mean_rank).then(a.arm.cmp(&b.arm)));
    (counted, overall)
}

impl LeagueTable {
    fn of(run: &Run) -> Self {
        let mut figures: Vec<ArmFigures> = run.arms.iter().map(ArmFigures::of).collect();
        mark_unlike_machines(&mut figures);
        let (ranked, mut left_out) = ranked(run);
        left_out.extend(figures.iter().filter(|arm| arm.diverged > 0).map(|arm| {
            format!("{} of {} diverged and are left out.", counted(arm.diverged, "trial"), arm.arm)
        }));
        let row = |figures: &ArmFigures| {
            let (_, rank) = ranked.iter().find(|(arm, _)| *arm == figures.arm)?;
            Some(LeagueRow {
                arm: figures.arm.clone(),
                rank: *rank,
                test_error: figures.test_error?,
                consistency: consistency(figures),
                epoch_s: Objective::EpochTime.of(figures),
                training_bytes: Objective::TrainingPeak.of(figures),
                parameters: figures.parameters,
            })
        };
        let mut rows: Vec<LeagueRow> = figures.iter().filter_map(row).collect();
        rows.sort_by(|a, b| {
            a.rank.rank.cmp(&b.rank.rank).then(a.test_error.mean.total_cmp(&b.test_error.mean))
        });
        Self {
            study: run.study.clone(),
            data: run.records().next().map(StudyData::of),
            about: about(run, &rows),
            rows,
            left_out,
        }
    }
}

/// The rank of every arm that was tested, and what is left out.
fn ranked(run: &Run) -> (Vec<(&str, RankInterval)>, Vec<String>) {
    let records = run.arms.iter().map(|arm| (arm.name.as_str(), arm.records.as_slice()));
    let Some(tested) = TestedArms::of(records) else {
        return (Vec::new(), vec!["No trial has been tested.".to_owned()]);
    };
    let mut left_out: Vec<String> = tested.left_out.iter().map(super::comparisons::in_words).collect();
    let seeds: Vec<_> = tested.arms.iter().map(|arm| arm.seeds.as_slice()).collect();
    match ranks(tested.labels, &seeds, 1.0 - LEVEL, tested.held_out_ratio) {
        Ok(found) => (tested.arms.iter().map(|arm| arm.arm).zip(found).collect(), left_out),
        Err(error) => {
            left_out.push(format!("The arms cannot be ranked: {error}."));
            (Vec::new(), left_out)
        }
    }
}

/// After the smallest shift, which is of one pixel.
fn consistency(figures: &ArmFigures) -> Option<Estimate> {
    let shifts = figures.robustness.iter().filter(|row| row.kind == PerturbationKind::Shift);
    shifts.min_by(|a, b| a.strength.total_cmp(&b.strength))?.consistency
}

fn about(run: &Run, rows: &[LeagueRow]) -> Vec<String> {
    let Some(record) = run.records().next() else { return Vec::new() };
    let data = StudyData::of(record);
    let ranked = |arm: &&ArmResults| rows.iter().any(|row| row.arm == arm.name);
    let seeds: Vec<usize> = run.arms.iter().filter(ranked).map(|arm| arm.healthy().count()).collect();
    let (least, most) = (seeds.iter().min().copied().unwrap_or(0), seeds.iter().max().copied().unwrap_or(0));
    let seeds = if least == most { counted(most, "seed") } else { format!("{least} to {most} seeds") };
    let train = &record.spec.train;
    vec![
        format!(
            "{}: {} arms with {seeds} each, at most {} of {} training images, and {} test images of {}.",
            run.study,
            rows.len(),
            counted(train.epochs as usize, "epoch"),
            thousands(Some(data.train_images)),
            thousands(Some(data.test_images)),
            data.dataset
        ),
        format!(
            "Optimizer: {}. Schedule: {}.",
            of_arms(run, |record| record.spec.train.optimizer_words()),
            of_arms(run, |record| record.spec.train.schedule_words())
        ),
        format!("Processor: {}.", record.provenance.cpu.as_deref().unwrap_or("not known")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(arms: &[(&str, usize)]) -> LeagueTable {
        let row = |&(arm, rank): &(&str, usize)| LeagueRow {
            arm: arm.to_owned(),
            rank: RankInterval { rank, low: rank, high: rank },
            test_error: Estimate::of(&[0.01], 0.0).unwrap(),
            consistency: None,
            epoch_s: None,
            training_bytes: None,
            parameters: None,
        };
        LeagueTable {
            study: "study".to_owned(),
            data: None,
            about: Vec::new(),
            rows: arms.iter().map(row).collect(),
            left_out: Vec::new(),
        }
    }

    #[test]
    fn runs_with_the_same_arms_are_counted_together() {
        let tables = [
            table(&[("max", 1), ("avg", 2), ("none", 3)]),
            table(&[("max", 1), ("avg", 2)]),
            table(&[("avg", 1), ("none", 2), ("max", 3)]),
        ];
        let (counted, overall) = overall(&tables);
        assert_eq!(counted, [0, 2]);
        let found: Vec<(&str, f64)> = overall.iter().map(|arm| (arm.arm.as_str(), arm.mean_rank)).collect();
        assert_eq!(found, [("avg", 1.5), ("max", 2.0), ("none", 2.5)]);
    }

    #[test]
    fn a_single_run_has_no_overall_table() {
        assert_eq!(overall(&[table(&[("max", 1)])]), (Vec::new(), Vec::new()));
    }
}
