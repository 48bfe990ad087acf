//! Test images after small changes.

use super::{Table, row};
use crate::cells::estimate;
use crate::change::{unit, words};
use crate::{ArmFigures, Estimate, RobustnessFigures};

/// One of the two shares of changed images.
type Share = fn(&RobustnessFigures) -> Option<Estimate>;

/// Kinds with their strengths, in the order in which the arms have them.
fn levels(arms: &[ArmFigures]) -> Vec<(&str, Vec<f64>)> {
    let mut kinds: Vec<(&str, Vec<f64>)> = Vec::new();
    for RobustnessFigures { kind, strength, .. } in arms.iter().flat_map(|arm| &arm.robustness) {
        let known = kinds.iter().position(|(known, _)| known == kind).unwrap_or_else(|| {
            kinds.push((kind, Vec::new()));
            kinds.len() - 1
        });
        if !kinds[known].1.contains(strength) {
            kinds[known].1.push(*strength);
        }
    }
    kinds
}

fn find<'a>(arm: &'a ArmFigures, kind: &str, strength: f64) -> Option<&'a RobustnessFigures> {
    arm.robustness.iter().find(|row| row.kind == kind && row.strength == strength)
}

/// Consistency after the smallest change of each kind; none if nobody looked.
pub(super) fn smallest(arms: &[ArmFigures]) -> Option<Table> {
    let levels: Vec<(&str, f64)> = levels(arms)
        .into_iter()
        .filter_map(|(kind, strengths)| Some((kind, strengths.into_iter().min_by(f64::total_cmp)?)))
        .collect();
    let rows = arms.iter().map(|arm| {
        row(
            &arm.arm,
            levels.iter().map(|(kind, strength)| {
                let mean_alone = |found: Estimate| Estimate { interval: None, ..found };
                estimate(find(arm, kind, *strength).and_then(|row| row.consistency).map(mean_alone), 100.0, 2)
            }),
        )
    });
    let columns: Vec<String> =
        levels.iter().map(|(kind, strength)| format!("{}, {strength}{}", words(kind), unit(kind))).collect();
    let header: Vec<&str> = std::iter::once("arm").chain(columns.iter().map(String::as_str)).collect();
    (!levels.is_empty()).then(|| {
        Table::new(
            "Test images that keep their predicted class after a small change, %",
            &header,
            rows.collect(),
        )
    })
}

/// Error and consistency, a table for each kind.
pub(super) fn every(arms: &[ArmFigures]) -> Vec<Table> {
    let shares: [(&str, Share); 2] =
        [("error, %", |row| row.error), ("predicted class kept, %", |row| row.consistency)];
    levels(arms)
        .into_iter()
        .flat_map(|(kind, strengths)| {
            shares.map(|(what, share)| of_kind(arms, kind, &strengths, what, share))
        })
        .collect()
}

fn of_kind(arms: &[ArmFigures], kind: &str, strengths: &[f64], what: &str, share: Share) -> Table {
    let rows = arms.iter().map(|arm| {
        row(
            &arm.arm,
            strengths.iter().map(|strength| estimate(find(arm, kind, *strength).and_then(share), 100.0, 2)),
        )
    });
    let columns: Vec<String> = strengths.iter().map(|strength| format!("{strength}{}", unit(kind))).collect();
    let header: Vec<&str> = std::iter::once("arm").chain(columns.iter().map(String::as_str)).collect();
    Table::new(format!("Test images after {}: {what}", words(kind)), &header, rows.collect())
}
