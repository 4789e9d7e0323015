//! Floor 3: attempts on other machines.

mod away;
mod slurm;
