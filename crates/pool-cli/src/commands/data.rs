//! `pool-cli data`: fetch, verify and describe data sets.

use indicatif::{ProgressBar, ProgressStyle};
use mnist_data::{
    DataDir, DataError, Dataset, FetchOptions, FetchOutcome, FetchProgress, FileCheck, FileState,
    LabelledImages, PublicSet, class_names, fetch, load, source_at, verify,
};
use pool_spec::{Colour, DataSource, PictureSettings, PictureSize, Unreadable};
use serde::Serialize;
use serde_json::json;

use crate::args::{DataAction, DataArgs, SetOrPath};
use crate::exit::Outcome;
use crate::output::{eprint_line, print};

pub(crate) fn run(args: &DataArgs) -> anyhow::Result<Outcome> {
    let dir = DataDir::from_env();
    match &args.action {
        DataAction::Fetch { set, offline } => fetch_set(*set, &dir, *offline),
        DataAction::Verify { sets, json } => verify_sets(sets, &dir, *json),
        DataAction::Info { set, size, json } => describe(set, *size, &dir, *json),
    }
}

fn fetch_set(set: PublicSet, dir: &DataDir, offline: bool) -> anyhow::Result<Outcome> {
    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template("{msg:30} {bar:30} {bytes}/{total_bytes} {eta}")
            .expect("a valid template"),
    );
    let options = FetchOptions { offline, ..FetchOptions::default() };
    let report = fetch(set, dir, &options, &mut |progress| match progress {
        FetchProgress::Downloading { file, received_bytes, total_bytes, .. } => {
            bar.set_message(file.to_owned());
            bar.set_length(total_bytes.unwrap_or(received_bytes));
            bar.set_position(received_bytes);
        }
        FetchProgress::MirrorFailed { file, mirror, reason } => {
            bar.suspend(|| eprint_line(&format!("{mirror} failed for {file}: {reason}")));
        }
        FetchProgress::Intact { .. } | FetchProgress::Stored { .. } => {}
    })?;
    bar.finish_and_clear();
    let mut text = String::new();
    for file in &report.files {
        let what = match &file.outcome {
            FetchOutcome::AlreadyIntact => "there already".to_owned(),
            FetchOutcome::Downloaded { mirror, .. } => format!("downloaded from {mirror}"),
        };
        text += &format!("{}: {what}\n", file.name);
    }
    print(&format!("{text}{set} is in {}\n", report.folder.display()))?;
    Ok(Outcome::Done)
}

fn verify_sets(sets: &[PublicSet], dir: &DataDir, json: bool) -> anyhow::Result<Outcome> {
    let sets = if sets.is_empty() { PublicSet::ALL.as_slice() } else { sets };
    let check = |&set: &PublicSet| Ok((set, verify(set, dir)?));
    let checks: Vec<(PublicSet, Vec<FileCheck>)> =
        sets.iter().map(check).collect::<Result<_, DataError>>()?;
    if json {
        let sets: Vec<_> = checks
            .iter()
            .map(|(set, files)| json!({ "set": set.name(), "files": files_json(files) }))
            .collect();
        print(&format!("{:#}\n", json!(sets)))?;
    } else {
        for (set, files) in &checks {
            for file in files {
                print(&format!("{set}: {}: {}\n", file.name, file.state))?;
            }
        }
    }
    let damaged: Vec<PublicSet> =
        checks.iter().filter(|(_, files)| !all_intact(files)).map(|(set, _)| *set).collect();
    for set in &damaged {
        eprint_line(&format!("{set} is not complete: run pool-cli data fetch {set}"));
    }
    Ok(if damaged.is_empty() { Outcome::Done } else { Outcome::Missing })
}

pub(super) fn all_intact(files: &[FileCheck]) -> bool {
    files.iter().all(|file| matches!(file.state, FileState::Intact))
}

fn files_json(files: &[FileCheck]) -> Vec<serde_json::Value> {
    files
        .iter()
        .map(|file| json!({ "name": file.name, "path": file.path.display().to_string(), "state": file.state.to_string() }))
        .collect()
}

fn describe(set: &SetOrPath, size: Option<u32>, dir: &DataDir, json: bool) -> anyhow::Result<Outcome> {
    let source = match set {
        SetOrPath::Set(PublicSet::Mnist) => DataSource::Mnist,
        SetOrPath::Set(PublicSet::FashionMnist) => DataSource::FashionMnist,
        SetOrPath::Path(path) => source_at(path),
    };
    let pictures = PictureSettings {
        size: size.map(|side| PictureSize { height: side, width: side }),
        unreadable: Unreadable::Skip,
        ..PictureSettings::default()
    };
    let data = load(&source, &pictures, dir)?;
    let names = match data.class_names.is_empty() {
        true => class_names(&source, data.classes),
        false => data.class_names.clone(),
    };
    if json {
        print(&format!("{:#}\n", facts(&data, &source, &names)))?;
    } else {
        print(&description(&data, &source, &names))?;
    }
    Ok(Outcome::Done)
}

