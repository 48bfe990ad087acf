//! How far a run is, for a terminal.

use super::document::Block;
use super::tables::Table;
use super::terminal::render_blocks;
use crate::cells::{counted, duration, fixed};
use crate::{RunStatus, TaskProgress, TaskStatus};

/// Rows of a table that a person reads.
const MOST_ROWS: usize = 30;

/// How far a run is, at most `width` columns wide where the words allow it: counts, and what runs, failed or was
/// interrupted.
pub fn terminal_status(status: &RunStatus, width: u16) -> String {
    let mut sentences = vec![counts(&status.trials, "trial")];
    if !status.costs.is_empty() {
        sentences.push(counts(&status.costs, "measurement of costs"));
    }
    sentences.extend(status.seconds_to_go.map(|seconds| format!("About {} to go.", duration(seconds))));
    sentences.push(match &status.sweep {
        Some(sweep) => format!("The sweep runs ({sweep})."),
        None if status.is_over() => "The sweep is over.".to_owned(),
        None => "No sweep waits for it on this machine; the same sweep command goes on with it.".to_owned(),
    });
    let mut blocks = vec![Block::Heading(status.study.clone()), Block::Paragraph(sentences)];
    blocks.extend(table(status).map(Block::Table));
    render_blocks(&blocks, width)
}

/// How many tasks do what: "60 trials: 12 finished, 2 running, 46 waiting."
fn counts(tasks: &[TaskStatus], what: &str) -> String {
    let words = ["finished", "running", "paused", "failed", "interrupted", "waiting"];
    let found = words.iter().filter_map(|&word| {
        let count = tasks.iter().filter(|task| word_of(&task.state) == word).count();
        (count > 0).then(|| format!("{count} {word}"))
    });
    let what = match tasks.len() {
        1 => format!("1 {what}"),
        count if what.contains(' ') => format!("{count} {}", what.replacen(' ', "s ", 1)),
        count => counted(count, what),
    };
    format!("{what}: {}.", found.collect::<Vec<_>>().join(", "))
}

fn word_of(state: &TaskProgress) -> &'static str {
    match state {
        TaskProgress::Finished => "finished",
        TaskProgress::Running(_) => "running",
        TaskProgress::Paused => "paused",
        TaskProgress::Failed(_) => "failed",
        TaskProgress::Interrupted => "interrupted",
        TaskProgress::Waiting => "waiting",
    }
}

/// What is neither finished nor waiting; none where nothing is.
fn table(status: &RunStatus) -> Option<Table> {
    let tasks = status.trials.iter().chain(&status.costs);
    let told: Vec<&TaskStatus> =
        tasks.filter(|task| !matches!(task.state, TaskProgress::Finished | TaskProgress::Waiting)).collect();
    if told.is_empty() {
        return None;
    }
    let rows = told.iter().take(MOST_ROWS).map(|task| {
        let epoch = match task.of_epochs {
            Some(of) => format!("{}/{of}", task.epochs),
            None => "-".to_owned(),
        };
        let error = task.validation_error.map_or("-".to_owned(), |error| fixed(100.0 * error, 2));
        let more = match &task.state {
            TaskProgress::Running(holder) => holder.clone(),
            TaskProgress::Failed(reason) => reason.clone(),
            TaskProgress::Paused
            | TaskProgress::Interrupted
            | TaskProgress::Finished
            | TaskProgress::Waiting => String::new(),
        };
        vec![task.id.clone(), word_of(&task.state).to_owned(), more, epoch, error]
    });
    let rows: Vec<_> = rows.collect();
    let hidden = told.len() - rows.len();
    let note = (hidden > 0).then(|| format!("{hidden} more are not shown; --json has all of them."));
    let header = ["task", "state", "where, or why", "epoch", "validation error, %"];
    Some(Table::new("Under way, or given up", &header, rows).with_word_columns(3).with_notes(note))
}
