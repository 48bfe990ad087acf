//! What the arms get wrong: class by class, and the test images that most trials misclassify.

use std::collections::{BTreeMap, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use maud::{Markup, html};
use pool_records::{HardImage, TestResults};
use pool_spec::Colour;

use super::elements::arm_name;
use crate::cells::estimate;
use crate::chart::{SeriesStyle, series_attribute};
use crate::figures::classes_with_errors;
use crate::{ArmFigures, ArmResults, ClassNames, Estimate, Run};

/// With more classes than this nobody would read the table.
const MOST_CLASSES: usize = 40;

/// The error of each class, arm by arm; `None` before a trial has been tested.
pub(super) fn classes(figures: &[ArmFigures], names: &ClassNames) -> Option<Markup> {
    let classes = classes_with_errors(figures);
    let errors = figures.iter().flat_map(|arm| &arm.class_errors).flatten();
    let worst = errors.map(|error| error.mean).fold(0.0, f64::max);
    (1..=MOST_CLASSES).contains(&classes.len()).then(|| {
        html! {
            p.note {
                "Share of each class's test images that are misclassified, mean over seeds; the bar is relative to \
                 the worst figure in the table. Point at a figure for its interval."
            }
            div.wide tabindex="0" role="region" aria-label="Error of each class" {
                table.sortable.heat {
                    caption { "Test error of each class, %" }
                    thead { tr { th scope="col" { "arm" } @for class in &classes { th scope="col" { (names.name(*class)) } } } }
                    tbody {
                        @for (arm, figures) in figures.iter().enumerate() {
                            (class_row(arm, figures, &classes, worst))
                        }
                    }
                }
            }
        }
    })
}

fn class_row(arm: usize, figures: &ArmFigures, classes: &[usize], worst: f64) -> Markup {
    html! {
        tr data-arms=[series_attribute(&[arm])] {
            th scope="row" { (arm_name(arm, &figures.arm)) }
            @for class in classes { (class_cell(arm, figures.class_errors.get(*class).copied().flatten(), worst)) }
        }
    }
}

fn class_cell(arm: usize, error: Option<Estimate>, worst: f64) -> Markup {
    let Some(error) = error else { return html! { td { "-" } } };
    let width = if worst > 0.0 { 34.0 * error.mean / worst } else { 0.0 };
    html! {
        td title=(format!("{} %", estimate(Some(error), 100.0, 2))) {
            (format!("{:.2}", 100.0 * error.mean))
            svg.bar-under.(SeriesStyle::nth(arm).class()) width="34" height="4" aria-hidden="true" {
                rect x=(format!("{:.1}", 34.0 - width)) width=(format!("{width:.1}")) height="4" fill="currentColor" {}
            }
        }
    }
}

const MOST_IMAGES: usize = 24;

/// How often each class was predicted.
type Predictions = BTreeMap<u16, usize>;

/// A test image and what all trials made of it.
struct HardestImage<'a> {
    picture: &'a HardImage,
    /// Trials that got it wrong.
    wrong: usize,
    /// One entry per arm.
    predictions: Vec<Predictions>,
}

/// The test images that the most trials got wrong, with their pictures. `None` if no record holds one.
pub(super) fn hardest(run: &Run, names: &ClassNames) -> Option<Markup> {
    let trials = tested(run).count();
    let images = most_often_wrong(run);
    (!images.is_empty()).then(|| {
        html! {
            p.note {
                "The test images that most trials misclassified, among those whose picture is in a record: what each \
                 arm predicted, and with how many seeds."
            }
            ul.pictures { @for hard in &images { @if let Some(item) = image_item(run, hard, trials, names) { (item) } } }
        }
    })
}

fn tested(run: &Run) -> impl Iterator<Item = &TestResults> {
    run.arms.iter().flat_map(of_arm)
}

fn of_arm(arm: &ArmResults) -> impl Iterator<Item = &TestResults> {
    arm.healthy().filter_map(|record| record.test.as_ref())
}

