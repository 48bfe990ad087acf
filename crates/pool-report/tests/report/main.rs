//! What a report says of runs that are whole, half done, broken or strange.

mod exports;
mod extremes;
mod figures;
mod html;
mod reading;
mod synthetic;
mod terminal;
mod writing;
