//! Texts that are no TOML: what was typed, and what to type.

use crate::reading::one_line;

/// Characters that programs put in place of what was typed, or that show nothing: what they are and what to do.
fn odd(character: char) -> Option<(&'static str, &'static str)> {
    Some(match character {
        '\u{feff}' => {
            ("a byte-order mark, which shows nothing", "delete it; a file may begin with one and no more")
        }
        '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{ad}' => {
            ("a character that shows nothing", "delete it")
        }
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            ("a space of another kind", "write an ordinary space")
        }
        '\u{201c}'..='\u{201f}' | '\u{2018}'..='\u{201b}' | '«' | '»' | '‹' | '›' | '″' | '′' | '`' | '´' => {
            ("a quotation mark that is not straight", "write \" or '")
        }
        '\u{2010}'..='\u{2015}' | '\u{2212}' => ("a dash of another kind", "write -"),
        _ => return None,
    })
}

/// What was typed around `start`, and the cure; none where nothing of it is known.
pub(super) fn explain(all: &str, start: usize, message: &str) -> Option<String> {
    let line = Line::around(all, start)?;
    let explained = (line.outside_strings().find_map(|(_, character)| Some((character, odd(character)?))))
        .map(|(character, (what, cure))| {
            let shown = if character.is_alphanumeric() || what.contains("quot") || what.contains("dash") {
                format!("{character} (U+{:04X})", u32::from(character))
            } else {
                format!("U+{:04X}", u32::from(character))
            };
            format!("{shown} is {what}; {cure}")
        })
        .or_else(|| line.backslash(message))
        .or_else(|| line.repeated_header(message))
        .or_else(|| line.peers_call())
        .or_else(|| line.bare_word())
        .or_else(|| line.punctuation(message))?;
    Some(one_line(&explained))
}

