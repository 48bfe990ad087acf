//! `pool-cli data`: fetch, verify and describe data sets.

use std::path::Path;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use mnist_data::{
    ContactSheet, DataDir, DataError, Dataset, FetchOptions, FetchOutcome, FetchProgress, FileCheck,
    FileState, FolderSizes, LabelledImages, PublicSet, class_names, fetch, folder_sizes, load, source_at,
    verify,
};
use pool_files::atomic_write;
use pool_records::check_outputs;
use pool_spec::{
    ChannelStatistics, Colour, DataRemarks, DataSource, PictureSettings, PictureSize, Unreadable,
};
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
        DataAction::Preview { set, output, size } => preview(set, *size, &dir, output),
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
            FetchOutcome::Unpacked { archive } => format!("unpacked from {}", archive.display()),
        };
        text += &format!("{}: {what}\n", file.name);
    }
    print(&format!("{text}{set} is in {}\n", report.folder.display()))?;
    Ok(Outcome::Done)
}

fn verify_sets(sets: &[PublicSet], dir: &DataDir, json: bool) -> anyhow::Result<Outcome> {
    // All sets, of which most need not be there; those that are named must be.
    let are_named = !sets.is_empty();
    let sets = if are_named { sets } else { PublicSet::ALL.as_slice() };
    let check = |&set: &PublicSet| Ok((set, verify(set, dir)?));
    let checks: Vec<(PublicSet, Vec<FileCheck>)> =
        sets.iter().map(check).collect::<Result<_, DataError>>()?;
    if json {
        let sets: Vec<_> = checks
            .iter()
            .map(|(set, files)| json!({ "set": set.name(), "here": !is_absent(files), "files": files_json(files) }))
            .collect();
        print(&format!("{:#}\n", json!(sets)))?;
    } else {
        for (set, files) in &checks {
            if !are_named && is_absent(files) {
                print(&format!("{set}: not here\n"))?;
                continue;
            }
            for file in files {
                print(&format!("{set}: {}: {}\n", file.name, file.state))?;
            }
        }
    }
    let is_expected = |set: PublicSet, files: &[FileCheck]| are_named || set == EXPECTED || !is_absent(files);
    let damaged: Vec<PublicSet> = checks
        .iter()
        .filter(|(set, files)| is_expected(*set, files) && !all_intact(files))
        .map(|(set, _)| *set)
        .collect();
    for set in &damaged {
        eprint_line(&format!("{set} is not complete: run pool-cli data fetch {set}"));
    }
    Ok(if damaged.is_empty() { Outcome::Done } else { Outcome::Missing })
}

/// The set of the study. The others are there for whoever fetched them.
pub(super) const EXPECTED: PublicSet = PublicSet::Mnist;

/// Whether no file of a set is there.
pub(super) fn is_absent(files: &[FileCheck]) -> bool {
    files.iter().all(|file| matches!(file.state, FileState::Missing))
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
    let source = source_of(set);
    if let (DataSource::Folder(path), None) = (&source, size) {
        let folder = folder_sizes(path)?;
        if folder.sizes.len() > 1 {
            let text =
                if json { format!("{:#}\n", mixed_facts(&folder, &source)) } else { mixed(path, &folder) };
            print(&text)?;
            return Ok(Outcome::Done);
        }
    }
    let (data, names) = loaded(&source, size, dir)?;
    if json {
        print(&format!("{:#}\n", facts(&data, &source, &names)))?;
    } else {
        print(&description(&data, &source, &names))?;
    }
    Ok(Outcome::Done)
}

