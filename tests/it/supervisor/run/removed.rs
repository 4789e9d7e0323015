//! What people take away by hand, and what a killed supervisor leaves.

use rustix::process::Signal;

use crate::support::{Sandbox, document, kill};

#[test]
fn a_worktree_removed_by_hand_is_made_again() {
    let sandbox = Sandbox::new();
    sandbox.gate("p");
    sandbox.plan(
        "p",
        "",
        &document(&[1, 1]),
        "test -f p-1.1.txt || work 1.1; gate p; work 2.1",
    );
    let up = sandbox.start("up");
    sandbox.reached("p");
    up.signal(Signal::TERM);
    up.end().code(130).ok();
    std::fs::remove_dir_all(sandbox.worktree("p").path()).unwrap();
    sandbox.script("p", "test -f p-1.1.txt; work 2.1");
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    sandbox.nothing_is_left();
}

#[test]
fn what_a_killed_supervisor_left_at_work_is_stopped_by_down_and_taken_up_again() {
    let sandbox = Sandbox::new();
    sandbox.at_work().kill();
    sandbox.orch("down").code(0).says("p-1").ok();
    sandbox.nothing_is_left();
    sandbox.orch("down").code(3).ok();
    sandbox.script("p", "work 1.1");
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
}

#[test]
fn what_is_left_at_work_without_any_runner_is_stopped_by_down_too() {
    let sandbox = Sandbox::new();
    sandbox.gate("p");
    sandbox.plan("p", "", &document(&[1]), "setsid sleep 1000 & gate p; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("p");
    up.kill();
    let running: serde_json::Value =
        serde_json::from_str(&sandbox.attempt_file("p-1", "running.json")).unwrap();
    let runner = i32::try_from(running["runner"]["pid"].as_i64().unwrap()).unwrap();
    kill(runner, Signal::KILL);
    sandbox.orch("down --now").code(0).says("p-1").ok();
    sandbox.nothing_is_left();
}

#[test]
fn an_agent_whose_folder_was_thrown_away_is_ended_by_doctor_before_another_one_works_there() {
    let sandbox = Sandbox::new();
    sandbox.at_work().kill();
    std::fs::remove_dir_all(sandbox.join(".git/orch")).unwrap();
    sandbox.orch("doctor").code(1).says("are left of p-1").ok();
    let _ = sandbox.orch("doctor --fix");
    sandbox.nothing_is_left();
}

#[test]
fn a_worktree_that_its_agent_moved_is_named_with_the_command_that_moves_it_back() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1\nbackoff = \"1ms\"");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "commit x; git worktree move . ../moved-away; cd ../moved-away; work 1.1",
    );
    sandbox.orch("up").code(1).ok();
    let why = sandbox.why("p");
    let at = sandbox.worktree("p").path().to_owned();
    let back = format!(
        "git worktree move {} {}",
        at.with_file_name("moved-away").display(),
        at.display()
    );
    assert!(why.contains(&back), "{why}");
    sandbox.git_args([
        "worktree",
        "move",
        at.with_file_name("moved-away").to_str().unwrap(),
        at.to_str().unwrap(),
    ]);
    sandbox.script("p", "test -f x; work 1.1");
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
}
