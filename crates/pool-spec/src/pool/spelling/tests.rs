//! Every spelling is read, shown and stored.

use serde::{Deserialize, Serialize};

use crate::Learned;
use crate::pool::{
    Fractional, FractionalEvaluation, FractionalRegions, FractionalSequence, FractionalSize, Geometry,
    Padding, Pool, Reducer, StridedConv, Window,
};
use crate::reading::{TomlText, explain};

#[derive(Debug, Serialize, Deserialize)]
struct Arm {
    pool: Pool,
}

fn read(value: &str) -> Result<Pool, String> {
    let alone = value.parse::<Pool>().map_err(|error| error.to_string());
    let file = format!("pool = {value}");
    let in_a_file = toml::from_str::<Arm>(&file).map(|arm| arm.pool);
    let explained = |error: toml::de::Error| {
        let explained = explain(TomlText::File(&file), error.span(), error.message());
        explained.unwrap_or_else(|| error.message().to_owned()).replace(&format!("pool = {value}: "), "")
    };
    assert_eq!(
        in_a_file.map_err(explained),
        alone.clone().map_err(|error| error.replace(&format!("{value}: "), ""))
    );
    alone
}

#[test]
fn every_spelling_means_the_layer_that_its_rust_constructor_makes() {
    for (text, pool) in [
        ("\"max\"", Pool::max(2)),
        ("\"avg\"", Pool::avg(2)),
        ("\"none\"", Pool::None),
        ("{ reduce = \"max\", size = 3 }", Pool::max(3)),
        ("{ reduce = \"avg\", size = [2, 3], stride = 2 }", Pool::avg(Window::new([2, 3]).stride(2))),
        (
            "{ reduce = \"max\", size = 3, padding = \"same\" }",
            Pool::max(Window::new(3).padding(Padding::Same)),
        ),
        (
            "{ reduce = \"max\", size = 3, padding = [1, 0] }",
            Pool::max(Window::new(3).padding(Padding::Symmetric([1, 0].into()))),
        ),
        ("{ reduce = \"max\", adaptive = [7, 7] }", Pool::adaptive(Reducer::Max, [7, 7])),
        ("{ reduce = \"avg\", global = true }", Pool::global(Reducer::Avg)),
        ("{ reduce = \"avg\", global = { keep_dims = true } }", Pool::global_keep_dims(Reducer::Avg)),
        ("\"median\"", Pool::window(Reducer::Median, 2)),
        ("\"attention\"", Pool::global(Reducer::Attention)),
        ("\"haar\"", Pool::Haar),
        ("\"blur\"", Pool::blur(2)),
        ("\"strided_conv\"", Pool::strided_conv(2)),
        ("{ reduce = { lp = { p = 3.0 } }, size = 2 }", Pool::window(Reducer::Lp { p: 3.0 }, 2)),
        (
            "{ reduce = { gem = { p = 3.0, learned = \"channel\" } }, size = 2 }",
            Pool::window(Reducer::Gem { p: 3.0, learned: Learned::Channel }, 2),
        ),
        (
            "{ reduce = \"max\", size = 3, stride = 2, padding = 1, dilation = 2, ceil = true }",
            Pool::max(Window::new(3).stride(2).padding(Padding::Symmetric(1.into())).dilation(2).ceil()),
        ),
        (
            "{ reduce = \"avg\", size = 3, padding = 1, count_padding = true }",
            Pool::avg(Window::new(3).padding(Padding::Symmetric(1.into())).count_padding()),
        ),
        ("{ reduce = \"max\", adaptive = [7, \"same\"] }", Pool::adaptive(Reducer::Max, [Some(7), None])),
        ("{ reduce = \"max\", fractional = { ratio = 0.7 } }", Pool::fractional(Reducer::Max, 0.7)),
        (
            "{ reduce = \"max\", fractional = { output = [3, 4], size = 2, sequence = \"random\", evaluation = \
             \"expectation\" } }",
            Pool::Reduce {
                reducer: Reducer::Max,
                geometry: Geometry::Fractional(Fractional {
                    size: FractionalSize::Output([3, 4].into()),
                    sequence: FractionalSequence::Random,
                    regions: FractionalRegions::Sized(2.into()),
                    evaluation: FractionalEvaluation::Expectation,
                }),
            },
        ),
        ("{ reduce = \"avg\", pyramid = [4, 2, 1] }", Pool::pyramid(Reducer::Avg, [4, 2, 1])),
        ("{ strided_conv = { size = 3, stride = 2 } }", Pool::strided_conv(StridedConv::new(3).stride(2))),
        ("{ blur = { reduce = \"max\", size = 3, stride = 2, taps = 3 } }", Pool::blur(3)),
        ("{ spectral = { output = 7 } }", Pool::spectral(7)),
    ] {
        assert_eq!(read(text), Ok(pool.clone()), "{text}");
        assert_eq!(pool.to_string(), text, "shown as it was written");
        let stored = serde_json::to_string(&pool).unwrap();
        assert_eq!(serde_json::from_str::<Pool>(&stored).unwrap(), pool, "{stored}");
    }
}

