//! What was compared: the arms, their networks, and the images.

use pool_records::TrialRecord;
use pool_spec::{ChannelStatistics, DataSource, DataSpec, Layer, Normalize, Resize, Sequential, Split};

use super::super::caveats::SAME_SIZE;
use super::{EACH_ARMS_OWN, MOST_NAMED, by_arm, named, per_cent};
use crate::cells::{counted, fixed, listed, thousands};
use crate::{ArmFigures, Run};

/// The arms, and the networks that they make.
pub(super) fn arms_and_networks(run: &Run, arms: &[ArmFigures]) -> Vec<String> {
    let layers = by_arm(run, |record| layers_in_words(&record.spec.model)).map_or_else(
        || "Apart from pooling, the arms have different layers.".to_owned(),
        |layers| format!("Apart from pooling, the network has {layers}."),
    );
    let mut sentences = which_arms(run, arms);
    sentences.push(layers);
    sentences.extend(parameters(run, arms));
    sentences
}

fn which_arms(run: &Run, arms: &[ArmFigures]) -> Vec<String> {
    let spelled = |arm: &ArmFigures| match &arm.fillings {
        Some(fillings) => format!("{} ({fillings})", arm.arm),
        None => arm.arm.clone(),
    };
    let all_shown = run.planned_arms == arms.len();
    let mut sentences = match (run.planned_arms, arms) {
        (1, [arm]) => vec![format!("The study has one arm: {}.", spelled(arm))],
        (count, arms) if all_shown && count <= MOST_NAMED => {
            let arms: Vec<String> = arms.iter().map(spelled).collect();
            vec![format!("The study compares {} arms: {}.", arms.len(), listed(&arms))]
        }
        (count, _) => vec![format!("The study compares {}.", counted(count, "arm"))],
    };
    sentences.push(
        if all_shown && run.planned_arms <= MOST_NAMED {
            "An arm is one choice of what the network pools with, in brackets as the sweep file spells it."
        } else {
            "An arm is one choice of what the network pools with."
        }
        .to_owned(),
    );
    if run.set_aside > 0 {
        sentences.push(format!(
            "The figures are those of the {} with the lowest validation errors.",
            counted(arms.len(), "arm")
        ));
    }
    let unfinished: Vec<&str> =
        arms.iter().filter(|arm| arm.trials.is_empty()).map(|arm| arm.arm.as_str()).collect();
    if !unfinished.is_empty() {
        sentences.push(format!("No trial of {} has finished.", named(&unfinished)));
    }
    sentences
}

/// How many layers of each kind a network has.
#[derive(Default)]
struct LayerCounts {
    convolutions: usize,
    dense: usize,
    normalisations: usize,
    joints: usize,
    /// The rates of dropout, each once.
    dropout: Vec<String>,
    /// The units of every dense layer.
    units: Vec<String>,
}

impl LayerCounts {
    fn of(model: &Sequential) -> Self {
        let mut counts = Self::default();
        counts.add(&model.layers);
        counts
    }

    fn add(&mut self, layers: &[Layer]) {
        for layer in layers {
            match layer {
                Layer::Conv1d(_) | Layer::Conv2d(_) | Layer::Conv3d(_) => self.convolutions += 1,
                Layer::Dense(dense) => {
                    self.dense += 1;
                    self.units.push(dense.units.to_string());
                }
                Layer::BatchNorm(_) => self.normalisations += 1,
                Layer::Dropout(dropout) => {
                    let rate = dropout.rate.to_string();
                    if !self.dropout.contains(&rate) {
                        self.dropout.push(rate);
                    }
                }
                Layer::Parallel(parallel) => {
                    self.joints += 1;
                    parallel.branches.iter().for_each(|branch| self.add(branch));
                }
                Layer::Pool(_) | Layer::Activation(_) | Layer::SpaceToDepth(_) | Layer::Flatten => {}
            }
        }
    }
}

