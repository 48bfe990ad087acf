//! The costs of the arms in time and memory, and the arms that no other beats in error and costs.
use pool_metrics::MemoryModel;
use pool_records::EnergyMissing;

use super::{Detail, Table, row};
use crate::cells::{batch_size, in_range, listed, mebibytes, number, over_processes, points, thousands};
use crate::{ArmFigures, LatencyFigures, Objective, ParetoFront, TimeSource};

/// A brief table of latencies of more arms than this has one row per arm: the smallest batch.
const CROWDED: usize = 8;

/// Times and estimated memory, and latency and peaks if they were measured.
pub(super) fn tables(figures: &[ArmFigures], detail: Detail) -> Vec<Table> {
    let mut tables = vec![times(figures)];
    tables.extend(latency(figures, detail));
    tables.push(memory(figures));
    tables.extend(peaks(figures));
    tables
}

fn times(figures: &[ArmFigures]) -> Table {
    let with_energy = figures.iter().any(|arm| arm.costs.energy_j.is_some());
    let rows = figures.iter().map(|arm| {
        let energy = with_energy.then(|| over_processes(arm.costs.energy_j, 1.0, 1));
        let rest = [
            thousands(arm.parameters),
            over_processes(arm.costs.step_s, 1000.0, 1),
            over_processes(arm.costs.epoch_s, 1.0, 2),
            over_processes(arm.costs.prediction_s, 1.0, 3),
        ];
        row(&arm.arm, rest.into_iter().chain(energy))
    });
    let header: Vec<&str> = ["arm", "parameters", "one step, ms", "one epoch, s", "prediction, s"]
        .into_iter()
        .chain(with_energy.then_some("energy, J/epoch"))
        .collect();
    Table::new("Parameters and time", &header, rows.collect())
        .with_notes([brackets(figures)])
        .with_notes(caveats(figures))
        .with_notes(energy_note(figures).map(str::to_owned))
}

/// What stands in the brackets.
fn brackets(figures: &[ArmFigures]) -> String {
    const OF: &str = "of a training step, of an epoch, and of predicting all test images.";
    let timed = figures.iter().filter_map(|arm| Some((arm.arm.as_str(), arm.costs.epoch_s?)));
    let (several, one): (Vec<_>, Vec<_>) = timed.partition(|(_, time)| time.interval.is_some());
    let processes = || several.iter().map(|(_, time)| time.processes);
    let (Some(fewest), Some(most)) = (processes().min(), processes().max()) else {
        return format!("The median and the range of nine in ten repetitions: {OF}");
    };
    let processes = if fewest == most { most.to_string() } else { format!("{fewest} to {most}") };
    let one: Vec<&str> = one.into_iter().map(|(arm, _)| arm).collect();
    let one = if one.is_empty() {
        String::new()
    } else {
        format!(
            " Of {}, no two processes were measured undisturbed: there it is the range of nine in ten repetitions.",
            listed(&one)
        )
    };
    format!(
        "The median over {processes} processes, one after another and the arms by turns, of each process's median, \
         with its 95 % interval over processes (Student's t, of the logarithms): {OF}{one}"
    )
}

/// What the energy is, or why there is none. `None` if no measurement was to have any.
fn energy_note(figures: &[ArmFigures]) -> Option<&'static str> {
    if figures.iter().any(|arm| arm.costs.energy_j.is_some()) {
        return Some(
            "The energy of an epoch is that of the machine's processors as a whole, by their own counters, whatever \
             else ran on them.",
        );
    }
    Some(match figures.iter().find_map(|arm| arm.costs.energy_missing)? {
        EnergyMissing::NotReported => "The machine reports no energy.",
        EnergyMissing::NotReadable => "The machine does not let its counters of energy be read.",
        EnergyMissing::OnDevice => "The machine reports no energy of the device that the networks were on.",
    })
}

