//! What memory is needed for, item by item, and what was measured.

use maud::{Markup, html};
use pool_metrics::{MemoryEstimate, MemoryItem, MemoryModel};

use crate::cells::number;
use crate::chart::{Axis, Chart, List, ROW_MIDDLE, Row, Stack, key, mark, px, series_group};
use crate::{ArmResults, Run};

const MIB: f64 = (1u64 << 20) as f64;
const BAR_HEIGHT: f64 = 13.0;

/// An arm's estimate by one model, and the measured peak of that phase.
struct Bar<'a> {
    estimate: &'a MemoryEstimate,
    measured_mib: Option<f64>,
}

/// `None` before the first record, which describes its network.
pub(super) fn chart(run: &Run) -> Option<Chart> {
    let stacks: Vec<Stack> = [MemoryModel::Training, MemoryModel::Inference, MemoryModel::KerasLegacy]
        .into_iter()
        .filter_map(|model| stack(run, model))
        .collect();
    (!stacks.is_empty()).then(|| Chart {
        caption: "Bars are estimates, item by item; every panel has its own scale. The vertical mark is the measured \
                  peak of a fresh process, minus what it held before the network was built; it includes libtorch's \
                  own buffers, which no estimate counts. keras_legacy is the formula that the published study cites; \
                  it multiplies the parameters by the batch size, and its mark is the measured peak of training."
            .to_owned(),
        colours_series: false,
        columns: 2,
        stacks,
    })
}

fn title(model: MemoryModel, batch_size: u64) -> String {
    let words = match model {
        MemoryModel::KerasLegacy => "keras_legacy, the study's formula",
        MemoryModel::Training => "Training",
        MemoryModel::Inference => "Inference",
    };
    format!("{words}, batch of {batch_size}")
}

fn stack(run: &Run, model: MemoryModel) -> Option<Stack> {
    let bars: Vec<Option<Bar<'_>>> = run.arms.iter().map(|arm| bar(arm, model)).collect();
    let drawn = || bars.iter().flatten();
    let first = drawn().next()?.estimate;
    let list = List {
        title: title(model, first.batch_size),
        axis: Axis::from_zero(
            drawn().flat_map(|bar| [bar.total_mib()].into_iter().chain(bar.measured_mib)),
            5,
        ),
        axis_title: "MiB".to_owned(),
    };
    let (key, height) = key(&swatches(first, drawn().any(|bar| bar.measured_mib.is_some())));
    let rows = run.arms.iter().zip(&bars).enumerate().filter_map(|(arm, (results, bar))| {
        let bar = bar.as_ref()?;
        Some(list.row(&Row {
            series: vec![arm],
            name: results.name.clone(),
            figure: bar.words(),
            drawn: html! { (series_group(arm, &bar.items(&results.name, &list))) (bar.measured(&results.name, &list)) },
        }))
    });
    Some(Stack { panels: std::iter::once(list.head(&key, height)).chain(rows).collect() })
}

/// An arm's bar, at the batch size of training for all models. A trial describes the network, or else the measurement.
fn bar(arm: &ArmResults, model: MemoryModel) -> Option<Bar<'_>> {
    let facts =
        arm.records.first().map(|record| &record.model).or(arm.costs.first().map(|costs| &costs.model));
    let estimate = facts?.memory.iter().find(|estimate| estimate.model == model)?;
    let phase = match model {
        MemoryModel::KerasLegacy | MemoryModel::Training => MemoryModel::Training,
        MemoryModel::Inference => MemoryModel::Inference,
    };
    let peaks = arm.costs.iter().flat_map(|costs| &costs.memory);
    let measured = peaks
        .filter(|peak| peak.estimate.model == phase && peak.estimate.batch_size == estimate.batch_size)
        .find_map(|peak| peak.bytes);
    Some(Bar { estimate, measured_mib: measured.map(|bytes| bytes as f64 / MIB) })
}

impl Bar<'_> {
    fn total_mib(&self) -> f64 {
        self.estimate.total_bytes() as f64 / MIB
    }

    fn words(&self) -> String {
        let mib = |value| number(Some(value), 1);
        match self.measured_mib {
            Some(measured) => format!("{} MiB, measured {}", mib(self.total_mib()), mib(measured)),
            None => format!("{} MiB", mib(self.total_mib())),
        }
    }

    fn items(&self, arm: &str, list: &List) -> Markup {
        let mut from_mib = 0.0;
        let placed =
            self.estimate.items.iter().enumerate().filter_map(|(index, MemoryItem { what, bytes })| {
                let mib = *bytes as f64 / MIB;
                let (left, right) = (list.at(from_mib)?, list.at(from_mib + mib)?);
                from_mib += mib;
                let words = format!("{arm}: {what} {} MiB", number(Some(mib), 1));
                Some(mark(&words, &segment(left, right - left, opacity(index, self.estimate.items.len()))))
            });
        html! { @for item in placed { (item) } }
    }

    fn measured(&self, arm: &str, list: &List) -> Markup {
        let measured = self.measured_mib.and_then(|mib| Some((mib, list.at(mib)?)));
        html! {
            @if let Some((mib, x)) = measured {
                (mark(&format!("{arm}: measured {} MiB", number(Some(mib), 1)), &measured_mark(x, ROW_MIDDLE)))
            }
        }
    }
}

/// A gap of less than a pixel separates neighbouring segments.
fn segment(left: f64, width: f64, opacity: f64) -> Markup {
    html! {
        rect x=(px(left)) y=(px(ROW_MIDDLE - BAR_HEIGHT / 2.0)) width=(px((width - 0.8).max(0.3))) height=(BAR_HEIGHT)
            fill="currentColor" fill-opacity=(format!("{opacity:.2}")) {}
    }
}

/// From opaque to faint, item by item.
fn opacity(index: usize, items: usize) -> f64 {
    1.0 - 0.78 * index as f64 / (items.max(4) - 1) as f64
}

fn measured_mark(x: f64, y: f64) -> Markup {
    let (left, top, bottom) = (px(x - 3.5), px(y - 9.5), px(y + 9.5));
    let outline = format!("M{} {top}V{bottom}M{left} {top}h7M{left} {bottom}h7", px(x));
    html! { path d=(outline) stroke="currentColor" stroke-width="1.8" fill="none" {} }
}

fn swatches(estimate: &MemoryEstimate, measured: bool) -> Vec<(Markup, String)> {
    let items = estimate.items.iter().enumerate().map(|(index, item)| {
        let opacity = format!("{:.2}", opacity(index, estimate.items.len()));
        let swatch =
            html! { rect y="0" width="12" height="12" fill="currentColor" fill-opacity=(opacity) {} };
        (swatch, item.what.clone())
    });
    let mark = measured.then(|| (measured_mark(6.0, 6.0), "measured peak".to_owned()));
    items.chain(mark).collect()
}
