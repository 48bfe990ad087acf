use std::cell::Cell;
use std::path::Path;

use super::*;

fn place(folder: &Path, file: &Path) -> Option<Place> {
    let source = DataSource::Npz(file.to_owned());
    let files = Ok(vec![SourceFile::at(file)]);
    Place::of(&source, &PictureSettings::default(), files, &DataDir::at(folder))
}

fn generated() -> Result<Dataset, DataError> {
    Ok(Dataset::bars_and_crosses(1))
}

#[test]
fn what_was_kept_is_what_was_decoded_and_lies_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("source");
    fs::write(&file, "some").unwrap();
    let mut data = generated().unwrap();
    data.class_names = vec!["one\n".to_owned(), "zwei ä".to_owned()];
    data.validation = 7;
    data.remarks.held_out_for_test = Some(500);
    let decoded = Cell::new(0);
    let load = || {
        let decode = || {
            decoded.set(decoded.get() + 1);
            Ok(data.clone())
        };
        kept(|| place(folder.path(), &file), decode).unwrap()
    };
    let [first, second, third] = [load(), load(), load()];
    assert_eq!((&first, &second, &third), (&data, &data, &data));
    assert_eq!(decoded.get(), 1);
    assert!(!first.train.is_mapped() && second.train.is_mapped() && second.test.is_mapped());
}

#[test]
fn files_that_change_while_they_are_decoded_are_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("source");
    fs::write(&file, "some").unwrap();
    let change_meanwhile = || {
        fs::write(&file, "longer").unwrap();
        generated()
    };
    let load = |decode: &dyn Fn() -> Result<Dataset, DataError>| {
        kept(|| place(folder.path(), &file), decode).unwrap().train.is_mapped()
    };
    assert!(!load(&change_meanwhile));
    assert!(!folder.path().join(FOLDER).exists());
    assert!(!load(&generated) && load(&generated));
}

#[test]
fn nothing_is_kept_of_sources_without_files_or_without_a_folder_for_data_sets() {
    let folder = tempfile::tempdir().unwrap();
    let settings = PictureSettings::default();
    let none = Place::of(&DataSource::Generated, &settings, Ok(Vec::new()), &DataDir::at(folder.path()));
    assert_eq!(none, None);
    assert_eq!(
        Place::of(&DataSource::Generated, &settings, Err(DataError::NoDataDir), &DataDir::at("x")),
        None
    );
}
