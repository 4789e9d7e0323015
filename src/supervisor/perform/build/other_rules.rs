//! Merge rules that changed while agents ran.

use crate::git::changed_merge_rules;

/// Refuses to merge with other attributes or drivers than the repository had when the run began.
pub fn refuse_other_rules() -> Result<(), String> {
    match changed_merge_rules() {
        None => Ok(()),
        Some(file) => Err(format!(
            "`{}` has changed since this run began, and git merges by it. If you did not change it, an agent did. Put it back; \
             a new `orch up` uses it as it is",
            file.display()
        )),
    }
}