fn facts(data: &Dataset, source: &DataSource, names: &[String]) -> serde_json::Value {
    let counts = data.class_counts();
    json!({
        "name": data.name,
        "source": source,
        "height": data.train.height(),
        "width": data.train.width(),
        "colour": data.train.shape().colour,
        "classes": names,
        "channels": channels(&data.train),
        "train": { "images": data.train.len(), "per_class": counts.train },
        "test": { "images": data.test.len(), "per_class": counts.test },
        "remarks": data.remarks,
    })
}

fn description(data: &Dataset, source: &DataSource, names: &[String]) -> String {
    let counts = data.class_counts();
    let mut text = format!(
        "{}: {} training and {} test images of {} x {} pixels{}, {} classes\n",
        data.name,
        data.train.len(),
        data.test.len(),
        data.train.height(),
        data.train.width(),
        match data.train.shape().colour {
            Colour::Grey => "",
            Colour::Rgb => " in colour",
        },
        data.classes,
    );
    if source.path().is_some() {
        text += &format!("read as {}\n", kind_of(source));
    }
    for sentence in data.remarks.sentences() {
        text += &format!("{sentence}\n");
    }
    for (name, Channel { mean, sd }) in
        CHANNEL_NAMES[data.train.shape().colour.channels() / 2].iter().zip(channels(&data.train))
    {
        text += &format!("{name}: mean {mean:.4}, standard deviation {sd:.4} of 1, in the training images\n");
    }
    text += &format!("\n{:<14} {:>9} {:>6}\n", "class", "training", "test");
    for ((name, train), test) in names.iter().zip(&counts.train).zip(&counts.test) {
        text += &format!("{name:<14} {train:>9} {test:>6}\n");
    }
    text
}

fn kind_of(source: &DataSource) -> &'static str {
    match source {
        DataSource::Mnist | DataSource::FashionMnist => "a public set",
        DataSource::Generated => "the generated set",
        DataSource::Dir(_) => "IDX files",
        DataSource::Folder(_) => "a folder of pictures",
        DataSource::Npz(_) => "arrays of numpy",
        DataSource::Cifar10(_) => "the binary files of CIFAR-10",
        DataSource::Cifar100(_) => "the binary files of CIFAR-100",
        DataSource::Csv(_) => "a table",
    }
}

/// Of pictures in grey, and in colour.
const CHANNEL_NAMES: [&[&str]; 2] = [&["grey"], &["red", "green", "blue"]];

/// Mean and standard deviation of a channel, where 1 is white.
#[derive(Debug, PartialEq, Serialize)]
struct Channel {
    mean: f64,
    sd: f64,
}

fn channels(images: &LabelledImages) -> Vec<Channel> {
    let shape = images.shape();
    let mut counts = vec![[0_u64; 256]; shape.colour.channels()];
    for (index, plane) in images.pixels().chunks_exact(shape.plane_bytes()).enumerate() {
        let counts = &mut counts[index % shape.colour.channels()];
        for &pixel in plane {
            counts[usize::from(pixel)] += 1;
        }
    }
    counts.iter().map(Channel::of).collect()
}

impl Channel {
    /// From the number of pixels of each value.
    fn of(counts: &[u64; 256]) -> Self {
        let pixels = counts.iter().sum::<u64>() as f64;
        let over_all = |value: &dyn Fn(f64) -> f64| -> f64 {
            let weighted =
                counts.iter().enumerate().map(|(grey, &count)| count as f64 * value(grey as f64 / 255.0));
            weighted.sum::<f64>() / pixels
        };
        let mean = over_all(&|grey| grey);
        Self { mean, sd: over_all(&|grey| (grey - mean).powi(2)).sqrt() }
    }
}

#[cfg(test)]
mod tests {
    use mnist_data::PictureShape;

    use super::*;

    #[test]
    fn every_channel_has_its_mean_and_standard_deviation() {
        let pixels = vec![0, 255, 51, 51, 0, 102];
        let images = LabelledImages::new(PictureShape::rgb(1, 2), pixels, vec![0]).unwrap();
        let found: Vec<(f64, f64)> =
            channels(&images).iter().map(|channel| (channel.mean, channel.sd)).collect();
        for ((mean, sd), expected) in found.into_iter().zip([(0.5, 0.5), (0.2, 0.0), (0.2, 0.2)]) {
            assert!((mean - expected.0).abs() < 1e-12 && (sd - expected.1).abs() < 1e-12, "{mean} {sd}");
        }
    }
}
