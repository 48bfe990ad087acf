//! Classes without training, validation or test images, which a verdict cannot take into account, in sentences.
use pool_spec::ClassImages;

use crate::cells::listed;

/// More classes than this are counted rather than listed.
const MOST_CLASSES: usize = 8;
/// The cure: a stratified split puts every class with at least two images on both sides.
const CURE: &str = "In the sweep file, validation = { stratified = 0.2 } below [data] puts images of every class on \
                    both sides.";

/// The classes that training, validation or test images lack, in sentences. Empty if every class that occurs is in all
/// three.
pub fn class_gaps(images: &ClassImages) -> Vec<String> {
    let count = |part: &[u64], class: usize| part.get(class).copied().unwrap_or(0);
    let (held_out, only_tested): (Vec<usize>, Vec<usize>) =
        images.untrained().into_iter().partition(|&class| count(&images.validation, class) > 0);
    // Classes without training images are reported above.
    let unvalidated = images.unvalidated().into_iter().filter(|&class| count(&images.train, class) > 0);
    let (single, several): (Vec<usize>, Vec<usize>) =
        unvalidated.partition(|&class| count(&images.train, class) == 1);
    let curable = !held_out.is_empty() || !several.is_empty();
    let gaps = [
        (held_out, "No training image shows", "validation holds all that do, so no network can learn"),
        (only_tested, "No training image shows", "only test images do, so no network can learn"),
        (several, "No validation image shows", "early stopping and the choice of an arm ignore"),
        (
            single,
            "No validation image shows",
            "the only image is a training image, so the choice of an arm ignores",
        ),
        (images.untested(), "No test image shows", "the test error says nothing about"),
    ];
    let found = gaps.into_iter().filter(|(classes, ..)| !classes.is_empty());
    found
        .map(|(classes, lack, why)| {
            let them = if classes.len() == 1 { "it" } else { "them" };
            format!("{lack} {}: {why} {them}.", named(&classes))
        })
        .chain(curable.then(|| CURE.to_owned()))
        .collect()
}

/// `class 4`, `classes 0 and 1`, `30 classes (0, 1, 2, ...)`.
fn named(classes: &[usize]) -> String {
    let labels: Vec<String> = classes.iter().take(MOST_CLASSES).map(ToString::to_string).collect();
    match classes.len() {
        1 => format!("class {}", labels.concat()),
        2..=MOST_CLASSES => format!("classes {}", listed(&labels)),
        count => format!("{count} classes ({}, ...)", labels.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(train: &[u64], validation: &[u64], test: &[u64]) -> Vec<String> {
        let [train, validation, test] = [train, validation, test].map(<[u64]>::to_vec);
        class_gaps(&ClassImages { train, validation, test })
    }

    #[test]
    fn a_set_sorted_by_class_is_told_to_lack_a_class_on_either_side() {
        assert_eq!(
            told(&[20, 20, 20, 20], &[0, 0, 0, 0, 20], &[5, 5, 5, 5, 5]),
            [
                "No training image shows class 4: validation holds all that do, so no network can learn it.",
                "No validation image shows classes 0, 1, 2 and 3: early stopping and the choice of an arm ignore \
                 them.",
                CURE
            ]
        );
    }

    #[test]
    fn what_a_stratified_split_cannot_divide_has_no_cure_by_it() {
        assert_eq!(
            told(&[20, 1, 0, 9], &[5, 0, 0, 2], &[5, 1, 3]),
            [
                "No training image shows class 2: only test images do, so no network can learn it.",
                "No validation image shows class 1: the only image is a training image, so the choice of an arm \
                 ignores it.",
                "No test image shows class 3: the test error says nothing about it.",
            ]
        );
    }

    #[test]
    fn nothing_is_told_where_every_class_is_in_each_part_and_many_are_counted() {
        assert!(told(&[0, 4, 4], &[0, 1, 1], &[0, 2, 2]).is_empty(), "class 0 never occurs");
        let many = told(&[1; 30], &[1; 30], &[]);
        assert_eq!(
            many,
            [
                "No test image shows 30 classes (0, 1, 2, 3, 4, 5, 6, 7, ...): the test error says nothing about them."
            ]
        );
    }
}
