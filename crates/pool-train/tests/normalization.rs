//! Pictures whose channels are normalized: in training, in what is done with the trained network, and in what it leaves.

mod common;

use std::path::Path;

use common::context;
use mnist_data::{DataDir, Dataset, SplitIndices};
use pool_records::{RunDir, StopFlag, TrialEvent, TrialRecord};
use pool_spec::{ChannelStatistics, DataSource, Split, Trial};
use pool_testkit::png::{Colour, PngFile};
use pool_testkit::{SMALL_SWEEP, plan};
use pool_train::{StoredTrial, TrialEnd, WeightFormat, run_trial};
use tch::{CModule, Kind, Tensor};

fn normalized_trial() -> Trial {
    let folder = tempfile::tempdir().unwrap();
    let text = SMALL_SWEEP.replace("[train]", "normalize = \"per_channel\"\n[train]");
    let plan = plan(folder.path(), &text).unwrap();
    plan.trials.into_iter().find(|trial| trial.spec().arm == "max").unwrap()
}

/// Trains to the end, or until an epoch is done; stores the record of a finished trial.
fn train(trial: &Trial, folder: &Path, until: Option<u32>) -> Option<TrialRecord> {
    let context = context(1);
    let stop = StopFlag::new();
    let mut on_event = |event: TrialEvent| match event {
        TrialEvent::Epoch(record) if Some(record.epoch) == until => stop.set(),
        _ => {}
    };
    match run_trial(trial.spec(), folder, &context, &stop, &mut on_event) {
        Ok(TrialEnd::Finished(record)) => {
            RunDir::store_record(folder, &*record).unwrap();
            Some(*record)
        }
        Ok(TrialEnd::Paused(_)) => panic!("nothing asked for a pause"),
        Err(error) => {
            assert!(error.is_stopped(), "{error}");
            None
        }
    }
}

/// Mean and deviation of the images that the trial trains with, one pixel after the other.
fn by_hand() -> (f64, f64) {
    let train = Dataset::bars_and_crosses(0).train;
    let split = SplitIndices::of(Split::Tail(0.2), train.labels(), 0, 1).unwrap();
    let pixels: Vec<f64> = split
        .train
        .iter()
        .flat_map(|&index| train.picture(index as usize).unwrap())
        .map(|&pixel| f64::from(pixel) / 255.0)
        .collect();
    let mean = pixels.iter().sum::<f64>() / pixels.len() as f64;
    let square = pixels.iter().map(|pixel| (pixel - mean).powi(2)).sum::<f64>() / pixels.len() as f64;
    (mean, square.sqrt())
}

/// The test images in 0 to 1.
fn test_images() -> Tensor {
    let test = Dataset::bars_and_crosses(0).test;
    let pixels = Tensor::from_data_size(test.pixels(), &[test.len() as i64, 1, 28, 28], Kind::Uint8);
    pixels.to_kind(Kind::Float) / 255.0
}

#[test]
fn a_normalized_trial_resumes_and_is_used_as_it_was_trained() {
    let trial = normalized_trial();
    let folder = tempfile::tempdir().unwrap();
    let record = train(&trial, folder.path(), None).unwrap();

    let [ChannelStatistics { mean, sd }] = record.normalization[..] else { panic!("one channel") };
    let (expected_mean, expected_sd) = by_hand();
    assert!((mean - expected_mean).abs() < 1e-9 && (sd - expected_sd).abs() < 1e-9, "{mean} {sd}");

    let resumed_in = tempfile::tempdir().unwrap();
    assert_eq!(train(&trial, resumed_in.path(), Some(1)), None);
    let resumed = train(&trial, resumed_in.path(), None).unwrap();
    assert_eq!((&resumed.normalization, &resumed.test), (&record.normalization, &record.test));

    let stored = StoredTrial::open(folder.path()).unwrap();
    let evaluated = stored.evaluate(&DataSource::Generated, &DataDir::at("no-data")).unwrap();
    let test = record.test.as_ref().unwrap();
    assert_eq!((evaluated.evaluation, &evaluated.calibration), (test.evaluation, &test.calibration));

    let logits = exported_logits(&stored, folder.path());
    let classes: Vec<i64> = logits.argmax(-1, false).try_into().unwrap();
    assert!(classes.iter().zip(&test.predictions).all(|(&class, &found)| class == i64::from(found)));
    check_prediction(&stored, folder.path(), &logits.softmax(-1, Kind::Double).get(0));
    check_metadata(&stored, folder.path(), &record.normalization);
}

/// What the TorchScript file gives for pictures in 0 to 1.
fn exported_logits(stored: &StoredTrial, folder: &Path) -> Tensor {
    let path = folder.join("exported.pt");
    stored.export(WeightFormat::TorchScript, &path).unwrap();
    CModule::load(path).unwrap().forward_ts(&[test_images()]).unwrap()
}

/// The first test image as a file has the probabilities that the TorchScript file gives it.
fn check_prediction(stored: &StoredTrial, folder: &Path, expected: &Tensor) {
    let test = Dataset::bars_and_crosses(0).test;
    let rows = test.picture(0).unwrap().to_vec();
    let file = PngFile { width: 28, height: 28, depth: 8, colour: Colour::Grey, chunks: Vec::new(), rows };
    let path = folder.join("picture.png");
    std::fs::write(&path, file.bytes()).unwrap();
    let found = Tensor::from_slice(&stored.predict(&path).unwrap().probabilities);
    assert!(found.allclose(expected, 0.0, 1e-5, false), "{found} {expected}");
}

/// The safetensors file says what other programs are to do with their pictures.
fn check_metadata(stored: &StoredTrial, folder: &Path, expected: &[ChannelStatistics]) {
    let path = folder.join("exported.safetensors");
    stored.export(WeightFormat::Safetensors, &path).unwrap();
    let bytes = std::fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let text = header["__metadata__"]["normalization"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Vec<ChannelStatistics>>(text).unwrap(), expected);
}

#[test]
fn weights_with_metadata_are_those_without_it() {
    let trial = normalized_trial();
    let folder = tempfile::tempdir().unwrap();
    train(&trial, folder.path(), None).unwrap();
    let exported = folder.path().join("exported.safetensors");
    let stored = StoredTrial::open(folder.path()).unwrap();
    stored.export(WeightFormat::Safetensors, &exported).unwrap();
    let read = |path: &Path| {
        let mut tensors = Tensor::read_safetensors(path).unwrap();
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        tensors
    };
    assert_eq!(read(&exported), read(&folder.path().join("model.safetensors")));
}
