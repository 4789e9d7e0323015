//! Campaigns: random worlds, kills at every step, and hostile company. Each replays from the seed or point that its failure names.

mod adversary;
mod completion_model;
mod fault_sweep;
mod files_in_turn;
mod git_differential;
mod person_beside;
mod power_cuts;
mod proved_bounds;
mod random_kills;
mod resolver_hostile;
mod schedule_documents;
mod schedule_model;
mod train_model;
mod two_supervisors;
mod whole_kills;
mod zoo;
