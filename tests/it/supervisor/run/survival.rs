//! What is taken away from under a run: runners, supervisors, the journal's tail, status files, everything that orch
//! keeps; and manifests that change between runs.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use orch::agent::makes_control_groups;

use crate::support::{Said, Sandbox, document, kill, wait_for};

/// The process id of an attempt's runner.
#[track_caller]
fn runner(sandbox: &Sandbox, attempt: &str) -> i32 {
    let running: Value = serde_json::from_str(&sandbox.attempt_file(attempt, "running.json")).unwrap();
    i32::try_from(running["runner"]["pid"].as_i64().unwrap()).unwrap()
}

#[test]
fn an_agent_whose_runner_is_killed_is_ended_and_tried_again() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g");
    let script = "setsid sh -c 'trap \"\" TERM; while :; do sleep 1000; done' & \n if [ $ORCH_ATTEMPT = p-1 ]; then \
                  work 1.1; gate g; fi; work 1.2";
    sandbox.plan("p", "", &document(&[2]), script);
    let up = sandbox.start("up");
    sandbox.reached("g");
    kill(runner(&sandbox, "p-1"), Signal::KILL);
    up.end().code(0).ok();
    assert_eq!(
        sandbox.starts(),
        ["p-1", "p-2"],
        "it is no failure of the agent's"
    );
    sandbox.nothing_is_left();
}

#[test]
fn a_child_that_hides_from_everything_else_is_found_in_its_control_group_when_its_runner_is_killed() {
    if !makes_control_groups() {
        println!("not tried: no control group can be made on this machine");
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g");
    // No environment, no session, no parent of the agent's.
    let hide = "env -i PATH=\"$PATH\" MARKS=\"$MARKS\" setsid sh -c 'echo $$ > \"$MARKS/new\"; mv \"$MARKS/new\" \"$MARKS/hidden\"; exec sleep 1000' &";
    let script = format!("if [ $ORCH_ATTEMPT = p-1 ]; then ( {hide} )\n gate g; fi; work 1.1");
    sandbox.plan("p", "", &document(&[1]), &script);
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.marked("hidden");
    let hidden = fs::read_to_string(sandbox.mark("hidden")).unwrap();
    let hidden = format!("/proc/{}/cmdline", hidden.trim());
    let sleeps = || fs::read(&hidden).is_ok_and(|line| line.starts_with(b"sleep"));
    wait_for("it to sleep", sleeps);
    kill(runner(&sandbox, "p-1"), Signal::KILL);
    up.end().code(0).ok();
    assert!(!sleeps(), "it has escaped");
    let note = sandbox.attempt_file("p-1", "group");
    let group = note.find('/').map(|start| &note[start..]).unwrap();
    assert!(!std::path::Path::new(group).exists(), "{group} was left behind");
}

#[test]
fn after_a_power_cut_the_run_goes_on_where_the_disk_says_it_was() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g");
    sandbox.plan(
        "p",
        "",
        &document(&[1, 1]),
        "test -f p-1.1.txt || { work 1.1; gate g; }; work 2.1",
    );
    sandbox.plan(
        "q",
        "depends = [\"p.1\"]",
        &document(&[1]),
        "test -f p-1.1.txt; work 1.1",
    );
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.happened("plan.finished", "q");
    up.kill();
    for (pid, _) in sandbox.processes() {
        kill(pid, Signal::KILL);
    }
    sandbox.nothing_is_left();
    sandbox.orch("status").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts().len(), 3);
    sandbox.nothing_ran_twice();
}

#[test]
fn time_runs_out_for_an_agent_even_when_nobody_drives() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\ntimeout = \"1s\"").gate("g");
    sandbox.plan("p", "", &document(&[1]), "gate g");
    let up = sandbox.start("up");
    sandbox.reached("g");
    up.kill();
    sandbox.nothing_is_left();
    sandbox.orch("up").code(1).ok();
    assert!(sandbox.why("p").contains("out of time"), "{}", sandbox.why("p"));
}

#[test]
fn a_torn_tail_of_the_journal_is_survived() {
    let sandbox = Sandbox::new();
    sandbox
        .gate("g")
        .plan("p", "", &document(&[1, 1]), "work 1.1; gate g; work 2.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.happened("phase.done", "p");
    up.kill();
    let tail = sandbox.join(".git/orch/orch.db-wal");
    let size = fs::metadata(&tail).unwrap().len();
    let file = fs::File::options().write(true).open(&tail).unwrap();
    // A page and a bit: facts that were not forced to the disk yet.
    file.set_len(size - 5000).unwrap();
    drop(file);
    sandbox.open("g");
    sandbox.nothing_is_left();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1"]);
    assert_eq!(sandbox.state("p"), "finished");
    sandbox.nothing_is_left();
}

#[test]
fn without_anything_orch_kept_no_commit_is_lost() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "test -f p-1.1.txt || work 1.1");
    sandbox.orch("up").code(0).ok();
    let work = sandbox.rev("orch/p");
    fs::remove_dir_all(sandbox.join(".git/orch")).unwrap();
    sandbox.orch("status").code(0).ok();
    // What git and the worktree show is enough to know whose the branch is.
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.starts(), ["p-1"]);
    assert_eq!(sandbox.rev("orch/p"), work);
    assert!(sandbox.worktree("p").join("p-1.1.txt").exists());
}