/// The most often misclassified first; equals in the order of the test set.
fn most_often_wrong(run: &Run) -> Vec<HardestImage<'_>> {
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
        .take(MOST_IMAGES)
        .map(|(wrong, picture)| HardestImage {
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

/// `None` if the pixels are not a rectangle.
fn image_item(
    run: &Run,
    HardestImage { picture, wrong, predictions }: &HardestImage<'_>,
    trials: usize,
    names: &ClassNames,
) -> Option<Markup> {
    let HardImage { index, label, .. } = picture;
    let source = data_uri(picture)?;
    let class = names.name(usize::from(*label));
    let by_arm = run.arms.iter().zip(predictions).enumerate().filter(|(_, (_, counts))| !counts.is_empty());
    Some(html! {
        li {
            img src=(source) width="112" height="112" alt=(format!("test image {index}, of class {class}"));
            p { strong { (class) } ", wrong in " (wrong) " of " (trials) }
            ul {
                @for (arm, (results, counts)) in by_arm {
                    li data-arms=[series_attribute(&[arm])] title=(results.name) {
                        (arm_name(arm, &results.name))
                        span { (words(counts, *label, names)) }
                    }
                }
            }
        }
    })
}

/// Every class predicted, the most frequent first, the correct one in bold.
fn words(counts: &Predictions, label: u16, names: &ClassNames) -> Markup {
    let mut ranked: Vec<(u16, usize)> = counts.iter().map(|(&class, &count)| (class, count)).collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let alone = ranked.len() == 1;
    html! {
        @for (place, (class, count)) in ranked.iter().enumerate() {
            @if place > 0 { ", " }
            @let name = names.name(usize::from(*class));
            @if *class == label { strong { (name) } } @else { (name) }
            @if !alone { " ×" (count) }
        }
    }
}

/// A PNG, small enough to be part of the page.
fn data_uri(HardImage { width, colour, pixels, .. }: &HardImage) -> Option<String> {
    let channels = colour.channels();
    let plane = pixels.len() / channels;
    let height = (plane as u32).checked_div(*width)?;
    if height == 0 || pixels.len() != channels * *width as usize * height as usize {
        return None;
    }
    let interleaved: Vec<u8> =
        (0..plane).flat_map(|pixel| pixels.iter().skip(pixel).step_by(plane)).copied().collect();
    let kind = match colour {
        Colour::Grey => ExtendedColorType::L8,
        Colour::Rgb => ExtendedColorType::Rgb8,
    };
    let mut png = Vec::new();
    PngEncoder::new(&mut png).write_image(&interleaved, *width, height, kind).ok()?;
    Some(format!("data:image/png;base64,{}", STANDARD.encode(png)))
}

#[cfg(test)]
mod tests {
    use pool_files::{PngColour, decode_png};

    use super::*;

    fn picture(width: u32, pixels: usize) -> HardImage {
        let colour = Colour::Grey;
        HardImage { index: 0, label: 4, prediction: 9, loss: 1.0, width, colour, pixels: vec![7; pixels] }
    }

    #[test]
    fn a_picture_in_colour_becomes_a_png_in_colour() {
        let pixels = vec![255, 1, 0, 2, 9, 3];
        let uri = data_uri(&HardImage { colour: Colour::Rgb, pixels, ..picture(2, 0) }).unwrap();
        let png = STANDARD.decode(uri.strip_prefix("data:image/png;base64,").unwrap()).unwrap();
        let png = decode_png(std::io::Cursor::new(png)).unwrap();
        assert_eq!((png.colour, &png.samples[..]), (PngColour::Rgb, &[255, 0, 9, 1, 2, 3][..]));
        let torn = HardImage { colour: Colour::Rgb, pixels: vec![0; 4], ..picture(2, 0) };
        assert_eq!(data_uri(&torn), None, "no whole channels");
    }

    #[test]
    fn pixels_become_a_png_unless_they_are_no_rectangle() {
        assert!(data_uri(&picture(2, 6)).unwrap().starts_with("data:image/png;base64,iVBORw0KGgo"));
        for (width, pixels, why) in
            [(4, 6, "half a row"), (0, 6, "no columns"), (3, 0, "no rows"), (9, 6, "no row")]
        {
            assert_eq!(data_uri(&picture(width, pixels)), None, "{why}");
        }
    }

    #[test]
    fn the_right_class_stands_out_among_the_predictions() {
        let words = |counts: &[(u16, usize)]| {
            words(&counts.iter().copied().collect(), 4, &ClassNames::default()).into_string()
        };
        assert_eq!(words(&[(9, 3)]), "9");
        assert_eq!(words(&[(4, 1), (9, 2)]), "9 ×2, <strong>4</strong> ×1");
    }
}
