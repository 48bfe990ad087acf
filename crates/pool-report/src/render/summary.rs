//! The summary at the end of a sweep: at most a screenful, however large the run.

use super::document::Block;
use super::tables::{Table, row};
use super::terminal::render_blocks;
use crate::cells::{counted, estimate, listed, mebibytes, number, thousands};
use crate::{Analysis, ArmFigures, Conclusion, Objective};

/// The most rows of the table.
const MOST_ARMS: usize = 12;
/// The most sentences on what is missing.
const MOST_ABSENCES: usize = 4;
/// The most arms named in a sentence.
const MOST_NAMES: usize = 4;

/// The verdict and one table. Lines are at most `width` columns long, unless a single word or figure is longer. The
/// complete version is [`terminal_report`](crate::terminal_report).
pub fn terminal_summary(analysis: &Analysis, width: u16) -> String {
    render_blocks(&blocks(analysis), width)
}

fn blocks(analysis: &Analysis) -> Vec<Block> {
    let mut blocks = Vec::new();
    let absences = &analysis.absences.sentences;
    if !absences.is_empty() {
        let more = absences.len().saturating_sub(MOST_ABSENCES);
        let more = (more > 0)
            .then(|| format!("The report has {} about what is missing.", counted(more, "more sentence")));
        blocks.push(Block::List(absences.iter().take(MOST_ABSENCES).cloned().chain(more).collect()));
    }
    if !analysis.has_trials() {
        return blocks;
    }
    blocks.push(Block::Heading("Verdict".to_owned()));
    blocks.push(Block::Paragraph(analysis.verdict.sentences.clone()));
    if !analysis.class_gaps.is_empty() {
        blocks.push(Block::Paragraph(analysis.class_gaps.clone()));
    }
    blocks.extend(analysis.confounding.iter().map(|sentence| Block::Paragraph(vec![sentence.clone()])));
    blocks.push(Block::Table(main_table(analysis)));
    blocks.extend(analysis.tuning.as_ref().map(|tuning| Block::Paragraph(tuning.sentences.clone())));
    blocks.extend(claims(analysis).map(|sentence| Block::Paragraph(vec![sentence])));
    blocks
}

/// Errors and costs side by side. There is no column for figures that were not measured or must not be compared.
fn main_table(analysis: &Analysis) -> Table {
    let (arms, left_out) = shown(&analysis.arms);
    let costs: Vec<Cost> = COSTS
        .into_iter()
        .filter(|(_, objective, _)| arms.iter().any(|arm| objective.of(arm).is_some()))
        .collect();
    let rows = arms.iter().map(|arm| {
        let errors = [arm.test_error, arm.validation_error].map(|error| estimate(error, 100.0, 2));
        let errors = std::iter::once(arm.trials.len().to_string()).chain(errors);
        row(&arm.arm, errors.chain(costs.iter().map(|(_, objective, show)| show(objective.of(arm)))))
    });
    let header: Vec<&str> = ["arm", "seeds", "test, %", "validation, %"]
        .into_iter()
        .chain(costs.iter().map(|(head, ..)| *head))
        .collect();
    let data = analysis
        .data
        .as_ref()
        .map(|data| format!("{} test images of {}.", thousands(Some(data.test_images)), data.dataset));
    let intervals = arms
        .iter()
        .any(|arm| arm.test_error.is_some_and(|error| error.interval.is_some()))
        .then(|| "Errors are means over seeds with their 95 % t intervals.".to_owned());
    let uncompared =
        |arm: &&ArmFigures| arm.costs.epoch_s.is_some() && Objective::EpochTime.of(arm).is_none();
    let times =
        arms.iter().any(uncompared).then(|| "Times that must not be compared are left out.".to_owned());
    Table::new("Error and cost of each arm", &header, rows.collect()).with_notes(
        [data, intervals, times, diverged(&analysis.arms), left_out]
            .into_iter()
            .flatten()
            .reduce(|notes, note| format!("{notes} {note}")),
    )
}

/// A column: its head, its figure, and how the figure is formatted.
type Cost = (&'static str, Objective, fn(Option<f64>) -> String);

const COSTS: [Cost; 3] = [
    ("parameters", Objective::Parameters, |count| thousands(count.map(|count| count as u64))),
    ("epoch, s", Objective::EpochTime, |seconds| number(seconds, 2)),
    ("memory, MiB", Objective::TrainingPeak, mebibytes),
];

/// All arms, or those with the lowest validation errors and a sentence that says so.
fn shown(all: &[ArmFigures]) -> (Vec<&ArmFigures>, Option<String>) {
    let mut arms: Vec<&ArmFigures> = all.iter().collect();
    if arms.len() <= MOST_ARMS {
        return (arms, None);
    }
    let error = |arm: &ArmFigures| arm.validation_error.map_or(f64::INFINITY, |error| error.mean);
    arms.sort_by(|a, b| error(a).total_cmp(&error(b)));
    arms.truncate(MOST_ARMS);
    let sentence =
        format!("These {MOST_ARMS} of {} have the lowest validation errors.", counted(all.len(), "arm"));
    (arms, Some(sentence))
}

fn diverged(arms: &[ArmFigures]) -> Option<String> {
    let those: Vec<&ArmFigures> = arms.iter().filter(|arm| arm.diverged > 0).collect();
    let trials: usize = those.iter().map(|arm| arm.diverged).sum();
    let mut names: Vec<String> = those.iter().take(MOST_NAMES).map(|arm| arm.arm.clone()).collect();
    let more = those.len() - names.len();
    names.extend((more > 0).then(|| counted(more, "more arm")));
    let verb = if trials == 1 { "is" } else { "are" };
    (trials > 0).then(|| {
        format!(
            "{} of {} diverged and {verb} excluded from the means.",
            counted(trials, "trial"),
            listed(&names)
        )
    })
}

/// How many claims hold. `None` without claims.
fn claims(analysis: &Analysis) -> Option<String> {
    let counts: Vec<String> = Conclusion::ALL
        .into_iter()
        .filter_map(|wanted| {
            let count = analysis.claims.iter().filter(|claim| claim.conclusion == wanted).count();
            let verb = match wanted {
                Conclusion::Holds if count == 1 => "holds",
                Conclusion::Holds => "hold",
                Conclusion::DoesNotHold if count == 1 => "does not hold",
                Conclusion::DoesNotHold => "do not hold",
                Conclusion::PracticallyEqual if count == 1 => "compares arms that are practically equal",
                Conclusion::PracticallyEqual => "compare arms that are practically equal",
                Conclusion::CannotBeTold => "cannot be told",
            };
            (count > 0).then(|| format!("{count} {verb}"))
        })
        .collect();
    (!counts.is_empty())
        .then(|| format!("Of {}, {}.", counted(analysis.claims.len(), "claim"), listed(&counts)))
}
