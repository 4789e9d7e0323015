//! A journal that is damaged on the disk: a clear refusal, or the state of an earlier instant, and never a panic or
//! another state.

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use orch::journal::{Journal, JournalError, JournalReader, OrchDir, Record, Sync};
use orch::plan::{PlanName, RunId};
use orch::schedule::{At, Event};
use tempfile::TempDir;

use crate::support::{Running, Sandbox, compile, document};

const PAGE: usize = 4096;

/// A journal of so many entries, and what it holds.
fn journal(entries: u64) -> (TempDir, OrchDir, Vec<Record>) {
    let folder = tempfile::tempdir().unwrap();
    let dir = OrchDir::new(folder.path());
    let mut journal = Journal::open(&dir, Timestamp::UNIX_EPOCH).unwrap();
    let plans: Vec<PlanName> = ["auth", "billing", "schema"]
        .map(|name| name.parse().unwrap())
        .into();
    for at in 0..entries {
        let plan = Some(plans[at as usize % plans.len()].clone());
        let event = Event::Warning {
            plan,
            why: format!("entry {at} says {}", "something ".repeat(at as usize % 40)).into(),
        };
        journal.append(At(at), RunId(1), &[event], Sync::Process).unwrap();
    }
    let records = journal.read_all().unwrap();
    (folder, dir, records)
}

fn read(dir: &OrchDir) -> Result<Vec<Record>, JournalError> {
    match JournalReader::open(dir)? {
        Some(reader) => reader.after(0, None),
        None => Ok(Vec::new()),
    }
}

/// What damage led to.
#[derive(Default)]
struct Counts {
    refused: usize,
    earlier: usize,
    unharmed: usize,
}

impl Counts {
    #[track_caller]
    fn take(&mut self, what: &str, found: Result<Vec<Record>, JournalError>, whole: &[Record]) {
        match found {
            Err(error) => {
                assert!(error.to_string().contains("orch.db"), "{what}: {error}");
                self.refused += 1;
            }
            Ok(records) => {
                assert!(whole.starts_with(&records), "{what}: another state");
                if records.len() == whole.len() {
                    self.unharmed += 1;
                } else {
                    self.earlier += 1;
                }
            }
        }
    }

    fn print(&self, name: &str, pages: usize) {
        let Self {
            refused,
            earlier,
            unharmed,
        } = self;
        println!(
            "{name}: {pages} pages; {refused} refused, {earlier} read as an earlier instant, {unharmed} unharmed"
        );
    }
}

/// Where in a page a bit is flipped: all of its header, then spread over the rest, other places on each page.
fn places(page: usize) -> impl Iterator<Item = (usize, u8)> {
    let header = (0..16).map(move |byte| (byte, (byte + page) % 8));
    let rest = (0..48).map(move |n| ((16 + n * 85 + page * 13) % PAGE, (n + page) % 8));
    header
        .chain(rest)
        .map(move |(byte, bit)| (page * PAGE + byte, 1 << bit))
}

fn damage_everywhere(name: &str, dir: &OrchDir, file: &Path, whole: &[Record]) {
    let sound = fs::read(file).unwrap();
    let others: Vec<_> = ["orch.db", "orch.db-wal", "orch.db-shm"]
        .map(|other| dir.path().join(other))
        .into_iter()
        .filter(|other| other != file && other.exists())
        .map(|other| (fs::read(&other).unwrap(), other))
        .collect();
    // A reader that is the last to close tidies up, so all files are put back each time.
    let attempt = |content: &[u8]| {
        for (sound, other) in &others {
            fs::write(other, sound).unwrap();
        }
        fs::write(file, content).unwrap();
        read(dir)
    };
    let mut counts = Counts::default();
    let pages = sound.len().div_ceil(PAGE);
    for page in 0..pages {
        for (byte, bit) in places(page).filter(|(byte, _)| *byte < sound.len()) {
            let mut content = sound.clone();
            content[byte] ^= bit;
            let what = format!("{name}: bit {bit:#04x} of byte {byte}");
            counts.take(&what, attempt(&content), whole);
        }
        for cut in [page * PAGE, page * PAGE + PAGE / 3] {
            let what = format!("{name}: cut at {cut}");
            counts.take(&what, attempt(&sound[..cut.min(sound.len())]), whole);
        }
    }
    counts.print(name, pages);
    assert!(counts.refused > 0);
}

#[test]
fn a_database_with_any_page_cut_or_flipped_is_refused_or_read_as_it_once_was() {
    let (_folder, dir, records) = journal(240);
    // Closed by its only user, so everything is in the database itself.
    assert!(!dir.path().join("orch.db-wal").exists());
    damage_everywhere("database", &dir, &dir.database(), &records);
}

