//! A predictor gives what its network gives.

use pool_models::{BuiltInNetwork, Kernels, Mode, Precision};
use tch::{Device, Kind, Tensor, nn};

#[test]
fn every_built_in_network_predicts_the_same() {
    tch::manual_seed(3);
    for network in BuiltInNetwork::ALL {
        let model = network.example();
        let variables = nn::VarStore::new(Device::Cpu);
        let net = model.build(&variables.root()).unwrap();
        let shape = |images: i64| -> Vec<i64> {
            std::iter::once(images).chain(net.input().iter().map(|&size| size as i64)).collect()
        };
        // Statistics other than those of a new network.
        let batch = Tensor::rand(shape(4), (Kind::Float, Device::Cpu));
        let _logits = tch::no_grad(|| net.forward(&batch, Mode::Training)).unwrap();
        let few = [1, 3].map(|images| Tensor::rand(shape(images), (Kind::Float, Device::Cpu)));
        let none = Tensor::zeros(shape(0), (Kind::Float, Device::Cpu));
        let mut net = net;
        for (kernels, precision) in [
            (Kernels::Fast, Precision::F32),
            (Kernels::Fast, Precision::Bf16),
            (Kernels::Reference, Precision::F32),
        ] {
            net = net.with_kernels(kernels).with_precision(precision);
            let predictor = net.predictor().unwrap();
            for images in few.iter().chain([&none]) {
                let expected = tch::no_grad(|| net.forward(images, Mode::Inference)).unwrap();
                let found = predictor.forward(images).unwrap();
                assert!(!found.requires_grad());
                assert_eq!(found, expected, "{network:?}: {kernels}, {precision}, {:?}", images.size());
            }
        }
    }
}

#[test]
fn what_was_prepared_stays_until_another_is_made() {
    let model = BuiltInNetwork::KerasConvnet.example();
    let variables = nn::VarStore::new(Device::Cpu);
    let net = model.build(&variables.root()).unwrap();
    let image = Tensor::rand([1, 1, 28, 28], (Kind::Float, Device::Cpu));
    let predictor = net.predictor().unwrap();
    let before = predictor.forward(&image).unwrap();
    let mut kernel = variables.variables().remove("conv2d.weight").unwrap();
    let _doubled = tch::no_grad(|| kernel.f_mul_scalar_(2.0)).unwrap();
    assert_eq!(predictor.forward(&image).unwrap(), before);
    assert_ne!(net.predictor().unwrap().forward(&image).unwrap(), before);
}
