//! Charts as SVG: axes with round ticks, marks that state their figures, panels that a page can rearrange.
//!
//! This module is a small chart library. It knows numbers, words and *series*, and nothing of runs and records. The
//! study's plots in `render/plots` are built from it; there a series is an arm.
//!
//! # From figures to a file
//!
//! 1. An [`Axis`] covers the figures and picks round ticks: linear, logarithmic, from zero, or whole epochs.
//! 2. A [`Frame`] puts two axes around an area, a [`List`] puts one axis above rows. Both turn figures into pixels with
//!    `at`, which returns `None` for NaN, so that a figure that does not exist is never drawn somewhere.
//! 3. Shapes, [`polyline`], [`band`] and whiskers draw in `currentColor`; [`mark`] attaches the figures in words.
//!    [`series_group`] encloses what belongs to one series, in the colour of its [`SeriesStyle`].
//! 4. [`Frame::panel`] and [`List::row`] add grid and labels: the result is a [`Panel`], a drawing with a size in
//!    pixels.
//! 5. Panels that belong together form a [`Stack`], stacks form a [`Chart`]. A page places the panels one by one
//!    ([`Panel::svg`]) and may close gaps; [`Chart::sheet`] arranges them on white paper with a legend, as one file.
//!
//! # Why not a plotting crate
//!
//! A plotting crate returns one flat drawing. The report's page has to hide a series in all drawings at once, recolour
//! it on a dark page, close the gap that a hidden row leaves, and state a mark's figures when a pointer or the keyboard
//! reaches it. That needs groups, classes and titles in the SVG, which are the few rules of this module:
//!
//! - Whatever belongs to a series lies in an element whose attribute `data-arms` lists the indices of its series
//!   ([`series_attribute`]); the page's script hides by this attribute.
//! - Colours are `currentColor`. A series' group carries a class (`hue-0`), which the page's style sheet colours to
//!   suit its background, and the attribute `color`, which a file on its own falls back to.
//! - Every mark is a `g.mark` with a `title`.
//! - Text in a drawing comes from names that people choose: control characters, which SVG forbids, become spaces, and
//!   names that do not fit are cut, as the title holds them whole.

mod axis;
mod frame;
mod list;
mod marks;
mod panel;

pub(crate) use self::axis::Axis;
pub(crate) use self::frame::{Frame, PointNames};
pub(crate) use self::list::{List, ROW_MIDDLE, Row, key};
pub(crate) use self::marks::{
    SeriesStyle, band, horizontal_whisker, is_crowded, mark, polyline, printable, px, series_attribute,
    series_group, vertical_whisker,
};
pub(crate) use self::panel::{CHARACTER, Chart, Panel, Stack, heading, label, shortened};
