//! The tables of a report, before they become terminal text, Markdown or HTML.

use pool_metrics::{MemoryModel, TrialRecord};

use super::cells::{estimate, gibibytes, mebibytes, number, thousands};
use crate::{ArmFigures, PublishedArm, Run, published};

/// A table of text: one header, then rows of as many cells.
pub(super) struct Table {
    pub(super) title: String,
    pub(super) header: Vec<String>,
    /// Leading columns that hold words; the others hold figures.
    pub(super) word_columns: usize,
    pub(super) rows: Vec<Vec<String>>,
    /// What a reader must know to read it, in full sentences.
    pub(super) notes: Vec<String>,
}

/// Every table of a run, in reading order; none before the first trial has finished.
pub(super) fn tables(run: &Run) -> Vec<Table> {
    if run.records().next().is_none() {
        return Vec::new();
    }
    let figures: Vec<ArmFigures> = run.arms.iter().map(ArmFigures::of).collect();
    let mut tables =
        vec![errors(run, &figures), losses(&figures), times(run, &figures), memory(run, &figures)];
    tables.extend(beside_the_published(run, &figures));
    tables
}

/// What else a reader must know: trials that are not in the tables.
pub(super) fn absences(run: &Run) -> Vec<String> {
    let failures = run
        .failures
        .iter()
        .map(|failure| format!("Trial {} failed: {}.", failure.id, failure.reason.trim_end_matches('.')));
    let nothing = run.records().next().is_none().then(|| "No trial of this run has finished.".to_owned());
    let missing = match run.missing.len() {
        0 => None,
        1 => Some("One trial of the plan has".to_owned()),
        count => Some(format!("{count} trials of the plan have")),
    };
    let missing = missing
        .map(|trials| format!("{trials} no record yet; run the same sweep again to add what is missing."));
    nothing.into_iter().chain(failures).chain(missing).collect()
}

fn row(first: &str, rest: impl IntoIterator<Item = String>) -> Vec<String> {
    std::iter::once(first.to_owned()).chain(rest).collect()
}

fn header(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|&cell| cell.to_owned()).collect()
}

fn errors(run: &Run, figures: &[ArmFigures]) -> Table {
    let rows = figures.iter().map(|arm| {
        let percent = |figure| estimate(figure, 100.0, 2);
        let rest = [
            arm.trials.to_string(),
            percent(arm.test_error),
            percent(arm.validation_error),
            percent(arm.train_error),
        ];
        row(&arm.arm, rest)
    });
    let mut notes = vec![
        "Mean over seeds and its 95 % t interval; one seed alone gives no interval. Training images are evaluated \
         without dropout, by the weights of the best epoch, like the others."
            .to_owned(),
    ];
    if let Some(settings) = run.records().next().map(|record| &record.settings) {
        notes.push(format!(
            "{} training, {} validation and {} test images.",
            thousands(Some(settings.train_images)),
            thousands(Some(settings.validation_images)),
            thousands(Some(settings.test_images))
        ));
    }
    for arm in figures.iter().filter(|arm| arm.diverged > 0) {
        notes.push(format!("{} of arm {} diverged and enter no mean.", trials(arm.diverged), arm.arm));
    }
    Table {
        title: "Error, %".to_owned(),
        word_columns: 1,
        header: header(&["arm", "seeds", "test", "validation", "training"]),
        rows: rows.collect(),
        notes,
    }
}

fn trials(count: usize) -> String {
    if count == 1 { "1 trial".to_owned() } else { format!("{count} trials") }
}

fn losses(figures: &[ArmFigures]) -> Table {
    let rows = figures.iter().map(|arm| {
        let loss = |figure| estimate(figure, 1.0, 4);
        row(&arm.arm, [loss(arm.test_loss), loss(arm.validation_loss), loss(arm.train_loss)])
    });
    Table {
        title: "Loss, categorical cross-entropy in nats".to_owned(),
        word_columns: 1,
        header: header(&["arm", "test", "validation", "training"]),
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

fn times(run: &Run, figures: &[ArmFigures]) -> Table {
    let rows = figures.iter().map(|arm| {
        let rest = [
            thousands(arm.parameters),
            number(arm.epochs.map(|epochs| epochs.mean), 1),
            estimate(arm.train_s, 1.0, 1),
            number(arm.epoch_s, 2),
            number(arm.prediction_s, 3),
        ];
        row(&arm.arm, rest)
    });
    let images = run.records().next().map(|record| record.settings.test_images);
    let mut notes = vec![format!(
        "Training counts the steps with the gathering of their batches, and no validation. The times of one epoch and of the prediction \
         of the {} test images are medians.",
        thousands(images)
    )];
    if figures.iter().any(|arm| arm.contended) {
        notes.push(
            "Times are contended: other trials ran on the machine at the same time, so they must not be compared."
                .to_owned(),
        );
    }
    Table {
        title: "Parameters and time".to_owned(),
        word_columns: 1,
        header: header(&["arm", "parameters", "epochs", "training, s", "one epoch, s", "prediction, s"]),
        rows: rows.collect(),
        notes,
    }
}

fn memory(run: &Run, figures: &[ArmFigures]) -> Table {
    let rows = figures.iter().map(|arm| {
        let models = MemoryModel::ALL.map(|model| mebibytes(arm.memory(model).map(|bytes| bytes as f64)));
        row(&arm.arm, models.into_iter().chain([mebibytes(arm.measured_peak_bytes)]))
    });
    let batch = run.records().next().map(|record| record.settings.batch_size);
    Table {
        title: format!("Memory, MiB at batch size {}", thousands(batch)),
        word_columns: 1,
        header: header(&["arm", "keras_legacy", "training", "inference", "measured peak"]),
        rows: rows.collect(),
        notes: vec![
            "keras_legacy is the formula that the published study cites; it multiplies the parameters by the batch \
             size. training and inference count what is really kept. The measured peak is the resident memory of the \
             trial's process above what it held before the model was built; it holds freed pages too, and libtorch's \
             own buffers, which no model counts."
                .to_owned(),
        ],
    }
}

/// The study's figures and ours, for the arms that both have.
fn beside_the_published(run: &Run, figures: &[ArmFigures]) -> Option<Table> {
    let is_mnist = |record: &TrialRecord| record.settings.dataset == "MNIST";
    if !run.records().next().is_some_and(is_mnist) {
        return None;
    }
    let rows: Vec<Vec<String>> = figures
        .iter()
        .filter_map(|arm| {
            let study = published(arm.pool.as_deref()?)?;
            (arm.parameters == Some(study.parameters)).then(|| [theirs(&arm.arm, study), ours(arm)])
        })
        .flatten()
        .collect();
    (!rows.is_empty()).then(|| Table {
        title: "Beside the published study".to_owned(),
        word_columns: 1,
        header: header(&[
            "arm",
            "test error, %",
            "epochs",
            "training, s",
            "prediction, s",
            "memory, GiB",
        ]),
        rows,
        notes: vec![
            "The study trained each arm once, on another machine: its times compare with one another, not with ours. \
             Memory is by keras_legacy, and the study's is cut to two decimals. Ten thousand test images alone leave a standard error of \
             0.10 points at an error of 1 %, as large as the differences that the study reports."
                .to_owned(),
        ],
    })
}

fn theirs(arm: &str, study: &PublishedArm) -> Vec<String> {
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
        number(arm.train_s.map(|train| train.mean), 2),
        number(arm.prediction_s, 2),
        gibibytes(arm.memory(MemoryModel::KerasLegacy)),
    ];
    row(&format!("{}: ours", arm.arm), rest)
}
