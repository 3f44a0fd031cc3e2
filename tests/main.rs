//! The integration tests, one binary.
//!
//! `commands` runs the command-line cases of `tests/cmd`; `faults` lets reading and
//! writing fail; `files` has faults of files and of the machine; `inputs` goes through
//! kinds of bad input; `promises` holds what must be true of any input; `reports` holds
//! reports of the same documents against each other; `rooms` compares imports with the
//! architecture; `shipped` looks at the shipped model; `tables` is on Parquet files;
//! `training` fits small models.

mod commands;
mod faults;
mod files;
mod inputs;
mod promises;
mod reports;
mod rooms;
mod shipped;
#[cfg(feature = "parquet")]
mod tables;
mod training;
