//! Trials that really train, on generated images.

mod common;

use std::path::Path;

use common::context;
use pool_models::Kernels;
use pool_models::describe_kernels;
use pool_records::{Record, StopFlag, TrialEvent, TrialRecord, TrialStatus};
use pool_spec::{DeviceChoice, Trial};
use pool_testkit::{SMALL_SWEEP as SMALL, plan};
use pool_train::{TrialContext, TrialEnd, resolve_device, run_trial};

fn train(trial: &Trial, folder: &Path) -> TrialRecord {
    train_with(trial, folder, 1)
}

fn train_with(trial: &Trial, folder: &Path, threads: u32) -> TrialRecord {
    let end = run_trial(trial.spec(), folder, &context(threads), &StopFlag::new(), &mut |_| {});
    finished(end.unwrap())
}

fn finished(end: TrialEnd) -> TrialRecord {
    match end {
        TrialEnd::Finished(record) => *record,
        TrialEnd::Paused(paused) => panic!("paused after {} epochs", paused.epochs.len()),
    }
}

fn trial_of(text: &str, arm: &str, seed: u64) -> Trial {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), text).unwrap();
    plan.trials.into_iter().find(|trial| trial.spec().arm == arm && trial.spec().seed == seed).unwrap()
}

/// Everything that a seed decides, to the last bit.
fn fingerprint(record: &TrialRecord) -> Vec<u64> {
    let epochs = record.epochs.iter().flat_map(|epoch| {
        [epoch.train_loss, epoch.train_error, epoch.validation_loss, epoch.validation_error].map(f64::to_bits)
    });
    let test = record.test.as_ref().unwrap();
    let ends = [record.train, record.validation, Some(test.evaluation)].into_iter().flatten();
    let ends = ends.flat_map(|evaluation| [evaluation.errors, evaluation.loss.to_bits()]);
    let changed = test.robustness.iter().flat_map(|row| [row.errors, row.consistent]);
    let classes = test.predictions.iter().map(|&class| class.into());
    epochs.chain(ends).chain(classes).chain(changed).collect()
}

/// Tests of one process share libtorch's generator and number of threads, so trials must not overlap here.
static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

fn alone() -> std::sync::MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[test]
fn the_same_seed_gives_the_same_record_to_the_last_bit_and_another_seed_another() {
    let _guard = alone();
    let folder = tempfile::tempdir().unwrap();
    let first = train_with(&trial_of(SMALL, "max", 1), folder.path(), 1);
    let again = train_with(&trial_of(SMALL, "max", 1), folder.path(), 1);
    let other = train_with(&trial_of(SMALL, "max", 2), folder.path(), 1);
    assert_eq!(fingerprint(&first), fingerprint(&again));
    assert_ne!(fingerprint(&first), fingerprint(&other));
}

/// Dense layers as in the study's network, of which libtorch would compute the last with other bits on each.
#[test]
fn one_two_and_three_threads_give_the_same_record_to_the_last_bit() {
    let _guard = alone();
    let folder = tempfile::tempdir().unwrap();
    let dense = "{ dense = { units = 128, activation = \"relu\" } },\n    { dense = { units = 10, activation = \"relu\" } \
                 },\n    { dense = { units = 4 } }";
    let text = SMALL
        .replace("{ dense = { units = 4 } }", dense)
        .replace("epochs = 2", "epochs = 1")
        .replace("[costs]", "[evaluation]\nperturbations = \"none\"\n[costs]");
    for arm in ["max", "none"] {
        let trial = trial_of(&text, arm, 1);
        let [one, two, three] = [1, 2, 3].map(|threads| train_with(&trial, folder.path(), threads));
        assert_eq!(fingerprint(&one), fingerprint(&two), "{arm}");
        assert_eq!(fingerprint(&one), fingerprint(&three), "{arm}");
        assert_eq!([&one, &two, &three].map(|record| record.provenance.threads), [1, 2, 3]);
    }
}

#[test]
fn the_processor_trains_the_same_to_the_last_bit_however_it_was_chosen() {
    let _guard = alone();
    let folder = tempfile::tempdir().unwrap();
    let trial = trial_of(SMALL, "max", 1);
    let plain = train(&trial, folder.path());
    let chosen: DeviceChoice = "cpu".parse().unwrap();
    // What libtorch's generator would draw next is no business of a trial's.
    tch::manual_seed(42);
    let context = TrialContext { device: resolve_device(chosen).unwrap(), ..context(1) };
    let end = run_trial(trial.spec(), folder.path(), &context, &StopFlag::new(), &mut |_| {});
    let record = finished(end.unwrap());
    assert_eq!(fingerprint(&record), fingerprint(&plain));
    assert_eq!(record.provenance.device, "cpu");
    assert_eq!(record.provenance.kernels, plain.provenance.kernels);
}

