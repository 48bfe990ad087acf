//! Weights come back as they were saved, and a file that is something else is refused in words.

use std::path::Path;

use pool_models::{Dense, Flatten, Mode, Net, Pool, Sequential, load_weights, save_weights};
use serde_json::{Value, json};
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor};

fn model(units: usize) -> Sequential {
    Sequential::new([1, 4, 4]).add(Pool::strided_conv(2)).add(Flatten).add(Dense::new(units))
}

fn built(model: &Sequential, seed: u64) -> (Net, VarStore) {
    let variables = VarStore::new(Device::Cpu);
    (model.clone().seed(seed).build(&variables.root()).unwrap(), variables)
}

#[test]
fn a_network_predicts_as_the_saved_one() {
    let (saved, variables) = built(&model(3), 1);
    let folder = tempfile::tempdir().unwrap();
    for name in ["model.safetensors", "no ending"] {
        let path = folder.path().join(name);
        save_weights(&variables, &path).unwrap();
        let (loaded, mut others) = built(&model(3), 2);
        let input = Tensor::rand([5, 1, 4, 4], (Kind::Float, Device::Cpu));
        let predict = |net: &Net| net.forward(&input, Mode::Inference).unwrap();
        assert_ne!(predict(&saved), predict(&loaded));
        load_weights(&mut others, &path).unwrap();
        assert_eq!(predict(&saved), predict(&loaded));
        assert!(others.trainable_variables().iter().all(Tensor::requires_grad));
    }
}

/// What the network says of the file; its variables must stay as they are.
fn refusal(path: &Path) -> String {
    let (_, mut variables) = built(&model(3), 1);
    let values = |variables: &VarStore| -> Vec<f64> {
        let named = std::collections::BTreeMap::from_iter(variables.variables());
        named.values().map(|variable| variable.sum(Kind::Double).double_value(&[])).collect()
    };
    let before = values(&variables);
    let error = load_weights(&mut variables, path).unwrap_err().to_string();
    assert_eq!(values(&variables), before, "{error}");
    let prefix = format!("weights file {}: ", path.display());
    error.strip_prefix(&prefix).unwrap_or_else(|| panic!("{error}")).to_owned()
}

fn refusal_of(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, bytes).unwrap();
    refusal(&path)
}

fn file(header: &Value, data: usize) -> Vec<u8> {
    let json = header.to_string();
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.extend(json.bytes());
    bytes.extend(vec![0; data]);
    bytes
}

/// The header of `model(3)`, 80 bytes of weights.
fn header() -> Value {
    let tensor = |shape: &[u64], first: u64, beyond: u64| json!({ "dtype": "F32", "shape": shape, "data_offsets": [first, beyond] });
    json!({
        "__metadata__": { "format": "pt" },
        "strided_conv2d.weight": tensor(&[1, 1, 2, 2], 0, 16),
        "strided_conv2d.bias": tensor(&[1], 16, 20),
        "dense.weight": tensor(&[3, 4], 20, 68),
        "dense.bias": tensor(&[3], 68, 80),
    })
}

fn with(name: &str, tensor: Value) -> Value {
    let mut header = header();
    header[name] = tensor;
    header
}

#[test]
fn files_from_elsewhere_are_read_where_they_fit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, file(&header(), 80)).unwrap();
    let (_, mut variables) = built(&model(3), 1);
    load_weights(&mut variables, &path).unwrap();
    assert!(variables.variables().values().all(|variable| *variable == variable.zeros_like()));
}

#[test]
fn another_networks_file_is_refused_by_name() {
    let saved = |model: &Sequential| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        save_weights(&built(model, 1).1, &path).unwrap();
        refusal(&path)
    };
    let other = "it belongs to another network than this one: ";
    let pooled = Sequential::new([1, 4, 4]).add(Pool::max(2)).add(Flatten).add(Dense::new(3));
    assert_eq!(saved(&pooled), format!("{other}lacks strided_conv2d.bias, strided_conv2d.weight"));
    assert_eq!(
        saved(&model(3).add(Dense::new(3)).add(Dense::new(3))),
        format!("{other}holds besides dense_1.bias, dense_1.weight, dense_2.bias and 1 more")
    );
    assert_eq!(
        saved(&model(5)),
        format!("{other}dense.bias has shape [5] there and [3] here"),
        "one entry would be copied into any shape"
    );
}

