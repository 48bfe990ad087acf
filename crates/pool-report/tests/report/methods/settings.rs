//! Settings of images and training, each with the sentence that it makes.

use pool_records::TrialRecord;
use pool_spec::{
    Augmentation, ChannelStatistics, DataSource, EarlyStopping, Flip, Monitor, Normalize, OptimizerSpec,
    Precision, Schedule, SgdSettings, Split,
};

use super::{says, two_arms};
use crate::synthetic::{Synthetic, small};

/// Changes of a record, with the sentence that follows and why.
type Case = (fn(&mut TrialRecord), &'static str, &'static str);

const RECIPES: [Case; 12] = [
    (
        |record| record.spec.train.label_smoothing = 0.1,
        "The loss was cross-entropy, labels smoothed by 0.1 (Szegedy et al., 2016).",
        "label smoothing",
    ),
    (
        |record| {
            let train = &mut record.spec.train;
            train.optimizer = OptimizerSpec::SgdW(SgdSettings { momentum: 0.9, nesterov: true });
            (train.learning_rate, train.weight_decay, train.clip_norm) = (0.05, 0.0005, Some(1.0));
        },
        "The optimizer was SGDW, learning rate 0.05, Nesterov momentum 0.9, weight decay 0.0005 decoupled, gradients clipped \
         to a norm of 1 (Loshchilov and Hutter, 2019).",
        "decay and clipping",
    ),
    (
        |record| (record.spec.train.schedule, record.spec.train.warmup_epochs) = (Schedule::Cosine, 2.0),
        "The learning rate changed by this schedule: cosine to 0, after a warm-up of 2 epochs (Loshchilov and Hutter, 2017).",
        "a schedule",
    ),
    (
        |record| {
            let monitor = Monitor::ValidationError;
            record.spec.train.early_stopping =
                Some(EarlyStopping { monitor, patience: 3, min_delta: 0.001, restore_best: true });
        },
        "Every trial trained for 10 epochs at most, and stopped before if the validation error had not fallen below its lowest \
         by more than 0.001 for 3 epochs (Prechelt, 1998); it was evaluated with the weights of the best epoch by this rule.",
        "the best weights",
    ),
    (
        |record| {
            let monitor = Monitor::ValidationLoss;
            record.spec.train.early_stopping =
                Some(EarlyStopping { monitor, patience: 1, min_delta: 0.0, restore_best: false });
        },
        "Every trial trained for 10 epochs at most, and stopped before if the validation loss had not fallen below its lowest \
         for 1 epoch (Prechelt, 1998); it was evaluated with the weights after the last epoch that ran.",
        "the last weights",
    ),
    (
        |record| record.spec.train.precision = Precision::Bf16,
        "Networks were computed in single precision, except that the factors of products in convolutions and dense layers were \
         rounded to bfloat16 (Kalamkar et al., 2019), other than in a first convolution that the program's own kernels \
         computed.",
        "half precision",
    ),
    (
        |record| record.spec.data.validation = Split::Stratified(0.125),
        "Validation images are 12.5 % of every class, drawn at random from those that are not for testing, the same ones for \
         every seed.",
        "the same split",
    ),
    (
        |record| record.spec.data.validation = Split::Predefined,
        "Validation images are those that the data set itself sets apart for validation.",
        "the set's own split",
    ),
    (
        |record| {
            record.spec.data.augment =
                Augmentation { flip: Some(Flip::Horizontal), translate: 2, ..Augmentation::default() };
        },
        "Training images were changed at random each time that they were seen: flipped horizontally, moved by up to 2 pixels.",
        "augmentation",
    ),
    (
        |record| {
            record.spec.data.normalize = Normalize::PerChannel;
            record.normalization = vec![ChannelStatistics { mean: 0.1307, sd: 0.3081 }];
        },
        "From every channel its mean was taken off, and the rest divided by its standard deviation, both over the images that \
         a trial trains with: mean 0.1307 and standard deviation 0.3081.",
        "normalisation",
    ),
    (
        |record| record.spec.data.source = DataSource::Folder("/home/somebody/flowers".into()),
        "The images are the pictures of flowers (28 x 28 pixels in 1 channel, 10 classes): 48,000 to train with, 12,000 for \
         validation and 10,000 to test with.",
        "a folder without the folders above it",
    ),
    (
        |record| record.provenance.device = "cuda:0".to_owned(),
        "Networks were computed on the device cuda:0.",
        "another device",
    ),
];

#[test]
fn every_setting_has_its_sentence() {
    for (change, sentence, why) in RECIPES {
        let study = two_arms(2, |_, _, record| change(record));
        says(&study, why, &[sentence], &[]);
        says(&two_arms(2, |_, _, _| {}), &format!("not without {why}"), &[], &[sentence]);
    }
}

#[test]
fn settings_that_differ_stand_with_their_arms() {
    let study = two_arms(2, |arm, _, record| {
        if arm == "maximum" {
            record.spec.train.batch_size = 100;
        }
    });
    says(&study, "an arm's own", &["The batch size was 200 (average) and 100 (maximum)."], &[]);
    let mut many = Synthetic::study("many");
    for arm in 0..8 {
        let mut record = small(&format!("arm {arm}"), "\"max\"", 1, 2);
        record.spec.train.batch_size = 100 + arm;
        many.finish(record);
    }
    says(
        &many,
        "too many to name",
        &["The study compares 8 arms.", "The batch size was each arm's own."],
        &["arm 0"],
    );
}
