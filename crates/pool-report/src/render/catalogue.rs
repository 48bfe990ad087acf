//! The catalogue of pooling operators: as tables, and as a gallery of what each makes of one picture.

use maud::{Markup, html};
use pool_spec::{Operator, OperatorKind};

use super::tables::Table;
use super::terminal::render_with_notes;

/// One table for each kind of operator, in the catalogue's order. Lines are at most `width` columns long, unless a single
/// word is longer.
pub fn operator_table(operators: &[Operator], width: u16) -> String {
    let groups = operators.chunk_by(|left, right| left.kind == right.kind);
    groups.map(|group| render_with_notes(&table(group), width)).collect::<Vec<_>>().join("\n")
}

fn table(group: &[Operator]) -> Table {
    let title = match group.first().map(|operator| operator.kind) {
        Some(OperatorKind::Geometry) => "Geometries: which windows exist",
        Some(OperatorKind::Reducer) => "Reducers: how a window becomes one value",
        Some(OperatorKind::Layer) => "Layers that are both at once",
        None => "",
    };
    let cells = |Operator { name, spelling, formula, learns, .. }: &Operator| {
        vec![(*name).to_owned(), spelling.clone(), (*formula).to_owned(), (*learns).to_owned()]
    };
    let header = ["operator", "for example", "formula", "learns"];
    Table::new(title, &header, group.iter().map(cells).collect()).with_word_columns(4)
}

/// What an operator makes of the example picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// The operator's name.
    pub title: String,
    /// How a sweep file spells the operator.
    pub caption: String,
    /// The shape of the result, in words.
    pub size: String,
    /// Pixels per row.
    pub width: usize,
    /// Grey values row by row, from 0 (black) to 255 (white).
    pub pixels: Vec<u8>,
}

const COLUMNS: usize = 6;
/// Width and height of a tile with its words.
const TILE: (usize, usize) = (168, 204);
/// The side of the square that holds the picture.
const PICTURE: usize = 140;
const CAPTION_WIDTH: usize = 30;
const CAPTION_LINES: usize = 4;

/// All tiles in one SVG, six in a row, in this order.
pub fn gallery_svg(tiles: &[Tile]) -> String {
    let (width, height) = (COLUMNS * TILE.0 + 8, tiles.len().div_ceil(COLUMNS) * TILE.1 + 8);
    let drawing = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}")) width=(width) height=(height)
            font-family="sans-serif" font-size="11" role="img" {
            title { "One picture through every pooling operator" }
            rect width="100%" height="100%" fill="#ffffff" {}
            @for (index, tile) in tiles.iter().enumerate() {
                (drawn(tile, 8 + index % COLUMNS * TILE.0, 8 + index / COLUMNS * TILE.1))
            }
        }
    };
    format!("{}\n", drawing.into_string())
}

fn drawn(tile: &Tile, left: usize, top: usize) -> Markup {
    let width = tile.width.max(1);
    let height = tile.pixels.len().div_ceil(width).max(1);
    let scale = PICTURE as f64 / width.max(height) as f64;
    let words = wrapped(&tile.caption, CAPTION_WIDTH);
    let caption = std::iter::once(tile.size.clone()).chain(words);
    html! {
        g transform=(format!("translate({left} {top})")) {
            text y="10" font-weight="bold" { (tile.title) }
            g transform=(format!("translate(0 16) scale({scale:.4})")) shape-rendering="crispEdges" {
                rect width=(width) height=(height) fill="#000000" {}
                @for (place, &grey) in tile.pixels.iter().enumerate().filter(|(_, grey)| **grey > 0) {
                    rect x=(place % width) y=(place / width) width="1" height="1"
                        fill=(format!("#{grey:02x}{grey:02x}{grey:02x}")) {}
                }
            }
            @for (line, words) in caption.take(CAPTION_LINES).enumerate() {
                text y=(PICTURE + 26 + 9 * line) font-size="8" font-family="monospace" fill="#333333" { (words) }
            }
        }
    }
}

/// Lines of at most this many characters; longer words stay whole.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    text.split_whitespace().fold(Vec::new(), |mut lines: Vec<String>, word| {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
        lines
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tile_is_drawn_with_its_words_escaped() {
        let tile = |title: &str| Tile {
            title: title.to_owned(),
            caption: "{ reduce = \"max\", size = 2, stride = 1 }".to_owned(),
            size: "1 x 1 x 2".to_owned(),
            width: 2,
            pixels: vec![0, 255],
        };
        let svg = gallery_svg(&[tile("max"), tile("<avg>")]);
        assert!(svg.contains("&lt;avg&gt;") && !svg.contains("<avg>"), "{svg}");
        assert_eq!(svg.matches("fill=\"#ffffff\"").count(), 1 + 2, "the paper and one white pixel each");
        assert!(svg.contains("stride = 1 }"), "{svg}");
    }
}
