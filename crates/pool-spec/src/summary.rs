//! The table that Keras users know.

use crate::{Inferred, InferredLayer};

/// Renders layer, output shape and parameters, with totals below. Where a layer reads another one than that before it, a
/// column says what each reads.
pub(crate) fn render(model: &Inferred) -> String {
    let branches = model.layers.iter().enumerate().any(|(index, layer)| !layer.reads_the_one_before(index));
    let columns = if branches { 4 } else { 3 };
    let header = ["Layer (type)", "Output shape", "Parameters", "Connected to"].map(str::to_owned);
    let rows: Vec<[String; 4]> = model.layers.iter().map(|layer| row(model, layer)).collect();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter().chain([&header]).map(|row| row[column].chars().count()).max().unwrap_or_default()
        })
        .collect();
    let line = |row: &[String; 4]| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
            2 => format!("{cell:>width$}"),
            _ => format!("{cell:<width$}"),
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    let rule = format!("{}\n", "─".repeat(widths.iter().sum::<usize>() + 2 * (columns - 1)));

    let mut table = line(&header) + &rule;
    for row in &rows {
        table += &line(row);
    }
    table += &rule;
    table += &format!("Trainable parameters: {}\n", thousands(model.parameters()));
    if model.fixed_parameters() > 0 {
        table += &format!("Other parameters: {}\n", thousands(model.fixed_parameters()));
    }
    table
}

fn row(model: &Inferred, layer: &InferredLayer) -> [String; 4] {
    let all_parameters = layer.parameters + layer.fixed_parameters;
    let sources = layer.inputs.iter().map(|input| {
        let name = input.layer.map_or("input", |index| &model.layers[index].name);
        match &input.channels {
            None => name.to_owned(),
            Some(channels) => format!("{name}[{}..{}]", channels.start, channels.end),
        }
    });
    [
        format!("{} ({})", layer.name, class(layer)),
        shape(&layer.output),
        thousands(all_parameters),
        sources.collect::<Vec<_>>().join(", "),
    ]
}

fn class(layer: &InferredLayer) -> String {
    class_of(&layer.layer.describe().base_name(layer.input.len().saturating_sub(1)))
}

/// Keras's class for a layer of this name: `max_pooling2d` is a `MaxPooling2D`.
fn class_of(name: &str) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    let class: String = name.split('_').map(capitalised).collect();
    let mut letters = class.chars().rev();
    match (letters.next(), letters.next()) {
        (Some('d'), Some('0'..='9')) => format!("{}D", &class[..class.len() - 1]),
        _ => class,
    }
}

fn shape(sample: &[usize]) -> String {
    let sizes: Vec<String> = sample.iter().map(ToString::to_string).collect();
    format!("[N, {}]", sizes.join(", "))
}

/// `592074` as `592,074`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).expect("decimal digits are ASCII"))
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use crate::reference_network::reference;
    use crate::{Activation, Conv2d, Parallel, Pool, Sequential};

    #[test]
    fn the_table_of_branches_says_what_each_layer_reads() {
        let block = Parallel::residual([Conv2d::new(4, 1).into(), Conv2d::new(2, 1).into()], []);
        let model = Sequential::new([2, 8, 8]).add(block).add(Activation::Relu);
        let expected = "\
Layer (type)             Output shape  Parameters  Connected to
──────────────────────────────────────────────────────────────────
conv2d (Conv2D)          [N, 4, 8, 8]          12  input
conv2d_1 (Conv2D)        [N, 2, 8, 8]          10  conv2d
add (Add)                [N, 2, 8, 8]           0  conv2d_1, input
activation (Activation)  [N, 2, 8, 8]           0  add
──────────────────────────────────────────────────────────────────
Trainable parameters: 22
";
        assert_eq!(model.summary().unwrap(), expected);
    }

    #[test]
    fn the_table_reads_like_keras() {
        let expected = "\
Layer (type)                  Output shape     Parameters
─────────────────────────────────────────────────────────
conv2d (Conv2D)               [N, 32, 24, 24]         832
max_pooling2d (MaxPooling2D)  [N, 32, 12, 12]           0
dropout (Dropout)             [N, 32, 12, 12]           0
flatten (Flatten)             [N, 4608]                 0
dense (Dense)                 [N, 128]            589,952
dense_1 (Dense)               [N, 10]               1,290
─────────────────────────────────────────────────────────
Trainable parameters: 592,074
";
        assert_eq!(reference(Pool::max(2)).summary().unwrap(), expected);
    }
}
