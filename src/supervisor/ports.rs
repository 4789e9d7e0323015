//! Blocks of ten ports, registered per plan so that two plans never share one.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use crate::fault;
use crate::journal::OrchDir;
use crate::plan::PlanName;

/// First port of the first block: below the range that Linux hands out by itself (32768 and up).
const FIRST: u16 = 21_000;
/// Ports in a block.
const BLOCK: u16 = 10;
/// First port that is no longer used.
const END: u16 = 32_000;

/// What was read or registered before: a block stays with its plan, so it need not be looked up for every attempt.
static KNOWN: Mutex<BTreeMap<PathBuf, BTreeMap<PlanName, u16>>> = Mutex::new(BTreeMap::new());

/// The first port of the plan's block, registering the lowest free block when it has none. None when all are taken or
/// the registry cannot be written: a plan can do without.
pub fn block_of(dir: &OrchDir, plan: &PlanName) -> Option<u16> {
    let path = dir.ports();
    let mut all = KNOWN.lock().ok()?;
    let known = all.entry(path.clone()).or_default();
    if let Some(port) = known.get(plan) {
        return Some(*port);
    }
    // Another process may have registered more since.
    *known = registered(dir);
    if let Some(port) = known.get(plan) {
        return Some(*port);
    }
    let free = (FIRST..END)
        .step_by(BLOCK.into())
        .find(|port| !known.values().any(|taken| taken == port))?;
    let mut more = known.clone();
    more.insert(plan.clone(), free);
    let temporary = path.with_extension("new");
    fs::write(&temporary, serde_json::to_vec_pretty(&more).ok()?).ok()?;
    fault::around("ports", || fs::rename(&temporary, &path)).ok()?;
    *known = more;
    Some(free)
}

/// Every block that is registered.
pub fn registered(dir: &OrchDir) -> BTreeMap<PlanName, u16> {
    fs::read(dir.ports())
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

/// Gives a plan's block back.
///
/// # Errors
///
/// When the registry cannot be written.
pub fn release(dir: &OrchDir, plan: &str) -> std::io::Result<()> {
    let path = dir.ports();
    let mut known = registered(dir);
    known.retain(|name, _| name.as_str() != plan);
    let temporary = path.with_extension("new");
    fs::write(&temporary, serde_json::to_vec_pretty(&known)?)?;
    fs::rename(&temporary, &path)?;
    if let Ok(mut all) = KNOWN.lock() {
        all.remove(&path);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_stays_with_its_plan_and_no_two_plans_share_one() {
        let folder = tempfile::tempdir().unwrap();
        let dir = OrchDir::new(folder.path());
        fs::create_dir_all(dir.path()).unwrap();
        let (a, b) = ("a".parse().unwrap(), "b".parse().unwrap());
        assert_eq!(block_of(&dir, &a), Some(21_000));
        assert_eq!(block_of(&dir, &b), Some(21_010));
        assert_eq!(block_of(&dir, &a), Some(21_000));
    }
}
