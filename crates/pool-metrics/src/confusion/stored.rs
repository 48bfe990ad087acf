//! A confusion matrix in a file: its rows, or with many classes the cells that are not 0.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Cell, ClassificationError, ConfusionMatrix};

/// Up to this many classes a matrix is stored as its rows; with more of them, nearly all of its cells are 0.
const MOST_ROWS: usize = 256;

/// A matrix as a file holds it.
pub(super) enum Stored {
    Rows(Vec<Vec<u64>>),
    Sparse(Sparse),
}

/// A matrix of many classes: each cell is its label, its prediction and its count.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sparse {
    classes: usize,
    cells: Vec<(u16, u16, u64)>,
}

impl From<ConfusionMatrix> for Stored {
    fn from(matrix: ConfusionMatrix) -> Self {
        if matrix.classes <= MOST_ROWS {
            return Self::Rows(matrix.rows());
        }
        let cells = matrix.cells.iter().map(|cell| (cell.label, cell.prediction, cell.count)).collect();
        Self::Sparse(Sparse { classes: matrix.classes, cells })
    }
}

impl TryFrom<Stored> for ConfusionMatrix {
    type Error = ClassificationError;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        match stored {
            Stored::Rows(rows) => rows.try_into(),
            Stored::Sparse(Sparse { classes, cells }) => {
                let cell = |(label, prediction, count)| Cell { label, prediction, count };
                Self::from_cells(classes, cells.into_iter().map(cell).collect())
            }
        }
    }
}

impl Serialize for Stored {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Rows(rows) => rows.serialize(serializer),
            Self::Sparse(sparse) => sparse.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Stored {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct StoredVisitor;

        impl<'de> Visitor<'de> for StoredVisitor {
            type Value = Stored;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the rows of a confusion matrix, or its classes and cells")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Stored, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(seq)).map(Stored::Rows)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Stored, A::Error> {
                Sparse::deserialize(MapAccessDeserializer::new(map)).map(Stored::Sparse)
            }
        }

        deserializer.deserialize_any(StoredVisitor)
    }
}
