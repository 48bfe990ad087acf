//! `[data]` of a sweep file.

use std::path::{Component, Path, PathBuf};

use super::error::Source;
use super::toml_file::DataToml;
use crate::{DataSource, DataSpec, PictureSettings, SweepError};

/// The images: a path is absolute from here on, and only pictures in a folder have settings of their own.
pub(super) fn check_data(source: &Source, raw: DataToml, folder: &Path) -> Result<DataSpec, SweepError> {
    let DataToml { dataset, validation, size, resize, colour, unreadable, normalize, augment } = raw;
    if let Some(fraction) = validation.fraction().filter(|share| !(*share > 0.0 && *share < 1.0)) {
        let message =
            format!("validation = {fraction:?}: the fraction must lie between 0 and 1, such as 0.2");
        return Err(source.error_of("data.validation", message));
    }
    let data = check_data_source(source, dataset, folder)?;
    let given = [
        ("size", size.is_some()),
        ("resize", resize.is_some()),
        ("colour", colour.is_some()),
        ("unreadable", unreadable.is_some()),
    ];
    if let (false, Some((key, _))) =
        (matches!(data, DataSource::Folder(_)), given.into_iter().find(|(_, given)| *given))
    {
        let word = data.words().0;
        let message = format!("{key} is for pictures in a folder, and dataset is {word}; leave it out");
        return Err(source.error_of(&format!("data.{key}"), message));
    }
    if resize.is_some() && size.is_none() {
        let message = "resize without size: add the size that pictures are brought to, such as size = 32";
        return Err(source.error_of("data.resize", message));
    }
    let pictures = PictureSettings {
        size,
        resize: resize.unwrap_or_default(),
        colour,
        unreadable: unreadable.unwrap_or_default(),
    };
    augment.check().map_err(|(key, message)| source.error_of(&format!("data.augment.{key}"), message))?;
    Ok(DataSpec { source: data, validation, pictures, normalize, augment })
}

/// The source, with the absolute path of its file or folder.
fn check_data_source(source: &Source, data: DataSource, folder: &Path) -> Result<DataSource, SweepError> {
    let Some(path) = data.path() else { return Ok(data) };
    let (key, what) = data.words();
    let wrong = |message: String| Err(source.error_of("data.dataset", message));
    if path.as_os_str().is_empty() {
        return wrong(format!("{key} = \"\": name {what}"));
    }
    let text = path.to_string_lossy();
    if text.contains(char::is_control) {
        return wrong(format!(
            "{key} = \"{}\": holds a line break or the like, as a backslash in double quotes begins an escape; write \
             the path in single quotes, or with /",
            text.escape_debug()
        ));
    }
    // Relative to the sweep file, so that the file means the same from every working directory.
    let path = std::path::absolute(joined(folder, path)).unwrap_or_else(|_| path.to_owned());
    if path.to_str().is_none() {
        return wrong(format!(
            "{key} = {}: the whole path must be UTF-8 text; rename the folder",
            path.display()
        ));
    }
    Ok(data.at(path))
}

