//! `pool-cli operators`: the catalogue of pooling operators.
use pool_models::{Operator, OperatorKind, catalogue, catalogue_markdown};
use pool_report::{OperatorRow, operator_table};

use super::terminal_width;
use crate::args::OperatorsArgs;
use crate::exit::Outcome;
use crate::output::{print, print_json};

pub(crate) fn run(args: &OperatorsArgs) -> anyhow::Result<Outcome> {
    if args.markdown {
        print(&catalogue_markdown())?;
    } else if args.json {
        print_json(&catalogue())?;
    } else {
        let rows: Vec<OperatorRow> = catalogue().iter().map(row).collect();
        print(&operator_table(&rows, terminal_width()))?;
    }
    Ok(Outcome::Done)
}

fn row(operator: &Operator) -> OperatorRow {
    let group = match operator.kind {
        OperatorKind::Geometry => "Geometries: which windows exist",
        OperatorKind::Reducer => "Reducers: how a window becomes one value",
        OperatorKind::Layer => "Layers that are both at once",
    };
    OperatorRow {
        group: group.to_owned(),
        name: operator.name.to_owned(),
        spelling: operator.spelling.clone(),
        formula: operator.formula.to_owned(),
        learns: operator.learns.to_owned(),
    }
}
