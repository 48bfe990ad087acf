//! The work around training: decoding and hashing files, ordering an epoch, gathering a batch, perturbing a test set of
//! MNIST's size.

use std::fs;
use std::hint::black_box;
use std::io::Write;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
use mnist_data::{
    Augmenter, BatchOrder, Dataset, LabelledImages, Perturbation, PictureShape, decode_idx,
    read_idx_with_sha256,
};
use pool_spec::{Augmentation, Flip};

const IMAGES: u32 = 10_000;

/// An IDX file of 10,000 pictures of 28x28 pixels, in memory: generated shapes, repeated.
fn idx_file() -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, 3];
    bytes.extend([IMAGES, 28, 28].iter().flat_map(|size| size.to_be_bytes()));
    let train = Dataset::bars_and_crosses(1).train;
    bytes.extend(train.pixels().iter().cycle().take(IMAGES as usize * 28 * 28));
    bytes
}

fn decode(criterion: &mut Criterion) {
    let raw = idx_file();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&raw).expect("writing to memory");
    let packed = encoder.finish().expect("writing to memory");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("images");
    fs::write(&file, &raw).expect("writing a temporary file");

    let mut group = criterion.benchmark_group("decode 10,000 pictures");
    group.throughput(Throughput::Bytes(raw.len() as u64));
    group.bench_function("raw, in memory", |bencher| bencher.iter(|| decode_idx(black_box(&raw[..]))));
    group.bench_function("gzip, in memory", |bencher| bencher.iter(|| decode_idx(black_box(&packed[..]))));
    group.bench_function("raw file with SHA-256", |bencher| {
        bencher.iter(|| read_idx_with_sha256(black_box(&file)));
    });
    group.finish();
}

fn order_and_gather(criterion: &mut Criterion) {
    let order = BatchOrder::new(48_000, 1);
    criterion
        .bench_function("order of an epoch of 48,000", |bencher| bencher.iter(|| order.epoch(black_box(3))));

    let pixels = idx_file().split_off(16);
    let images = LabelledImages::new(PictureShape::grey(28, 28), pixels, vec![0; IMAGES as usize])
        .expect("parts that fit");
    let batch: Vec<u32> =
        BatchOrder::new(images.len(), 1).epoch(0)[..200].iter().map(|&index| index as u32).collect();
    criterion
        .bench_function("gather a batch of 200", |bencher| bencher.iter(|| images.select(black_box(&batch))));
}

/// A batch of the study's, changed in every way, and only moved and mirrored.
fn augment(criterion: &mut Criterion) {
    let moved = Augmentation { flip: Some(Flip::Horizontal), translate: 2, ..Augmentation::default() };
    let everything =
        Augmentation { rotate: 10.0, scale: 0.1, cutout: 8, brightness: 0.2, contrast: 0.2, ..moved };
    let indices: Vec<i64> = (0..200).collect();
    let images = vec![0.5_f32; 200 * 28 * 28];
    let mut group = criterion.benchmark_group("augment a batch of 200");
    group.throughput(Throughput::Elements(200));
    for (name, augmentation) in [("moved and mirrored", moved), ("in every way", everything)] {
        let augmenter = Augmenter::new(augmentation, PictureShape::grey(28, 28), 1);
        for threads in [1, 2] {
            group.bench_function(format!("{name}, {threads} threads"), |bencher| {
                let mut batch = images.clone();
                bencher.iter(|| augmenter.augment(black_box(3), &indices, &mut batch, threads));
            });
        }
    }
    group.finish();
}

fn perturb(criterion: &mut Criterion) {
    let train = Dataset::bars_and_crosses(1).train;
    let pixels: Vec<u8> = train.pixels().iter().copied().cycle().take(IMAGES as usize * 28 * 28).collect();
    let images = LabelledImages::new(PictureShape::grey(28, 28), pixels, vec![0; IMAGES as usize])
        .expect("parts that fit");

    let mut group = criterion.benchmark_group("perturb 10,000 pictures");
    group.throughput(Throughput::Elements(IMAGES.into())).sample_size(20);
    for perturbation in [
        Perturbation::Shift { right: 2, down: 0 },
        Perturbation::CircularShift { right: 2, down: 0 },
        Perturbation::Rotation { degrees: 10.0 },
        Perturbation::Scale { factor: 0.9 },
        Perturbation::Noise { sd: 0.2 },
        Perturbation::Blur { sd: 0.5 },
        Perturbation::Blur { sd: 1.5 },
    ] {
        group.bench_function(format!("{perturbation:?}"), |bencher| {
            bencher.iter(|| images.perturbed(black_box(&perturbation), 1));
        });
    }
    group.finish();
}

criterion_group!(benches, decode, order_and_gather, augment, perturb);
criterion_main!(benches);
