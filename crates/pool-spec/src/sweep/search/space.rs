//! The space that arms are drawn from.

use rand_chacha::ChaCha8Rng;

use crate::draw::{self, pick};
use crate::sweep::arm::{Arm, ArmOverrides};
use crate::sweep::axes::{RecipeAxes, draw_number};
use crate::{Extent, Padding, Pool, Reducer, Window};

/// Where the pooling layers come from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pools {
    /// The arms that the file lists.
    Listed,
    /// Reducers over windows.
    Windows {
        reduce: Vec<Reducer>,
        size: Option<Vec<Extent>>,
        stride: Option<Vec<Extent>>,
        padding: Option<Vec<Padding>>,
    },
}

/// All axes; one that is `None` does not vary.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Space {
    pub(super) pools: Pools,
    pub(super) slots: Option<Vec<Vec<usize>>>,
    pub(super) batch_size: Option<Vec<usize>>,
    pub(super) recipe: RecipeAxes,
}

/// Longer names are replaced by a number: tables have to hold them. Windows of a size per axis have such names, or numbers
/// of many digits.
const LONGEST_NAME: usize = 60;

impl Space {
    /// The arm of one draw. Every draw has a stream of the generator to itself, so that it does not depend on the number
    /// of draws before it.
    pub(super) fn draw(&self, seed: u64, number: u64, listed: &[Arm]) -> Option<Arm> {
        let mut generator = draw::generator(seed, number);
        let mut words = Vec::new();
        let (fillings, span) = match &self.pools {
            Pools::Listed => {
                let arm = pick(&mut generator, listed)?;
                words.push(arm.name.clone());
                (arm.fillings.clone(), arm.span.clone())
            }
            Pools::Windows { reduce, size, stride, padding } => {
                let reducer = *pick(&mut generator, reduce)?;
                words.push(reducer_word(reducer, reduce));
                let size = draw_one(size, &mut generator).unwrap_or(Extent::All(2));
                let stride = draw_one(stride, &mut generator);
                let by = stride.as_ref().map_or(String::new(), |stride| format!("/{stride}"));
                words.push(format!("{size}{by}"));
                let mut window = Window::new(size);
                if let Some(stride) = stride {
                    window = window.stride(stride);
                }
                if let Some(padding) = draw_one(padding, &mut generator) {
                    words.extend(padding_word(&padding));
                    window = window.padding(padding);
                }
                (Pool::window(reducer, window).into(), 0..0)
            }
        };
        let mut named = vec![words.join(" ")];
        let overrides = ArmOverrides {
            slots: draw_one(&self.slots, &mut generator),
            dropout: draw_number(&self.recipe.dropout, &mut generator),
            learning_rate: draw_number(&self.recipe.learning_rate, &mut generator),
            batch_size: draw_one(&self.batch_size, &mut generator),
            // Axes that were added later are drawn last, so that searches without them draw what they drew.
            weight_decay: draw_number(&self.recipe.weight_decay, &mut generator),
            momentum: draw_number(&self.recipe.momentum, &mut generator),
            label_smoothing: draw_number(&self.recipe.label_smoothing, &mut generator),
        };
        named.extend(overrides.words());
        let name = named.join(", ");
        let name = if name.chars().count() > LONGEST_NAME { format!("draw {number}") } else { name };
        Some(Arm { name, fillings, overrides, span })
    }
}

/// Its name; with its place in the list where others of the list have the same.
fn reducer_word(reducer: Reducer, all: &[Reducer]) -> String {
    let name = reducer.name();
    if all.iter().filter(|other| other.name() == name).count() == 1 {
        return name.to_owned();
    }
    let place = all.iter().position(|&other| other == reducer).unwrap_or_default();
    format!("{name}#{}", place + 1)
}

/// `None` for no padding.
fn padding_word(padding: &Padding) -> Option<String> {
    match padding {
        Padding::Valid => None,
        Padding::Same => Some("same".to_owned()),
        Padding::Symmetric(amount) => Some(format!("pad {amount}")),
    }
}

