//! Blocks of ten ports, registered per worktree so that two worktrees never share one. A block belongs to its worktree until the
//! worktree is removed.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::sync::Mutex;

use crate::failpoint;
use crate::journal::OrchDir;

/// The first port of the first block: below the range from which Linux assigns ports (32768 and up).
const FIRST: u16 = 21_000;
/// Ports in a block.
const BLOCK: u16 = 10;
/// The end of the range; this port is not used.
const END: u16 = 32_000;

/// Blocks that were read or registered before. A block never changes while its worktree exists, so it need not be looked up for
/// every attempt.
static KNOWN: Mutex<BTreeMap<PathBuf, BTreeMap<String, u16>>> = Mutex::new(BTreeMap::new());

/// The first port of a worktree's block, by the worktree's name (`auth`, `auth@1`). A worktree without a block gets the lowest
/// block that is neither registered nor in use on this machine. `None` when all blocks are taken or the registry cannot be
/// written: a plan can run without ports.
pub fn block_of(dir: &OrchDir, worktree: &str) -> Option<u16> {
    let path = dir.ports();
    let mut all = KNOWN.lock().ok()?;
    let known = all.entry(path.clone()).or_default();
    if let Some(port) = known.get(worktree) {
        return Some(*port);
    }
    // Another process may have registered more since.
    *known = registered(dir);
    if let Some(port) = known.get(worktree) {
        return Some(*port);
    }
    let free = (FIRST..END)
        .step_by(BLOCK.into())
        .filter(|port| !known.values().any(|taken| taken == port))
        .find(|port| is_unused(*port))?;
    let mut more = known.clone();
    more.insert(worktree.to_owned(), free);
    let temporary = path.with_extension("new");
    fs::write(&temporary, serde_json::to_vec_pretty(&more).ok()?).ok()?;
    failpoint::around("ports", || fs::rename(&temporary, &path)).ok()?;
    *known = more;
    Some(free)
}

/// True when nobody listens on any port of the block now. The registers of other repositories are unknown, but their running
/// programs are seen.
fn is_unused(first: u16) -> bool {
    let addresses = [Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED];
    (first..first + BLOCK).all(|port| {
        let mut addresses = addresses.iter();
        addresses.all(|address| TcpListener::bind((*address, port)).is_ok())
    })
}

/// Every registered block.
pub fn registered(dir: &OrchDir) -> BTreeMap<String, u16> {
    fs::read(dir.ports())
        .ok()
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default()
}

/// Frees a worktree's block, if it has one.
///
/// # Errors
///
/// When the registry cannot be written.
pub fn release(dir: &OrchDir, worktree: &str) -> std::io::Result<()> {
    let path = dir.ports();
    let mut known = registered(dir);
    if known.remove(worktree).is_none() {
        return Ok(());
    }
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

    fn dir(folder: &tempfile::TempDir) -> OrchDir {
        let dir = OrchDir::new(folder.path());
        fs::create_dir_all(dir.path()).unwrap();
        dir
    }

    #[test]
    fn a_block_stays_with_its_worktree_no_two_share_one_and_one_given_back_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let dir = dir(&folder);
        let a = block_of(&dir, "a").unwrap();
        let b = block_of(&dir, "a@1").unwrap();
        assert!(a >= FIRST && a < b && (b - a).is_multiple_of(BLOCK), "{a} {b}");
        assert_eq!(block_of(&dir, "a"), Some(a));
        release(&dir, "a").unwrap();
        assert_eq!(registered(&dir).into_keys().collect::<Vec<_>>(), ["a@1"]);
        release(&dir, "a").unwrap();
    }

    #[test]
    fn a_block_in_which_somebody_listens_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let dir = dir(&folder);
        let first = block_of(&dir, "a").unwrap();
        release(&dir, "a").unwrap();
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, first + 7)).unwrap();
        assert!(block_of(&dir, "a").unwrap() > first);
    }
}
