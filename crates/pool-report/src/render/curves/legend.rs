//! Which curve is whose, beneath the panels, where it hides none.

use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::panel::{Area, DrawResult};
use super::stroke::Stroke;

const ROW_HEIGHT: u32 = 24;
const MARGIN: u32 = 16;
const LINE_WIDTH: i32 = 34;
const GAP: i32 = 8;
/// Of the font below; generous, because a viewer without that font takes a wider one.
const CHARACTER_WIDTH: usize = 9;
/// Longer names are cut; the tables hold them whole.
const MOST_CHARACTERS: usize = 48;

/// Pixels that the names need, side by side in columns of equal width.
pub(super) fn height(names: &[(&str, Stroke)], width: u32) -> u32 {
    let rows = names.len().div_ceil(columns(names, width).max(1)) as u32;
    rows * ROW_HEIGHT + MARGIN
}

pub(super) fn draw(names: &[(&str, Stroke)], width: u32, area: &Area<'_>) -> DrawResult {
    let columns = columns(names, width);
    let font = ("sans-serif", 17).into_font().color(&BLACK).pos(Pos::new(HPos::Left, VPos::Center));
    for (index, &(name, Stroke { colour, dash })) in names.iter().enumerate() {
        let (row, column) = (index / columns, index % columns);
        let x = (MARGIN as usize + column * column_width(names)) as i32;
        let y = (row as u32 * ROW_HEIGHT + ROW_HEIGHT / 2) as i32;
        let (line, style) = ([(x, y), (x + LINE_WIDTH, y)], colour.stroke_width(2));
        match dash {
            Some((drawn, left)) => area.draw(&DashedPathElement::new(line, drawn, left, style))?,
            None => area.draw(&PathElement::new(line, style))?,
        }
        area.draw(&Text::new(shortened(name), (x + LINE_WIDTH + GAP, y), font.clone()))?;
    }
    Ok(())
}

fn columns(names: &[(&str, Stroke)], width: u32) -> usize {
    ((width - 2 * MARGIN) as usize / column_width(names)).clamp(1, names.len().max(1))
}

fn column_width(names: &[(&str, Stroke)]) -> usize {
    let longest = names.iter().map(|(name, _)| name.chars().count().min(MOST_CHARACTERS)).max().unwrap_or(0);
    (LINE_WIDTH + 3 * GAP) as usize + longest * CHARACTER_WIDTH
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= MOST_CHARACTERS {
        return name.to_owned();
    }
    let kept: String = name.chars().take(MOST_CHARACTERS - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_and_short_ones_stand_side_by_side() {
        let long = "x".repeat(60);
        assert_eq!(shortened(&long).chars().count(), MOST_CHARACTERS);
        let named = |name| (0..3).map(|index| (name, Stroke::of_arm(index))).collect::<Vec<_>>();
        assert_eq!(columns(&named("max"), 960), 3);
        assert_eq!(columns(&named(&long), 960), 1);
        assert_eq!(height(&named(&long), 960), 3 * ROW_HEIGHT + MARGIN);
        assert_eq!(height(&[], 960), MARGIN);
    }
}