/// Draws a contact sheet of the training images.
fn preview(set: &SetOrPath, size: Option<u32>, dir: &DataDir, output: &Path) -> anyhow::Result<Outcome> {
    let source = source_of(set);
    let inputs: Vec<&Path> = source.path().into_iter().collect();
    check_outputs(&inputs, &[output])?;
    let (data, names) = loaded(&source, size, dir)?;
    let sheet = ContactSheet::of(&data.train, &names)?;
    let png = sheet.png().context("the contact sheet is no picture: the data set has no classes")?;
    atomic_write(output, &png).with_context(|| format!("cannot write {}", output.display()))?;
    let of_classes = match sheet.classes == names.len() {
        true => format!("{} classes", names.len()),
        false => format!("the first {} of {} classes", sheet.classes, names.len()),
    };
    print(&format!("{}: training images of {of_classes} of {}\n", output.display(), data.name))?;
    Ok(Outcome::Done)
}

fn source_of(set: &SetOrPath) -> DataSource {
    match set {
        SetOrPath::Set(set) => DataSource::Public(*set),
        SetOrPath::Path(path) => source_at(path),
    }
}

/// The images that can be read, and what the classes are called.
fn loaded(
    source: &DataSource,
    size: Option<u32>,
    dir: &DataDir,
) -> Result<(Dataset, Vec<String>), DataError> {
    let pictures = PictureSettings {
        size: size.map(|side| PictureSize { height: side, width: side }),
        unreadable: Unreadable::Skip,
        ..PictureSettings::default()
    };
    let data = load(source, &pictures, dir)?;
    let names = match data.class_names.is_empty() {
        true => class_names(source, data.classes),
        false => data.class_names.clone(),
    };
    Ok((data, names))
}

/// Sizes of a folder's pictures that are named, the most frequent first.
const MOST_SIZES: usize = 20;

/// What is known of pictures of several sizes, which are no data set yet.
fn mixed(path: &Path, FolderSizes { classes, sizes, skipped }: &FolderSizes) -> String {
    let pictures: u64 = sizes.values().sum();
    let mut text = format!(
        "{}: {pictures} pictures of {} sizes, {} classes\nread as a folder of pictures\n",
        path.display(),
        sizes.len(),
        classes.len(),
    );
    let remarks = DataRemarks { skipped: skipped.clone(), ..DataRemarks::default() };
    for sentence in remarks.sentences() {
        text += &format!("{sentence}\n");
    }
    text +=
        "bring them to one size to train with them: size = 32 below [data] of a sweep file, here --size 32\n";
    text += &format!("\n{:<14} {:>9}\n", "height x width", "pictures");
    let mut ranked: Vec<_> = sizes.iter().collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for ([height, width], count) in ranked.iter().take(MOST_SIZES) {
        text += &format!("{:<14} {count:>9}\n", format!("{height} x {width}"));
    }
    if ranked.len() > MOST_SIZES {
        text += &format!("and {} more sizes\n", ranked.len() - MOST_SIZES);
    }
    text += &format!("\n{:<14} {:>9}\n", "class", "pictures");
    for (name, count) in classes {
        text += &format!("{name:<14} {count:>9}\n");
    }
    text
}

fn mixed_facts(
    FolderSizes { classes, sizes, skipped }: &FolderSizes,
    source: &DataSource,
) -> serde_json::Value {
    let size = |(&[height, width], pictures): (&[usize; 2], &u64)| json!({ "height": height, "width": width, "pictures": pictures });
    json!({
        "source": source,
        "sizes": sizes.iter().map(size).collect::<Vec<_>>(),
        "classes": classes.iter().map(|(name, pictures)| json!({ "name": name, "pictures": pictures })).collect::<Vec<_>>(),
        "remarks": DataRemarks { skipped: skipped.clone(), ..DataRemarks::default() },
    })
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
        "validation": data.validation,
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
    if data.validation > 0 {
        text += &format!(
            "the last {} training images are set apart for validation: validation = \"predefined\" takes them\n",
            data.validation
        );
    }
    for sentence in data.remarks.sentences() {
        text += &format!("{sentence}\n");
    }
    for (name, ChannelStatistics { mean, sd }) in
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
        DataSource::Public(_) => "a public set",
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

fn channels(images: &LabelledImages) -> Vec<ChannelStatistics> {
    images.channel_statistics(0..images.len())
}