#[test]
fn training_learns_and_the_record_tells_it_all() {
    let _guard = alone();
    let folder = tempfile::tempdir().unwrap();
    let trial = trial_of(&SMALL.replace("epochs = 2", "epochs = 12"), "max", 1);
    let record = train(&trial, folder.path());
    assert_eq!(record.status, TrialStatus::Finished);
    assert_eq!(
        record.epochs.iter().map(|epoch| epoch.epoch).collect::<Vec<_>>(),
        (1..=12).collect::<Vec<_>>()
    );
    let (first, last) = (&record.epochs[0], &record.epochs[11]);
    assert!(last.train_loss < 0.5 * first.train_loss, "{} {}", first.train_loss, last.train_loss);
    let error = record.test_error().unwrap();
    assert!(error < 0.25, "guessing errs on 75 %, this on {error}");
    assert_eq!(record.best_epoch, Some(12), "without early stopping the last epoch counts");
    assert!(record.train_s() > 0.0);
    let history = std::fs::read_to_string(folder.path().join("history.jsonl")).unwrap();
    assert_eq!(history.lines().count(), 12);
    assert_eq!(TrialRecord::from_json(&record.to_json()).unwrap(), record);
}

#[test]
fn the_test_images_are_looked_at_from_every_side() {
    let _guard = alone();
    let folder = tempfile::tempdir().unwrap();
    let record = train(&trial_of(SMALL, "max", 1), folder.path());
    let test = record.test.unwrap();
    let (images, errors) = (test.evaluation.images, test.evaluation.errors);
    assert_eq!((images, test.labels.len(), test.predictions.len()), (500, 500, 500));
    assert_eq!((test.confusion.total(), test.confusion.errors()), (500, errors));
    assert_eq!(test.calibration.total(), 500);

    // A loss above ln 4 means that some other of the four classes was held more likely.
    let hardest = &test.hardest;
    assert!(hardest.is_sorted_by(|a, b| a.loss >= b.loss), "the hardest come first");
    assert!(hardest[0].loss > test.evaluation.loss && hardest[0].pixels.len() == 28 * 28);
    let wrong = |image: &pool_records::HardImage| image.label != image.prediction;
    assert!(hardest.iter().filter(|image| image.loss > 4.0_f64.ln()).all(wrong));

    let levels = mnist_data::standard_levels();
    assert_eq!(test.robustness.len(), levels.len());
    for (row, level) in test.robustness.iter().zip(&levels) {
        assert_eq!((row.kind, row.strength), (level.kind, level.strength));
        assert_eq!(row.images, images * level.perturbations.len() as u64);
        assert!(row.errors <= row.images && row.consistent <= row.images);
        // Whoever changes his mind about a picture cannot be right both times, nor wrong as often as he is stable.
        assert!(
            row.images - row.consistent >= row.errors.abs_diff(errors * level.perturbations.len() as u64)
        );
    }
}

#[test]
fn small_changes_are_left_out_when_that_is_asked_for() {
    let _guard = alone();
    let folder = tempfile::tempdir().unwrap();
    let text = SMALL.replace("[costs]", "[evaluation]\nperturbations = \"none\"\n[costs]");
    assert_eq!(train(&trial_of(&text, "max", 1), folder.path()).test.unwrap().robustness, []);
}

#[test]
fn early_stopping_restores_the_best_epoch() {
    let _guard = alone();
    let folder = tempfile::tempdir().unwrap();
    // A step size at which the validation loss goes up and down.
    let text = SMALL
        .replace("epochs = 2", "epochs = 40\nlearning_rate = 0.03")
        .replace("[model]", "[train.early_stopping]\npatience = 2\n[model]");
    let record = train(&trial_of(&text, "max", 1), folder.path());
    assert_eq!(record.status, TrialStatus::StoppedEarly);
    let best = record.best_epoch.unwrap();
    assert_eq!(best as usize + 2, record.epochs.len(), "two epochs of patience after the best");
    let best_loss = record.epochs[best as usize - 1].validation_loss;
    assert!(record.epochs.iter().all(|epoch| epoch.validation_loss >= best_loss));
    let evaluated = record.validation.unwrap().loss;
    assert!((evaluated - best_loss).abs() < 1e-9, "evaluated {evaluated}, best epoch {best_loss}");
}

