//! `pool-cli apply` gives what the library gives, in both data formats, and says what is wrong in one line.

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{pool_cli, stderr};
use pool_models::files::{DataFormat, read_array, read_picture, write_array, write_picture};
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

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, tensor: &Tensor| write_array(&folder.path().join(name), tensor).unwrap();
    write("x.npy", &random(&[1, 2, 8], Kind::Float));
    write("flat.npy", &random(&[8], Kind::Float));
    write("whole.npy", &Tensor::from_slice(&[1i64, 2]));
    fs::write(folder.path().join("x.png"), "not a picture").unwrap();
    for (pool, input, output, extra, expected) in [
        ("maximum", "x.npy", "y.npy", &[][..], "unknown pooling layer \"maximum\"; use \"max\", \"avg\""),
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
        ("max", "x.png", "y.npy", &[], "x.png: no PNG picture: "),
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
