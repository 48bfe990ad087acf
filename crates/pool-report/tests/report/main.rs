//! What a report says of runs that are whole, half done, broken or strange.

mod exports;
mod extremes;
mod figures;
mod html;
mod peek;
mod reading;
mod synthetic;
mod tensorboard;
mod terminal;
mod writing;
