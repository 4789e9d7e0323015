//! A person in the place of an agent: `orch attach`.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Sandbox, Tmux, document, wait_for};

/// Prints what a program with conversations prints.
const SPEAKS: &str = r#"echo '{"type":"system","subtype":"init","session_id":"s-1"}'"#;

/// What a person's script begins with.
const BEGINS: &str = r#"set -eu
mark() { : > "$MARKS/$1"; }
gate() { mark "at-$1"; until read -r _ < "$GATES/$1"; do :; done; }
commit() { echo "$1 by a person" >> "$1"; git add -A -- "$1"; git commit -q -m "$1"; }
work() { for id in "$@"; do commit "$ORCH_PLAN-$id.txt"; orch task done -q "$id"; done; }
"#;

/// A plan whose agent has conversations, and whose conversation a person continues with this script.
fn plan(sandbox: &Sandbox, keys: &str, tasks: &[usize], script: &str, person: &str) {
    sandbox.plan("p", keys, &document(tasks), &format!("{SPEAKS}\n{script}"));
    let path = sandbox.beside("agents/person.sh");
    fs::write(&path, format!("{BEGINS}{person}\n")).unwrap();
    let keys = format!("[agents.p]\nevents = \"claude\"\nattach = [\"sh\", {path:?}, \"{{session}}\"]\n");
    let manifest = sandbox.read("plans.toml").replace("[agents.p]\n", &keys);
    sandbox.write("plans.toml", manifest);
}

fn events(sandbox: &Sandbox) -> Vec<String> {
    let events = sandbox.events().into_iter();
    events
        .map(|event: Value| event["event"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_person_ends_the_agents_turn_works_on_and_hands_finished_work_back() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    let person = "echo \"$1\" > $MARKS/session; pwd > $MARKS/where; work 1.2";
    plan(&sandbox, "", &[2], "work 1.1; gate g; work 1.2", person);
    let up = sandbox.start("up");
    sandbox.reached("g");
    let attach = sandbox.orch("attach p").code(0);
    assert!(
        attach.err.contains("the supervisor judges what you did"),
        "{attach:?}"
    );
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(fs::read_to_string(sandbox.mark("session")).unwrap().trim(), "s-1");
    let there = fs::read_to_string(sandbox.mark("where")).unwrap();
    assert!(there.trim().ends_with("worktrees/p"), "{there}");
    // No agent was started for it again, and no retry was used.
    assert_eq!(sandbox.count("agent.started", Some("p")), 1);
    let status = sandbox.shown("p");
    assert_eq!(status["attempts"][0]["exit"], "stopped");
    assert_eq!(status["conversation"]["id"], "s-1");
    let page = sandbox.orch("status p").code(0);
    assert!(page.out.contains("talk     s-1: sh"), "{}", page.out);
    sandbox.nothing_is_left();
}

#[test]
fn a_person_who_does_the_work_of_an_agent_that_asked_leaves_no_question_open() {
    let sandbox = Sandbox::new();
    plan(&sandbox, "", &[1], "orch task ask \"Which colour?\"", "work 1.1");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held", "{}", sandbox.why("p"));
    sandbox.orch("attach p").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.count("agent.started", Some("p")), 1);
}

#[test]
fn no_agent_starts_beside_a_person_and_what_is_left_is_told_to_the_next_one() {
    let sandbox = Sandbox::new();
    sandbox.gate("g").gate("h");
    let script = "if test $ORCH_ATTEMPT = p-1; then work 1.1; gate g; fi; work 1.2 1.3";
    sandbox.plan("q", "", &document(&[1]), "gate q; work 1.1");
    sandbox.gate("q");
    plan(
        &sandbox,
        "retries = 0",
        &[3],
        script,
        "commit by-hand.txt; gate h; orch task done -q 1.2",
    );
    let up = sandbox.start("up");
    sandbox.reached("g");
    let attach = sandbox.start("attach p");
    sandbox.reached("h");
    assert_eq!(sandbox.state("p"), "paused");
    assert!(
        sandbox.why("p").contains("a person is attached to p"),
        "{}",
        sandbox.why("p")
    );
    assert!(sandbox.shown("p")["conversation"]["attached"].is_u64());
    // Whatever a person asks for meanwhile counts afterwards.
    sandbox.orch("resume p").code(0).ok();
    sandbox
        .orch("attach p")
        .code(2)
        .says("somebody is attached to p already")
        .ok();
    assert_eq!(sandbox.count("agent.started", Some("p")), 1);
    sandbox.open("h");
    attach.end().code(0).ok();
    wait_for("the next agent", || {
        sandbox.count("agent.started", Some("p")) == 2
    });
    sandbox.open("q");
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    let next = sandbox
        .starts()
        .into_iter()
        .rfind(|id| id.starts_with("p-"))
        .unwrap();
    let prompt = sandbox.attempt_file(&next, "prompt.md");
    assert!(
        prompt.contains("A person took this work over for a while"),
        "{prompt}"
    );
    assert!(
        prompt.contains("by-hand.txt\n"),
        "the commits of the person: {prompt}"
    );
    assert!(prompt.contains("Still open: 1.3."), "{prompt}");
}

#[test]
fn a_killed_attach_ends_its_program_and_the_plan_continues() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    let script = "if test $ORCH_ATTEMPT = p-1; then gate g; fi; work 1.1";
    // Something that outlives the program in a session of its own is ended, too.
    let person = "setsid sleep 1000 & mark hangs; sleep 1000";
    plan(&sandbox, "retries = 0", &[1], script, person);
    let up = sandbox.start("up");
    sandbox.reached("g");
    let attach = sandbox.start("attach p");
    sandbox.marked("hangs");
    attach.kill();
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.count("attach.ended", Some("p")), 1);
    sandbox.nothing_is_left();
}

