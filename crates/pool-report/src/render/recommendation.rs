//! Which arm to take under a budget.

use super::document::Block;
use super::tables::Table;
use super::terminal::render_blocks;
use crate::cells::{NOTHING, listed, points};
use crate::{Basis, Judgement, LimitFigure, Recommendation};

/// The recommended arm, and every arm's figures against the limits, for a terminal of `width` columns.
pub fn terminal_recommendation(recommendation: &Recommendation, width: u16) -> String {
    render_blocks(&blocks(recommendation), width)
}

fn blocks(recommendation: &Recommendation) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(recommendation.sentences.clone())];
    if let Some(first) = recommendation.arms.first() {
        let limits = first.figures.iter().map(|figure| {
            format!("{}, at most {}", figure.limit.title(), figure.limit.shown(figure.allowed))
        });
        let limits: Vec<String> = limits.collect();
        let header: Vec<&str> = ["arm", "in the budget", "validation error, %"]
            .into_iter()
            .chain(limits.iter().map(String::as_str))
            .collect();
        let rows = recommendation.arms.iter().map(row).collect();
        let table = Table::new("Every arm", &header, rows).with_word_columns(2);
        blocks.push(Block::Table(table.with_notes(marks(recommendation))));
    }
    blocks
}

fn row(arm: &Judgement) -> Vec<String> {
    let titles =
        |limits: &[crate::Limit]| -> Vec<&str> { limits.iter().map(|limit| limit.title()).collect() };
    let fits = match (arm.broken.as_slice(), arm.unknown.as_slice()) {
        ([], []) => "yes".to_owned(),
        ([], unknown) => format!("not measured: {}", listed(&titles(unknown))),
        (broken, _) => format!("no: {}", listed(&titles(broken))),
    };
    let figures = arm.figures.iter().map(|LimitFigure { limit, value, basis, .. }| {
        let mark = match basis {
            Basis::Measured => "",
            Basis::Contended | Basis::InPassing => "*",
            Basis::Model => "~",
        };
        value.map_or_else(|| NOTHING.to_owned(), |value| format!("{mark}{}", limit.shown(value)))
    });
    [arm.arm.clone(), fits, points(arm.validation_error)].into_iter().chain(figures).collect()
}

/// The meaning of the marks that occur in the table.
fn marks(recommendation: &Recommendation) -> Vec<String> {
    let figures =
        || recommendation.arms.iter().flat_map(|arm| &arm.figures).filter(|figure| figure.value.is_some());
    let timed = figures().any(|figure| matches!(figure.basis, Basis::Contended | Basis::InPassing));
    let modelled = figures().any(|figure| figure.basis == Basis::Model);
    let timed = timed.then(|| {
        "* measured while the trials ran, or while the machine was busy with other work.".to_owned()
    });
    let modelled = modelled.then(|| "~ estimated, not measured.".to_owned());
    timed.into_iter().chain(modelled).collect()
}
