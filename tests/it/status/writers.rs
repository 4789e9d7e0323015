//! Many writers of one status file: nothing that one of them reported is lost.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use jiff::Timestamp;
use orch::plan::markdown::read_document;
use orch::plan::{Document, ItemId, PlanName, Speaker, TaskState};
use orch::status::{Change, prepare, read, update};

/// Names the worktree and the writer to a process of [`a_writer`].
const WORKTREE: &str = "ORCH_TEST_STATUS_WORKTREE";
const WRITER: &str = "ORCH_TEST_STATUS_WRITER";

const WRITERS: u32 = 8;
const UPDATES: u32 = 250;

fn plan() -> (PlanName, Document) {
    let boxes: String = (1..=WRITERS)
        .map(|n| format!("- [ ] 1.{n} Task of writer {n}\n"))
        .collect();
    let (document, faults) = read_document(&format!("# P\n\n## Phase 1: A\n\n{boxes}"));
    assert_eq!(faults, []);
    ("auth".parse().unwrap(), document)
}

/// Reports `UPDATES` times on the writer's own task and looks after each time whether it is there.
fn write(worktree: &Path, writer: u32) {
    let (plan, document) = plan();
    let item: ItemId = format!("1.{writer}").parse().unwrap();
    for n in 1..=UPDATES {
        let state = if n < UPDATES {
            TaskState::Running
        } else {
            TaskState::Done
        };
        let change = Change {
            item: item.clone(),
            state,
            note: Some(format!("update {n}")),
            by: Speaker::Person,
            commit: None,
        };
        let at = Timestamp::from_second(i64::from(n)).unwrap();
        let updated = update(worktree, &plan, &document, at, std::slice::from_ref(&change)).unwrap();
        assert_eq!(updated.warnings, [""; 0]);
        let reading = read(worktree, &plan, &document, None);
        assert_eq!(reading.warnings, [""; 0]);
        let said = reading
            .items
            .into_iter()
            .find(|found| found.item == item)
            .unwrap();
        assert_eq!((said.state, said.note), (state, change.note));
        assert_eq!((said.at, said.by), (Some(at), Some(Speaker::Person)));
    }
}

#[test]
fn a_writer() {
    // Only something to do in the processes that the test below starts.
    if let (Some(worktree), Ok(writer)) = (std::env::var_os(WORKTREE), std::env::var(WRITER)) {
        write(Path::new(&worktree), writer.parse().unwrap());
    }
}

#[test]
fn eight_writers_with_two_thousand_updates_lose_none() {
    let worktree = tempfile::tempdir().unwrap();
    let (plan, document) = plan();
    prepare(worktree.path(), &plan, &document).unwrap();

    // Six processes and, beside them, two threads of this one.
    let processes: Vec<Child> = (1..=WRITERS - 2)
        .map(|writer| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "status::writers::a_writer", "--quiet"])
                .env(WORKTREE, worktree.path())
                .env(WRITER, writer.to_string())
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    std::thread::scope(|scope| {
        for writer in WRITERS - 1..=WRITERS {
            let worktree = worktree.path();
            scope.spawn(move || write(worktree, writer));
        }
    });
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }

    let file = std::fs::read(worktree.path().join(".orch/status.json")).unwrap();
    let file: serde_json::Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(file["version"], WRITERS * UPDATES);
    for writer in 1..=WRITERS {
        let entry = &file["tasks"][format!("1.{writer}")];
        assert_eq!(
            (&entry["state"], &entry["note"]),
            (&"done".into(), &format!("update {UPDATES}").into())
        );
    }
}
