//! Agents that put a pipe, which nobody ever writes to, where orch or git has a file. Nobody may wait at it.

use crate::support::{Sandbox, document};

/// A plan for each of these, whose first agent puts a pipe in the place of that file, and whose next one works.
fn replaced(files: &[(&str, &str)]) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 4\nretries = 2\ntimeout = \"2m\"");
    for (plan, file) in files {
        let script = format!(
            "mark=\"$MARKS/was-{plan}\"\nif test -e \"$mark\"; then work 1.1; exit 0; fi\ntouch \"$mark\"\n\
             file={file}\nrm -rf \"$file\"\nmkfifo \"$file\"\n"
        );
        sandbox.plan(plan, "", &document(&[1]), &script);
    }
    let said = sandbox.start("up").end();
    for (plan, file) in files {
        assert_eq!(
            sandbox.state(plan),
            "finished",
            "{file}: {}\n{}",
            sandbox.why(plan),
            said.err
        );
    }
    assert_eq!(said.code, 0, "{said:?}");
    sandbox.nothing_is_left();
    (sandbox, said.err + &said.out)
}

#[test]
fn a_pipe_in_place_of_a_file_of_the_protocol_holds_up_nobody() {
    let (_, said) = replaced(&[
        ("folder", ".orch"),
        ("status", ".orch/status.json"),
        ("lock", ".orch/status.lock"),
        ("document", ".orch/plan.md"),
        ("gates", ".orch/gates.json"),
        ("work", ".orch/work.json"),
        ("inbox", ".orch/inbox.jsonl"),
        ("read", ".orch/inbox.read"),
        ("outbox", ".orch/outbox.jsonl"),
        ("fresh", ".orch/status.json.new"),
    ]);
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn a_pipe_in_place_of_a_file_of_git_holds_up_nobody() {
    let (_, said) = replaced(&[
        ("link", ".git"),
        ("head", "$(git rev-parse --git-dir)/HEAD"),
        ("common", "$(git rev-parse --git-dir)/commondir"),
        ("gitdir", "$(git rev-parse --git-dir)/gitdir"),
        ("index", "$(git rev-parse --git-dir)/index"),
        ("settings", "$(git rev-parse --git-dir)/config.worktree"),
        ("merge", "$(git rev-parse --git-dir)/MERGE_HEAD"),
    ]);
    assert!(said.contains("a pipe"), "{said}");
}

#[test]
fn nobody_who_looks_waits_at_a_pipe_while_its_agent_works() {
    let sandbox = Sandbox::new();
    sandbox.gate("p");
    let script = "test -e \"$MARKS/was\" && { work 1.1; exit 0; }\ntouch \"$MARKS/was\"\nhead=$(git rev-parse --git-dir)/HEAD\n\
                  rm .git \"$head\"; mkfifo .git \"$head\"\ngate p\n";
    sandbox.plan("p", "", &document(&[1]), script);
    sandbox.plan("q", "", &document(&[1]), "work 1.1");
    let up = sandbox.start("up --merge");
    sandbox.reached("p");
    for line in [
        "status -v",
        "why p",
        "logs p",
        "graph",
        "diff p",
        "conflicts",
        "doctor",
        "report",
        "preview",
        "task list --plan p",
    ] {
        let _ = sandbox.start(line).end();
    }
    sandbox.happened("merge.landed", "q");
    sandbox.open("p");
    up.end().code(0).ok();
    sandbox.nothing_is_left();
}