#[test]
fn a_loss_that_is_no_number_ends_the_trial_as_diverged() {
    let _guard = alone();
    let folder = tempfile::tempdir().unwrap();
    let text = SMALL.replace("epochs = 2", "epochs = 5\nlearning_rate = 1e30");
    let record = train(&trial_of(&text, "none", 1), folder.path());
    assert_eq!(record.status, TrialStatus::Diverged);
    assert!(record.epochs.len() < 5 && record.test.is_none() && record.best_epoch.is_none());
    assert!(TrialRecord::from_json(&record.to_json()).is_ok(), "NaN must survive the file");
}

#[test]
fn a_stopped_trial_leaves_no_record_and_says_so() {
    let _guard = alone();
    let folder = tempfile::tempdir().unwrap();
    let stop = StopFlag::new();
    let trial = trial_of(SMALL, "max", 1);
    let mut on_event = |event: TrialEvent| {
        if matches!(event, TrialEvent::Epoch(_)) {
            stop.set();
        }
    };
    let error = run_trial(trial.spec(), folder.path(), &context(1), &stop, &mut on_event).unwrap_err();
    assert!(error.is_stopped());
    assert!(!folder.path().join("record.json").exists());
}

/// Trains until an epoch is done, and is stopped.
fn train_until(trial: &Trial, folder: &Path, epoch: u32) {
    let stop = StopFlag::new();
    let mut on_event = |event: TrialEvent| match event {
        TrialEvent::Epoch(record) if record.epoch == epoch => stop.set(),
        _ => {}
    };
    let stopped = run_trial(trial.spec(), folder, &context(1), &stop, &mut on_event).unwrap_err();
    assert!(stopped.is_stopped(), "{stopped}");
}

/// Trains to the end. Gives the epoch that it went on from, too.
fn train_on(trial: &Trial, folder: &Path) -> (TrialRecord, Option<u32>) {
    let mut resumed = None;
    let mut on_event = |event: TrialEvent| {
        if let TrialEvent::Resumed { epoch, .. } = event {
            resumed = Some(epoch);
        }
    };
    let end = run_trial(trial.spec(), folder, &context(1), &StopFlag::new(), &mut on_event);
    let record = finished(end.unwrap());
    (record, resumed)
}

const DRAWS_EVERYWHERE: &str = r#"
study = "draws"
seeds = [1]
[data]
dataset = "generated"
[costs]
epochs = 0
[train]
epochs = 6
batch_size = 100
learning_rate = 0.01
[train.early_stopping]
patience = 4
[model]
layers = [
  { conv2d = { filters = 4, kernel = 5 } },
  { batch_norm = {} },
  { activation = "relu" },
  "pool",
  { dropout = 0.2 },
  "flatten",
  { dense = { units = 4 } },
]
[[arm]]
name = "stochastic"
pool = { reduce = "stochastic", size = 2 }
[[arm]]
name = "gem"
pool = { reduce = { gem = { p = 3.0, learned = "channel" } }, size = 2 }
"#;

#[test]
fn a_trial_that_was_stopped_twice_ends_with_the_record_of_one_that_never_was() {
    let _guard = alone();
    let adam = "learning_rate = 0.01";
    let nesterov = "optimizer = { sgd = { momentum = 0.9, nesterov = true } }\nlearning_rate = 0.05\n\
                    weight_decay = 0.0005\nschedule = \"cosine\"\nwarmup_epochs = 1.5";
    let adamw = "optimizer = { adamw = { beta2 = 0.99 } }\nweight_decay = 0.01\nschedule = \"one_cycle\"";
    let plain = "optimizer = \"sgdw\"\nlearning_rate = 0.05\nweight_decay = 0.01";
    for (arm, recipe) in
        [("stochastic", adam), ("gem", adam), ("stochastic", nesterov), ("gem", adamw), ("gem", plain)]
    {
        let trial = trial_of(&DRAWS_EVERYWHERE.replace(adam, recipe), arm, 1);
        let folder = tempfile::tempdir().unwrap();
        let whole = train(&trial, folder.path());

        let folder = tempfile::tempdir().unwrap();
        train_until(&trial, folder.path(), 2);
        train_until(&trial, folder.path(), 4);
        let (record, resumed) = train_on(&trial, folder.path());
        assert_eq!(resumed, Some(4));
        assert_eq!(fingerprint(&record), fingerprint(&whole), "{arm}, {recipe}");
        assert_eq!((record.best_epoch, record.status), (whole.best_epoch, whole.status));
        let history = std::fs::read_to_string(folder.path().join("history.jsonl")).unwrap();
        assert_eq!(history.lines().count(), record.epochs.len());
    }
}