/// `1 convolution, 2 dense layers and dropout of 0.2`.
fn layers_in_words(model: &Sequential) -> String {
    let LayerCounts { convolutions, dense, normalisations, joints, dropout, .. } = LayerCounts::of(model);
    let kinds = [
        (convolutions, "convolution"),
        (normalisations, "batch normalisation"),
        (joints, "joint of branches"),
        (dense, "dense layer"),
    ];
    let plural = |(count, what): &(usize, &str)| match *what {
        "joint of branches" if *count > 1 => format!("{count} joints of branches"),
        what => counted(*count, what),
    };
    let mut words: Vec<String> = kinds.iter().filter(|(count, _)| *count > 0).map(plural).collect();
    if !dropout.is_empty() {
        words.push(format!("dropout of {}", listed(&dropout)));
    }
    if words.is_empty() { "no layer that learns".to_owned() } else { listed(&words) }
}

/// The numbers of parameters, and what makes them equal.
fn parameters(run: &Run, arms: &[ArmFigures]) -> Vec<String> {
    let counts = || arms.iter().filter_map(|arm| arm.parameters);
    let (Some(least), Some(most)) = (counts().min(), counts().max()) else { return Vec::new() };
    let number = |count| thousands(Some(count));
    let shown = by_arm(run, |record| number(record.model.parameters));
    let subject = if arms.len() == 1 { "The network has" } else { "Every network has" };
    let mut sentences = vec![match shown {
        Some(only) if least == most => format!("{subject} {only} trainable parameters."),
        Some(each) => format!("The numbers of trainable parameters are {each}."),
        None => format!("The networks have {} to {} trainable parameters.", number(least), number(most)),
    }];
    let units = |record: &TrialRecord| listed(&LayerCounts::of(&record.spec.model).units);
    let mut all_units: Vec<String> = run.records().map(units).collect();
    all_units.sort();
    all_units.dedup();
    let is_equal = most as f64 <= SAME_SIZE * least.max(1) as f64;
    if all_units.len() > 1 && is_equal {
        let each = by_arm(run, units).unwrap_or_else(|| EACH_ARMS_OWN.to_owned());
        sentences.push(format!(
            "The units of the dense layers are {each}, which makes the numbers of parameters equal to within {}.",
            per_cent(SAME_SIZE - 1.0)
        ));
    }
    sentences
}

/// The images, how they were divided, and what was done to them.
pub(super) fn images(run: &Run) -> Vec<String> {
    let Some(record) = run.records().next() else { return Vec::new() };
    let data = &record.spec.data;
    let mut sentences = vec![which_images(record)];
    sentences.extend(resizing(data));
    sentences.extend(record.remarks.sentences());
    sentences.push(held_out(data.validation));
    sentences.push(pixels(run, data.normalize));
    sentences.push(if data.augment.is_none() {
        "Training images were not augmented.".to_owned()
    } else {
        format!("Training images were changed at random each time that they were seen: {}.", data.augment)
    });
    sentences
}

/// `The images are those of MNIST, 28 x 28 pixels in 1 channel and of 10 classes: ...`.
fn which_images(record: &TrialRecord) -> String {
    let images = &record.class_images;
    let parts = [&images.train, &images.validation, &images.test];
    let classes = (0..parts.iter().map(|part| part.len()).max().unwrap_or(0))
        .filter(|&class| parts.iter().any(|part| part.get(class).is_some_and(|&count| count > 0)));
    let classes = match classes.count() {
        1 => "1 class".to_owned(),
        count => format!("{} classes", thousands(Some(count as u64))),
    };
    let shape = match &record.spec.model.input[..] {
        [channels, spatial @ ..] if !spatial.is_empty() => {
            let sides: Vec<String> = spatial.iter().map(ToString::to_string).collect();
            format!("{} pixels in {}", sides.join(" x "), counted(*channels, "channel"))
        }
        _ => "one number each".to_owned(),
    };
    let [train, validation, test] = parts.map(|part| part.iter().sum::<u64>());
    let test = if test == 0 { "none".to_owned() } else { thousands(Some(test)) };
    format!(
        "The images are {} ({shape}, {classes}): {} to train with, {} for validation and {test} to test with.",
        source(&record.spec.data.source),
        thousands(Some(train)),
        thousands(Some(validation)),
    )
}

