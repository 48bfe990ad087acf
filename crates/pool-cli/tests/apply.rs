//! `pool-cli apply` gives what the library gives, in both data formats, and says what is wrong in one line.

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{pool_cli, stderr};
use pool_models::files::{
    DataFormat, PngDepth, read_array, read_picture, read_picture_and_depth, write_array, write_picture,
    write_picture_of_depth,
};
use pool_models::{Pool, catalogue};
use tch::{Device, Kind, Tensor};

fn apply(folder: &Path, arguments: &[&str]) -> Output {
    pool_cli(folder).arg("apply").args(arguments).output().unwrap()
}

fn random(shape: &[i64], kind: Kind) -> Tensor {
    tch::manual_seed(1);
    Tensor::randn(shape, (kind, Device::Cpu))
}

#[test]
fn an_array_is_pooled_in_either_data_format_with_its_gradient_and_indices() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let pool: Pool = "{ reduce = \"max\", size = 3, stride = 2, padding = \"same\" }".parse().unwrap();
    for (format, name) in
        [(DataFormat::ChannelsFirst, "channels_first"), (DataFormat::ChannelsLast, "channels_last")]
    {
        for kind in [Kind::Float, Kind::Double] {
            let input = random(&[2, 3, 7, 8], kind).set_requires_grad(true);
            let (output, indices) = pool.forward_with_indices(&input).unwrap();
            let gradient = random(&output.size(), kind);
            (&output * &gradient).sum(kind).backward();

            write_array(&file("x.npy"), &format.from_channels_first(&input).unwrap()).unwrap();
            write_array(&file("gy.npy"), &format.from_channels_first(&gradient).unwrap()).unwrap();
            let spelling = pool.to_string();
            let arguments = [
                ["--pool", &spelling],
                ["--input", "x.npy"],
                ["--output", "y.npy"],
                ["--data-format", name],
                ["--grad-output", "gy.npy"],
                ["--grad-input", "gx.npy"],
                ["--indices", "i.npy"],
            ];
            let run = apply(folder.path(), arguments.as_flattened());
            assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));

            let read = |name| format.to_channels_first(&read_array(&file(name)).unwrap()).unwrap();
            assert_eq!(read("y.npy"), output.detach(), "{name} {kind:?}");
            assert_eq!(read("gx.npy"), input.grad(), "{name} {kind:?}");
            // Indices are whole numbers, which `read_array` refuses: their bytes are compared.
            let expected = file("expected.npy");
            write_array(&expected, &format.from_channels_first(&indices).unwrap()).unwrap();
            assert_eq!(fs::read(file("i.npy")).unwrap(), fs::read(expected).unwrap());
        }
    }
}

#[test]
fn training_draws_by_the_seed() {
    let folder = tempfile::tempdir().unwrap();
    write_array(&folder.path().join("x.npy"), &random(&[1, 4, 16], Kind::Float).abs()).unwrap();
    let draw = |extra: &[&str]| {
        let fixed = ["--pool", "stochastic", "--input", "x.npy", "--output", "y.npy"];
        let run = apply(folder.path(), &[&fixed[..], extra].concat());
        assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
        read_array(&folder.path().join("y.npy")).unwrap()
    };
    assert_eq!(draw(&["--train", "--seed", "1"]), draw(&["--train", "--seed", "1"]));
    assert_ne!(draw(&["--train", "--seed", "1"]), draw(&["--train", "--seed", "2"]));
    assert_eq!(draw(&["--seed", "1"]), draw(&["--seed", "2"]), "prediction draws nothing");
}

