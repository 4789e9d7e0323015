//! Room on the disk where worktrees lie.

use std::path::Path;

use super::Campaign;

/// Bytes that a process without privileges can still write where worktrees are made; none when the system does not say.
pub fn free(campaign: &Campaign) -> Option<u64> {
    let home = campaign.worktree_path("x");
    let there = home.ancestors().find(|folder| folder.is_dir())?;
    free_at(there)
}

fn free_at(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Why no worktree is made now, in words; none when there is room or no floor (`min_free_disk`).
pub fn shortage(campaign: &Campaign) -> Option<String> {
    let floor = campaign.set.run.min_free_disk?;
    let free = free(campaign)?;
    (free < floor).then(|| {
        format!(
            "it waits for room: {} free on the disk of the worktrees, and `min_free_disk` is {}",
            words(free),
            words(floor)
        )
    })
}

/// `12.3 GB`
fn words(bytes: u64) -> String {
    let units = [("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)];
    let bytes = bytes as f64;
    let unit = units.into_iter().find(|(_, size)| bytes >= *size);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(name, size)| format!("{:.1} {name}", bytes / size),
    )
}

/// Bytes that a worktree takes, without what it shares with others: its files, ignored ones included. Costs a walk through
/// all of it, so it is for those who ask.
#[allow(dead_code)]
pub fn size_of(worktree: &Path) -> u64 {
    let mut bytes = 0;
    let mut open = vec![worktree.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(found) = entry.metadata() else { continue };
            if found.is_dir() {
                open.push(entry.path());
            } else {
                bytes += std::os::unix::fs::MetadataExt::blocks(&found) * 512;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_units_that_people_use() {
        assert_eq!(words(12_300_000_000), "12.3 GB");
        assert_eq!(words(999), "999 B");
    }
}
