//! Floor 4: whole runs of the real program, with real repositories and scripted agents.

mod changed_documents;
mod conflict;
mod done;
mod left_behind;
mod live_edits;
mod merge;
mod moved_refs;
mod run;
mod steer;
