//! What the classes of a run are called.

use serde::Serialize;

use crate::Run;

/// The names of the classes, by label, where the images have any: those of a folder do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ClassNames(Vec<String>);

impl ClassNames {
    /// Those of the first record that has them: all trials of a run have the same images.
    pub(crate) fn of(run: &Run) -> Self {
        let named = run.records().find(|record| !record.class_names.is_empty());
        Self(named.map(|record| record.class_names.clone()).unwrap_or_default())
    }

    /// Whether the classes are numbers only.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name of a class; its label if it has none.
    pub(crate) fn name(&self, label: usize) -> String {
        self.0.get(label).cloned().unwrap_or_else(|| label.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_without_a_name_is_called_by_its_label() {
        let names = ClassNames(vec!["ferns".to_owned()]);
        assert_eq!((names.name(0), names.name(1)), ("ferns".to_owned(), "1".to_owned()));
    }
}
