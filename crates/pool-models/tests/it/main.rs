//! Pooling layers and networks over tensors: one program for all tests that share a process. Those that look at memory or
//! threads of the process have programs of their own next to this folder.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../../../fuzz/damage.rs"]
mod damage;

mod bad_settings;
mod branches;
mod gradients;
#[cfg(feature = "files")]
mod hostile_files;
mod hostile_spelling;
mod layers_golden;
mod limits;
mod masks;
mod networks_golden;
mod operators_with_more_than_values;
mod optimizer;
mod plain_loops;
mod pooling_golden;
mod predictor;
mod randomness;
mod shape_rule;
mod special_values;
mod sums_do_not_drift;
mod torchscript;
mod training_steps;
mod weights;
