//! What `[merge]` says of conflicts: checked, and resolved.

use super::at::At;
use super::ledger::Ledger;
use super::raw::{RawManifest, RawMerge, RawRegenerate};

use crate::plan::near_miss::suggest;
use crate::plan::{Preset, Regenerate};

/// Checks what `[merge]` says of conflicts.
pub(super) fn check(manifest: &RawManifest, ledger: &mut Ledger) {
    let Some(merge) = manifest.merge.as_ref().map(|merge| &merge.value) else {
        return;
    };
    if let Some(resolver) = &merge.resolver {
        let known = manifest.agents.iter().flat_map(|agents| agents.value.names());
        let known: Vec<&str> = known.collect();
        let name = resolver.value.as_str();
        if !known.contains(&name) && Preset::named(name).is_none() {
            let hint = suggest(name, known.iter().copied());
            ledger.at(resolver.place, format!("unknown agent `{name}`"), hint);
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

fn entries(merge: &RawMerge) -> impl Iterator<Item = &At<RawRegenerate>> {
    merge.regenerate.iter().flat_map(|entries| &entries.value)
}

/// `regenerate`, checked.
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
