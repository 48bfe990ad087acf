//! What the arms cost in time and memory.

use pool_metrics::MemoryModel;

use super::super::document::Detail;
use super::{Table, row};
use crate::cells::{batch_size, listed, mebibytes, number, spread, thousands};
use crate::{ArmFigures, LatencyFigures, TimeSource};

/// More arms than this have one row each in a brief table of latencies: the smallest batch.
const CROWDED: usize = 8;

/// Times always; latency and measured peaks where they were measured.
pub(super) fn tables(figures: &[ArmFigures], detail: Detail) -> Vec<Table> {
    let mut tables = vec![times(figures)];
    tables.extend(latency(figures, detail));
    tables.push(memory(figures));
    tables.extend(peaks(figures));
    tables
}

fn times(figures: &[ArmFigures]) -> Table {
    let rows = figures.iter().map(|arm| {
        let rest = [
            thousands(arm.parameters),
            spread(arm.costs.step_s, 1000.0, 1),
            spread(arm.costs.epoch_s, 1.0, 2),
            spread(arm.costs.prediction_s, 1.0, 3),
        ];
        row(&arm.arm, rest)
    });
    let header = ["arm", "parameters", "one step, ms", "one epoch, s", "prediction, s"];
    Table::new("Parameters and time", &header, rows.collect()).with_notes(time_notes(figures))
}

fn time_notes(figures: &[ArmFigures]) -> Vec<String> {
    let named = |wanted: fn(&ArmFigures) -> bool| -> Vec<&str> {
        figures
            .iter()
            .filter(|arm| arm.costs.epoch_s.is_some() && wanted(arm))
            .map(|arm| arm.arm.as_str())
            .collect()
    };
    let in_passing = named(|arm| arm.costs.source == TimeSource::InPassing);
    let contended = named(|arm| arm.costs.contended);
    let mut notes = vec![
        "Step, epoch and prediction of all test images: the median, and the range that nine of ten repetitions lie \
         in."
            .to_owned(),
    ];
    if !in_passing.is_empty() {
        notes.push(format!(
            "The times of {} were taken in passing, while the trials ran, and must not be compared; they were not \
             measured apart.",
            listed(&in_passing)
        ));
    }
    if !contended.is_empty() {
        notes.push(format!(
            "Times are contended: the machine had other work while those of {} were taken, so they must not be \
             compared.",
            listed(&contended)
        ));
    }
    notes
}

fn latency(figures: &[ArmFigures], detail: Detail) -> Option<Table> {
    let crowded = detail == Detail::Brief && figures.len() > CROWDED;
    let batches = |latency: &[LatencyFigures]| if crowded { latency.len().min(1) } else { latency.len() };
    let rows: Vec<Vec<String>> = figures
        .iter()
        .flat_map(|arm| {
            arm.costs.latency[..batches(&arm.costs.latency)].iter().map(|latency| {
                let milliseconds = |seconds: f64| number(Some(1000.0 * seconds), 2);
                let rest = [
                    thousands(Some(latency.batch_size)),
                    milliseconds(latency.p50_s),
                    milliseconds(latency.p95_s),
                    milliseconds(latency.p99_s),
                ];
                row(&arm.arm, rest)
            })
        })
        .collect();
    (!rows.is_empty()).then(|| {
        Table::new("Latency of one batch, ms", &["arm", "images", "median", "95 %", "99 %"], rows).with_notes([
            "From the pixels in memory to the classes read back; 95 and 99 of a hundred repetitions were faster."
                .to_owned(),
        ])
    })
}

fn memory(figures: &[ArmFigures]) -> Table {
    let rows = figures.iter().map(|arm| {
        let models =
            MemoryModel::ALL.map(|model| mebibytes(arm.memory_bytes(model).map(|bytes| bytes as f64)));
        let resident = mebibytes(arm.costs.resident_peak_bytes.map(|peak| peak.median));
        row(&arm.arm, models.into_iter().chain([resident]))
    });
    let batch = batch_size(figures.iter().flat_map(|arm| arm.memory.first()).map(|figure| figure.batch_size));
    let header = ["arm", "keras_legacy", "training", "inference", "resident"];
    Table::new(
        format!("Memory by formula, MiB at {batch}"),
        &header,
        rows.collect(),
    )
    .with_notes([
        "keras_legacy is the formula that the published study cites; it multiplies the parameters by the batch size. \
         training and inference count what is alive at the peak of a step, and of a prediction. resident is what a trial's process held at most beyond what \
         it held before the network was built, freed pages and libtorch's own buffers included, which no formula counts."
            .to_owned(),
    ])
}

fn peaks(figures: &[ArmFigures]) -> Option<Table> {
    let rows: Vec<Vec<String>> = figures
        .iter()
        .flat_map(|arm| {
            arm.costs.peaks.iter().map(|peak| {
                vec![
                    arm.arm.clone(),
                    peak.phase.to_string(),
                    thousands(Some(peak.batch_size)),
                    mebibytes(peak.measured_bytes.map(|bytes| bytes as f64)),
                    mebibytes(Some(peak.model_bytes as f64)),
                    number(peak.model_over_measured, 2),
                ]
            })
        })
        .collect();
    let header = ["arm", "phase", "images", "measured", "our model", "model / measured"];
    (!rows.is_empty()).then(|| {
        Table::new("Measured peaks of memory, MiB", &header, rows).with_word_columns(2).with_notes([
            "Resident memory of a fresh process beyond what it held just before the network was built, one process \
             for each row."
                .to_owned(),
        ])
    })
}