#[test]
fn a_picture_is_pooled_and_drawn_through_every_operator() {
    let folder = tempfile::tempdir().unwrap();
    let picture = (random(&[1, 1, 12, 16], Kind::Float).abs() / 8.0 * 255.0).floor() / 255.0;
    write_picture(&folder.path().join("x.png"), &picture).unwrap();
    let run = apply(folder.path(), &["--pool", "max", "--input", "x.png", "--output", "y.png"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let pooled = read_picture(&folder.path().join("y.png")).unwrap();
    let expected = Pool::max(2).forward(&picture).unwrap();
    assert!((pooled - expected).abs().max().double_value(&[]) < 1e-6);

    let run = apply(folder.path(), &["--gallery", "all.svg", "--input", "x.png"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let svg = fs::read_to_string(folder.path().join("all.svg")).unwrap();
    for operator in catalogue() {
        assert!(svg.contains(&format!(">{}<", operator.name)), "{}", operator.name);
    }
}

/// 1000 and 1001 of 65,535 are both 4 of 255.
#[test]
fn a_picture_of_sixteen_bits_is_pooled_and_written_with_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    for channels in [1, 3] {
        let shades = [1000.0, 1001.0, 65_535.0, 32_768.0, 40_000.0, 3.0, 2.0, 1.0];
        let values: Vec<f64> = shades.iter().copied().cycle().take(8 * channels as usize).collect();
        let picture = Tensor::from_slice(&values).reshape([1, channels, 2, 4]) / 65_535.0;
        write_picture_of_depth(&file("x.png"), &picture, PngDepth::Sixteen).unwrap();
        for output in ["y.npy", "y.png"] {
            let run = apply(
                folder.path(),
                &["--pool", "{ reduce = \"max\", size = [1, 2] }", "--input", "x.png", "--output", output],
            );
            assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
        }
        let expected = [1001.0, 65_535.0, 40_000.0, 2.0].repeat(channels as usize);
        let (drawn, depth) = read_picture_and_depth(&file("y.png")).unwrap();
        assert_eq!(depth, PngDepth::Sixteen);
        for found in [drawn, read_array(&file("y.npy")).unwrap()] {
            let found =
                Vec::<f64>::try_from((found.to_kind(Kind::Double) * 65_535.0).flatten(0, -1)).unwrap();
            let close = found
                .iter()
                .zip(&expected)
                .all(|(found, expected): (&f64, &f64)| (found - expected).abs() < 1e-2);
            assert!(close && found.len() == expected.len(), "{found:?}, not {expected:?}");
        }
    }
}

/// Runs a layer in a process that may have so much memory, addresses of libraries and threads included.
#[cfg(target_os = "linux")]
fn apply_within(folder: &Path, gib: u64, pool: &str, input: &str) -> Output {
    let program = assert_cmd::cargo::cargo_bin!("pool-cli");
    let command = format!(
        "ulimit -v {} && exec '{}' apply --pool '{pool}' --input {input} --output y.npy",
        gib << 20,
        program.display()
    );
    std::process::Command::new("sh").current_dir(folder).args(["-c", &command]).output().unwrap()
}

/// Laid out window by window, these took 20 to 40 GB, and 7 to 11 GB.
#[cfg(target_os = "linux")]
#[test]
fn large_windows_are_pooled_in_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    write_array(&folder.path().join("signal.npy"), &random(&[1, 1, 480_000], Kind::Float)).unwrap();
    write_array(&folder.path().join("plane.npy"), &random(&[1, 32, 128, 128], Kind::Float)).unwrap();
    for (pool, input, shape) in [
        ("{ reduce = \"max\", size = 4801, stride = 4 }", "signal.npy", vec![1, 1, 118_800]),
        (
            "{ reduce = \"avg\", size = 4801, stride = 4, padding = \"same\" }",
            "signal.npy",
            vec![1, 1, 120_000],
        ),
        ("{ reduce = \"gem\", size = 31, stride = 1 }", "plane.npy", vec![1, 32, 98, 98]),
        ("{ reduce = \"lse\", size = 31, stride = 1 }", "plane.npy", vec![1, 32, 98, 98]),
    ] {
        let run = apply_within(folder.path(), 3, pool, input);
        assert_eq!(run.status.code(), Some(0), "{pool}: {}", stderr(&run));
        assert_eq!(read_array(&folder.path().join("y.npy")).unwrap().size(), shape, "{pool}");
    }
}

/// An output of 3 GiB, which the rule allows and the process does not have.
#[cfg(target_os = "linux")]
#[test]
fn memory_that_is_not_there_is_an_error_of_one_line_with_its_bytes() {
    let folder = tempfile::tempdir().unwrap();
    write_array(&folder.path().join("small.npy"), &random(&[1, 3, 2, 2], Kind::Float)).unwrap();
    for pool in ["max", "avg"] {
        let pool = format!("{{ reduce = \"{pool}\", adaptive = [16384, 16384] }}");
        let run = apply_within(folder.path(), 3, &pool, "small.npy");
        assert_eq!(run.status.code(), Some(2), "{pool}: {}", stderr(&run));
        let expected = "error: can't allocate memory: 3221225472 bytes were asked for; use smaller inputs, fewer samples \
                        at once, or a machine with more memory\n";
        assert_eq!(stderr(&run), expected, "{pool}");
    }
    // A file of 4 GiB, of which the disk holds nothing.
    let large = fs::File::create(folder.path().join("large.npy")).unwrap();
    large.set_len(4 << 30).unwrap();
    let run = apply_within(folder.path(), 3, "max", "large.npy");
    assert_eq!(run.status.code(), Some(2), "{}", stderr(&run));
    let expected = "error: large.npy: can't allocate memory: 4294967296 bytes were asked for; use a smaller one, or a \
                    machine with more memory\n";
    assert_eq!(stderr(&run), expected);
}

/// By every name that a file can have, as every kind of result.
#[cfg(unix)]
#[test]
fn no_result_replaces_an_input_or_another_result() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::create_dir(file("sub")).unwrap();
    write_array(&file("x.npy"), &random(&[1, 2, 8], Kind::Float)).unwrap();
    write_array(&file("gy.npy"), &random(&[1, 2, 4], Kind::Float)).unwrap();
    for name in ["x", "gy"] {
        std::os::unix::fs::symlink(format!("{name}.npy"), file(&format!("{name}-link.npy"))).unwrap();
        fs::hard_link(file(&format!("{name}.npy")), file(&format!("{name}-hard.npy"))).unwrap();
    }
    let before = ["x.npy", "gy.npy"].map(|name| fs::read(file(name)).unwrap());
    let names = |name: &str| {
        ["NAME.npy", "./NAME.npy", "sub/../NAME.npy", "NAME-link.npy", "NAME-hard.npy"]
            .map(|way| way.replace("NAME", name))
    };
    let refused = |results: [&str; 3]| {
        let [output, grad_input, indices] = results;
        let fixed = ["--pool", "max", "--input", "x.npy", "--grad-output", "gy.npy", "--output", output];
        let run =
            apply(folder.path(), &[&fixed[..], &["--grad-input", grad_input, "--indices", indices]].concat());
        assert_eq!(run.status.code(), Some(2), "{results:?}: {}", stderr(&run));
        assert_eq!(stderr(&run).lines().count(), 1, "{results:?}: {}", stderr(&run));
        for (name, before) in ["x.npy", "gy.npy"].into_iter().zip(&before) {
            assert!(fs::read(file(name)).unwrap() == *before, "{results:?} changed {name}");
        }
        assert!(!file("y.npy").exists(), "{results:?}: nothing is written where something is wrong");
    };
    for name in names("x").iter().chain(&names("gy")) {
        refused([name, "gx.npy", "i.npy"]);
        refused(["y.npy", name, "i.npy"]);
        refused(["y.npy", "gx.npy", name]);
    }
    refused(["y.npy", "sub/../y.npy", "i.npy"]);
    refused(["y.npy", "gx.npy", "./gx.npy"]);
    let run = apply(folder.path(), &["--gallery", "x-link.npy", "--input", "x.npy"]);
    assert_eq!(run.status.code(), Some(2), "{}", stderr(&run));
    assert!(fs::read(file("x.npy")).unwrap() == before[0]);

    // What is somebody's and has nothing to do with it is replaced, as ever.
    fs::write(file("y.npy"), "old").unwrap();
    let run = apply(folder.path(), &["--pool", "max", "--input", "x.npy", "--output", "y.npy"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    assert_eq!(read_array(&file("y.npy")).unwrap().size(), [1, 2, 4]);
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, tensor: &Tensor| write_array(&folder.path().join(name), tensor).unwrap();
    write("x.npy", &random(&[1, 2, 8], Kind::Float));
    write("flat.npy", &random(&[8], Kind::Float));
    write("whole.npy", &Tensor::from_slice(&[1i64, 2]));
    write("small.npy", &random(&[1, 64, 2, 2], Kind::Float));
    write("double.npy", &random(&[1, 1, 700, 700], Kind::Double));
    fs::write(folder.path().join("x.png"), "not a picture").unwrap();
    // The first member's name has 5 letters.
    fs::write(folder.path().join("x.npz"), [b"PK\x03\x04", &[0; 22][..], &[5, 0, 0, 0], b"x.npy"].concat())
        .unwrap();
    fs::write(folder.path().join("photograph.jpg"), b"\xff\xd8\xff\xe0").unwrap();
    fs::copy(folder.path().join("x.npy"), folder.path().join("array.png")).unwrap();
    for (pool, input, output, extra, expected) in [
        ("most", "x.npy", "y.npy", &[][..], "unknown pooling layer \"most\"; use \"max\", \"avg\""),
        ("{ size = 2 }", "x.npy", "y.npy", &[], "nothing says how to pool"),
        (
            "{ reduce = \"max\", size = 9 }",
            "x.npy",
            "y.npy",
            &[],
            "size = 9: the window is larger than its input",
        ),
        ("max", "none.npy", "y.npy", &[], "none.npy: cannot read it: "),
        ("max", "flat.npy", "y.npy", &[], "the input tensor has shape [8], expected [N, C, spatial...]"),
        ("max", "whole.npy", "y.npy", &[], "whole.npy: holds '<i8', expected float32 or float64"),
        ("max", "x.png", "y.npy", &[], "x.png: expected a PNG picture, found "),
        (
            "max",
            "x.npz",
            "y.npy",
            &[],
            "x.npz: is an archive of arrays (.npz), and one array is expected; in Python",
        ),
        ("max", "photograph.jpg", "y.npy", &[], "photograph.jpg: is a JPEG picture; convert it to PNG"),
        (
            "max",
            "array.png",
            "y.npy",
            &[],
            "array.png: is a numpy array, and not the PNG picture that its name promises",
        ),
        (
            "{ reduce = \"max\", adaptive = [16384, 16384] }",
            "small.npy",
            "y.npy",
            &[],
            "the output would take 68719476736 bytes for an input of shape [64, 2, 2], and one layer may take at most",
        ),
        (
            "{ reduce = \"median\", size = 31, stride = 1, padding = \"same\" }",
            "double.npy",
            "y.npy",
            &[],
            "the windows, laid out side by side, would take 30136960000 bytes for an input of shape [1, 1, 700, 700]",
        ),
        ("max", "x.npy", "y.png", &[], "y.png: a tensor of shape [1, 2, 4] is no picture"),
        ("max", "x.npy", "nowhere/y.npy", &[], "nowhere/y.npy: cannot write it: its folder does not exist"),
        ("avg", "x.npy", "y.npy", &["--indices", "i.npy"], "\"avg\" has no indices"),
        (
            "max",
            "x.npy",
            "y.npy",
            &["--indices", "y.npy"],
            "y.npy: two results would be written to this file",
        ),
        (
            "max",
            "x.npy",
            "y.npy",
            &["--indices", "./y.npy"],
            "./y.npy: two results would be written to this file (y.npy is the same file); give each its own",
        ),
        (
            "max",
            "x.npy",
            "x.npy",
            &[],
            "x.npy: the result would replace an input; write it to a file of its own",
        ),
        ("max", "x.npy", ".", &[], ".: cannot write it: it is no regular file"),
        (
            "avg",
            "x.npy",
            "y.npy",
            &["--grad-output", "x.npy", "--grad-input", "gx.npy"],
            "the gradient has shape [1, 2, 8], expected that of the output, [1, 2, 4]",
        ),
        ("avg", "x.npy", "y.npy", &["--grad-output", "x.npy"], "--grad-input"),
    ] {
        let fixed = ["--pool", pool, "--input", input, "--output", output];
        let run = apply(folder.path(), &[&fixed[..], extra].concat());
        assert_eq!(run.status.code(), Some(2), "{pool} {input}: {}", stderr(&run));
        assert!(stderr(&run).contains(expected), "{pool} {input}: {}", stderr(&run));
    }
    assert!(!folder.path().join("y.npy").exists(), "nothing is written where something is wrong");
}