#[test]
fn without_a_supervisor_the_next_one_judges_and_starts_nobody_for_what_is_done() {
    let sandbox = Sandbox::new();
    plan(&sandbox, "retries = 0", &[1], "exit 3", "work 1.1");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "failed");
    let left = sandbox.orch("attach p").code(0);
    assert!(
        left.err.contains("the next `orch up` judges what you did"),
        "{left:?}"
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.count("agent.started", Some("p")), 1);
    assert_eq!(
        events(&sandbox)
            .iter()
            .filter(|name| name.starts_with("attach."))
            .count(),
        2
    );
}

#[test]
fn an_agent_that_outlived_its_supervisor_is_ended_and_a_killed_attach_leaves_its_plan_to_the_next_run() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    let script = "if test $ORCH_ATTEMPT = p-1; then gate g; fi; work 1.1";
    plan(&sandbox, "", &[1], script, "mark there; sleep 1000");
    let up = sandbox.start("up");
    sandbox.reached("g");
    up.kill();
    let attach = sandbox.start("attach p");
    sandbox.marked("there");
    // A supervisor that begins beside a person leaves the plan alone.
    let up = sandbox.start("up");
    wait_for("the end of the first attempt", || {
        sandbox.count("attempt.failed", Some("p")) == 1
    });
    assert_eq!(sandbox.state("p"), "paused");
    assert_eq!(sandbox.count("agent.started", Some("p")), 1);
    attach.kill();
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    sandbox.nothing_is_left();
}

#[test]
fn what_cannot_be_attached_to_is_refused_with_a_reason() {
    let sandbox = Sandbox::new();
    sandbox.plan("q", "depends = [\"p@landed\"]", &document(&[1]), "work 1.1");
    plan(&sandbox, "", &[1], "work 1.1", "exit 0");
    sandbox.orch("attach z").code(2).says("z").ok();
    sandbox
        .orch("attach p")
        .code(2)
        .says("nobody has worked on p yet")
        .ok();
    sandbox.orch("up").code(1).ok();
    sandbox
        .orch("attach q")
        .code(2)
        .says("nobody has worked on q yet")
        .ok();
    sandbox.orch("attach p.2").code(2).says("there is no `p.2`").ok();
    sandbox.orch("merge").code(0).ok();
    sandbox.orch("attach p").code(2).says("p is landed").ok();
    let mut agent = sandbox.command(["attach", "q"]);
    let said = crate::support::Said::of(agent.env("ORCH_ATTEMPT", "q-1"));
    said.code(2).says("only a person attaches").ok();
    assert_eq!(sandbox.count("attach.began", None), 0);
}

