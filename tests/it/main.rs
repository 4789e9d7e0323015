//! All integration tests, in one binary so that they are linked once. Each module names what it shows.

#![allow(clippy::disallowed_methods, reason = "tests meet the world")]

mod attach;
mod attention;
mod away;
mod questions;
mod support;

// Floor 0: plan documents, real ones and large ones.
mod phase_verify;
mod pipes;
mod plan_documents;
mod power_cuts;
// The same floor: what holds for every text that is read.
mod plan_reader_properties;
// Floor 2: the scheduler in random worlds.
mod completion_model;
mod proved_bounds;
mod schedule_documents;
mod schedule_model;
mod train_model;
mod train_view;
// Floor 3: git, on real repositories.
mod gates_kept;
mod git_beside;
mod git_candidate;
mod git_carry;
mod git_commit;
mod git_cut_steps;
mod git_differential;
mod git_evidence;
mod git_forecast;
mod git_gate;
mod git_half_made;
mod git_hub;
mod git_inspect;
mod git_integrate;
mod git_landing;
mod git_lanes;
mod git_removal;
mod git_repository;
mod git_worktree;
// Floor 3: the processes between a supervisor and its commands.
mod runners;
// Floor 3: the status file, with many writers.
mod slurm;
mod status_writers;
// Floor 3: a damaged journal.
mod journal_damage;
mod journal_lost;
// Floor 4: the manifest is edited while plans are worked on.
mod live_edits;
mod logs;
// The manifest's schema, as editors use it.
mod manifest_schema;
// The language server: a scripted client, and a real editor.
mod lsp;
mod lsp_any_text;
mod lsp_neovim;
// Floor 5: the demo and the example that come with the program, run as a person would.
mod demo;
// Floor 5: the pages, in raw requests and in a real browser.
mod serve;
mod serve_browser;
// The pages in docs/ against the code.
mod changed_documents;
mod commands_page;
mod digest;
mod documentation;
// Floor 4: attempts that fail.
mod resolver_hostile;
mod resolver_steered;
mod retries;
// Floor 5: whole runs of the real program with real repositories and real agents.
mod acp;
mod adversary;
mod check_watch;
mod cli_backup;
mod cli_bounds;
mod cli_check;
mod cli_cycles;
mod cli_doctor;
mod cli_edit;
mod cli_plan_option;
mod cli_preview;
mod cli_prompt;
mod cli_report;
mod cli_shapes;
mod cli_task;
mod conflict_of_phases;
mod conflict_resolution;
mod conflict_resolver;
mod conflict_reuse;
mod conflicts;
mod early_unions;
mod escalation;
mod evidence;
mod fallback;
mod fault_sweep;
mod handed_on;
mod hidden_repository;
mod hooks;
mod landings_known;
mod left_behind;
mod limits;
mod mcp;
mod merge_landing;
mod merge_prefix;
mod merge_strategies;
mod merge_train;
mod messages;
mod moved_refs;
mod own_folder;
mod person_beside;
mod random_kills;
mod real_agents;
mod recorded_journal;
mod redo;
mod revert;
mod review;
mod said_and_shown;
mod said_by_people;
mod said_of_parts;
mod screens;
mod steering;
mod steering_again;
mod stop_hook;
mod stray_writes;
mod stuck;
mod submodules;
mod suspended_runner;
mod sync_points;
mod top;
mod two_supervisors;
mod up_ahead;
mod up_completion;
mod up_places;
mod up_removed;
mod up_repositories;
mod up_resume;
mod up_seed;
mod whole_kills;
// The same: worktrees made ready for work.
mod up_setup;
mod up_setup_trouble;
mod up_survival;
mod up_tasks;
mod up_trouble;
mod up_wait;
mod verify_checks;
mod work_of_others;
mod zoo;