/// Draws from an axis, each value equally likely; an axis that does not vary draws nothing.
fn draw_one<T: Clone>(axis: &Option<Vec<T>>, generator: &mut ChaCha8Rng) -> Option<T> {
    pick(generator, axis.as_ref()?).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::toml_file::{Numbers, Range, Scale};

    fn space() -> Space {
        Space {
            pools: Pools::Windows {
                reduce: vec![Reducer::Max, Reducer::Avg],
                size: Some(vec![Extent::All(2), Extent::All(3)]),
                stride: None,
                padding: Some(vec![Padding::Valid, Padding::Same]),
            },
            slots: None,
            batch_size: None,
            recipe: RecipeAxes {
                dropout: Some(Numbers::Range(Range { from: 0.0, to: 0.5, scale: Scale::Linear })),
                learning_rate: Some(Numbers::Range(Range { from: 1e-4, to: 1e-2, scale: Scale::Log })),
                ..RecipeAxes::default()
            },
        }
    }

    #[test]
    fn a_draw_depends_on_the_seed_and_its_number_alone() {
        let space = space();
        let draw = |seed, number| space.draw(seed, number, &[]).unwrap();
        assert_eq!(draw(7, 3), draw(7, 3));
        assert_ne!(draw(7, 3), draw(7, 4));
        assert_ne!(draw(7, 3), draw(8, 3));
    }

    #[test]
    fn every_value_of_an_axis_is_drawn_about_equally_often() {
        let space = space();
        let draws: Vec<Arm> = (0..2_000).map(|number| space.draw(1, number, &[]).unwrap()).collect();
        let share = |what: &str| draws.iter().filter(|arm| arm.name.contains(what)).count() as f64 / 2_000.0;
        // Binomial: 0.5 with a standard deviation of 0.011.
        for word in ["max", "avg", "avg 3", "same"] {
            let expected = if word.starts_with("avg ") { 0.25 } else { 0.5 };
            assert!((share(word) - expected).abs() < 0.05, "{word}: {}", share(word));
        }
        let below_geometric_mean =
            draws.iter().filter(|arm| arm.overrides.learning_rate.unwrap() < 1e-3).count() as f64 / 2_000.0;
        assert!((below_geometric_mean - 0.5).abs() < 0.05, "{below_geometric_mean}");
        assert!(draws.iter().all(|arm| (0.0..=0.5).contains(&arm.overrides.dropout.unwrap())));
    }

    #[test]
    fn an_axis_of_the_recipe_changes_no_draw_of_the_others() {
        let shorter = space();
        let recipe = RecipeAxes {
            weight_decay: Some(Numbers::Range(Range { from: 1e-5, to: 1e-2, scale: Scale::Log })),
            momentum: Some(Numbers::List(vec![0.0, 0.9])),
            label_smoothing: Some(Numbers::List(vec![0.0, 0.1])),
            ..space().recipe
        };
        let longer = Space { recipe, ..space() };
        for number in 0..20 {
            let [before, after] = [&shorter, &longer].map(|space| space.draw(3, number, &[]).unwrap());
            let ArmOverrides { weight_decay, momentum, label_smoothing, .. } = after.overrides;
            let [decay, momentum, smoothing] = [weight_decay, momentum, label_smoothing].map(Option::unwrap);
            assert!((1e-5..=1e-2).contains(&decay) && [0.0, 0.9].contains(&momentum));
            let words = format!("decay {decay}, momentum {momentum}, smoothing {smoothing}");
            assert!(after.name.ends_with(&words) || after.name.starts_with("draw "), "{}", after.name);
            let others =
                ArmOverrides { weight_decay: None, momentum: None, label_smoothing: None, ..after.overrides };
            assert_eq!((after.fillings, others), (before.fillings, before.overrides));
        }
    }

    #[test]
    fn names_say_what_was_drawn_to_the_last_digit() {
        let arm = space().draw(1, 0, &[]).unwrap();
        let ArmOverrides { dropout, learning_rate, .. } = arm.overrides;
        let (dropout, learning_rate) = (dropout.unwrap(), learning_rate.unwrap());
        assert!(
            arm.name.ends_with(&format!(", dropout {dropout}, lr {learning_rate}")),
            "{}: {dropout}, {learning_rate}",
            arm.name
        );
        assert_eq!(reducer_word(Reducer::Max, &[Reducer::Max, Reducer::Avg]), "max");
    }
}
