//! A league: tables, and a picture of each run's ranks.

use maud::html;
use pool_metrics::RankInterval;

use super::document::Block;
use super::markdown::render_markdown;
use super::plots::sheet_of_list;
use super::tables::Table;
use super::terminal::render_blocks;
use crate::cells::{estimate, listed, mebibytes, number, thousands};
use crate::chart::{Axis, List, ROW_MIDDLE, Row, horizontal_whisker, mark, px};
use crate::{League, LeagueTable};

/// The league for a terminal of `width` columns.
pub fn terminal_league(league: &League, width: u16) -> String {
    render_blocks(&blocks(league, None), width)
}

/// The league as a Markdown document that shows its pictures, named by [`league_picture_file`].
pub fn markdown_league(league: &League) -> String {
    render_markdown("The league", &blocks(league, Some(league_picture_file)))
}

/// The file of a run's picture, next to the document.
pub fn league_picture_file(table: &LeagueTable) -> String {
    format!("league-{}.svg", super::plain_name(&table.study))
}

/// What the columns mean, once for all tables.
const ABOUT: &str = "The rank is the place by mean test error over seeds; the brackets hold every place that the arm may really \
                     have: at 95 %, for one arm at a time (Mogstad et al. 2024, from the differences to all other arms over \
                     seeds and images, corrected by Holm). Brackets that overlap do not show that two arms are equal: \
                     the report of the run compares them. \
                     Errors have 95 % t intervals over seeds. Kept is the share of test images that keep their predicted \
                     class after a shift by one pixel. Epoch and memory are those of training, measured apart; a dash was not \
                     measured, or must not be compared.";

fn blocks(league: &League, picture: Option<fn(&LeagueTable) -> String>) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(vec![ABOUT.to_owned()])];
    blocks.extend(overall(league).map(Block::Table));
    for table in &league.tables {
        blocks.push(Block::Table(ranks(table)));
        if let Some(file) = picture {
            blocks.push(Block::Picture { title: format!("Ranks in {}", table.study), file: file(table) });
        }
        if !table.left_out.is_empty() {
            blocks.push(Block::Paragraph(table.left_out.clone()));
        }
    }
    blocks
}

/// `3 [1, 12]`.
fn place(RankInterval { rank, low, high }: RankInterval) -> String {
    format!("{rank} [{low}, {high}]")
}

fn ranks(table: &LeagueTable) -> Table {
    let rows = table.rows.iter().map(|row| {
        vec![
            row.arm.clone(),
            place(row.rank),
            estimate(Some(row.test_error), 100.0, 2),
            number(row.consistency.map(|kept| 100.0 * kept.mean), 2),
            number(row.epoch_s, 2),
            mebibytes(row.training_bytes),
            thousands(row.parameters),
        ]
    });
    let header = ["arm", "rank", "test, %", "kept, %", "epoch, s", "memory, MiB", "parameters"];
    Table::new(table.study.clone(), &header, rows.collect()).with_notes(table.about.clone())
}

/// `None` unless two runs have the same arms.
fn overall(league: &League) -> Option<Table> {
    let studies: Vec<&str> = league
        .counted
        .iter()
        .filter_map(|&place| league.tables.get(place))
        .map(|table| table.study.as_str())
        .collect();
    let rows = league.overall.iter().map(|arm| {
        let places = arm.ranks.iter().map(|rank| place(*rank));
        [arm.arm.clone(), number(Some(arm.mean_rank), 1)].into_iter().chain(places).collect()
    });
    let header: Vec<&str> = ["arm", "mean rank"].into_iter().chain(studies.iter().copied()).collect();
    let rows: Vec<Vec<String>> = rows.collect();
    (!rows.is_empty()).then(|| {
        Table::new("All together", &header, rows)
            .with_notes([format!("The mean of the ranks in {}, which have the same arms.", listed(&studies))])
    })
}

/// Every arm's rank with its interval, the best first; `None` without arms.
pub fn league_picture(table: &LeagueTable) -> Option<String> {
    let arms = table.rows.len();
    (arms > 0).then(|| {
        let list = List {
            title: "Rank by test error".to_owned(),
            axis: Axis::linear([1.0, arms as f64], 8),
            axis_title: "rank, the lowest error first".to_owned(),
        };
        let row = |row: &crate::LeagueRow| {
            let RankInterval { rank, low, high } = row.rank;
            let across = list.at(low as f64).zip(list.at(high as f64))?;
            let x = list.at(rank as f64)?;
            let words = format!("{}: rank {}", row.arm, place(row.rank));
            let drawn = html! {
                (horizontal_whisker(across, ROW_MIDDLE))
                circle cx=(px(x)) cy=(ROW_MIDDLE) r="4.5" fill="currentColor" {}
            };
            Some(Row {
                series: Vec::new(),
                name: row.arm.clone(),
                figure: format!(
                    "{} %, rank {}",
                    number(Some(100.0 * row.test_error.mean), 2),
                    place(row.rank)
                ),
                drawn: mark(&words, &drawn),
            })
        };
        let rows: Vec<Row> = table.rows.iter().filter_map(row).collect();
        sheet_of_list(&table.study, &list, &rows)
    })
}