/// `configs` and `../data` as `data`. Not where `configs` is a link, or itself `..`: its parent is another one than it seems.
fn joined(folder: &Path, path: &Path) -> PathBuf {
    let mut folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let mut rest = path.components();
    loop {
        match rest.clone().next() {
            Some(Component::CurDir) => {}
            Some(Component::ParentDir)
                if folder.file_name().is_some()
                    && folder.symlink_metadata().is_ok_and(|found| found.is_dir()) =>
            {
                folder.pop();
            }
            _ => return folder.join(rest.as_path()),
        }
        rest.next();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Colour, Normalize, PictureSize, Resize, Split, Sweep, Unreadable};

    fn read(data: &str) -> Result<DataSpec, String> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("sweep.toml");
        let rest = "[train]\nepochs = 1\nbatch_size = 10\n[[arm]]\nname = \"max\"\npool = \"max\"\n";
        std::fs::write(&file, format!("study = \"s\"\nseeds = [1]\n[data]\n{data}\n{rest}")).expect("a file");
        let sweep = Sweep::read(&file).map_err(|error| error.to_string())?;
        Ok(sweep.data)
    }

    #[test]
    fn pictures_of_a_folder_have_settings_and_others_do_not() {
        let data = read(
            "dataset = { folder = \"f\" }\nsize = [32, 48]\nresize = \"crop\"\ncolour = \"rgb\"\nunreadable = \"skip\"",
        );
        let size = PictureSize { height: 32, width: 48 };
        let expected = PictureSettings {
            size: Some(size),
            resize: Resize::Crop,
            colour: Some(Colour::Rgb),
            unreadable: Unreadable::Skip,
        };
        let data = data.expect("settings of a folder");
        assert_eq!(data.pictures, expected);
        let json = serde_json::to_string(&data).expect("a spec");
        assert_eq!(serde_json::from_str::<DataSpec>(&json).expect("the same"), data);

        for (data, expected) in [
            (
                "dataset = \"mnist\"\nsize = 32",
                "5: size is for pictures in a folder, and dataset is mnist; leave it out",
            ),
            (
                "dataset = { csv = \"f\" }\ncolour = \"rgb\"",
                "5: colour is for pictures in a folder, and dataset is csv; leave it out",
            ),
            (
                "dataset = { folder = \"f\" }\nresize = \"crop\"",
                "5: resize without size: add the size that pictures are brought to, such as size = 32",
            ),
            (
                "dataset = { folder = \"f\" }\nsize = 0",
                "5: size = 0: give pixels from 1 to 1024, such as 32, or height and width, such as [32, 48]",
            ),
            (
                "dataset = { folder = \"f\" }\nsize = [1, 2, 3]",
                "give pixels from 1 to 1024, such as 32, or height and width, such as [32, 48]",
            ),
            ("dataset = { npz = \"\" }", "4: npz = \"\": name the file that holds the arrays"),
        ] {
            let message = read(data).expect_err(data);
            assert!(message.ends_with(expected), "{message} should end with {expected}");
        }
    }

    #[test]
    fn channels_are_normalized_if_the_file_says_so() {
        let data = read("dataset = \"mnist\"\nnormalize = \"per_channel\"").expect("normalized data");
        assert_eq!(data.normalize, Normalize::PerChannel);
        let json = serde_json::to_string(&data).expect("a spec");
        assert_eq!(json, r#"{"source":"mnist","validation":{"tail":0.2},"normalize":"per_channel"}"#);
        assert_eq!(serde_json::from_str::<DataSpec>(&json).expect("the same"), data);
        let message = read("dataset = \"mnist\"\nnormalize = \"channels\"").expect_err("an unknown word");
        assert!(message.ends_with("5: normalize = \"channels\": give `none` or `per_channel`"), "{message}");
    }

    #[test]
    fn a_stratified_split_may_be_drawn_for_each_seed_and_another_may_not() {
        let with = |split: &str| read(&format!("dataset = \"mnist\"\nvalidation = {split}"));
        let data = with("{ stratified = 0.3, per_seed = true }").expect("a split");
        assert_eq!(data.validation, Split::StratifiedPerSeed(0.3));
        assert_eq!(with("\"predefined\"").expect("a word").validation, Split::Predefined);
        let rule = "give { tail = 0.2 }, { stratified = 0.2 }, { stratified = 0.2, per_seed = true }, { folds = 5 } or \"predefined\"";
        for (split, expected) in [
            ("{ tail = 0.2, per_seed = true }", rule),
            ("{ per_seed = true }", rule),
            ("{}", rule),
            ("0.2", rule),
            ("\"own\"", rule),
            ("{ stratified = 0.2, per_seed = 1 }", "per_seed = 1: give true or false"),
            (
                "{ stratified = 0.2, per_sed = true }",
                "unknown field `per_sed`, expected one of `tail`, `stratified`, `per_seed`, `folds`",
            ),
            ("{ stratified = \"a\" }", "stratified = \"a\": give a number"),
        ] {
            let message = with(split).expect_err(split);
            assert!(message.ends_with(expected), "{message} should end with {expected}");
        }
    }

    #[test]
    fn a_data_set_without_settings_is_written_as_before() {
        let data = read("dataset = \"mnist\"\nnormalize = \"none\"").expect("the study's data");
        let json = serde_json::to_string(&data).expect("a spec");
        assert_eq!(json, r#"{"source":"mnist","validation":{"tail":0.2}}"#);
    }

    #[test]
    fn a_path_starts_from_the_sweep_file_and_goes_up_as_the_system_would() {
        let root = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir_all(root.path().join("study/configs")).expect("folders");
        for (folder, path, expected) in [
            ("study/configs", "../data/flowers", "study/data/flowers"),
            ("study/configs", "./../../flowers", "flowers"),
            ("study/configs", "flowers", "study/configs/flowers"),
            // Where `configs` is a link, its parent is not the folder that the link lies in.
            ("link", "../flowers", "link/../flowers"),
            ("missing", "../flowers", "missing/../flowers"),
            // The sweep file was named by `..` itself.
            ("study/configs/..", "../flowers", "study/configs/../../flowers"),
            ("study/../study/configs", "../../flowers", "study/../flowers"),
        ] {
            #[cfg(unix)]
            if folder == "link" {
                std::os::unix::fs::symlink("study/configs", root.path().join("link")).expect("a link");
            }
            assert_eq!(
                joined(&root.path().join(folder), Path::new(path)),
                root.path().join(expected),
                "{path}"
            );
        }
        assert_eq!(joined(root.path(), Path::new("/flowers")), Path::new("/flowers"));
    }
}
