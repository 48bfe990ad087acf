//! A report for a paper: tables with booktabs rules, and the methods in words.
//!
//! Three files. `results-tables.tex` holds only the tables, for `\input` into a document that loads `array` and
//! `booktabs`; `methods.tex` holds only the paragraphs of the methods, for `\input` as well; `results.tex` is a document
//! with the verdict and both of them, which compiles as it is.

use super::tables;
use super::tables::{Detail, Table};
use crate::Analysis;

/// Longer cells need a column of fixed width, in which text wraps.
const LONGEST_CELL: usize = 28;

/// The methods in the document, after all tables.
const METHODS: &str = "\\clearpage\n\\section*{Methods}\n\n\\input{methods}\n\n";

/// The document around [`latex_tables`] and [`latex_methods`].
pub fn latex_document(analysis: &Analysis) -> String {
    let paragraph = |sentences: &[String]| -> String {
        if sentences.is_empty() { String::new() } else { format!("{}\n\n", escape(&sentences.join(" "))) }
    };
    format!(
        "\\documentclass[a4paper]{{article}}\n\\usepackage[T1]{{fontenc}}\n\\usepackage[utf8]{{inputenc}}\n\\IfFileExists{{lmodern.sty}}{{\\usepackage{{lmodern}}}}{{}}\n\
         \\usepackage[margin=2cm]{{geometry}}\n\\usepackage{{array,booktabs,textcomp}}\n\\title{{{title}}}\n\\date{{}}\n\n\
         \\begin{{document}}\n\\maketitle\n\n{absences}{verdict}{gaps}{confounding}\\input{{results-tables}}\n\n{methods}\\end{{document}}\n",
        title = escape(&analysis.study),
        absences = paragraph(&analysis.absences.sentences),
        verdict = paragraph(&analysis.verdict.sentences),
        gaps = paragraph(&analysis.class_gaps),
        confounding = paragraph(&analysis.confounding),
        methods = if analysis.methods.is_empty() { "" } else { METHODS },
    )
}

/// Errors, losses, costs, comparisons and claims, each in a floating table.
pub fn latex_tables(analysis: &Analysis) -> String {
    if !analysis.has_trials() {
        return "% No trial has finished: there are no tables yet.\n".to_owned();
    }
    let shown = tables::of_arms(analysis, Detail::Brief)
        .into_iter()
        .chain(tables::pairs(analysis, MOST_PAIRS, Detail::Brief))
        .chain(tables::tuning(analysis, Detail::Brief))
        .chain(tables::equal_budgets(analysis))
        .chain(tables::pareto(&analysis.pareto))
        .chain(tables::claims(analysis))
        .chain(tables::reported_figures(analysis));
    let heading = "% Made by pool-cli report from the records of the run. Needs \\usepackage[T1]{fontenc} and \\usepackage{array,booktabs}.\n";
    std::iter::once(heading.to_owned()).chain(shown.map(|table| render(&table))).collect()
}

/// The methods in paragraphs, each on a line.
pub fn latex_methods(analysis: &Analysis) -> String {
    if analysis.methods.is_empty() {
        return "% No trial of this run has finished: there are no methods to describe yet.\n".to_owned();
    }
    let heading = "% Made by pool-cli report from the records of the run. Needs \\usepackage[T1]{fontenc} and \\usepackage{textcomp}.\n";
    let paragraphs = analysis.methods.iter().map(|sentences| format!("\n{}\n", escape(&sentences.join(" "))));
    std::iter::once(heading.to_owned()).chain(paragraphs).collect()
}

/// More pairs would not fit on a page: then only those with the best arm are shown.
const MOST_PAIRS: usize = 30;

fn render(table: &Table) -> String {
    let line = |cells: &[String], cell: fn(&str) -> String| {
        let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
        format!("    {} \\\\\n", cells.join(" & "))
    };
    let rows: String = table.rows.iter().map(|row| line(row, escape)).collect();
    format!(
        "\n\\begin{{table}}[htbp]\n  \\centering\\footnotesize\\setlength{{\\tabcolsep}}{{4pt}}\n  \
         \\caption{{{caption}}}\n  \\begin{{tabular}}{{{columns}}}\n    \\toprule\n{header}    \\midrule\n{rows}    \
         \\bottomrule\n  \\end{{tabular}}\n\\end{{table}}\n",
        caption = escape(&caption(table)),
        columns = columns(table),
        header = line(&table.header, heading),
    )
}

