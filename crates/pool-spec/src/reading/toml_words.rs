//! What is wrong in a TOML text, in a user's words: the key, what stands there, what to write.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::typing;
use crate::reading::one_line;

/// A text that was read as TOML.
#[derive(Debug, Clone, Copy)]
pub enum TomlText<'t> {
    /// A file.
    File(&'t str),
    /// A single value, as an argument gives it.
    Value(&'t str),
}

/// More of a value than this is not repeated.
const LONGEST_VALUE: usize = 60;

/// What the reader's `message` about this place means, in one line; none where its own words say it as well.
pub fn explain(text: TomlText<'_>, span: Option<Range<usize>>, message: &str) -> Option<String> {
    let span = span?;
    let (TomlText::File(all) | TomlText::Value(all)) = text;
    let mut place = None;
    match text {
        TomlText::File(_) => match DeTable::parse(all) {
            Err(_) if all.trim_start().starts_with('{') => {
                return Some("begins with {, as JSON does; write TOML, as in configs/sweep.toml".to_owned());
            }
            Err(_) => return typing::explain(all, span.start, message),
            Ok(table) => find_in_table(table.get_ref(), &span, &mut place),
        },
        TomlText::Value(_) => match DeValue::parse(all) {
            Err(_) => return typing::explain(all, span.start, message),
            Ok(value) => find(&value, None, &value.span(), &span, &mut place),
        },
    }
    place?.explain(all, message)
}

/// The innermost value around an error.
struct Place {
    /// The key that it belongs to; none for a value by itself.
    key: Option<String>,
    /// All that is given to the key.
    whole: Range<usize>,
    /// What of it is wrong.
    part: Range<usize>,
    kind: Kind,
}

/// The kinds of values that are answered each in its way.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Date,
    Table,
    Other,
}

fn find_in_table(table: &DeTable<'_>, span: &Range<usize>, best: &mut Option<Place>) {
    for (key, value) in table {
        find(value, Some(key.get_ref()), &value.span(), span, best);
    }
}

/// Tables are looked into wherever they stand: the place of one with a header is its header alone.
fn find(
    value: &Spanned<DeValue<'_>>,
    key: Option<&str>,
    whole: &Range<usize>,
    span: &Range<usize>,
    best: &mut Option<Place>,
) {
    let part = value.span();
    let contains = part.start <= span.start && span.end <= part.end && !part.is_empty();
    if contains && best.as_ref().is_none_or(|best| part.len() <= best.part.len()) {
        let kind = match value.get_ref() {
            DeValue::Datetime(_) => Kind::Date,
            DeValue::Table(_) => Kind::Table,
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Array(_) => Kind::Other,
        };
        *best = Some(Place { key: key.map(str::to_owned), whole: whole.clone(), part, kind });
    }
    match value.get_ref() {
        DeValue::Table(table) => find_in_table(table, span, best),
        DeValue::Array(list) => list.iter().for_each(|entry| find(entry, key, whole, span, best)),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {}
    }
}

impl Place {
    fn explain(self, all: &str, message: &str) -> Option<String> {
        let written = |range: &Range<usize>| one_line(all.get(range.clone()).unwrap_or_default());
        let (whole, part) = (written(&self.whole), written(&self.part));
        let expected = match message.rsplit_once(", expected ") {
            Some((found, expected)) if found.starts_with("invalid ") => Some(plain_type(expected, &part)),
            Some((found, expected)) if found.starts_with("unknown variant ") => Some(expected.to_owned()),
            _ if message.starts_with("wanted exactly 1 element") => Some(ONE_KEY.to_owned()),
            _ if message == "wanted string or table" => {
                Some("a word in quotes, or a table of a word and its value".to_owned())
            }
            _ => None,
        };
        let about_keys = ["missing field", "unknown field"].iter().any(|start| message.starts_with(start));
        if self.kind == Kind::Table && part.starts_with("[[") && !about_keys {
            let single = part.trim_start_matches('[').trim_end_matches(']');
            return Some(format!("{part} begins a list of tables, and there is one alone; write [{single}]"));
        }
        if self.kind == Kind::Table && part.starts_with('[') && expected.as_deref() == Some(LIST) {
            return Some(format!("{part} is a table by itself, and here is a list of them; write [{part}]"));
        }
        let give = match (self.kind, expected) {
            (Kind::Date, None) => format!("a date or a time; in quotes it is text, \"{part}\""),
            (Kind::Date, Some(text)) if text == TEXT => {
                format!("a date or a time; give text in quotes, \"{part}\"")
            }
            (Kind::Date, Some(expected)) => format!("a date or a time; give {expected}"),
            (Kind::Table | Kind::Other, expected) => format!("give {}", expected?),
        };
        let short = |text: &str| match text.char_indices().nth(LONGEST_VALUE) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text.to_owned(),
        };
        Some(match self.key {
            // A header is no value.
            _ if self.kind == Kind::Table && part.starts_with('[') => format!("{part}: {give}"),
            Some(key) if self.whole == self.part || whole == format!("[{part}]") => {
                format!("{key} = {}: {give}", short(&whole))
            }
            Some(key) if whole.chars().count() <= LONGEST_VALUE => {
                format!("{key} = {whole}: {}: {give}", short(&part))
            }
            Some(key) => format!("{key}: {}: {give}", short(&part)),
            None => format!("{}: {give}", short(&part)),
        })
    }
}

