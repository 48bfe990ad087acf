//! Plots as SVG: for the page, which arranges their panels, and as files of their own.
//!
//! Everything that belongs to an arm is in a group that names it, so that a page can colour and hide it, and every mark
//! says its figures when pointed at.

mod axis;
mod calibration;
mod comparisons;
mod confusion;
mod curves;
mod labels;
mod list;
mod memory;
mod panel;
mod pareto;
mod robustness;
mod seed_range;
mod shape;
mod sheet;
mod stroke;

use maud::{Markup, html};

pub(super) use self::panel::{Panel, arms_attribute};
use self::seed_range::SeedRange;
pub(super) use self::stroke::{Stroke, is_crowded};
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
    /// Which class is taken for which.
    Confusion,
    /// Stated confidence against the share that is right.
    Calibration,
}

impl PlotKind {
    /// Every one, in reading order.
    pub const ALL: [Self; 7] = [
        Self::LearningCurves,
        Self::Pareto,
        Self::Robustness,
        Self::Memory,
        Self::Comparisons,
        Self::Confusion,
        Self::Calibration,
    ];

    /// Its file in the run directory.
    pub fn file(self) -> String {
        format!("{}.svg", self.name())
    }

    /// Its place in the page.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::LearningCurves => "learning-curves",
            Self::Pareto => "pareto",
            Self::Robustness => "robustness",
            Self::Memory => "memory",
            Self::Comparisons => "comparisons",
            Self::Confusion => "confusion",
            Self::Calibration => "calibration",
        }
    }

    /// Its words.
    pub fn title(self) -> &'static str {
        match self {
            Self::LearningCurves => "Learning curves",
            Self::Pareto => "Error against cost",
            Self::Robustness => "Robustness to small changes",
            Self::Memory => "Memory",
            Self::Comparisons => "Every two arms",
            Self::Confusion => "Confusion of classes",
            Self::Calibration => "Calibration",
        }
    }

    /// None where the run has nothing for it.
    fn plot(self, run: &Run, analysis: &Analysis) -> Option<Plot> {
        match self {
            Self::LearningCurves => curves::plot(run),
            Self::Pareto => pareto::plot(&analysis.arms),
            Self::Robustness => robustness::plot(run),
            Self::Memory => memory::plot(run),
            Self::Comparisons => comparisons::plot(run, analysis),
            Self::Confusion => confusion::plot(run),
            Self::Calibration => calibration::plot(run),
        }
    }
}

/// A plot before it becomes a part of the page or a file.
pub(super) struct Plot {
    pub(super) kind: PlotKind,
    /// What a reader must know.
    pub(super) caption: String,
    /// Panels side by side, where there is room.
    pub(super) columns: usize,
    /// Whether arms are told apart by colour, so that a legend is needed.
    pub(super) colours_arms: bool,
    pub(super) stacks: Vec<Stack>,
}

/// Panels one below the other: one alone, or the rows of a list under their heading.
pub(super) struct Stack {
    pub(super) panels: Vec<Panel>,
}

impl Stack {
    fn width(&self) -> f64 {
        self.panels.iter().map(|panel| panel.size.0).fold(0.0, f64::max)
    }

    fn height(&self) -> f64 {
        self.panels.iter().map(|panel| panel.size.1).sum()
    }
}

impl From<Panel> for Stack {
    fn from(panel: Panel) -> Self {
        Self { panels: vec![panel] }
    }
}

/// Every plot that the run has something for, in reading order.
pub(super) fn plots(run: &Run, analysis: &Analysis) -> Vec<Plot> {
    PlotKind::ALL.into_iter().filter_map(|kind| kind.plot(run, analysis)).collect()
}

/// A plot as a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlotFile {
    /// What it shows.
    pub kind: PlotKind,
    /// SVG on white, which needs nothing else.
    pub svg: String,
}

/// Those of these plots that the run has something for.
pub fn plot_files(run: &Run, analysis: &Analysis, kinds: &[PlotKind]) -> Vec<PlotFile> {
    let arms: Vec<(usize, &str)> = (run.arms.iter().enumerate())
        .filter(|(_, arm)| !arm.records.is_empty())
        .map(|(index, arm)| (index, arm.name.as_str()))
        .collect();
    let plots = kinds.iter().filter_map(|kind| kind.plot(run, analysis));
    plots.map(|plot| PlotFile { kind: plot.kind, svg: sheet::sheet(&plot, &arms) }).collect()
}

/// What belongs to one arm: in its colour, and gone with it.
fn layer(arm: usize, drawn: &Markup) -> Markup {
    let stroke = Stroke::of_arm(arm);
    html! {
        g class=(stroke.class()) data-arms=[arms_attribute(&[arm])] color=(stroke.colour()) { (drawn) }
    }
}