#[test]
fn a_status_file_of_any_kind_is_a_warning_and_what_was_known_stays() {
    let sandbox = Sandbox::new();
    for (plan, spoil) in [
        ("garbage", "echo '{\"tasks\": [' > \"$ORCH_STATUS_FILE\""),
        ("huge", "truncate -s 100M \"$ORCH_STATUS_FILE\""),
        (
            "foreign",
            "echo '{\"schema\":1,\"plan\":\"other\",\"version\":9,\"tasks\":{\"1.1\":{\"state\":\"pending\"}}}' > \"$ORCH_STATUS_FILE\"",
        ),
        ("gone", "rm -rf \"$(dirname \"$ORCH_STATUS_FILE\")\""),
        ("folder", "rm \"$ORCH_STATUS_FILE\"; mkdir \"$ORCH_STATUS_FILE\""),
        ("pipe", "rm \"$ORCH_STATUS_FILE\"; mkfifo \"$ORCH_STATUS_FILE\""),
    ] {
        sandbox.gate(plan);
        let script = format!("work 1.1; gate {plan}; {spoil}; commit more");
        sandbox.plan(plan, "retries = 0", &document(&[1]), &script);
    }
    sandbox.settings("max_agents = 6");
    let up = sandbox.start("up");
    for plan in ["garbage", "huge", "foreign", "gone", "folder", "pipe"] {
        sandbox.happened("task.done", plan);
        sandbox.open(plan);
    }
    let said = up.end();
    for plan in ["garbage", "huge", "foreign", "gone", "folder", "pipe"] {
        assert_eq!(sandbox.state(plan), "finished", "{plan}: {}", sandbox.why(plan));
    }
    assert_eq!(said.code, 0);
}

#[test]
fn plans_added_later_start_from_what_has_landed_and_the_rest_is_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up --merge").code(0).ok();
    sandbox.plan(
        "q",
        "depends = [\"p\"]",
        &document(&[1]),
        "test -f p-1.1.txt; work 1.1",
    );
    sandbox.plan("r", "", &document(&[1]), "test -f p-1.1.txt; work 1.1");
    sandbox.orch("up --merge").code(0).ok();
    let mut starts = sandbox.starts();
    starts.sort();
    assert_eq!(starts, ["p-1", "q-1", "r-1"]);
    for plan in ["p", "q", "r"] {
        assert_eq!(sandbox.state(plan), "landed");
    }
    // A plan that is taken out of the manifest is not spoken of any more, and harms nobody.
    let manifest = sandbox.read("plans.toml");
    let cut = manifest.find("[agents.r]").unwrap();
    sandbox.write("plans.toml", &manifest[..cut]);
    sandbox.orch("up --merge").code(0).ok();
    let status = sandbox.orch("status --json").code(0).json();
    assert_eq!(status["plans"].as_array().unwrap().len(), 2);
}

#[test]
fn whoever_reads_only_the_first_line_is_no_trouble() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "seq 100000; work 1.1");
    sandbox.orch("up").code(0).ok();
    for line in ["logs p", "events", "status", "events --json"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = sandbox.command(line.split(' '));
        command.stdout(writer).stderr(std::process::Stdio::piped());
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line}");
        assert_eq!(output.status.code(), Some(0), "{line}");
    }
}

#[test]
fn an_agent_that_starts_orch_itself_is_turned_away() {
    let sandbox = Sandbox::new();
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "orch up || echo $? > \"$MARKS/code\"; orch status > \"$MARKS/status\"; work 1.1",
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(fs::read_to_string(sandbox.mark("code")).unwrap(), "3\n");
    assert!(
        fs::read_to_string(sandbox.mark("status"))
            .unwrap()
            .contains("running")
    );
}