#[test]
fn a_trial_that_pauses_rung_by_rung_ends_with_the_record_of_one_that_never_did() {
    let _guard = alone();
    let trial = trial_of(DRAWS_EVERYWHERE, "stochastic", 1);
    let folder = tempfile::tempdir().unwrap();
    let whole = train(&trial, folder.path());

    let folder = tempfile::tempdir().unwrap();
    // The second time is that of a process that was killed between its checkpoint and its end: nothing is trained.
    for (until_epoch, trained) in [(1, 1), (1, 0), (3, 2)] {
        // A checkpoint is stored however short the time since the last one.
        let checkpoint_every = std::time::Duration::MAX;
        let context = TrialContext { until_epoch: Some(until_epoch), checkpoint_every, ..context(1) };
        let mut epochs = 0;
        let mut count = |event| epochs += usize::from(matches!(event, TrialEvent::Epoch(_)));
        let end = run_trial(trial.spec(), folder.path(), &context, &StopFlag::new(), &mut count).unwrap();
        let TrialEnd::Paused(paused) = end else { panic!("it has {} epochs to go", 6 - until_epoch) };
        assert_eq!((paused.epochs.len(), epochs), (until_epoch as usize, trained));
        assert_eq!(paused.id, trial.id());
        let losses = |epochs: &[pool_records::EpochRecord]| {
            epochs.iter().map(|epoch| epoch.validation_loss.to_bits()).collect::<Vec<_>>()
        };
        assert_eq!(losses(&paused.epochs), losses(&whole.epochs[..until_epoch as usize]));
    }
    let (record, resumed) = train_on(&trial, folder.path());
    assert_eq!(resumed, Some(3));
    assert_eq!(fingerprint(&record), fingerprint(&whole));
}

#[test]
fn a_trial_that_goes_on_with_other_threads_says_so_and_its_record_has_all_of_them() {
    let _guard = alone();
    let trial = trial_of(&SMALL.replace("epochs = 2", "epochs = 4"), "max", 1);
    let folder = tempfile::tempdir().unwrap();
    let train = |threads, kernels, until_epoch| {
        let mut said = None;
        let mut on_event = |event: TrialEvent| {
            if let TrialEvent::Resumed { epoch, changes } = event {
                said = Some((epoch, changes.join(", ")));
            }
        };
        let context = TrialContext { until_epoch, kernels, ..context(threads) };
        let end = run_trial(trial.spec(), folder.path(), &context, &StopFlag::new(), &mut on_event).unwrap();
        (end, said)
    };
    let said = |epoch: u32, changes: &str| Some((epoch, changes.to_owned()));
    assert_eq!(train(1, Kernels::Fast, Some(1)).1, None);
    assert_eq!(train(1, Kernels::Fast, Some(2)).1, said(1, ""), "the same goes without saying");
    assert_eq!(train(2, Kernels::Fast, Some(3)).1, said(2, "2 threads instead of 1"));
    let (end, changes) = train(1, Kernels::Reference, None);
    let fast = describe_kernels(Kernels::Fast);
    assert_eq!(changes, said(3, &format!("1 thread instead of 2, kernels reference instead of {fast}")));

    let record = finished(end);
    let earlier: Vec<_> = record
        .earlier
        .iter()
        .map(|earlier| (earlier.until_epoch, earlier.with.threads, earlier.with.kernels.as_str()))
        .collect();
    assert_eq!(earlier, [(2, 1, fast.as_str()), (3, 2, fast.as_str())]);
    assert_eq!((record.provenance.threads, record.provenance.kernels.as_deref()), (1, Some("reference")));
    assert_eq!(TrialRecord::from_json(&record.to_json()).unwrap(), record);
}

#[test]
fn a_trial_that_goes_on_as_it_began_has_nothing_to_say_of_it() {
    let _guard = alone();
    let trial = trial_of(&SMALL.replace("epochs = 2", "epochs = 3"), "max", 1);
    let folder = tempfile::tempdir().unwrap();
    train_until(&trial, folder.path(), 2);
    let (record, resumed) = train_on(&trial, folder.path());
    assert_eq!((resumed, record.earlier.len()), (Some(2), 0));
    assert!(!record.to_json().contains("earlier"), "a record of another program's is read without it, too");
}