fn caption(table: &Table) -> String {
    let sentences = std::iter::once(format!("{}.", table.title)).chain(table.notes.iter().cloned());
    sentences.collect::<Vec<_>>().join(" ")
}

/// Words left-aligned, figures right-aligned. Columns of long text share the remaining width by the length of their
/// text.
fn columns(table: &Table) -> String {
    let longest = |column: usize| {
        let cells = table.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let long: Vec<usize> =
        (0..table.word_columns).map(longest).filter(|length| *length > LONGEST_CELL).collect();
    let room = if table.header.len() == long.len() {
        0.94
    } else {
        0.75 - 0.1 * (table.header.len() - long.len()) as f64
    };
    // The square root leaves a short sentence next to a long one enough width.
    let weight = |length: usize| (length as f64).sqrt();
    let all: f64 = long.iter().copied().map(weight).sum();
    (0..table.header.len())
        .map(|column| match longest(column) {
            length if column < table.word_columns && length > LONGEST_CELL => {
                format!(
                    r">{{\raggedright\arraybackslash}}p{{{:.2}\linewidth}}",
                    room.max(0.25) * weight(length) / all
                )
            }
            _ if column < table.word_columns => "l".to_owned(),
            _ => "r".to_owned(),
        })
        .collect()
}

/// The unit goes below the words.
fn heading(text: &str) -> String {
    match text.split_once(", ") {
        Some((words, unit)) => {
            format!(r"\begin{{tabular}}[b]{{@{{}}c@{{}}}}{}\\{}\end{{tabular}}", escape(words), escape(unit))
        }
        None => escape(text),
    }
}

/// Escapes every special character. Letters that pdfLaTeX's fonts lack become their code points.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    let mut before = ' ';
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let negates = matches!(before, ' ' | '[') && characters.peek().is_some_and(char::is_ascii_digit);
        before = character;
        match character {
            '-' if negates => escaped += "$-$",
            '\\' => escaped += r"\textbackslash{}",
            '~' => escaped += r"\textasciitilde{}",
            '^' => escaped += r"\textasciicircum{}",
            '<' => escaped += r"\textless{}",
            '>' => escaped += r"\textgreater{}",
            '|' => escaped += r"\textbar{}",
            '"' => escaped += r"\textquotedbl{}",
            '\'' => escaped += r"\textquotesingle{}",
            '`' => escaped += r"\textasciigrave{}",
            // A bracket at the start of a row would begin an optional argument of the previous `\\`.
            '[' if escaped.is_empty() => escaped += "{[}",
            '-' if characters.peek() == Some(&'-') => escaped += "{-}",
            '°' => escaped += r"\textdegree{}",
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => escaped.extend(['\\', character]),
            control if control.is_control() => escaped.push(' '),
            ascii if ascii.is_ascii() => escaped.push(ascii),
            // T1 fonts have these letters of Latin-1.
            letter @ '\u{c0}'..='\u{ff}' if letter.is_alphabetic() => escaped.push(letter),
            other => escaped += &format!(r"\mbox{{U+{:04X}}}", u32::from(other)),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_special_character_stays_what_it_is() {
        for (text, expected) in [
            ("100% & _x_ {}", r"100\% \& \_x\_ \{\}"),
            (r"\input{x}", r"\textbackslash{}input\{x\}"),
            ("$x^2$ ~ #1", r"\$x\textasciicircum{}2\$ \textasciitilde{} \#1"),
            ("[1, 2] [3]", "{[}1, 2] [3]"),
            ("a -- b-c", "a {-}- b-c"),
            ("größer 池", r"größer \mbox{U+6C60}"),
            ("a\nb", "a b"),
            ("-0.1 [-0.2, 1-2]", "$-$0.1 [$-$0.2, 1-2]"),
        ] {
            assert_eq!(escape(text), expected);
        }
    }
}
