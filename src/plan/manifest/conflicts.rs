//! The settings of `[merge]` about conflicts, checked and resolved.

use super::agents::Agents;
use super::ledger::Ledger;
use super::written::at::Located;
use super::written::raw::{RawManifest, RawMerge, RawRegenerate};
use super::written::words;

use crate::plan::{OnConflict, Regenerate};

/// Checks the settings of `[merge]` about conflicts.
pub(super) fn check(manifest: &RawManifest, agents: &mut Agents<'_>, ledger: &mut Ledger) {
    let Some(merge) = manifest.merge.as_ref().map(|merge| &merge.value) else {
        return;
    };
    if let Some(resolver) = &merge.resolver {
        agents.check(resolver, ledger);
        if agents.runs_prompt(&resolver.value) {
            ledger.at(
                resolver.place,
                format!(
                    "the agent `{}` runs its prompt as a script, and cannot be given a conflict",
                    resolver.value
                ),
                Some("name another agent as `resolver`".to_owned()),
            );
        }
    }
    for entry in entries(merge) {
        let missing = [
            ("path", entry.value.path.is_none()),
            ("command", entry.value.command.is_none()),
        ];
        for (key, _) in missing.iter().filter(|(_, missing)| *missing) {
            ledger.at(
                entry.place,
                format!("an entry of `regenerate` lacks `{key}`"),
                Some("write {path = \"Cargo.lock\", command = \"cargo update -w\"}".to_owned()),
            );
        }
    }
}

fn entries(merge: &RawMerge) -> impl Iterator<Item = &Located<RawRegenerate>> {
    merge.regenerate.iter().flat_map(|entries| &entries.value)
}

/// The value of `regenerate`, after the check.
pub(super) fn regenerate(merge: Option<&RawMerge>) -> Vec<Regenerate> {
    let all = merge.into_iter().flat_map(entries);
    all.filter_map(|entry| {
        Some(Regenerate {
            path: entry.value.path.as_ref()?.value.0.clone(),
            command: entry.value.command.as_ref()?.value.0.clone(),
        })
    })
    .collect()
}

/// The value of `on_conflict` and `resolver`, after the check.
pub(super) fn on_conflict(merge: Option<&RawMerge>) -> OnConflict {
    let asked = merge.and_then(|merge| merge.on_conflict.as_ref());
    let resolver = merge.and_then(|merge| merge.resolver.as_ref());
    match asked.map(|asked| asked.value) {
        Some(words::OnConflict::Agent) => OnConflict::Agent(resolver.map(|name| name.value.clone())),
        Some(words::OnConflict::Hold) | None => OnConflict::Hold,
    }
}
