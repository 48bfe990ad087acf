//! Which data sets are published, and their names.

use std::fmt;
use std::str::FromStr;

/// A published data set, which is named by a word. mnist-data knows its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublicSet {
    /// Handwritten digits: LeCun, Cortes, Burges, "The MNIST database of handwritten digits", 1998.
    Mnist,
    /// Pictures of clothes in MNIST's format: Xiao, Rasul, Vollgraf, "Fashion-MNIST", arXiv:1708.07747.
    FashionMnist,
    /// Cursive Japanese characters in MNIST's format: Clanuwat et al., "Deep Learning for Classical Japanese
    /// Literature", arXiv:1812.01718.
    Kmnist,
    /// Handwritten letters, upper and lower case as one class: Cohen, Afshar, Tapson, van Schaik, "EMNIST",
    /// arXiv:1702.05373.
    EmnistLetters,
    /// Small colour pictures of ten classes: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
    Cifar10,
    /// The same of a hundred classes, by their fine labels.
    Cifar100,
}

/// A name that is not that of a public data set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("data set: expected one of {}, found \"{found}\"", PublicSet::ALL.map(PublicSet::name).join(", "))]
pub struct UnknownSet {
    /// The name.
    pub found: String,
}

impl PublicSet {
    /// All public data sets.
    pub const ALL: [Self; 6] =
        [Self::Mnist, Self::FashionMnist, Self::Kmnist, Self::EmnistLetters, Self::Cifar10, Self::Cifar100];

    /// The set's name on a command line, which is also the name of its folder.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::Kmnist => "kmnist",
            Self::EmnistLetters => "emnist-letters",
            Self::Cifar10 => "cifar10",
            Self::Cifar100 => "cifar100",
        }
    }

    /// Its word in a sweep file and in a record.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::FashionMnist => "fashion_mnist",
            Self::EmnistLetters => "emnist_letters",
            Self::Mnist | Self::Kmnist | Self::Cifar10 | Self::Cifar100 => self.name(),
        }
    }

    /// Its name in prose.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Mnist => "MNIST",
            Self::FashionMnist => "Fashion-MNIST",
            Self::Kmnist => "KMNIST",
            Self::EmnistLetters => "EMNIST letters",
            Self::Cifar10 => "CIFAR-10",
            Self::Cifar100 => "CIFAR-100",
        }
    }
}

impl fmt::Display for PublicSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for PublicSet {
    type Err = UnknownSet;

    /// Reads a name or a word: `fashion-mnist` and `fashion_mnist` are the same set.
    ///
    /// # Errors
    /// [`UnknownSet`], which lists the names.
    fn from_str(text: &str) -> Result<Self, UnknownSet> {
        let known = Self::ALL.into_iter().find(|set| text == set.name() || text == set.word());
        known.ok_or_else(|| UnknownSet { found: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_is_found_by_its_name_and_by_its_word() {
        for set in PublicSet::ALL {
            assert_eq!(set.to_string().parse(), Ok(set));
            assert_eq!(set.word().parse(), Ok(set));
            assert_eq!(set.word(), set.name().replace('-', "_"));
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let message = "emnist".parse::<PublicSet>().unwrap_err().to_string();
        let expected = "data set: expected one of mnist, fashion-mnist, kmnist, emnist-letters, cifar10, cifar100, \
                        found \"emnist\"";
        assert_eq!(message, expected);
    }
}
