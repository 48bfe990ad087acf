//! Layers side by side: branches that read the same input, and what joins their outputs.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Layer;
use super::describe::{BackwardReads, Describe, LayerShape};
use crate::SettingError;

/// Branches that read the same input, each a list of layers, and what makes one output of theirs. A branch without layers
/// hands its input on.
///
/// ```
/// use pool_spec::{Conv2d, Padding, Parallel, Sequential};
///
/// let conv = || Conv2d::new(16, 3).padding(Padding::Same);
/// let block = Parallel::residual([conv().relu().into(), conv().into()], []);
/// assert_eq!(Sequential::new([16, 8, 8]).add(block).infer()?.output(), Some(&[16, 8, 8][..]));
/// # Ok::<(), pool_spec::NetworkError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parallel {
    /// The branches, two or more.
    pub branches: Vec<Vec<Layer>>,
    /// How their outputs become one.
    pub join: Join,
    /// What of the input each branch reads.
    #[serde(default, skip_serializing_if = "BranchInput::is_whole")]
    pub input: BranchInput,
}

/// How the outputs of branches become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Join {
    /// Their sum; they have one shape.
    Add,
    /// Their channels one after another; they have one height and width.
    Concat,
}

/// What of its input a branch reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BranchInput {
    /// All channels.
    #[default]
    Whole,
    /// The first of as many equal shares of the channels as there are branches, the second, and so on.
    Shares,
}

impl BranchInput {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
    fn is_whole(&self) -> bool {
        *self == Self::Whole
    }
}

impl fmt::Display for Join {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Concat => "concat",
        })
    }
}

impl Parallel {
    /// Branches that all read the whole input.
    pub fn new(branches: impl Into<Vec<Vec<Layer>>>, join: Join) -> Self {
        Self { branches: branches.into(), join, input: BranchInput::Whole }
    }

    /// `layers`, and next to them a shortcut that is added to what they give; without layers of its own it adds the input
    /// (He et al. 2016).
    pub fn residual(layers: impl Into<Vec<Layer>>, shortcut: impl Into<Vec<Layer>>) -> Self {
        Self::new([layers.into(), shortcut.into()], Join::Add)
    }

    /// The shape that each branch reads, of a sample of this shape.
    pub(crate) fn shape_for_branches(&self, input: &[usize]) -> Result<Vec<usize>, SettingError> {
        let branches = self.branches.len();
        if branches < 2 {
            let rule = "give two branches or more, such as [[{ conv2d = { filters = 8, kernel = 1 } }], []]";
            return Err(SettingError::Rule {
                field: "branches",
                value: format!("{branches} of them"),
                rule: rule.to_owned(),
            });
        }
        let mut shape = input.to_vec();
        if self.input == BranchInput::Shares
            && let Some(channels) = shape.first_mut()
        {
            if !channels.is_multiple_of(branches) {
                let rule = format!("{channels} channels are no multiple of the {branches} branches");
                return Err(SettingError::Rule { field: "input", value: "\"shares\"".to_owned(), rule });
            }
            *channels /= branches;
        }
        Ok(shape)
    }

    /// The shape of the joined outputs.
    pub(crate) fn joined(&self, outputs: &[Vec<usize>]) -> Result<Vec<usize>, SettingError> {
        let (first, others) = outputs.split_first().expect("there are two branches or more");
        let fits = |shape: &Vec<usize>| match self.join {
            Join::Add => shape == first,
            Join::Concat => shape.len() == first.len() && shape[1..] == first[1..],
        };
        if let Some(other) = others.iter().find(|shape| !fits(shape)) {
            let rule = match self.join {
                Join::Add => "the branches give different shapes",
                Join::Concat => "the branches give shapes that differ in more than their channels",
            };
            let rule = format!("{rule}, {first:?} and {other:?}; change strides or filters");
            return Err(SettingError::Rule { field: "join", value: format!("\"{}\"", self.join), rule });
        }
        let mut shape = first.clone();
        if self.join == Join::Concat {
            shape[0] = outputs.iter().fold(0, |channels: usize, shape| channels.saturating_add(shape[0]));
        }
        Ok(shape)
    }
}

/// The joint at the end of the branches, whose input and output are what [`Parallel::joined`] gives.
impl Describe for Parallel {
    fn base_name(&self, _: usize) -> String {
        match self.join {
            Join::Add => "add",
            Join::Concat => "concatenate",
        }
        .to_owned()
    }

    fn shape(&self, input: &[usize]) -> Result<LayerShape, SettingError> {
        Ok(LayerShape::unchanged(input))
    }

    fn backward_reads(&self, _: &[usize], _: &[usize]) -> BackwardReads {
        BackwardReads::default()
    }

    fn output_tensors(&self) -> u64 {
        1
    }
}
