//! Words of a file within a message.

/// A reader's message in one line. It repeats words of the file: line breaks between them become `; `, and other
/// characters that would not show, or would move the terminal's cursor, are spelt out.
pub fn one_line(message: &str) -> String {
    let spelt_out = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    message.trim().replace('\n', "; ").chars().map(spelt_out).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_the_file_cannot_write_over_the_terminal() {
        for (message, expected) in [
            ("unknown field `sice`\n", "unknown field `sice`"),
            ("unknown field `a\nb`", "unknown field `a; b`"),
            ("unknown field `\u{1b}[2J\r\t`", r"unknown field `\u{1b}[2J\r\t`"),
            ("unknown field `池`", "unknown field `池`"),
        ] {
            assert_eq!(one_line(message), expected);
        }
    }
}
