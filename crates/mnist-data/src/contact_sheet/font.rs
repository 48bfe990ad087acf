//! Letters of 5 by 7 points, drawn in `font.txt`: bands of thirteen, each below a line that names them.

/// Points of a letter, without the one that separates it from the next.
pub(super) const WIDTH: usize = 5;
/// Points of a letter from top to bottom.
pub(super) const HEIGHT: usize = 7;

const DRAWN: &str = include_str!("font.txt");

/// Whether a point of a letter is set. A letter that is not drawn is a filled box.
pub(super) fn is_set(letter: char, row: usize, column: usize) -> bool {
    let lines: Vec<&str> = DRAWN.lines().collect();
    let drawn = lines.chunks_exact(HEIGHT + 1).find_map(|band| {
        let place = band[0].chars().position(|named| named == letter)?;
        band[1 + row].as_bytes().get(place * (WIDTH + 1) + column).copied()
    });
    drawn.unwrap_or(b'#') == b'#'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_the_drawing_has_its_points_and_no_two_are_alike() {
        let lines: Vec<&str> = DRAWN.lines().collect();
        assert_eq!(lines.len() % (HEIGHT + 1), 0);
        let mut seen = std::collections::HashMap::new();
        for band in lines.chunks_exact(HEIGHT + 1) {
            assert_eq!(band[0].chars().count(), 13, "{}", band[0]);
            assert!(band[1..].iter().all(|line| line.len() == 13 * (WIDTH + 1) - 1), "{}", band[0]);
            for letter in band[0].chars() {
                let points: Vec<bool> =
                    (0..HEIGHT * WIDTH).map(|point| is_set(letter, point / WIDTH, point % WIDTH)).collect();
                assert_eq!(seen.insert(points, letter), None, "{letter}");
            }
        }
    }

    #[test]
    fn a_letter_is_what_is_drawn_and_any_other_a_box() {
        let row = |letter, row| -> String {
            (0..WIDTH).map(|column| if is_set(letter, row, column) { '#' } else { '.' }).collect()
        };
        assert_eq!((row('A', 3), row('A', 6), row(' ', 3)), ("#####".into(), "#...#".into(), ".....".into()));
        assert_eq!(row('é', 3), "#####");
    }
}