const LIST: &str = "a list in brackets";
const TEXT: &str = "text in quotes";
const ONE_KEY: &str = "a table with one key";

/// What a user would call the thing that Rust's reader expects in this place.
fn plain_type(expected: &str, part: &str) -> String {
    let plain = match expected {
        "i64" => "a whole number",
        "u64" | "usize" => "a whole number, 0 or greater",
        "u32" => "a whole number from 0 to 4294967295",
        "f64" => "a number",
        "a string" | "string" | "path string" => TEXT,
        "a sequence" => LIST,
        "a boolean" => "true or false",
        "unit" => "the word alone, in quotes",
        "newtype variant" => {
            return format!("its value, too: {{ {} = ... }}", part.trim_matches(['"', '\'']));
        }
        "enum" => ONE_KEY,
        name if name.starts_with("struct ") => "a table of settings",
        words => words,
    };
    plain.to_owned()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::reading::Whole;
    use crate::{Layer, Pool, Split};

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only what is wrong is looked at")]
    struct File {
        #[serde(default)]
        name: String,
        #[serde(default)]
        seeds: Vec<Whole<0, 9>>,
        #[serde(default)]
        train: Train,
        #[serde(default)]
        arm: Vec<Train>,
        #[serde(default)]
        layers: Vec<Layer>,
        #[serde(default)]
        pool: Option<Pool>,
        split: Option<Split>,
        order: Option<Order>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Order {
        Random,
        Halving,
    }

    #[derive(Debug, Default, Deserialize)]
    #[expect(dead_code, reason = "only what is wrong is looked at")]
    struct Train {
        epochs: Option<Whole<1, 100>>,
    }

    fn explained(text: &str) -> String {
        let error = toml::from_str::<File>(text).unwrap_err();
        explain(TomlText::File(text), error.span(), error.message())
            .unwrap_or_else(|| format!("(own words) {}", error.message()))
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_shown_with_its_key_and_the_rule() {
        for (text, expected) in [
            ("[train]\nepochs = 1.5", "epochs = 1.5: give a whole number from 1 to 100"),
            ("[train]\nepochs = 0", "epochs = 0: give a whole number from 1 to 100"),
            ("[train]\nepochs = \"x\"", "epochs = \"x\": give a whole number from 1 to 100"),
            ("train = { epochs = -1 }", "epochs = -1: give a whole number from 1 to 100"),
            ("seeds = [1, -2]", "seeds = [1, -2]: -2: give a whole number from 0 to 9"),
            ("seeds = [-2]", "seeds = [-2]: give a whole number from 0 to 9"),
            ("seeds = 3", "seeds = 3: give a list in brackets"),
            ("order = \"grid\"", "order = \"grid\": give `random` or `halving`"),
            (
                "split = {}",
                "split = {}: give { tail = 0.2 }, { stratified = 0.2 }, { stratified = 0.2, per_seed = true }, { folds = 5 } or \"predefined\"",
            ),
            (
                "split = { tail = 0.2, stratified = 0.2 }",
                "split = { tail = 0.2, stratified = 0.2 }: give { tail = 0.2 }, { stratified = 0.2 }, \
                 { stratified = 0.2, per_seed = true }, { folds = 5 } or \"predefined\"",
            ),
            ("name = 3", "name = 3: give text in quotes"),
            ("train = true", "train = true: give a table of settings"),
            ("layers = [\"dropout\"]", "layers = [\"dropout\"]: give its value, too: { dropout = ... }"),
            (
                "pool = { reduce = \"max\", size = -1 }",
                "size = -1: give a whole number from 1 to 1048576, or a list with one for each of 1 to 3 spatial axes",
            ),
        ] {
            assert_eq!(explained(text), expected, "{text}");
        }
    }

    #[test]
    fn dates_and_brackets_are_answered_by_what_was_meant() {
        for (text, expected) in [
            ("name = 2024-01-01", "name = 2024-01-01: a date or a time; give text in quotes, \"2024-01-01\""),
            (
                "pool = 2024-01-01",
                "pool = 2024-01-01: a date or a time; in quotes it is text, \"2024-01-01\"",
            ),
            ("seeds = [07:32:00]", "seeds = [07:32:00]: a date or a time; give a whole number from 0 to 9"),
            ("[arm]\nepochs = 1", "[arm] is a table by itself, and here is a list of them; write [[arm]]"),
            (
                "[arm]\nepochs = 1\n[arm]\nepochs = 2",
                "[arm]: a table of this name stands above; join the two, or write [[arm]] each time where they are a list",
            ),
            (
                "[[train]]\nepochs = 1",
                "[[train]] begins a list of tables, and there is one alone; write [train]",
            ),
        ] {
            assert_eq!(explained(text), expected, "{text}");
        }
    }
}