#[test]
fn a_log_with_any_page_cut_or_flipped_is_refused_or_read_as_it_once_was() {
    let (_folder, dir, records) = journal(0);
    assert!(records.is_empty());
    let mut open = Journal::open(&dir, Timestamp::UNIX_EPOCH).unwrap();
    for at in 0..60 {
        let why = format!("entry {at} {}", "says something ".repeat(20));
        let event = Event::warning(None, why);
        open.append(At(at), RunId(1), &[event], Sync::Process).unwrap();
    }
    let records = open.read_all().unwrap();
    // As a killed supervisor leaves them: not closed.
    let copied = tempfile::tempdir().unwrap();
    let copy = OrchDir::new(copied.path());
    fs::create_dir_all(copy.path()).unwrap();
    for name in ["orch.db", "orch.db-wal"] {
        fs::copy(dir.path().join(name), copy.path().join(name)).unwrap();
    }
    let log = copy.path().join("orch.db-wal");
    let mut counts = Counts::default();
    let sound = fs::read(&log).unwrap();
    let database = fs::read(copy.database()).unwrap();
    let pages = sound.len().div_ceil(PAGE);
    let mut attempt = |what: String, content: &[u8]| {
        let _ = fs::remove_file(copy.path().join("orch.db-shm"));
        fs::write(copy.database(), &database).unwrap();
        fs::write(&log, content).unwrap();
        counts.take(&what, read(&copy), &records);
    };
    for page in 0..pages {
        for (byte, bit) in places(page).step_by(4).filter(|(byte, _)| *byte < sound.len()) {
            let mut content = sound.clone();
            content[byte] ^= bit;
            attempt(format!("log: bit {bit:#04x} of byte {byte}"), &content);
        }
        attempt(format!("log: cut at page {page}"), &sound[..page * PAGE]);
    }
    counts.print("log", pages);
    assert!(counts.earlier > pages);
}

#[test]
fn every_command_survives_a_damaged_journal() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    let database = sandbox.join(".git/orch/orch.db");
    let sound = fs::read(&database).unwrap();
    let pages = sound.len() / PAGE;
    let tip = sandbox.rev("orch/p");
    for page in 0..pages {
        let mut content = sound.clone();
        for byte in &mut content[page * PAGE..][..64] {
            *byte ^= 0x55;
        }
        fs::write(&database, &content).unwrap();
        for line in ["status --json", "why p", "events", "up", "merge --dry-run"] {
            let said = sandbox.orch(line);
            assert!(
                [0, 1, 2, 3].contains(&said.code),
                "page {page}, orch {line}: {said:?}"
            );
            let refused = said.err.contains("orch.db") && said.err.contains("damaged")
                || said.err.contains("malformed")
                || said.err.contains("not a database");
            assert!(said.code == 0 || refused, "page {page}, orch {line}: {said:?}");
        }
        assert_eq!(sandbox.rev("orch/p"), tip);
        assert_eq!(sandbox.starts(), ["p-1"], "nothing was done twice");
    }
    println!("program: {pages} pages");
    fs::write(&database, &sound).unwrap();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

/// Refuses to bring a journal's log to the disk while `BAD_DISK` names a file that is there.
const BAD_DISK: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int fdatasync(int file) {
    char link[64], path[4096];
    const char *bad = getenv("BAD_DISK");
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (bad && !access(bad, F_OK) && length > 0) {
        path[length] = 0;
        if (strstr(path, "orch.db-wal")) {
            errno = EIO;
            return -1;
        }
    }
    return syscall(SYS_fdatasync, file);
}
"#;

#[test]
fn a_disk_that_does_not_take_the_journal_ends_the_run_and_no_plan_is_blamed() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\nmax_agents = 2").gate("g");
    let bad = sandbox.beside("bad");
    let Some(library) = compile(sandbox.beside("bad").parent().unwrap(), "disk", BAD_DISK) else {
        println!("not tried: there is no C compiler");
        return;
    };
    sandbox.plan("p", "", &document(&[1]), "gate g; work 1.1");
    sandbox.plan("q", "depends = [\"p\"]", &document(&[1]), "work 1.1");
    let mut command = sandbox.command(["up"]);
    command.env("LD_PRELOAD", library).env("BAD_DISK", &bad);
    let up = Running::spawn(command);
    sandbox.reached("g");
    fs::write(&bad, "").unwrap();
    sandbox.open("g");
    let said = up.end();
    assert_eq!(said.code, 1, "{said:?}");
    said.says("Input/output error (os error 5)")
        .says("orch.db-wal")
        .ok();
    assert_eq!(sandbox.starts(), ["p-1"]);
    for event in ["agent.refused", "attempt.failed", "plan.failed"] {
        assert_eq!(sandbox.count(event, None), 0, "{event}");
    }
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1", "q-1"]);
    assert_eq!(sandbox.state("q"), "finished");
    sandbox.nothing_is_left();
}
