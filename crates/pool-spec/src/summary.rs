//! The table that Keras users know.

use crate::{Inferred, InferredLayer};

/// Renders layer, output shape and parameters, with totals below.
pub(crate) fn render(model: &Inferred) -> String {
    let rows: Vec<[String; 3]> = model
        .layers
        .iter()
        .map(|layer| {
            let all_parameters = layer.parameters + layer.fixed_parameters;
            [format!("{} ({})", layer.name, class(layer)), shape(&layer.output), thousands(all_parameters)]
        })
        .collect();
    let header = ["Layer (type)".to_owned(), "Output shape".to_owned(), "Parameters".to_owned()];
    let widths: Vec<usize> = (0..3)
        .map(|column| {
            rows.iter().chain([&header]).map(|row| row[column].chars().count()).max().unwrap_or_default()
        })
        .collect();
    let line = |row: &[String; 3]| {
        format!(
            "{:<w0$}  {:<w1$}  {:>w2$}\n",
            row[0],
            row[1],
            row[2],
            w0 = widths[0],
            w1 = widths[1],
            w2 = widths[2]
        )
    };
    let rule = format!("{}\n", "─".repeat(widths.iter().sum::<usize>() + 4));

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
    use crate::Pool;
    use crate::reference_network::reference;

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