/// Which times must not be compared.
fn caveats(figures: &[ArmFigures]) -> Vec<String> {
    let named = |wanted: fn(&ArmFigures) -> bool| -> Vec<&str> {
        figures
            .iter()
            .filter(|arm| arm.costs.epoch_s.is_some() && wanted(arm))
            .map(|arm| arm.arm.as_str())
            .collect()
    };
    let in_passing = named(|arm| arm.costs.source == TimeSource::InPassing);
    let contended = named(|arm| arm.costs.contended);
    let mut notes = Vec::new();
    if !in_passing.is_empty() {
        notes.push(format!(
            "The times of {} come from the trials rather than from a measurement of their own, so they must not be \
             compared.",
            listed(&in_passing)
        ));
    }
    if !contended.is_empty() {
        notes.push(format!(
            "The times of {} are contended: the machine was busy with other work when they were taken, so they must \
             not be compared.",
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
                let milliseconds = |seconds: f64| number(Some(1000.0 * seconds), 3);
                let rest = [
                    thousands(Some(latency.batch_size)),
                    in_range(latency.p50_s, latency.p50_interval, 1000.0, 3),
                    milliseconds(latency.p95_s),
                    milliseconds(latency.p99_s),
                ];
                row(&arm.arm, rest)
            })
        })
        .collect();
    (!rows.is_empty()).then(|| {
        Table::new("Latency of one batch, ms", &["arm", "images", "median", "95 %", "99 %"], rows)
            .with_notes([latency_note(figures)])
    })
}

fn latency_note(figures: &[ArmFigures]) -> String {
    let several = figures.iter().flat_map(|arm| &arm.costs.latency).any(|one| one.p50_interval.is_some());
    let median = if several { "The median has its interval over processes, as above. " } else { "" };
    format!(
        "From the pixels in memory to the predicted classes. {median}95 % and 99 % are percentiles of the repetitions."
    )
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
         training and inference count what is alive at the peak of a training step and of a prediction. resident is \
         the peak of a trial's process, minus what it held before the network was built; it includes freed pages and \
         libtorch's own buffers, which no formula counts."
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
    let header = ["arm", "phase", "images", "measured", "estimate", "estimate / measured"];
    (!rows.is_empty()).then(|| {
        Table::new("Measured peaks of memory, MiB", &header, rows).with_word_columns(2).with_notes([
            "Peak resident memory of a fresh process, minus what it held just before the network was built; one \
             process per row."
                .to_owned(),
        ])
    })
}

/// Which arms are on the Pareto front, and which arms beat the others. `None` for a single arm.
pub(in crate::render) fn pareto(front: &ParetoFront) -> Option<Table> {
    if front.arms.len() < 2 {
        return None;
    }
    let rows = front.arms.iter().map(|arm| {
        let standing = match arm.dominated_by.as_slice() {
            [] => "on the front".to_owned(),
            [some @ .., _] if some.len() > 2 => format!("beaten by {} arms", arm.dominated_by.len()),
            some => format!("beaten by {}", listed(some)),
        };
        let values =
            front.objectives.iter().zip(&arm.values).map(|(objective, value)| shown(*objective, *value));
        vec![arm.arm.clone(), standing].into_iter().chain(values).collect()
    });
    let columns = front.objectives.iter().map(|objective| heading(*objective));
    let header: Vec<&str> = ["arm", "Pareto front"].into_iter().chain(columns).collect();
    let unmeasured: Vec<&str> = front.unmeasured.iter().map(|objective| objective.title()).collect();
    let without = (!unmeasured.is_empty()).then(|| {
        format!("Without {}, as not every arm has a value that can be compared.", listed(&unmeasured))
    });
    Some(
        Table::new("Pareto front", &header, rows.collect())
            .with_word_columns(2)
            .with_notes([
                "An arm is beaten by another that is at least as good in every column and better in one. Values are \
                 compared as measured: a difference within the noise can put an arm on the front or take it off."
                    .to_owned(),
            ])
            .with_notes(without),
    )
}

fn heading(objective: Objective) -> &'static str {
    match objective {
        Objective::TestError => "test error, %",
        Objective::Parameters => "parameters",
        Objective::EpochTime => "one epoch, s",
        Objective::Latency => "latency, ms",
        Objective::TrainingPeak => "memory, MiB",
    }
}

fn shown(objective: Objective, value: f64) -> String {
    match objective {
        Objective::TestError => points(value),
        Objective::Parameters => thousands(Some(value as u64)),
        Objective::EpochTime => number(Some(value), 2),
        Objective::Latency => number(Some(1000.0 * value), 2),
        Objective::TrainingPeak => mebibytes(Some(value)),
    }
}
