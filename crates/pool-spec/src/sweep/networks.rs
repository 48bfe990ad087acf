//! The networks that a sweep file can name.

use serde::{Deserialize, Serialize};

use super::filling::Fillings;
use super::network::NetworkTemplate;
use super::template_layer::TemplateLayer;
use crate::{Pool, Sequential};

/// A network of the literature: `network = "resnet8"` in a sweep file. Each is a file of `configs/networks`, with its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BuiltInNetwork {
    /// The network of the published study.
    Study,
    /// LeNet-5 (LeCun et al. 1998), as it is built today.
    #[serde(rename = "lenet5")]
    LeNet5,
    /// The convnet of Keras's MNIST example.
    KerasConvnet,
    /// Keras's small network in VGG's manner for CIFAR-10.
    VggSmall,
    /// All-CNN-C (Springenberg et al. 2015).
    AllCnn,
    /// The network of the fast CIFAR-10 trainings (Jordan 2024).
    Airbench94,
    /// MLPerf Tiny's ResNet for image classification (Banbury et al. 2021).
    #[serde(rename = "resnet8")]
    ResNet8,
    /// ResNet-20 for CIFAR-10 (He et al. 2016).
    #[serde(rename = "resnet20")]
    ResNet20,
    /// MLPerf Tiny's network for spoken words (Zhang et al. 2017).
    DsCnn,
}

/// A file of `configs/networks`, and the table `[model]` of a sweep file that lists its layers.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NetworkFile {
    layers: Vec<TemplateLayer>,
}

impl BuiltInNetwork {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Study,
        Self::LeNet5,
        Self::KerasConvnet,
        Self::VggSmall,
        Self::AllCnn,
        Self::Airbench94,
        Self::ResNet8,
        Self::ResNet20,
        Self::DsCnn,
    ];

    /// The layers, as a sweep file's `[model]` would list them.
    pub fn text(self) -> &'static str {
        match self {
            Self::Study => include_str!("../../networks/study.toml"),
            Self::LeNet5 => include_str!("../../networks/lenet5.toml"),
            Self::KerasConvnet => include_str!("../../networks/keras-convnet.toml"),
            Self::VggSmall => include_str!("../../networks/vgg-small.toml"),
            Self::AllCnn => include_str!("../../networks/all-cnn.toml"),
            Self::Airbench94 => include_str!("../../networks/airbench94.toml"),
            Self::ResNet8 => include_str!("../../networks/resnet8.toml"),
            Self::ResNet20 => include_str!("../../networks/resnet20.toml"),
            Self::DsCnn => include_str!("../../networks/ds-cnn.toml"),
        }
    }

    /// The network, with its places.
    pub fn template(self) -> NetworkTemplate {
        let file: NetworkFile = toml::from_str(self.text()).expect("a test reads every file");
        NetworkTemplate::new(file.layers).without_spans()
    }

    /// The network for pictures of the size that its source has and ten classes, with maximum pooling in places that have no
    /// default.
    pub fn example(self) -> Sequential {
        let picture = match self {
            Self::Study | Self::LeNet5 | Self::KerasConvnet => [1, 28, 28],
            Self::DsCnn => [1, 49, 10],
            Self::VggSmall | Self::AllCnn | Self::Airbench94 | Self::ResNet8 | Self::ResNet20 => [3, 32, 32],
        };
        let template = self.template();
        let filled = |fillings: Fillings| template.fill(picture, 10, &fillings, 0);
        let pooled = || filled(Fillings { pool: Some(Pool::max(2)), ..Fillings::default() });
        filled(Fillings::default()).or_else(|_| pooled()).expect("a test fills every network")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fillings, Inferred, Site};

    fn inferred(network: BuiltInNetwork, input: [usize; 3], classes: usize) -> Inferred {
        let model = network.template().fill(input, classes, &Fillings::default(), 0).unwrap();
        model.infer().unwrap_or_else(|error| panic!("{network:?}: {error}"))
    }

    #[test]
    fn networks_have_the_parameters_that_were_published() {
        for (network, input, classes, trainable, fixed, source) in [
            (BuiltInNetwork::LeNet5, [1, 28, 28], 10, 61_706, 0, "Dive into Deep Learning, 7.6"),
            (
                BuiltInNetwork::KerasConvnet,
                [1, 28, 28],
                10,
                34_826,
                0,
                "keras.io/examples/vision/mnist_convnet",
            ),
            (BuiltInNetwork::VggSmall, [3, 32, 32], 10, 1_250_858, 0, "Keras's cifar10_cnn"),
            (BuiltInNetwork::AllCnn, [3, 32, 32], 10, 1_369_738, 0, "the paper: about 1.3 million"),
            (BuiltInNetwork::ResNet8, [3, 32, 32], 10, 78_186, 480, "mlcommons/tiny: 78,666 in all"),
            (
                BuiltInNetwork::ResNet20,
                [3, 32, 32],
                10,
                273_066,
                1_376,
                "Keras's cifar10_resnet: 274,442 in all",
            ),
            (BuiltInNetwork::DsCnn, [1, 49, 10], 12, 23_756, 1_152, "mlcommons/tiny: 24,908 in all"),
            // Weights 1,970,476, biases of the first convolution 24, and of batch normalisation 1,152.
            (BuiltInNetwork::Airbench94, [3, 32, 32], 10, 1_971_640, 2_304, "the paper: 1.97 million"),
        ] {
            let found = inferred(network, input, classes);
            assert_eq!(
                (found.parameters(), found.fixed_parameters()),
                (trainable, fixed),
                "{network:?}, {source}"
            );
        }
    }

    #[test]
    fn every_example_can_be_built() {
        for network in BuiltInNetwork::ALL {
            assert!(network.example().infer().unwrap().parameters() > 0, "{network:?}");
        }
    }

    #[test]
    fn every_word_names_the_file_of_its_network() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/networks");
        for network in BuiltInNetwork::ALL {
            let word = serde_json::to_value(network).unwrap();
            let file = format!("{folder}/{}.toml", word.as_str().unwrap());
            assert_eq!(std::fs::read_to_string(file).unwrap(), network.text());
        }
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), BuiltInNetwork::ALL.len());
    }

    #[test]
    fn every_network_takes_grey_and_colour_pictures_and_any_number_of_classes() {
        for network in BuiltInNetwork::ALL.into_iter().filter(|&network| network != BuiltInNetwork::Study) {
            for (input, classes) in [([1, 28, 28], 10), ([3, 32, 32], 100), ([3, 64, 48], 2)] {
                if network == BuiltInNetwork::Airbench94 && input == [3, 64, 48] {
                    continue; // Its head sees 3x3 places alone.
                }
                assert_eq!(inferred(network, input, classes).output(), Some(&[classes][..]), "{network:?}");
            }
        }
    }

    #[test]
    fn every_site_fits_every_place_around_a_convolution() {
        for network in [BuiltInNetwork::ResNet8, BuiltInNetwork::ResNet20, BuiltInNetwork::AllCnn] {
            for site in Site::ALL {
                let mut fillings = Fillings::default();
                fillings.fill.insert("down".to_owned(), crate::Filling::Site(site));
                let model = network.template().fill([3, 32, 32], 10, &fillings, 0).unwrap();
                assert!(model.infer().is_ok(), "{network:?}: {site}");
            }
        }
    }
}
