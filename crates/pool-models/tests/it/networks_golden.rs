//! The built-in networks give what the same networks in PyTorch give with the same weights. The values come from
//! `scripts/golden/networks.py`.

use crate::common::device;
use pool_models::{
    BuiltInNetwork, Filling, Fillings, Inferred, Layer, Mode, Optimizer, OptimizerSpec, Site, cross_entropy,
};
use serde::Deserialize;
use tch::nn::VarStore;
use tch::{Device, Kind, Tensor, no_grad};

#[derive(Deserialize)]
struct Case {
    network: BuiltInNetwork,
    input: [usize; 3],
    classes: usize,
    output: Vec<f64>,
}

fn wave(count: i64, number: usize) -> Tensor {
    let number = number as f64;
    (Tensor::arange(count, (Kind::Double, Device::Cpu)) * (0.37 + 0.011 * number) + number).sin()
}

/// The weights that the script's `fill` gives, layer by layer in PyTorch's order.
fn fill(model: &Inferred, variables: &VarStore) {
    let mut number = 0;
    let mut named = variables.variables();
    let mut set = |name: String, amplitude: Option<f64>, centre: f64| {
        let Some(mut variable) = named.remove(&name) else { return };
        let size = variable.size();
        let fan_in: i64 = size[1..].iter().product();
        let amplitude = amplitude.unwrap_or((3.0 / fan_in as f64).sqrt());
        let values = wave(variable.numel() as i64, number) * amplitude + centre;
        no_grad(|| variable.copy_(&values.reshape(size)));
        number += 1;
    };
    for layer in &model.layers {
        let at = |variable: &str| format!("{}.{variable}", layer.name);
        match layer.layer {
            Layer::Conv2d(_) | Layer::Dense(_) => {
                set(at("weight"), None, 0.0);
                set(at("bias"), Some(0.1), 0.0);
            }
            Layer::BatchNorm(_) => {
                set(at("weight"), Some(0.2), 1.0);
                set(at("bias"), Some(0.1), 0.0);
                set(at("running_mean"), Some(0.1), 0.0);
                set(at("running_var"), Some(0.3), 1.0);
            }
            _ => {}
        }
    }
    assert!(named.is_empty(), "{:?}", named.keys());
}

#[test]
fn every_built_in_network_predicts_what_pytorchs_does() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../golden/networks.json")).unwrap();
    for Case { network, input, classes, output } in cases {
        let model = network.template().fill(input, classes, &Fillings::default(), 0).unwrap();
        let variables = VarStore::new(device());
        let net = model.build(&variables.root()).unwrap();
        fill(&model.infer().unwrap(), &variables);
        let [channels, height, width] = input.map(|size| size as i64);
        let entries = Tensor::arange(2 * channels * height * width, (Kind::Double, Device::Cpu)) * 0.71;
        let images = entries.cos().to_kind(Kind::Float).reshape([2, channels, height, width]);
        let found = net.forward(&images.to_device(device()), Mode::Inference).unwrap();
        let found = found.to_device(Device::Cpu).to_kind(Kind::Double);
        let expected = Tensor::from_slice(&output).reshape([2, classes as i64]);
        let distance = ((&found - &expected) / expected.abs().clamp_min(1.0)).abs().max().double_value(&[]);
        assert!(distance < 1e-5, "{network:?}: off by {distance:e}");
        // Constant logits would agree with anything that is far off in the same way.
        assert!(expected.std(false).double_value(&[]) > 1e-3, "{network:?}");
    }
}

#[test]
fn resnet8_learns_with_every_site_in_every_place() {
    let images = Tensor::arange(4 * 16 * 16, (Kind::Float, Device::Cpu)).sin().reshape([4, 1, 16, 16]);
    let labels = Tensor::from_slice(&[0i64, 1, 2, 0]);
    for site in Site::ALL {
        let filling = || Filling::Site(site);
        let fill = [("down".to_owned(), filling()), ("shortcut".to_owned(), filling())].into();
        let fillings = Fillings { fill, ..Fillings::default() };
        let model = BuiltInNetwork::ResNet8.template().fill([1, 16, 16], 3, &fillings, 1).unwrap();
        let variables = VarStore::new(Device::Cpu);
        let net = model.build(&variables.root()).unwrap();
        let mut optimizer = Optimizer::new(&variables, OptimizerSpec::default(), 1e-3).unwrap();
        let mut losses = (0..6).map(|_| {
            let loss = cross_entropy(&net.forward(&images, Mode::Training).unwrap(), &labels).unwrap();
            // Refuses a loss that some variable has no part in.
            optimizer.step(&loss).unwrap();
            loss.double_value(&[])
        });
        let (first, last) = (losses.next().unwrap(), losses.last().unwrap());
        assert!(last < first, "{site}: {first} to {last}");
    }
}
