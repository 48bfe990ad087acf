//! The tables of a report, before they become terminal text, Markdown or HTML.

use pool_metrics::{MemoryModel, TrialRecord};

use super::cells::{NOTHING, estimate, gibibytes, mebibytes, number, thousands};
use crate::{ArmFigures, PublishedArm, Run, published};

/// A table of text: one header, then rows of as many cells.
pub(super) struct Table {
    pub(super) title: String,
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// What a reader must know to read it, in full sentences.
    pub(super) notes: Vec<String>,
}

/// Every table of a run, in reading order.
pub(super) fn tables(run: &Run) -> Vec<Table> {
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
    let missing = (!run.missing.is_empty()).then(|| {
        format!(
            "{} of the plan's trials have no record yet; run the same sweep again to add them.",
            run.missing.len()
        )
    });
    failures.chain(missing).collect()
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
        header: header(&["arm", "test", "validation", "training"]),
        rows: rows.collect(),
        notes: Vec::new(),
    }
}

fn times(run: &Run, figures: &[ArmFigures]) -> Table {
    let rows = figures.iter().map(|arm| {
        let rest = [
            thousands(arm.parameters),
            estimate(arm.epochs, 1.0, 1),
            estimate(arm.train_s, 1.0, 1),
            number(arm.epoch_s, 2),
            number(arm.prediction_s, 3),
        ];
        row(&arm.arm, rest)
    });
    let images = run.records().next().map(|record| record.settings.test_images);
    let mut notes = vec![format!(
        "Training counts the steps alone: no data loading, no validation. An epoch and the prediction of the {} test \
         images are medians.",
        thousands(images)
    )];
    if figures.iter().any(|arm| arm.contended) {
        notes.push(
            "Times are contended: other trials ran on the machine at the same time, so they must not be compared."
                .to_owned(),
        );
    }
    Table {
        title: "Parameters and time, s".to_owned(),
        header: header(&["arm", "parameters", "epochs", "training", "per epoch", "prediction"]),
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
        header: header(&["arm", "keras_legacy", "training", "inference", "measured peak"]),
        rows: rows.collect(),
        notes: vec![
            "keras_legacy is the formula that the published study cites; it multiplies the parameters by the batch \
             size. training and inference count what is really kept. The measured peak is the resident memory of the \
             trial's process above what it held before the model was built."
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
    let pairs: Vec<(&ArmFigures, &PublishedArm)> =
        figures.iter().filter_map(|arm| Some((arm, published(arm.pool.as_deref()?)?))).collect();
    if pairs.is_empty() {
        return None;
    }
    let quantity = |name: &str, theirs: fn(&PublishedArm) -> String, ours: fn(&ArmFigures) -> String| {
        row(name, pairs.iter().flat_map(|(arm, study)| [theirs(study), ours(arm)]))
    };
    let rows = vec![
        quantity(
            "test error, %",
            |study| number(Some(study.test_error_percent), 2),
            |arm| number(arm.test_error.map(|error| 100.0 * error.mean), 2),
        ),
        quantity(
            "training, s",
            |study| number(Some(study.train_s), 2),
            |arm| number(arm.train_s.map(|train| train.mean), 2),
        ),
        quantity("epochs", |_| "10".to_owned(), |arm| number(arm.epochs.map(|epochs| epochs.mean), 1)),
        quantity(
            "prediction, s",
            |study| number(Some(study.prediction_s), 2),
            |arm| number(arm.prediction_s, 2),
        ),
        quantity(
            "memory by keras_legacy, GiB",
            |study| number(Some(study.memory_gib), 2),
            |arm| gibibytes(arm.memory(MemoryModel::KerasLegacy)),
        ),
    ];
    let columns =
        pairs.iter().flat_map(|(arm, _)| [format!("{}: study", arm.arm), format!("{}: ours", arm.arm)]);
    Some(Table {
        title: "Beside the published study".to_owned(),
        header: row("", columns),
        rows,
        notes: vec![
            "The study trained each arm once, on another machine: its times compare with one another, not with ours. \
             Ten thousand test images alone leave a standard error of 0.10 points at an error of 1 %, as large as the \
             differences that the study reports."
                .to_owned(),
        ],
    })
}

/// Label and text of everything that says where the numbers come from.
pub(super) fn provenance(run: &Run) -> Vec<(&'static str, String)> {
    let Some(record) = run.records().next() else { return Vec::new() };
    let TrialRecord { settings, provenance, .. } = record;
    vec![
        ("data", settings.dataset.clone()),
        ("batch size", settings.batch_size.to_string()),
        ("epochs at most", settings.max_epochs.to_string()),
        ("optimizer", settings.optimizer.clone()),
        ("early stopping", settings.early_stopping.clone()),
        ("program", provenance.program.clone()),
        ("git revision", provenance.git_revision.clone().unwrap_or_else(|| NOTHING.to_owned())),
        ("libtorch", provenance.libtorch.clone()),
        ("device", provenance.device.clone()),
        ("processor", provenance.cpu.clone().unwrap_or_else(|| NOTHING.to_owned())),
        ("system", provenance.os.clone()),
        ("threads of a trial", provenance.threads.to_string()),
        ("trials at once", provenance.jobs.to_string()),
        (
            "first trial started",
            run.records().map(|r| &r.provenance.started).min().cloned().unwrap_or_default(),
        ),
        ("last trial ended", run.records().map(|r| &r.provenance.ended).max().cloned().unwrap_or_default()),
    ]
}
