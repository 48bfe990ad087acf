//! What a record says about how its images were loaded.

use serde::{Deserialize, Serialize};

/// What was done to a set of images while it was loaded, for its record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataRemarks {
    /// Images that were taken from those to train with, because the source has none to test with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out_for_test: Option<u64>,
    /// Files that could not be read, within the folder, each with its reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedFile>,
}

/// A file that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkippedFile {
    /// Its path within the folder.
    pub file: String,
    /// Why it could not be read.
    pub reason: String,
}

impl DataRemarks {
    /// Whether there is nothing to remark.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All of it, in sentences.
    pub fn sentences(&self) -> Vec<String> {
        const MOST_NAMED: usize = 5;
        let held_out = self.held_out_for_test.map(|images| {
            format!(
                "The source has no test images: {images} images, the same share of every class, were held out for testing."
            )
        });
        let skipped = (!self.skipped.is_empty()).then(|| {
            let named = self.skipped.iter().take(MOST_NAMED);
            let named: Vec<String> =
                named.map(|skipped| format!("{} ({})", skipped.file, skipped.reason)).collect();
            let more = self.skipped.len().saturating_sub(MOST_NAMED);
            let more = if more > 0 { format!(", and {more} more") } else { String::new() };
            format!(
                "{} files could not be read and were left out: {}{more}.",
                self.skipped.len(),
                named.join(", ")
            )
        });
        held_out.into_iter().chain(skipped).collect()
    }
}
