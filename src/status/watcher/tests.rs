use std::fs;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use tempfile::TempDir;

use super::*;
use crate::status::files::folder::status_file;

/// The longest wait for an expected hint.
const PATIENCE: Duration = Duration::from_secs(20);

struct Place {
    worktree: TempDir,
    plan: LaneId,
    watcher: Watcher,
    hints: Receiver<LaneId>,
}

impl Place {
    fn new() -> Self {
        let (send, hints) = channel();
        let watcher = Watcher::new(move |plan| drop(send.send(plan)));
        Self::with(watcher, hints)
    }

    /// A watcher without the kernel's help.
    fn polling() -> Self {
        let (send, hints) = channel();
        let board = Arc::new(WatchBoard::new(Box::new(move |plan| drop(send.send(plan)))));
        Self::with(Watcher::start(board, None, Duration::from_millis(10)), hints)
    }

    fn with(watcher: Watcher, hints: Receiver<LaneId>) -> Self {
        let worktree = tempfile::tempdir().unwrap();
        fs::create_dir(folder(worktree.path())).unwrap();
        fs::write(status_file(worktree.path()), "0").unwrap();
        let plan = LaneId::own(&"auth".parse().unwrap());
        watcher.watch(&plan, worktree.path());
        Self {
            worktree,
            plan,
            watcher,
            hints,
        }
    }

    fn replace(&self, text: &str) {
        let new = folder(self.worktree.path()).join(".new");
        fs::write(&new, text).unwrap();
        fs::rename(new, status_file(self.worktree.path())).unwrap();
    }

    /// Waits for hints until `seen` holds at one of them.
    fn hinted_when(&self, seen: impl Fn() -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            assert_eq!(self.hints.recv_timeout(left).expect("no hint came"), self.plan);
            if seen() {
                return;
            }
        }
    }

    fn says(&self, text: &str) -> bool {
        fs::read_to_string(status_file(self.worktree.path())).is_ok_and(|found| found == text)
    }

    fn settle(&self) {
        while self.hints.recv_timeout(WINDOW * 4).is_ok() {}
    }
}

const WINDOW: Duration = crate::status::watcher::coalescer::WINDOW;

fn every_kind_of_change_is_hinted(place: &Place) {
    place.replace("renamed");
    place.hinted_when(|| place.says("renamed"));
    fs::write(status_file(place.worktree.path()), "written in place").unwrap();
    place.hinted_when(|| place.says("written in place"));
    fs::write(folder(place.worktree.path()).join(PLAN), "- [x] 1.1").unwrap();
    place.hinted_when(|| folder(place.worktree.path()).join(PLAN).exists());
    fs::remove_file(status_file(place.worktree.path())).unwrap();
    place.hinted_when(|| !status_file(place.worktree.path()).exists());
}

#[test]
fn every_kind_of_change_is_hinted_by_the_kernel() {
    let place = Place::new();
    assert!(place.watcher.board.unwatched().is_empty());
    every_kind_of_change_is_hinted(&place);
}

#[test]
fn every_kind_of_change_is_hinted_by_polling() {
    every_kind_of_change_is_hinted(&Place::polling());
}

#[test]
fn the_last_change_of_a_burst_is_seen() {
    let place = Place::new();
    for n in 0..500 {
        place.replace(&n.to_string());
    }
    place.hinted_when(|| place.says("499"));
}

#[test]
fn one_replacement_is_one_hint_and_other_files_are_none() {
    let place = Place::new();
    place.replace("1");
    place.hinted_when(|| place.says("1"));
    fs::write(folder(place.worktree.path()).join("log"), "x").unwrap();
    assert!(place.says("1"));
    assert!(place.hints.recv_timeout(WINDOW * 10).is_err());
}

#[test]
fn an_exchange_of_two_files_is_hinted() {
    let place = Place::new();
    let new = folder(place.worktree.path()).join(".new");
    fs::write(&new, "exchanged").unwrap();
    let (cwd, to) = (rustix::fs::CWD, status_file(place.worktree.path()));
    rustix::fs::renameat_with(cwd, &new, cwd, &to, rustix::fs::RenameFlags::EXCHANGE).unwrap();
    place.hinted_when(|| place.says("exchanged"));
}

