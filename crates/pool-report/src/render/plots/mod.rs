//! The study's plots, built with [`crate::chart`]: every arm is a series. For the page, which arranges their panels,
//! and as files of their own.

mod calibration;
mod comparisons;
mod confusion;
mod curves;
mod memory;
mod pareto;
mod robustness;
mod tuning;

use crate::chart::{Chart, List, Row, Stack};
use crate::{Analysis, Run};

/// What is drawn of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlotKind {
    /// Loss and error over the epochs.
    LearningCurves,
    /// Error against each cost.
    Pareto,
    /// Error and consistency under small changes of the images.
    Robustness,
    /// What memory is needed for, estimated and measured.
    Memory,
    /// The difference in error of every two arms.
    Comparisons,
    /// Validation error against what was tuned.
    Tuning,
    /// Which class is mistaken for which.
    Confusion,
    /// Stated confidence against the share that is right.
    Calibration,
}

impl PlotKind {
    /// Every one, in reading order.
    pub const ALL: [Self; 8] = [
        Self::LearningCurves,
        Self::Pareto,
        Self::Robustness,
        Self::Memory,
        Self::Comparisons,
        Self::Tuning,
        Self::Confusion,
        Self::Calibration,
    ];

    /// The name of its file in the run directory.
    pub fn file(self) -> String {
        format!("{}.svg", self.name())
    }

    /// Its identifier in the page.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::LearningCurves => "learning-curves",
            Self::Pareto => "pareto",
            Self::Robustness => "robustness",
            Self::Memory => "memory",
            Self::Comparisons => "comparisons",
            Self::Tuning => "tuning",
            Self::Confusion => "confusion",
            Self::Calibration => "calibration",
        }
    }

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::LearningCurves => "Learning curves",
            Self::Pareto => "Error against cost",
            Self::Robustness => "Robustness to small changes",
            Self::Memory => "Memory",
            Self::Comparisons => "All pairs of arms",
            Self::Tuning => "Tuning",
            Self::Confusion => "Confusion of classes",
            Self::Calibration => "Calibration",
        }
    }

    /// The plot; `None` if the run has no figures for it.
    fn chart(self, run: &Run, analysis: &Analysis) -> Option<Chart> {
        match self {
            Self::LearningCurves => curves::chart(run),
            Self::Pareto => pareto::chart(&analysis.arms),
            Self::Robustness => robustness::chart(run),
            Self::Memory => memory::chart(run),
            Self::Comparisons => comparisons::chart(run, analysis),
            Self::Tuning => tuning::chart(analysis.tuning.as_ref()),
            Self::Confusion => confusion::chart(run, &analysis.class_names),
            Self::Calibration => calibration::chart(run),
        }
    }
}

/// Every plot that the run has figures for, in reading order.
pub(super) fn plots(run: &Run, analysis: &Analysis) -> Vec<(PlotKind, Chart)> {
    let plots = PlotKind::ALL.into_iter();
    plots.filter_map(|kind| Some((kind, kind.chart(run, analysis)?))).collect()
}

/// A plot as a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlotFile {
    /// What it shows.
    pub kind: PlotKind,
    /// SVG on a white background, complete in itself.
    pub svg: String,
}

/// Those of these plots that the run has figures for.
pub fn plot_files(run: &Run, analysis: &Analysis, kinds: &[PlotKind]) -> Vec<PlotFile> {
    let arms: Vec<(usize, &str)> = (run.arms.iter().enumerate())
        .filter(|(_, arm)| !arm.records.is_empty())
        .map(|(index, arm)| (index, arm.name.as_str()))
        .collect();
    let file = |kind: PlotKind| {
        let chart = kind.chart(run, analysis)?;
        Some(PlotFile { kind, svg: chart.sheet(kind.title(), &arms) })
    };
    kinds.iter().filter_map(|&kind| file(kind)).collect()
}

/// Rows below one axis as a file of its own, complete in itself.
pub(super) fn sheet_of_list(title: &str, list: &List, rows: &[Row]) -> String {
    let panels = std::iter::once(list.head(&maud::html! {}, 0.0)).chain(rows.iter().map(|row| list.row(row)));
    let chart = Chart {
        caption: String::new(),
        colours_series: false,
        columns: 1,
        stacks: vec![Stack { panels: panels.collect() }],
    };
    chart.sheet(title, &[])
}
