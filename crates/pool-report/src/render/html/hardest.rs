//! The test images that the most trials got wrong, with their pictures.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use maud::{Markup, html};
use pool_metrics::{HardImage, TestResults};

use super::super::plots::arms_attribute;
use super::grid::arm_name;
use crate::{ArmResults, Run};

const MOST: usize = 24;

/// How often each class was predicted.
type Predictions = BTreeMap<u8, usize>;

/// A test image over all trials.
struct Hard<'a> {
    picture: &'a HardImage,
    /// Trials that got it wrong.
    wrong: usize,
    /// By arm.
    predictions: Vec<Predictions>,
}

pub(super) fn hardest(run: &Run) -> Option<Markup> {
    let trials = tested(run).count();
    let images = most_often_wrong(run);
    (!images.is_empty()).then(|| {
        html! {
            p.note {
                "The test images that the most trials misclassified, of those whose picture a record holds, with what \
                 each arm took them for and how many of its seeds did."
            }
            ul.pictures { @for hard in &images { @if let Some(item) = item(run, hard, trials) { (item) } } }
        }
    })
}

fn tested(run: &Run) -> impl Iterator<Item = &TestResults> {
    run.arms.iter().flat_map(of_arm)
}

fn of_arm(arm: &ArmResults) -> impl Iterator<Item = &TestResults> {
    arm.healthy().filter_map(|record| record.test.as_ref())
}

/// The most often misclassified ones first, and the first of the test set among equals.
fn most_often_wrong(run: &Run) -> Vec<Hard<'_>> {
    let mut pictures: HashMap<u32, &HardImage> = HashMap::new();
    for image in tested(run).flat_map(|test| &test.hardest) {
        pictures.entry(image.index).or_insert(image);
    }
    let missed = |test: &TestResults, image: &HardImage| {
        test.predictions.get(image.index as usize).is_some_and(|&prediction| prediction != image.label)
    };
    let mut ranked: Vec<(usize, &HardImage)> = pictures
        .into_values()
        .map(|image| (tested(run).filter(|test| missed(test, image)).count(), image))
        .filter(|(wrong, _)| *wrong > 0)
        .collect();
    ranked.sort_by_key(|(wrong, image)| (std::cmp::Reverse(*wrong), image.index));
    ranked
        .into_iter()
        .take(MOST)
        .map(|(wrong, picture)| Hard {
            picture,
            wrong,
            predictions: run.arms.iter().map(|arm| predictions(arm, picture.index)).collect(),
        })
        .collect()
}

fn predictions(arm: &ArmResults, index: u32) -> Predictions {
    let mut counts = Predictions::new();
    for prediction in of_arm(arm).filter_map(|test| test.predictions.get(index as usize)) {
        *counts.entry(*prediction).or_default() += 1;
    }
    counts
}

/// None for pixels that make no picture.
fn item(run: &Run, Hard { picture, wrong, predictions }: &Hard<'_>, trials: usize) -> Option<Markup> {
    let HardImage { index, label, .. } = picture;
    let source = data_uri(picture)?;
    let by_arm = run.arms.iter().zip(predictions).enumerate().filter(|(_, (_, counts))| !counts.is_empty());
    Some(html! {
        li {
            img src=(source) width="112" height="112" alt=(format!("test image {index}, of class {label}"));
            p { "a " strong { (label) } ", wrong in " (wrong) " of " (trials) }
            ul {
                @for (arm, (results, counts)) in by_arm {
                    li data-arms=[arms_attribute(&[arm])] title=(results.name) {
                        (arm_name(arm, &results.name))
                        span { (words(counts, *label)) }
                    }
                }
            }
        }
    })
}

/// Every class predicted, the most frequent first, the right one in bold.
fn words(counts: &Predictions, label: u8) -> Markup {
    let mut ranked: Vec<(u8, usize)> = counts.iter().map(|(&class, &count)| (class, count)).collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let alone = ranked.len() == 1;
    html! {
        @for (place, (class, count)) in ranked.iter().enumerate() {
            @if place > 0 { ", " }
            @if *class == label { strong { (class) } } @else { (class) }
            @if !alone { " ×" (count) }
        }
    }
}

/// A grey PNG, small enough to stand in the page itself.
fn data_uri(HardImage { width, pixels, .. }: &HardImage) -> Option<String> {
    let height = (pixels.len() as u32).checked_div(*width)?;
    if height == 0 || pixels.len() != *width as usize * height as usize {
        return None;
    }
    let mut png = Vec::new();
    PngEncoder::new(&mut png).write_image(pixels, *width, height, ExtendedColorType::L8).ok()?;
    Some(format!("data:image/png;base64,{}", STANDARD.encode(png)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, pixels: usize) -> HardImage {
        HardImage { index: 0, label: 4, prediction: 9, loss: 1.0, width, pixels: vec![7; pixels] }
    }

    #[test]
    fn pixels_become_a_png_and_what_is_no_rectangle_becomes_nothing() {
        assert!(data_uri(&picture(2, 6)).unwrap().starts_with("data:image/png;base64,iVBORw0KGgo"));
        for (width, pixels, why) in
            [(4, 6, "half a row"), (0, 6, "no columns"), (3, 0, "no rows"), (9, 6, "no row")]
        {
            assert_eq!(data_uri(&picture(width, pixels)), None, "{why}");
        }
    }

    #[test]
    fn the_right_class_stands_out_among_the_predictions() {
        let words = |counts: &[(u8, usize)]| words(&counts.iter().copied().collect(), 4).into_string();
        assert_eq!(words(&[(9, 3)]), "9");
        assert_eq!(words(&[(4, 1), (9, 2)]), "9 ×2, <strong>4</strong> ×1");
    }
}