#[test]
fn a_word_needs_no_quotes_outside_a_file() {
    assert_eq!(" max ".parse(), Ok(Pool::max(2)));
    assert_eq!("none".parse(), Ok(Pool::None));
    let error = "largest".parse::<Pool>().unwrap_err().to_string();
    assert!(error.starts_with("unknown pooling layer \"largest\"; use \"max\""), "{error}");
}

#[test]
fn what_is_wrong_is_said_in_one_line_without_the_terminals_commands() {
    for (text, part) in [
        ("m\nax\u{1b}[2J", "m: a word stands in quotes, \"m\""),
        ("\"m\\nax\\u001b[2J\"", r#"unknown pooling layer "m\nax\u{1b}[2J"; use "max""#),
        ("{ reduce = \"max\", \"s\\nize\" = 2 }", "unknown field `s; ize`, expected"),
        ("{ reduce = \"ma\\u001bx\", size = 2 }", r#"reduce = "ma\u001bx": give one of `max`"#),
    ] {
        let error = text.parse::<Pool>().unwrap_err().to_string();
        assert!(error.contains(part) && !error.contains(char::is_control), "{text}: {error}");
    }
}

#[test]
fn wrong_spellings_say_what_is_right() {
    for (text, part) in [
        ("\"largest\"", "unknown pooling layer \"largest\"; use \"max\", \"avg\", \"min\""),
        ("\"spectral\"", "needs its output size"),
        ("3.5", "a pooling layer, such as \"max\""),
        ("{ reduce = \"largest\", size = 2 }", "reduce = \"largest\": give one of `max`, `avg`"),
        ("{ reduce = 3, size = 2 }", "a reducer, such as \"max\" or { lp = { p = 3.0 } }"),
        ("{ reduce = { lp = { q = 3.0 } }, size = 2 }", "unknown field `q`, expected `p`"),
        ("{ reduce = { lp = { p = \"x\" } }, size = 2 }", "p = \"x\": give a number"),
        ("{ reduce = \"max\" }", "no window is given"),
        ("{ size = 2 }", "nothing says how to pool"),
        ("{ reduce = \"max\", size = 2, global = true }", "size and global exclude each other"),
        ("{ reduce = \"max\", adaptive = 7, stride = 2 }", "stride belongs to size"),
        ("{ reduce = \"avg\", global = true, count_padding = true }", "count_padding belongs to size"),
        ("{ reduce = \"max\", size = 2, padding = \"full\" }", "padding = \"full\": give "),
        ("{ reduce = \"max\", size = -2 }", "size = -2: give a whole number from 1 to 1048576"),
        ("{ reduce = \"max\", sice = 2 }", "unknown field `sice`, expected one of"),
        ("{ reduce = \"max\", global = false }", "leave the key out"),
        ("{ reduce = \"max\", adaptive = [7, \"open\"] }", "adaptive = [7, \"open\"]: \"open\": give `same`"),
        ("{ reduce = \"max\", fractional = {} }", "give ratio or output"),
        ("{ reduce = \"max\", fractional = { ratio = 0.5, output = 3 } }", "ratio and output exclude"),
        (
            "{ reduce = \"max\", fractional = { ratio = 0.5, size = 2, regions = \"disjoint\" } }",
            "size and regions exclude",
        ),
        ("{ reduce = \"max\", pyramid = [4, -1] }", "-1: give a whole number from 1 to 1048576"),
        ("{ reduce = \"max\", strided_conv = { size = 2 } }", "strided_conv and reduce exclude each other"),
        ("{ blur = { tabs = 3 } }", "unknown field `tabs`"),
        ("{ haar = { size = 3 } }", "unknown field `size`"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}