#[test]
fn what_a_person_commits_between_pause_and_resume_is_told_to_the_next_agent() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    let script = "if test $ORCH_ATTEMPT = p-1; then work 1.1; gate g; fi; work 1.3";
    sandbox.plan("p", "", &document(&[3]), script);
    sandbox.plan("q", "", &document(&[1]), "gate q; work 1.1");
    sandbox.gate("q");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.orch("pause --now p").code(0).ok();
    sandbox.happened("attempt.failed", "p");
    let tree = sandbox.worktree("p");
    tree.commit_file("by-hand.txt", "mine\n");
    sandbox.orch("task done 1.2 --plan p").code(0).ok();
    sandbox.orch("resume p").code(0).ok();
    wait_for("the next agent", || {
        sandbox.count("agent.started", Some("p")) == 2
    });
    sandbox.open("q");
    up.end().code(0).ok();
    let next = sandbox
        .starts()
        .into_iter()
        .rfind(|id| id.starts_with("p-"))
        .unwrap();
    let prompt = sandbox.attempt_file(&next, "prompt.md");
    assert!(prompt.contains("## Work of a person"), "{prompt}");
    assert!(
        !prompt.contains("p-1.1.txt"),
        "the agent's own are no news: {prompt}"
    );
    assert!(
        prompt.contains("- [x] 1.2") && prompt.contains("- [ ] 1.3"),
        "{prompt}"
    );
}

#[test]
fn in_a_terminal_an_agent_without_conversations_gives_a_shell() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    sandbox.plan("p", "", &document(&[1]), "gate g; exit 1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    let Some(tmux) = Tmux::begin(&sandbox, 120, 30) else {
        up.kill();
        return;
    };
    tmux.typed(&format!("SHELL=/bin/sh {} attach p", env!("CARGO_BIN_EXE_orch")));
    tmux.press(&["Enter"]);
    tmux.shows("leave it to hand the plan back");
    // Ctrl-C is the program's, not the end of being attached.
    tmux.typed("sleep 1000");
    tmux.press(&["Enter"]);
    tmux.press(&["C-c"]);
    tmux.typed("echo mine > x.txt && git add x.txt && git commit -qm 'By hand' && orch task done 1.1; echo re''ported");
    tmux.press(&["Enter"]);
    tmux.shows("reported");
    tmux.typed("exit");
    tmux.press(&["Enter"]);
    tmux.shows("the supervisor judges what you did");
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.count("agent.started", Some("p")), 1);
    assert_eq!(sandbox.git("show orch/p:x.txt").trim(), "mine");
}

#[test]
fn a_closed_terminal_releases_the_plan() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "if test $ORCH_ATTEMPT = p-1; then gate g; fi; work 1.1",
    );
    let up = sandbox.start("up");
    sandbox.reached("g");
    let Some(tmux) = Tmux::begin(&sandbox, 120, 30) else {
        up.kill();
        return;
    };
    tmux.typed(&format!("SHELL=/bin/sh {} attach p", env!("CARGO_BIN_EXE_orch")));
    tmux.press(&["Enter"]);
    tmux.shows("leave it to hand the plan back");
    drop(tmux);
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    sandbox.nothing_is_left();
}

#[test]
fn attach_is_ended_by_a_signal_with_its_program() {
    let sandbox = Sandbox::new();
    plan(&sandbox, "retries = 0", &[1], "exit 3", "mark there; sleep 1000");
    sandbox.orch("up").code(1).ok();
    let attach = sandbox.start("attach p");
    sandbox.marked("there");
    attach.signal(Signal::TERM);
    attach.end().code(0).ok();
    assert_eq!(sandbox.count("attach.ended", Some("p")), 1);
    sandbox.nothing_is_left();
}

#[test]
fn what_a_person_leaves_unreported_is_left_to_an_agent_also_where_commits_count() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    let script = "if test $ORCH_ATTEMPT = p-1; then gate g; fi; work 1.2";
    plan(&sandbox, "report = \"auto\"", &[2], script, "work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.orch("attach p").code(0).ok();
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.count("agent.started", Some("p")), 2);
    let page = sandbox.orch("status p").code(0).out;
    assert!(page.contains("person.sh s-1"), "{page}");
}

