//! What a report says of runs that are whole, half done, broken or strange.

mod analysis;
mod bundles;
mod claims;
mod exports;
mod extremes;
mod figures;
mod html;
mod methods;
mod reading;
mod recommending;
mod status;
mod synthetic;
mod tensorboard;
mod terminal;
mod tuning;
mod two_runs;
mod writing;