fn a_new_folder_is_found(place: &Place, remove: impl Fn(&Path)) {
    let folder = folder(place.worktree.path());
    remove(&folder);
    place.hinted_when(|| !folder.exists());
    fs::create_dir(&folder).unwrap();
    place.replace("again");
    place.hinted_when(|| place.says("again"));
    let end = Instant::now() + PATIENCE;
    while !place.watcher.board.unwatched().is_empty() {
        assert!(Instant::now() < end, "the watch was not placed again");
        std::thread::yield_now();
    }
    place.settle();
    place.replace("and again");
    place.hinted_when(|| place.says("and again"));
}

#[test]
fn a_folder_that_is_removed_and_made_again_is_found() {
    a_new_folder_is_found(&Place::new(), |folder| fs::remove_dir_all(folder).unwrap());
}

#[test]
fn a_folder_that_is_moved_away_and_made_again_is_found() {
    a_new_folder_is_found(&Place::new(), |folder| {
        fs::rename(folder, folder.with_extension("old")).unwrap()
    });
}

#[test]
fn a_folder_that_comes_late_is_found() {
    let place = Place::new();
    let late = tempfile::tempdir().unwrap();
    place.watcher.watch(&place.plan, late.path());
    assert_eq!(place.watcher.board.unwatched(), [folder(late.path())]);
    fs::create_dir(folder(late.path())).unwrap();
    fs::write(status_file(late.path()), "late").unwrap();
    place.hinted_when(|| true);
    // The plan's earlier worktree is forgotten.
    place.settle();
    place.replace("1");
    assert!(place.hints.recv_timeout(WINDOW * 10).is_err());
}

#[test]
fn the_committed_document_is_watched_when_asked() {
    let place = Place::new();
    let document = place.worktree.path().join("auth.md");
    fs::write(&document, "- [ ]").unwrap();
    place.watcher.watch_document(&place.plan, &document);
    fs::write(&document, "- [x]").unwrap();
    place.hinted_when(|| fs::read_to_string(&document).unwrap() == "- [x]");
    // Watching the same worktree again keeps it.
    place.watcher.watch(&place.plan, place.worktree.path());
    place.settle();
    fs::write(&document, "- [x] more").unwrap();
    place.hinted_when(|| fs::read_to_string(&document).unwrap() == "- [x] more");
}

#[test]
fn a_plan_that_is_not_watched_any_more_gives_no_hints() {
    let place = Place::new();
    place.watcher.unwatch(&place.plan);
    place.replace("1");
    assert!(place.hints.recv_timeout(WINDOW * 10).is_err());
}

#[test]
fn no_thread_wakes_up_while_all_is_watched_and_quiet() {
    let place = Place::new();
    place.replace("1");
    place.hinted_when(|| place.says("1"));
    place.settle();
    assert!(place.watcher.board.sleeps_until(Instant::now()).is_none());
    fs::remove_dir_all(folder(place.worktree.path())).unwrap();
    place.hinted_when(|| !folder(place.worktree.path()).exists());
    assert!(place.watcher.board.sleeps_until(Instant::now()).is_some());
}

/// A measurement, not a check: `cargo test --release -- --ignored --nocapture hint_latency`.
#[test]
#[ignore = "measures"]
fn hint_latency() {
    let (send, hints) = channel();
    let watcher = Watcher::new(move |_| {
        let _ = send.send(Instant::now());
    });
    let worktree = tempfile::tempdir().unwrap();
    fs::create_dir(folder(worktree.path())).unwrap();
    watcher.watch(&LaneId::own(&"auth".parse().unwrap()), worktree.path());
    let mut times = Vec::new();
    for n in 0..200 {
        let new = folder(worktree.path()).join(".new");
        fs::write(&new, n.to_string()).unwrap();
        assert!(hints.recv_timeout(WINDOW * 2).is_err());
        let start = Instant::now();
        fs::rename(new, status_file(worktree.path())).unwrap();
        times.push(hints.recv_timeout(PATIENCE).unwrap().duration_since(start));
    }
    times.sort();
    println!("median {:?}, 99th percentile {:?}", times[100], times[198]);
}
