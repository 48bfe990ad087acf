//! The published study's figures and ours, for the arms that both have.

use pool_metrics::MemoryModel;

use super::{Table, as_they_ran, row};
use crate::cells::{estimate, gibibytes, number};
use crate::{Analysis, ArmFigures, PublishedArm, StudyPool};

/// None without an arm of the study, in the study's network and on its data.
pub(crate) fn beside_the_published(analysis: &Analysis) -> Option<Table> {
    if analysis.data.as_ref()?.dataset != "MNIST" {
        return None;
    }
    let rows: Vec<Vec<String>> = analysis
        .arms
        .iter()
        .filter_map(|arm| {
            let study = StudyPool::of_arm(arm)?.published();
            arm.test_error.is_some().then(|| [theirs(&arm.arm, study), ours(arm)])
        })
        .flatten()
        .collect();
    let header = ["arm", "test error, %", "epochs", "training, s", "prediction, s", "memory, GiB"];
    (!rows.is_empty()).then(|| {
        Table::new("Beside the published study", &header, rows).with_notes([format!(
            "The study trained each arm once, on another machine: its times compare with one another, not with ours, \
             which are those of the trials as they ran: {}. Memory is by keras_legacy, and the study's is cut to two decimals. Ten thousand test images alone leave a \
             standard error of 0.10 points at an error of 1 %, as large as the differences that the study reports.",
            as_they_ran(analysis)
        )])
    })
}

fn theirs(arm: &str, study: PublishedArm) -> Vec<String> {
    let rest = [
        number(Some(study.test_error_percent), 2),
        study.epochs.to_string(),
        number(Some(study.train_s), 2),
        number(Some(study.prediction_s), 2),
        number(Some(study.memory_gib), 2),
    ];
    row(&format!("{arm}: study"), rest)
}

fn ours(arm: &ArmFigures) -> Vec<String> {
    let rest = [
        estimate(arm.test_error, 100.0, 2),
        number(arm.epochs.map(|epochs| epochs.mean), 1),
        number(arm.costs.train_s.map(|train| train.mean), 2),
        number(arm.costs.prediction_s.map(|prediction| prediction.median), 2),
        gibibytes(arm.memory_bytes(MemoryModel::KerasLegacy)),
    ];
    row(&format!("{}: ours", arm.arm), rest)
}
