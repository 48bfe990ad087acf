//! Two runs side by side.

use super::document::Block;
use super::markdown::render_markdown;
use super::tables::Table;
use super::terminal::render_blocks;
use crate::cells::{NOTHING, estimate, mebibytes, over_processes, points, points_interval, thousands};
use crate::{ArmBeside, ArmInRun, RunComparison};

/// Two runs side by side, for a terminal of `width` columns.
pub fn terminal_comparison(comparison: &RunComparison, width: u16) -> String {
    render_blocks(&blocks(comparison), width)
}

/// Two runs side by side, as a Markdown document.
pub fn markdown_comparison(comparison: &RunComparison) -> String {
    let [first, second] = comparison.studies.each_ref().map(String::as_str);
    render_markdown(&format!("{first} and {second}"), &blocks(comparison))
}

/// Differences in the settings first, then errors and costs.
fn blocks(comparison: &RunComparison) -> Vec<Block> {
    let mut blocks = vec![Block::List(vec![
        format!("first: {} ({})", comparison.studies[0], comparison.runs[0]),
        format!("second: {} ({})", comparison.studies[1], comparison.runs[1]),
    ])];
    blocks.push(settings(comparison));
    if !comparison.notes.is_empty() {
        blocks.push(Block::Paragraph(comparison.notes.clone()));
    }
    if !comparison.arms.is_empty() {
        blocks.push(Block::Table(errors(&comparison.arms)));
        let sentences = comparison.arms.iter().map(|arm| arm.difference.sentence.clone());
        blocks.push(Block::List(sentences.collect()));
        blocks.push(Block::Table(costs(&comparison.arms)));
    }
    blocks
}

fn settings(comparison: &RunComparison) -> Block {
    if comparison.settings.is_empty() {
        return Block::Paragraph(vec!["All settings, the machine and the program are the same.".to_owned()]);
    }
    let rows = comparison.settings.iter().map(|difference| {
        let [first, second] = difference.texts.clone();
        vec![difference.what.clone(), first, second]
    });
    Block::Table(
        Table::new("What differs", &["setting", "first", "second"], rows.collect()).with_word_columns(3),
    )
}

/// The arm's name, or both names if the runs differ.
fn name(arm: &ArmBeside) -> String {
    let [first, second] = &arm.runs;
    if first.arm == second.arm { first.arm.clone() } else { format!("{} / {}", first.arm, second.arm) }
}

fn errors(arms: &[ArmBeside]) -> Table {
    let rows = arms.iter().map(|arm| {
        let of = |run: &ArmInRun| estimate(run.test_error, 100.0, 2);
        let difference = arm.difference.difference.map_or_else(|| NOTHING.to_owned(), points);
        let interval = arm.difference.interval.map(|interval| format!(" {}", points_interval(interval)));
        let difference = format!("{difference}{}", interval.unwrap_or_default());
        vec![name(arm), of(&arm.runs[0]), of(&arm.runs[1]), difference]
    });
    let header = ["arm", "first, %", "second, %", "first minus second, points"];
    Table::new("Test error", &header, rows.collect())
}

/// A row per arm and run, as the figures of both runs in one row would be too wide.
fn costs(arms: &[ArmBeside]) -> Table {
    let rows = arms.iter().flat_map(|arm| {
        let runs = arm.runs.iter().zip(["first", "second"]);
        runs.map(|(run, which)| {
            let memory = mebibytes(run.training_bytes.map(|bytes| bytes as f64));
            let memory = if run.memory_measured || run.training_bytes.is_none() {
                memory
            } else {
                format!("~{memory}")
            };
            vec![
                name(arm),
                which.to_owned(),
                thousands(run.parameters),
                over_processes(run.epoch_s, 1.0, 2),
                over_processes(run.prediction_s, 1.0, 3),
                memory,
            ]
        })
    });
    let header = ["arm", "run", "parameters", "one epoch, s", "prediction, s", "training memory, MiB"];
    let modelled = arms.iter().flat_map(|arm| &arm.runs).any(|run| !run.memory_measured);
    let note = modelled.then(|| "~ estimated, not measured.".to_owned());
    Table::new("Costs", &header, rows.collect()).with_word_columns(2).with_notes(note)
}
