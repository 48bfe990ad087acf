//! Where data sets live on this machine.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use pool_spec::PublicSet;

use crate::error::DataError;

/// The folder that holds one subfolder for each public data set, where this machine has one.
///
/// Batch systems and containers often set no variable that names a folder. That is an error only when a public set is
/// looked up: generated pictures and folders of one's own do not need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDir {
    path: Option<PathBuf>,
}

impl DataDir {
    /// `$POOL_DATA_DIR`, else `$XDG_CACHE_HOME/pooling-study/datasets`, else `$HOME/.cache/pooling-study/datasets`.
    ///
    /// A variable that is empty counts as unset, and so does a relative `XDG_CACHE_HOME` (as its specification asks).
    #[must_use]
    pub fn from_env() -> Self {
        Self::resolve(|name| env::var_os(name))
    }

    /// A folder of the caller's choice; it need not exist yet.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: Some(path.into()) }
    }

    /// The folder itself.
    ///
    /// # Errors
    ///
    /// [`DataError::NoDataDir`] if no variable named one.
    pub fn path(&self) -> Result<&Path, DataError> {
        self.path.as_deref().ok_or(DataError::NoDataDir)
    }

    /// The subfolder of one public data set, where [`fetch`](crate::fetch) stores it.
    ///
    /// # Errors
    ///
    /// As [`DataDir::path`].
    pub fn set_folder(&self, set: PublicSet) -> Result<PathBuf, DataError> {
        Ok(self.path()?.join(set.name()))
    }

    fn resolve(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let in_cache = |cache: PathBuf| cache.join("pooling-study").join("datasets");
        let cache = || {
            let xdg = set("XDG_CACHE_HOME").filter(|path| path.is_absolute());
            xdg.or_else(|| set("HOME").map(|home| home.join(".cache")))
        };
        Self { path: set("POOL_DATA_DIR").or_else(|| cache().map(in_cache)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and values of environment variables.
    type Variables<'a> = &'a [(&'a str, &'a str)];

    fn resolved(variables: Variables<'_>) -> DataDir {
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
            assert_eq!(resolved(variables).path().unwrap(), Path::new(expected), "{why}");
        }
    }

    #[test]
    fn without_a_variable_only_a_look_up_fails_and_its_message_names_the_variable_to_set() {
        let nowhere = resolved(&[]);
        for error in [nowhere.path().unwrap_err(), nowhere.set_folder(PublicSet::Mnist).unwrap_err()] {
            assert!(matches!(error, DataError::NoDataDir) && error.is_missing());
            assert!(error.to_string().ends_with("set POOL_DATA_DIR"), "{error}");
        }
    }
}
