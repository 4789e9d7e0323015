//! Edits of executors that have attempts away.

use super::edit::LiveEdit;
use crate::plan::{EngineCalls, Executor, ExecutorName, PlanSet};

/// Keeps the executors of which `hub` or `kind` was edited, or that were removed, while attempts are away there: where these are must
/// not change under them.
pub fn keep_used_executors(edit: &mut LiveEdit, old: &PlanSet, used: impl Fn(&ExecutorName) -> bool) {
    for (name, before) in old.executors.iter().filter(|(name, _)| used(name)) {
        if edit
            .set
            .executors
            .get(name)
            .is_some_and(|after| is_same_place(before, after))
        {
            continue;
        }
        edit.set.executors.insert(name.clone(), before.clone());
        let about = format!("executors.{name}");
        for change in edit.changes.iter_mut().filter(|change| change.about == about) {
            change.refused = Some(
                "attempts are away there: its `hub` and `kind` can be changed when they are back".to_owned(),
            );
        }
    }
}

fn is_same_place(before: &Executor, after: &Executor) -> bool {
    let kind = std::mem::discriminant::<EngineCalls>;
    before.hub == after.hub
        && before.hub_here == after.hub_here
        && kind(&before.engine) == kind(&after.engine)
}
