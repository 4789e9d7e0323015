//! The end of a run: last checks, cleaning up, and the result.

use crate::git;
use crate::journal::Sync;
use crate::schedule::{Ending, Event};

use super::afterwards::end_at_signals;
use super::engine::Engine;
use crate::supervisor::control::goal::Conclusion;
use crate::supervisor::perform;
use crate::supervisor::project::error::SupervisorError;
use crate::supervisor::tell::notes;
use crate::supervisor::watch::watching::tidy_worktrees;
use crate::supervisor::work::resolving::{release_made, tidy_conflicts};

/// Ends a run that has nothing left to do, and returns its conclusion.
pub(super) fn conclude(engine: &mut Engine<'_>, ending: Ending) -> Result<Conclusion, SupervisorError> {
    end_at_signals();
    last_look(engine)?;
    Ok(Conclusion {
        ending,
        red: engine.red,
        set: engine.desk.project.set.clone(),
        merged: engine.requests.take_own(),
    })
}

/// The last events of a run.
fn last_look(engine: &mut Engine<'_>) -> Result<(), SupervisorError> {
    engine.desk.pool.end_early(&engine.desk.project);
    engine.desk.pool.end_orphans(&engine.desk.project);
    let mut warnings = engine.stray_writes.look_at_last(&engine.desk);
    warnings.extend(engine.target.look_last(&engine.desk));
    warnings.extend(tidy_conflicts(&engine.desk));
    warnings.extend(notes::write_now(&engine.desk));
    let mut warn = |why: String| warnings.push(Event::warning(None, why));
    let released = git::keep::release_candidates(&engine.desk.project.repo);
    for error in [released, release_made(&engine.desk)]
        .into_iter()
        .filter_map(Result::err)
    {
        warn(error.to_string());
    }
    if engine.desk.at_work().is_empty() {
        warnings.extend(tidy_worktrees(&engine.desk, engine.ending));
    }
    warnings.extend(check_tips(engine));
    let now = engine.desk.clock.now();
    let records = engine
        .desk
        .journal
        .append(now, engine.desk.run, &warnings, Sync::Process)?;
    engine.announce(&records);
    Ok(())
}

/// Verifies the landed work again, where an earlier verification may have influenced a later one. Skipped after an
/// interruption.
fn check_tips(engine: &mut Engine<'_>) -> Vec<Event> {
    if engine.ending == Some(Ending::Interrupted) {
        return Vec::new();
    }
    let (checked, warnings) =
        perform::check_tips(&engine.desk.project, &engine.desk.admin, &engine.desk.pool);
    engine.red = checked.iter().any(|checked| checked.why.is_some());
    let warn = |why| Event::warning(None, why);
    let told = checked.into_iter().map(Event::TargetChecked);
    told.chain(warnings.into_iter().map(warn)).collect()
}