#[test]
fn what_is_no_whole_file_of_these_weights_is_refused() {
    let tensor = |dtype: &str, shape: Value, offsets: Value| json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets });
    let bias = |dtype, shape, offsets| file(&with("dense.bias", tensor(dtype, shape, offsets)), 80);
    let whole = file(&header(), 80);
    let greatest = u64::MAX;
    let prefixed = |size: u64, rest: &[u8]| [&size.to_le_bytes(), rest].concat();
    let no_place = "no safetensors file: the place of the tensor \"dense.bias\" is no place";
    for (bytes, expected) in [
        (vec![], "no safetensors file: 0 bytes are too few".to_owned()),
        (vec![1; 7], "no safetensors file: 7 bytes are too few".to_owned()),
        (prefixed(greatest, b"{}"), format!("no safetensors file: its header would have {greatest} bytes")),
        (prefixed(3, b"{}"), "no safetensors file: its header would have 3 bytes".to_owned()),
        (
            prefixed(2, b"[]"),
            "no safetensors file: its header: invalid type: sequence, expected a map at line 1 column 0"
                .to_owned(),
        ),
        (
            prefixed(4, b"\xff\xff\xff\xff"),
            "no safetensors file: its header: expected value at line 1 column 1".to_owned(),
        ),
        (
            whole[..whole.len() - 1].to_vec(),
            format!(
                "it has {} bytes, and its header speaks of {}: it is not whole; copy or save it again",
                whole.len() - 1,
                whole.len()
            ),
        ),
        (
            file(&header(), 81),
            format!(
                "it has {} bytes, and its header speaks of {}: it is not whole; copy or save it again",
                whole.len() + 1,
                whole.len()
            ),
        ),
        (bias("F32", json!([3]), json!([72, 84])), no_place.to_owned()),
        (bias("F32", json!([3]), json!([68, 60])), no_place.to_owned()),
        (
            bias("F32", json!([3]), json!([68, greatest])),
            format!("no safetensors file: dense.bias has {} bytes, and its shape takes 12", greatest - 68),
        ),
        (
            bias("F32", json!([greatest]), json!([68, 80])),
            format!(
                "it belongs to another network than this one: dense.bias has shape [{greatest}] there and [3] here"
            ),
        ),
        (
            bias("F32", json!([]), json!([68, 80])),
            "it belongs to another network than this one: dense.bias has shape [] there and [3] here"
                .to_owned(),
        ),
        (
            bias("I32", json!([3]), json!([68, 80])),
            "dense.bias holds I32, expected F32; convert it before".to_owned(),
        ),
        (
            bias("\u{1b}[31m", json!([3]), json!([68, 80])),
            "dense.bias holds \\u{1b}[31m, expected F32; convert it before".to_owned(),
        ),
        (
            file(&with("a\nb", tensor("F32", json!([0]), json!([0, 0]))), 80),
            "it belongs to another network than this one: holds besides a\\nb".to_owned(),
        ),
    ] {
        assert_eq!(refusal_of(&bytes), expected);
    }
    let spelt = refusal_of(&bias("F32", json!([-3]), json!([68, 80])));
    assert!(spelt.starts_with("no safetensors file: its header: invalid value: integer `-3`"), "{spelt}");
}

#[test]
fn a_path_that_leads_to_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(refusal(folder.path()), "it is no regular file");
    assert_eq!(refusal(Path::new("/dev/zero")), "it is no regular file");
    let nowhere = folder.path().join("nowhere").join("model.safetensors");
    assert!(refusal(&nowhere).starts_with("cannot read it: "));
    let error = save_weights(&built(&model(3), 1).1, &nowhere).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("weights file {}: cannot write it: its folder does not exist", nowhere.display())
    );
}
