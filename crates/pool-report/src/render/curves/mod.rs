//! Learning curves as SVG.

mod axis;
mod legend;
mod panel;
mod stroke;

use plotters::prelude::*;

use self::panel::{Area, DrawResult, PANELS};
pub(super) use self::stroke::{Stroke, is_crowded};
use crate::Run;

const PANEL: (u32, u32) = (480, 340);

/// What a reader of the curves must know.
pub(super) fn caption(run: &Run) -> &'static str {
    if is_crowded(run.arms.len()) {
        "Means over the epochs that every seed reached. Training figures are taken while the weights change and \
         dropout is on, as Keras prints them. The vertical axes are logarithmic; a zero lies on the lower edge."
    } else {
        "A thin line per seed, a thick one for their mean over the epochs that every seed reached. Training figures \
         are taken while the weights change and dropout is on, as Keras prints them. The vertical axes are \
         logarithmic; a zero lies on the lower edge."
    }
}

/// The arms that have a curve, with its stroke.
pub(super) fn strokes(run: &Run) -> Vec<(&str, Stroke)> {
    let arms = run.arms.iter().enumerate();
    arms.filter(|(_, arm)| !arm.records.is_empty())
        .map(|(index, arm)| (arm.name.as_str(), Stroke::of_arm(index)))
        .collect()
}

/// Title and SVG of every panel, without background, so that a page can arrange them.
pub(super) fn panels(run: &Run) -> Vec<(&'static str, String)> {
    PANELS.iter().map(|panel| (panel.title, svg(PANEL, |root| panel.draw(run, root)))).collect()
}

/// Loss and error of training and validation over the epochs: a thin line per seed, a thick one for the mean over the
/// epochs that every seed reached. Arms share colours across panels; with more arms than colours the means alone are
/// drawn, and dashes tell them apart.
pub fn learning_curves_svg(run: &Run) -> String {
    let (width, height) = (2 * PANEL.0, 2 * PANEL.1);
    let names = strokes(run);
    svg((width, height + legend::height(&names, width)), |root| {
        root.fill(&WHITE)?;
        let (curves, below) = root.split_vertically(height);
        for (panel, area) in PANELS.iter().zip(curves.split_evenly((2, 2))) {
            panel.draw(run, &area)?;
        }
        legend::draw(&names, width, &below)
    })
}

fn svg(size: (u32, u32), draw: impl FnOnce(&Area<'_>) -> DrawResult) -> String {
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        if let Err(error) = draw(&root).and_then(|()| Ok(root.present()?)) {
            // Drawing into memory fails on ranges without extent only, which the axes rule out.
            tracing::warn!(%error, "the learning curves could not be drawn");
        }
    }
    svg
}