#[test]
fn a_checkpoint_from_before_threads_were_noted_is_gone_on_from() {
    let _guard = alone();
    let trial = trial_of(&SMALL.replace("epochs = 2", "epochs = 3"), "max", 1);
    let folder = tempfile::tempdir().unwrap();
    let whole = train(&trial, folder.path());
    let folder = tempfile::tempdir().unwrap();
    train_until(&trial, folder.path(), 2);
    let state = folder.path().join("checkpoint/state.json");
    let text = std::fs::read_to_string(&state).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(value.as_object_mut().unwrap().remove("computed").is_some());
    std::fs::write(&state, value.to_string()).unwrap();
    let (record, resumed) = train_on(&trial, folder.path());
    assert_eq!((resumed, record.earlier.len()), (Some(2), 0));
    assert_eq!(fingerprint(&record), fingerprint(&whole));
}

#[test]
fn a_checkpoint_that_cannot_be_used_is_left_alone_and_the_trial_begins_anew() {
    let _guard = alone();
    let trial = trial_of(&SMALL.replace("epochs = 2", "epochs = 3"), "max", 1);
    let folder = tempfile::tempdir().unwrap();
    let whole = train(&trial, folder.path());
    type Spoil = fn(&Path);
    let spoil: [(&str, Spoil); 8] = [
        ("tensors cut short", |checkpoint| {
            let file = checkpoint.join("epoch-1.safetensors");
            let length = file.metadata().unwrap().len();
            std::fs::File::options().write(true).open(file).unwrap().set_len(length - 4).unwrap();
        }),
        ("no tensors", |checkpoint| std::fs::remove_file(checkpoint.join("epoch-1.safetensors")).unwrap()),
        ("a state cut short", |checkpoint| {
            let state = checkpoint.join("state.json");
            let text = std::fs::read_to_string(&state).unwrap();
            std::fs::write(state, &text[..text.len() / 2]).unwrap();
        }),
        ("another trial's", |checkpoint| replace(checkpoint, "\"trial\":\"", "\"trial\":\"x")),
        ("a way out of the folder", |checkpoint| replace(checkpoint, "epoch-1.safe", "../epoch-1.safe")),
        ("a version from before optimizers could be chosen", |checkpoint| {
            replace(checkpoint, "\"version\":2", "\"version\":1");
        }),
        ("the state of another optimizer", |checkpoint| {
            let file = checkpoint.join("epoch-1.safetensors");
            let mut bytes = std::fs::read(&file).unwrap();
            let name = b"optimizer/second/";
            let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
            bytes[at..at + name.len()].copy_from_slice(b"optimizer/moment/");
            std::fs::write(file, bytes).unwrap();
        }),
        ("counts of another network", |checkpoint| replace(checkpoint, "\"passes\":[", "\"passes\":[7,")),
    ];
    for (why, spoil) in spoil {
        let folder = tempfile::tempdir().unwrap();
        train_until(&trial, folder.path(), 1);
        spoil(&folder.path().join("checkpoint"));
        let (record, resumed) = train_on(&trial, folder.path());
        assert_eq!(resumed, None, "{why}");
        assert_eq!(fingerprint(&record), fingerprint(&whole), "{why}");
    }
}

fn replace(checkpoint: &Path, old: &str, new: &str) {
    let state = checkpoint.join("state.json");
    let text = std::fs::read_to_string(&state).unwrap();
    assert!(text.contains(old), "{text}");
    std::fs::write(state, text.replacen(old, new, 1)).unwrap();
}

#[test]
fn stored_weights_give_the_recorded_predictions() {
    use pool_models::{Mode, load_weights, predicted_classes};
    use tch::{Device, Kind, Tensor, nn};

    let _guard = alone();
    let folder = tempfile::tempdir().unwrap();
    let trial = trial_of(SMALL, "max", 1);
    let record = train(&trial, folder.path());
    let mut variables = nn::VarStore::new(Device::Cpu);
    let net = trial.spec().model.clone().seed(99).build(&variables.root()).unwrap();
    load_weights(&mut variables, &folder.path().join("model.safetensors")).unwrap();
    let test = mnist_data::Dataset::bars_and_crosses(0).test;
    let images = Tensor::from_data_size(test.pixels(), &[test.len() as i64, 1, 28, 28], Kind::Uint8);
    let images = images.to_kind(Kind::Float) / 255.0;
    let classes = predicted_classes(&net.forward(&images, Mode::Inference).unwrap()).unwrap();
    let classes: Vec<i64> = Vec::try_from(classes).unwrap();
    assert_eq!(classes, record.test.unwrap().predictions.iter().map(|&c| c.into()).collect::<Vec<i64>>());
}
