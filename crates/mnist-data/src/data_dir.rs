//! Where data sets live on this machine.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::catalogue::PublicSet;
use crate::error::DataError;

/// The folder that holds one subfolder for each public data set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir {
    path: PathBuf,
}

impl DataDir {
    /// `$POOL_DATA_DIR`, else `$XDG_CACHE_HOME/pooling-study/datasets`, else `$HOME/.cache/pooling-study/datasets`.
    ///
    /// A variable that is empty counts as unset, and so does a relative `XDG_CACHE_HOME` (as its specification asks).
    ///
    /// # Errors
    ///
    /// [`DataError::NoDataDir`] if none of the three is set.
    pub fn from_env() -> Result<Self, DataError> {
        Self::resolve(|name| env::var_os(name))
    }

    /// A folder of the caller's choice; it need not exist yet.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The folder itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The subfolder of one public data set, where [`fetch`](crate::fetch) stores it.
    #[must_use]
    pub fn set_folder(&self, set: PublicSet) -> PathBuf {
        self.path.join(set.name())
    }

    fn resolve(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, DataError> {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        if let Some(path) = set("POOL_DATA_DIR") {
            return Ok(Self { path });
        }
        let cache = set("XDG_CACHE_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| set("HOME").map(|home| home.join(".cache")))
            .ok_or(DataError::NoDataDir)?;
        Ok(Self { path: cache.join("pooling-study").join("datasets") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and values of environment variables.
    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn resolved(variables: Variables<'_>) -> Result<DataDir, DataError> {
        DataDir::resolve(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
    }

    #[test]
    fn takes_the_first_variable_that_is_set() {
        let all = [("POOL_DATA_DIR", "data"), ("XDG_CACHE_HOME", "/cache"), ("HOME", "/home/u")];
        let table: [(Variables<'_>, &str, &str); 5] = [
            (&all, "data", "the program's own variable wins, relative or not"),
            (&all[1..], "/cache/pooling-study/datasets", "then the user's cache folder"),
            (&all[2..], "/home/u/.cache/pooling-study/datasets", "then the usual cache folder"),
            (&[("POOL_DATA_DIR", ""), all[1]], "/cache/pooling-study/datasets", "an empty variable is unset"),
            (&[("XDG_CACHE_HOME", "cache"), all[2]], "/home/u/.cache/pooling-study/datasets", "relative XDG"),
        ];
        for (variables, expected, why) in table {
            assert_eq!(resolved(variables).unwrap().path(), Path::new(expected), "{why}");
        }
    }

    #[test]
    fn says_what_to_set_when_nothing_is() {
        let message = resolved(&[]).unwrap_err().to_string();
        assert!(message.ends_with("set POOL_DATA_DIR"), "{message}");
    }
}
