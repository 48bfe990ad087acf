//! The catalogue as `docs/operators.md`.

use super::{Elsewhere, Operator, OperatorKind, catalogue};

/// The whole document.
pub fn catalogue_markdown() -> String {
    let operators = catalogue();
    let table = |kind| table(operators.iter().filter(|operator| operator.kind == kind));
    format!(
        "# Operators\n\n\
         Every pooling layer is a geometry (which windows exist) and a reducer (how a window becomes one value), or one \
         of the\nlayers below that are both at once. All work over one, two and three spatial axes, in f32 and f64. \
         `x` are the `n` values\nthat a window sees; padded cells are not among them. \
         `pool-cli operators` prints this list, and this file is made from it.\n\n\
         Costs are what the memory model counts in `f32`: multiply-adds of the forward pass (a power or an exponential \
         counts as\none, comparisons and plain sums as none), and what is kept for the backward pass. Inputs, cells \
         (places in a window, padded\nones included), windows and outputs are counted for every channel.\n\n\
         ![One digit through every operator](operator-gallery.svg)\n\n\
         ## Geometries\n\n{}\n## Reducers\n\n{}\n## Other layers\n\n{}\n{}",
        table(OperatorKind::Geometry),
        table(OperatorKind::Reducer),
        table(OperatorKind::Layer),
        include_str!("differences.md"),
    )
}

fn table<'a>(operators: impl Iterator<Item = &'a Operator>) -> String {
    let mut text = String::from(
        "| operator | for example | formula | settings | learns | gradient | cost | from | elsewhere |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for operator in operators {
        let Operator { name, spelling, formula, settings, learns, gradient, cost, source, elsewhere, .. } =
            operator;
        let name = format!("`{name}`");
        let spelling = format!("`{spelling}`");
        let elsewhere = self::elsewhere(elsewhere);
        let cells = [name.as_str(), &spelling, formula, settings, learns, gradient, cost, source, &elsewhere];
        let cells = cells.map(|cell| cell.replace('|', "\\|"));
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text
}

fn elsewhere(names: &Elsewhere) -> String {
    let named = [("Keras", names.keras), ("PyTorch", names.pytorch), ("timm", names.timm)];
    let named: Vec<String> =
        named.iter().filter_map(|(library, name)| name.map(|name| format!("{library}: {name}"))).collect();
    if named.is_empty() { "-".to_owned() } else { named.join("; ") }
}