#[test]
fn a_person_who_reports_nothing_finishes_nothing_and_uses_up_no_retry() {
    for person in [
        ":",
        "commit look.txt",
        "echo build > log.txt",
        "commit some.txt; exit 1",
    ] {
        let sandbox = Sandbox::new();
        sandbox.gate("g");
        let first = "commit half.txt; gate g";
        let script = format!("if test $ORCH_ATTEMPT = p-1; then {first}; else work 1.1 2.1; fi");
        let keys = "report = \"auto\"\nretries = 0\ncommit = \"require\"";
        plan(&sandbox, keys, &[1, 1], &script, person);
        let up = sandbox.start("up --merge");
        sandbox.reached("g");
        sandbox.orch("attach p").code(0).ok();
        if person.contains("log.txt") {
            // An agent would fail beside this file, too: it belongs to the person.
            wait_for("the next agent", || {
                sandbox.count("agent.started", Some("p")) == 2
            });
            drop(up);
            continue;
        }
        up.end().code(0).ok();
        assert_eq!(sandbox.state("p"), "landed", "{person}: {}", sandbox.why("p"));
        assert_eq!(sandbox.count("agent.started", Some("p")), 2, "{person}");
    }
}

#[test]
fn an_agent_that_finds_all_work_done_by_a_person_need_not_commit_again() {
    let sandbox = Sandbox::new();
    sandbox.gate("g");
    let ends =
        r#"echo '{"type":"result","subtype":"success","is_error":false,"result":"ok","session_id":"s-1"}'"#;
    let script = format!("if test $ORCH_ATTEMPT = p-1; then gate g; fi; {ends}");
    let keys = "report = \"auto\"\nretries = 0";
    plan(&sandbox, keys, &[1], &script, "commit whole.txt");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.orch("attach p").code(0).ok();
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.count("agent.started", Some("p")), 2);
}

#[test]
fn a_task_and_a_phase_are_attached_to_in_their_own_worktrees_whether_their_agents_committed_or_not() {
    for (dispatch, parts) in [("task", ["p.1.1", "p.1.2"]), ("phase", ["p.1", "p.2"])] {
        let sandbox = Sandbox::new();
        let tasks: &[usize] = if dispatch == "task" { &[2] } else { &[1, 1] };
        let keys = format!("dispatch = \"{dispatch}\"\nparallel_tasks = 2\nretries = 0");
        // The first agent leaves a commit behind, the second nothing.
        let half = "case $ORCH_BRANCH in *1.1|*1) commit half.txt;; esac; exit 3";
        let person = "pwd >> $MARKS/where; work ${ORCH_TASK:-$(cat $MARKS/task)}";
        plan(&sandbox, &keys, tasks, half, person);
        // The phases do not wait for each other.
        let text = sandbox.read("plans/p.md").replace("Part", "Part [PARALLEL]");
        sandbox.write("plans/p.md", text);
        sandbox.orch("up").code(1).ok();
        for part in parts {
            let task = if dispatch == "task" {
                part.trim_start_matches("p.").to_owned()
            } else {
                format!("{}.1", &part[2..])
            };
            fs::write(sandbox.mark("task"), task).unwrap();
            sandbox.orch(&format!("attach {part}")).code(0).ok();
        }
        sandbox.orch("up").code(0).ok();
        assert_eq!(sandbox.state("p"), "finished", "{dispatch}: {}", sandbox.why("p"));
        assert_eq!(sandbox.count("agent.started", Some("p")), 2, "{dispatch}");
        let files = sandbox.git("ls-tree --name-only orch/p");
        for part in ["1.1", if dispatch == "task" { "1.2" } else { "2.1" }] {
            assert!(files.contains(&format!("p-{part}.txt")), "{dispatch}: {files}");
        }
        assert!(files.contains("half.txt"), "{dispatch}: {files}");
        let there = fs::read_to_string(sandbox.mark("where")).unwrap();
        let there: std::collections::BTreeSet<&str> = there.lines().collect();
        assert_eq!(
            there.len(),
            2,
            "{dispatch}: each has a worktree of its own: {there:?}"
        );
    }
}
