//! Rules of merging that came up while agents ran.

use crate::git::changed_merge_rules;

/// Refuses to merge by other attributes or drivers than those that the repository itself had when the run began.
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