#[test]
fn a_terminal_that_goes_away_stops_the_run_in_order() {
    let sandbox = Sandbox::new();
    for (signal, plan) in [(Signal::HUP, "hup"), (Signal::TERM, "term")] {
        sandbox
            .gate(plan)
            .plan(plan, "", &document(&[1]), &format!("gate {plan}; work 1.1"));
        let up = sandbox.start(&format!("up {plan}"));
        sandbox.reached(plan);
        up.signal(signal);
        up.end().code(130).ok();
        sandbox.nothing_is_left();
    }
    for plan in ["hup", "term"] {
        sandbox.script(plan, "work 1.1");
    }
    sandbox.orch("up").code(0).ok();
}

#[test]
fn somebody_else_moves_the_target_while_a_merge_is_verified() {
    let sandbox = Sandbox::new();
    sandbox.gate("v");
    sandbox.tables("[merge]\nverify = 'echo x >> \"$MARKS/runs\"; test -e \"$MARKS/moved\" || { : > \"$MARKS/at-v\"; read -r _ < \"$GATES/v\"; }'");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    let merge = sandbox.start("merge");
    sandbox.reached("v");
    sandbox.write("theirs", "theirs\n").git("add theirs");
    sandbox.git("commit -q -m theirs");
    fs::write(sandbox.mark("moved"), "").unwrap();
    sandbox.open("v");
    merge.end().code(0).ok();
    assert!(sandbox.join("theirs").exists() && sandbox.join("p-1.1.txt").exists());
    let runs = fs::read_to_string(sandbox.mark("runs")).unwrap();
    assert_eq!(runs, "x\nx\n", "what lands is verified as it lands");
    assert_eq!(
        sandbox.git("log --first-parent --format=%s -2"),
        "Merge plan p: A plan\ntheirs"
    );
}

#[test]
fn many_plans_at_once_leave_nothing_undone() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 8");
    for n in 0..24 {
        let keys = match n % 3 {
            0 => String::new(),
            _ => format!("depends = [\"p{:02}.1\"]", n - 1),
        };
        sandbox.plan(&format!("p{n:02}"), &keys, &document(&[1]), "work 1.1");
    }
    sandbox.orch("up --merge").code(0).says("24 landed").ok();
    assert_eq!(sandbox.starts().len(), 24);
    sandbox.nothing_is_left();
    let mut all = sandbox.command(["clean", "--json"]);
    let cleaned = Said::of(&mut all).code(0).json();
    assert_eq!(cleaned["removed"].as_array().unwrap().len(), 24);
}

#[test]
fn a_log_can_be_followed_across_its_rotation() {
    let sandbox = Sandbox::new();
    sandbox.gate("g").plan(
        "p",
        "",
        &document(&[1]),
        "echo first; gate g; head -c 18000000 /dev/zero | tr '\\0' x | fold -w 999; echo last; work 1.1",
    );
    let up = sandbox.start("up");
    sandbox.reached("g");
    let follower = sandbox.start("logs p -f");
    wait_for("the follower", || follower.out().contains("first"));
    sandbox.open("g");
    up.end().code(0).ok();
    let followed = follower.end().code(0);
    let (lines, log) = (followed.out.lines().count(), 1 + 18_000_000_usize.div_ceil(999));
    assert!(followed.out.ends_with("last\n"));
    assert_eq!(lines, log, "no line is missing and none is repeated");
}

#[test]
fn ending_what_a_killed_runner_left_spares_an_attempt_of_the_same_name_in_another_repository() {
    let (here, there) = (Sandbox::new(), Sandbox::new());
    for sandbox in [&here, &there] {
        sandbox
            .settings("retries = 0")
            .gate("g")
            .plan("p", "", &document(&[1]), "gate g; work 1.1");
    }
    let (ours, theirs) = (here.start("up"), there.start("up"));
    here.reached("g");
    there.reached("g");
    ours.kill();
    kill(runner(&here, "p-1"), Signal::KILL);
    let ours = here.start("up");
    wait_for("the second attempt", || here.starts().len() == 2);
    here.open("g");
    ours.end().code(0).ok();
    there.open("g");
    theirs.end().code(0).ok();
    assert_eq!(there.starts(), ["p-1"]);
}

#[test]
fn what_an_agent_did_before_its_start_was_written_down_counts() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("g");
    sandbox.plan("p", "", &document(&[1, 1]), "work 1.1; gate g; work 2.1");
    let up = sandbox.start("up");
    sandbox.reached("g");
    sandbox.happened("agent.started", "p");
    up.kill();
    sandbox.open("g");
    sandbox.nothing_is_left();
    // As when the supervisor is killed between starting the agent and recording that.
    let journal = rusqlite::Connection::open(sandbox.join(".git/orch/orch.db")).unwrap();
    journal
        .execute(
            "DELETE FROM events WHERE seq >= (SELECT seq FROM events WHERE event = 'agent.started')",
            [],
        )
        .unwrap();
    drop(journal);
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1"]);
}
