//! Names beside their points, as many as find room.

use maud::{Markup, html};

use super::panel::{CHARACTER, arms_attribute, label, shortened};

const HEIGHT: f64 = 14.0;
/// Of a mark, from its middle.
const RADIUS: f64 = 9.0;
const MOST_CHARACTERS: usize = 22;

/// A rectangle: left, top, right, bottom.
type Place = (f64, f64, f64, f64);

/// What is taken already.
pub(super) struct Labels {
    taken: Vec<Place>,
    room: Place,
}

impl Labels {
    /// Around these points, within these bounds.
    pub(super) fn around(points: impl Iterator<Item = (f64, f64)>, room: Place) -> Self {
        let taken =
            points.map(|(x, y)| (x - RADIUS + 2.0, y - RADIUS + 2.0, x + RADIUS - 2.0, y + RADIUS - 2.0));
        Self { taken: taken.collect(), room }
    }

    /// The name right of its point, left of it, above or below; none where it would lie on something else.
    pub(super) fn place(&mut self, arm: usize, name: &str, (x, y): (f64, f64)) -> Markup {
        let words = shortened(name, MOST_CHARACTERS);
        let width = CHARACTER * words.chars().count() as f64;
        let candidates = [
            (x + RADIUS, y, "start"),
            (x - RADIUS, y, "end"),
            (x + RADIUS, y - 11.0, "start"),
            (x + RADIUS, y + 11.0, "start"),
            (x - RADIUS, y - 11.0, "end"),
            (x - RADIUS, y + 11.0, "end"),
            (x, y - 17.0, "middle"),
            (x, y + 17.0, "middle"),
        ];
        let free = candidates.into_iter().find_map(|(x, y, anchor)| {
            let left = match anchor {
                "start" => x,
                "end" => x - width,
                _ => x - width / 2.0,
            };
            let place = (left, y - HEIGHT / 2.0, left + width, y + HEIGHT / 2.0);
            self.is_free(place).then_some((x, y, anchor, place))
        });
        let Some((x, y, anchor, place)) = free else { return html! {} };
        self.taken.push(place);
        html! {
            g.halo data-arms=[arms_attribute(&[arm])] stroke="#ffffff" stroke-width="3" stroke-linejoin="round"
                paint-order="stroke" { (label(&words, x, y + 4.0, anchor)) }
        }
    }

    fn is_free(&self, (left, top, right, bottom): Place) -> bool {
        let room = self.room;
        let inside = left >= room.0 && top >= room.1 && right <= room.2 && bottom <= room.3;
        inside
            && !self
                .taken
                .iter()
                .any(|taken| left < taken.2 && taken.0 < right && top < taken.3 && taken.1 < bottom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_beside_their_points_and_never_on_another() {
        let points = [(100.0, 50.0), (110.0, 50.0), (195.0, 80.0)];
        let mut labels = Labels::around(points.into_iter(), (0.0, 0.0, 200.0, 100.0));
        let mut place = |arm: usize| labels.place(arm, "maximum", points[arm]).into_string();
        assert!(place(1).contains("text-anchor=\"start\""), "the right is free");
        assert!(place(0).contains("x=\"91\""), "left, because the right is taken");
        assert!(place(2).contains("text-anchor=\"end\""), "the right edge is near");
        let mut full = Labels::around(std::iter::empty(), (0.0, 0.0, 30.0, 100.0));
        assert_eq!(full.place(0, "maximum", (15.0, 50.0)).into_string(), "", "no room at all");
    }
}
