//! The content of a report in reading order, before it becomes terminal text or Markdown.

use super::tables;
use super::tables::{Detail, Table};
use crate::Analysis;

/// A piece of a report.
pub(super) enum Block {
    /// A title above what follows.
    Heading(String),
    /// Sentences that belong together.
    Paragraph(Vec<String>),
    /// Items of one or more sentences.
    List(Vec<String>),
    /// A table with its title.
    Table(Table),
    /// A file beside the document, which a terminal cannot show.
    Picture {
        /// What it shows.
        title: String,
        /// Its name.
        file: String,
    },
}

/// More pairs than this become a table of the pairs with the best arm.
const MOST_SENTENCES: usize = 10;

/// The whole report, the verdict first.
pub(super) fn blocks(analysis: &Analysis, detail: Detail) -> Vec<Block> {
    let mut blocks = Vec::new();
    let absences = &analysis.absences.sentences;
    if !absences.is_empty() {
        blocks.push(Block::List(absences.clone()));
    }
    if !analysis.has_trials() {
        return blocks;
    }
    let verdict = &analysis.verdict.sentences;
    if !verdict.is_empty() {
        blocks.push(Block::Heading("Verdict".to_owned()));
        blocks.push(Block::Paragraph(verdict.clone()));
    }
    if !analysis.class_gaps.is_empty() {
        blocks.push(Block::Paragraph(analysis.class_gaps.clone()));
    }
    blocks.extend(analysis.confounding.iter().map(|sentence| Block::Paragraph(vec![sentence.clone()])));
    blocks.extend(tables::of_arms(analysis, detail).into_iter().map(Block::Table));
    blocks.extend(comparisons(analysis, detail));
    blocks.extend(tables::tuning(analysis, detail).into_iter().map(Block::Table));
    blocks.extend(tables::equal_budgets(analysis).map(Block::Table));
    blocks.extend(tables::pareto(&analysis.pareto).map(Block::Table));
    blocks.extend(claims(analysis, detail));
    blocks.extend(tables::reported_figures(analysis).map(Block::Table));
    blocks
}

fn comparisons(analysis: &Analysis, detail: Detail) -> Vec<Block> {
    let comparisons = &analysis.comparisons;
    let mut blocks = Vec::new();
    if detail == Detail::Brief && (1..=MOST_SENTENCES).contains(&comparisons.pairs.len()) {
        blocks.push(Block::Heading("All pairs of arms on the test images".to_owned()));
        blocks.push(Block::List(comparisons.pairs.iter().map(|pair| pair.sentence.clone()).collect()));
        blocks.push(Block::Paragraph(vec![comparisons.about.clone()]));
    } else {
        blocks.extend(tables::pairs(analysis, MOST_SENTENCES, detail).map(Block::Table));
    }
    if detail == Detail::Full {
        blocks.extend(tables::p_values(analysis).map(Block::Table));
    }
    if !comparisons.left_out.is_empty() {
        blocks.push(Block::Paragraph(comparisons.left_out.clone()));
    }
    blocks
}

fn claims(analysis: &Analysis, detail: Detail) -> Vec<Block> {
    let Some(table) = tables::claims(analysis) else { return Vec::new() };
    match detail {
        Detail::Brief => vec![
            Block::Heading("Claims".to_owned()),
            Block::List(
                analysis
                    .claims
                    .iter()
                    .map(|claim| {
                        let verdict = claim.conclusion.to_string().to_uppercase();
                        format!("{verdict}: {} {}.", claim.claim.says, capitalised(&claim.measured))
                    })
                    .collect(),
            ),
        ],
        Detail::Full => vec![Block::Table(table)],
    }
}

/// The text as a sentence of its own: with a capital, and without a full stop, which the caller adds.
fn capitalised(text: &str) -> String {
    let mut characters = text.trim_end_matches('.').chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