/// The source without the folders above it, which mean nothing elsewhere.
fn source(source: &DataSource) -> String {
    let name = source.path().and_then(|path| path.file_name());
    let name = name.map_or_else(|| "a folder".to_owned(), |name| name.to_string_lossy().into_owned());
    match source {
        DataSource::Public(set) => format!("those of {}", set.title()),
        DataSource::Generated => format!("{source}"),
        DataSource::Dir(_) => format!("the IDX files of {name}"),
        DataSource::Folder(_) => format!("the pictures of {name}"),
        DataSource::Npz(_) => format!("the arrays of {name}"),
        DataSource::Cifar10(_) => format!("those of {name}, in the format of CIFAR-10"),
        DataSource::Cifar100(_) => format!("those of {name}, in the format of CIFAR-100"),
        DataSource::Csv(_) => format!("the table {name}"),
    }
}

/// How pictures of other sizes were brought to the input's; `None` for sources whose images have one size.
fn resizing(data: &DataSpec) -> Option<String> {
    data.pictures.size?;
    let how = match data.pictures.resize {
        Resize::Fit => "all of it, with its aspect kept and white around it",
        Resize::Crop => "its middle, with its aspect kept",
        Resize::Stretch => "all of it, without regard to its aspect",
    };
    Some(format!("A picture of another size was brought to this one: {how}."))
}

fn held_out(split: Split) -> String {
    match split {
        Split::Tail(fraction) => {
            format!(
                "Validation images are the last {} of those that are not for testing.",
                per_cent(fraction)
            )
        }
        Split::Stratified(fraction) => format!(
            "Validation images are {} of every class, drawn at random from those that are not for testing, the same \
             ones for every seed.",
            per_cent(fraction)
        ),
        Split::StratifiedPerSeed(fraction) => format!(
            "Validation images are {} of every class, drawn at random from those that are not for testing, others for \
             every seed.",
            per_cent(fraction)
        ),
        Split::Folds(folds) => format!(
            "The images that are not for testing are dealt into {folds} folds, class by class and at random; each seed holds \
             another fold out for validation, and every {folds} seeds other folds."
        ),
        Split::Predefined => {
            "Validation images are those that the data set itself sets apart for validation.".to_owned()
        }
    }
}

/// What the numbers are that a network reads.
fn pixels(run: &Run, normalize: Normalize) -> String {
    match normalize {
        Normalize::None => "A pixel is a number from 0 (black) to 1 (white).".to_owned(),
        Normalize::PerChannel => {
            let mut statistics = run.records().map(|record| &record.normalization);
            let first = statistics.next().filter(|first| !first.is_empty());
            let shared = first.filter(|first| statistics.all(|other| other == *first));
            let figures = shared.map_or(String::new(), |channels| format!(": {}", figures_of(channels)));
            format!(
                "From every channel its mean was taken off, and the rest divided by its standard deviation, both over \
                 the images that a trial trains with{figures}."
            )
        }
    }
}

/// `mean 0.1307 and standard deviation 0.3081`, channel by channel.
fn figures_of(channels: &[ChannelStatistics]) -> String {
    let all = |figure: fn(&ChannelStatistics) -> f64| {
        let figures: Vec<String> = channels.iter().map(|channel| fixed(figure(channel), 4)).collect();
        listed(&figures)
    };
    format!("mean {} and standard deviation {}", all(|channel| channel.mean), all(|channel| channel.sd))
}