/// The line of an error, and where in it the error is.
struct Line<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Line<'t> {
    fn around(all: &'t str, start: usize) -> Option<Self> {
        let start = start.min(all.len());
        let begin = all.get(..start)?.rfind('\n').map_or(0, |newline| newline + 1);
        let end = all.get(start..)?.find('\n').map_or(all.len(), |newline| start + newline);
        Some(Self { text: all.get(begin..end)?, at: start - begin })
    }

    /// Characters and their places, without those of straight quotes, what stands between them, and comments.
    fn outside_strings(&self) -> impl Iterator<Item = (usize, char)> {
        let mut quote = None;
        let mut escaped = false;
        self.text
            .char_indices()
            .filter(move |&(_, character)| {
                let inside = quote.is_some();
                match quote {
                    Some('"') if escaped => escaped = false,
                    Some('"') if character == '\\' => escaped = true,
                    Some(open) if character == open => quote = None,
                    Some(_) => {}
                    None if matches!(character, '"' | '\'') => quote = Some(character),
                    None => {}
                }
                !inside && quote.is_none()
            })
            .take_while(|&(_, character)| character != '#')
    }

    /// `"C:\data"`: double quotes begin an escape with every backslash.
    fn backslash(&self, message: &str) -> Option<String> {
        if !["escape", "hex", "unicode"].iter().any(|word| message.contains(word)) {
            return None;
        }
        let open = self.text.get(..self.at)?.rfind('"')? + 1;
        let rest = &self.text[open..];
        let text = &rest[..rest.find('"').unwrap_or(rest.len())];
        text.contains('\\').then(|| {
            format!(
                "\"{text}\": a backslash in double quotes begins an escape; write '{text}' in single quotes, or \"{}\"",
                text.replace("\\\\", "/").replace('\\', "/")
            )
        })
    }

    /// `[arm]` twice, or once and `[[arm]]` after it.
    fn repeated_header(&self, message: &str) -> Option<String> {
        let header = self.text.split('#').next().unwrap_or_default().trim();
        let name = header.trim_start_matches('[').trim_end_matches(']');
        (message == "duplicate key" && header.starts_with('[')).then(|| {
            format!(
                "{header}: a table of this name stands above; join the two, or write [[{name}]] each time where they are a \
                 list"
            )
        })
    }

    /// `pool = nn.MaxPool2d(2)`.
    fn peers_call(&self) -> Option<String> {
        let (key, value) = self.text.split_once('=')?;
        let value = value.split('#').next().unwrap_or_default().trim();
        let of_pooling = matches!(key.trim(), "pool" | "reduce");
        (of_pooling && value.parse::<crate::Pool>().is_err()).then(|| crate::pool::spelling::answer(value))?
    }

    /// A word without quotes, where a value belongs.
    fn bare_word(&self) -> Option<String> {
        let is_part = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        let begin = self.text.get(..self.at)?.trim_end_matches(is_part).len();
        let rest = &self.text[begin..];
        let word = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        let is_value =
            self.text[..begin].trim_end().ends_with(['=', '[', ',']) || self.text[..begin].trim().is_empty();
        let no_key = !rest[word.len()..].trim_start().starts_with('=');
        match word {
            _ if !(is_value && no_key && word.starts_with(char::is_alphabetic)) => None,
            "True" | "False" | "TRUE" | "FALSE" => {
                Some(format!("{word}: true and false are written in small letters"))
            }
            "None" | "null" | "NULL" | "nil" => {
                Some(format!("{word}: there is no such value; leave the key out"))
            }
            word => Some(format!("{word}: a word stands in quotes, \"{word}\"")),
        }
    }

    fn punctuation(&self, message: &str) -> Option<String> {
        let code: String = self.outside_strings().map(|(_, character)| character).collect();
        let is_digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let comma = self.text.get(..=self.at).and_then(|text| text.rfind(','));
        let decimal = comma.filter(|&comma| {
            let (before, after) = (&self.text[..comma], &self.text[comma + 1..]);
            is_digit(before.chars().next_back()) && is_digit(after.chars().next()) && !code.contains('[')
        });
        if decimal.is_some() {
            return Some("a comma within a number; write a point, as in 0.5".to_owned());
        }
        if message.contains("leading zero") {
            return Some("a number that begins with 0; write it without".to_owned());
        }
        if code.contains('(') {
            return Some("a list stands in square brackets, as in [2, 2]".to_owned());
        }
        if code.contains("//") {
            return Some("// is no comment here; begin it with #".to_owned());
        }
        if message.contains("expected `=`") && code.contains(':') {
            return Some("between a key and its value stands =, no colon".to_owned());
        }
        if message.starts_with("invalid basic string") || message.starts_with("invalid literal string") {
            return Some(
                "a text ends with the quotation mark that it begins with, on the same line".to_owned(),
            );
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::reading::{TomlText, explain};

    fn explained(text: &str) -> String {
        let error = text.parse::<toml::Table>().unwrap_err();
        explain(TomlText::File(text), error.span(), error.message())
            .unwrap_or_else(|| format!("(own words) {}", error.message()))
    }

    #[test]
    fn what_was_typed_is_shown_with_its_cure() {
        for (text, expected) in [
            (
                "\u{feff}\u{feff}a = 1",
                "U+FEFF is a byte-order mark, which shows nothing; delete it; a file may begin with one and no more",
            ),
            (
                "a = 1\n\u{feff}b = 2",
                "U+FEFF is a byte-order mark, which shows nothing; delete it; a file may begin with one and no more",
            ),
            ("a = “max”", "“ (U+201C) is a quotation mark that is not straight; write \" or '"),
            (
                "a = { b = ‘max’, c = 2 }",
                "‘ (U+2018) is a quotation mark that is not straight; write \" or '",
            ),
            ("a = \"“\" „x“", "„ (U+201E) is a quotation mark that is not straight; write \" or '"),
            ("\u{a0}a = 1", "U+00A0 is a space of another kind; write an ordinary space"),
            ("a\u{200b} = 1", "U+200B is a character that shows nothing; delete it"),
            ("a = –1", "– (U+2013) is a dash of another kind; write -"),
            (
                "a = { dir = \"C:\\data\" }",
                "\"C:\\data\": a backslash in double quotes begins an escape; write 'C:\\data' in single quotes, or \"C:/data\"",
            ),
            (
                "a = \"C:\\Users\\me\"",
                "\"C:\\Users\\me\": a backslash in double quotes begins an escape; write 'C:\\Users\\me' in single quotes, or \"C:/Users/me\"",
            ),
            (
                "[a]\nb = 1\n[[a]]\nb = 2",
                "[[a]]: a table of this name stands above; join the two, or write [[a]] each time where they are a list",
            ),
            ("a = max", "max: a word stands in quotes, \"max\""),
            ("a = none", "none: a word stands in quotes, \"none\""),
            ("a = { reduce = max, size = 2 }", "max: a word stands in quotes, \"max\""),
            ("a = [max, \"avg\"]", "max: a word stands in quotes, \"max\""),
            ("a = True", "True: true and false are written in small letters"),
            ("a = None", "None: there is no such value; leave the key out"),
            (
                "pool = nn.MaxPool2d(3, stride=2)",
                "\"nn.MaxPool2d(3, stride=2)\" is spelt { reduce = \"max\", size = 3, stride = 2 } here",
            ),
            ("a = (2, 2)", "a list stands in square brackets, as in [2, 2]"),
            ("a: 2", "between a key and its value stands =, no colon"),
            ("a = { b: 2 }", "between a key and its value stands =, no colon"),
            ("a = 0,5", "a comma within a number; write a point, as in 0.5"),
            ("a = 007", "a number that begins with 0; write it without"),
            ("a = 2 // two", "// is no comment here; begin it with #"),
            ("a = \"max", "a text ends with the quotation mark that it begins with, on the same line"),
        ] {
            assert_eq!(explained(text), expected, "{text}");
        }
    }

    #[test]
    fn what_stands_within_straight_quotes_or_a_comment_is_no_fault() {
        for text in ["a = \"“max”\" b", "a = 1 b # „x“", "a = '\u{a0}' b"] {
            assert!(explained(text).starts_with("(own words)"), "{text}: {}", explained(text));
        }
    }
}
