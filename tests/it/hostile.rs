//! Hostile and broken surroundings.

use std::fs;

use crate::support::{Stage, said, until};

#[test]
fn an_agent_that_cannot_be_started_is_told_before_anything_is_made() {
    let stage = Stage::new();
    let plain = stage.beside("plain");
    fs::write(&plain, "").unwrap();
    let commands = [
        ("no-such-program-at-all", "not found on PATH"),
        (plain.to_str().unwrap(), "not executable"),
    ];
    for (command, says) in commands {
        stage.repo.write(
            "plans.toml",
            format!("[agents.x]\ncommand = [{command:?}]\n[plans.a]\nprompt = \"x\"\n"),
        );
        stage.orch(&["up"]).exits(2).says(says);
        assert!(!stage.repo.join(".git/orch").exists());
        assert_eq!(stage.repo.git("branch --list orch/*"), "");
    }
}

#[test]
fn an_agent_killed_by_a_signal_and_one_out_of_time_fail_with_that_word() {
    let stage = Stage::new()
        .agent("case $ORCH_PLAN in killed) kill -KILL $$;; *) trap '' TERM; echo > \"$HERE/late\"; sleep 600; sleep 600;; esac")
        .plan("killed", &[1], "")
        .plan("late", &[1], "timeout = \"300ms\"\ngrace = \"200ms\"")
        .ready();
    stage.orch(&["up"]).exits(1);
    stage.orch(&["why", "killed"]).exits(0).says("killed by signal 9");
    stage.orch(&["why", "late"]).exits(0).says("ran out of time");
    stage.nothing_is_left_running();
}

#[test]
fn nothing_an_agent_leaves_behind_survives_it() {
    let stage = Stage::new()
        .agent("setsid sh -c 'trap \"\" TERM; sleep 600; sleep 600' & (sleep 600 &) ; git commit -q --allow-empty -m x")
        .run("grace = \"200ms\"")
        .plan("a", &[1], "")
        .ready();
    stage.orch(&["up"]).exits(0);
    stage.nothing_is_left_running();
}

#[test]
fn a_flood_of_output_is_kept_within_bounds() {
    let stage = Stage::new()
        .agent("head -c 200000000 /dev/zero | tr '\\0' x; echo; echo the last words; git commit -q --allow-empty -m x")
        .plan("a", &[1], "")
        .ready();
    stage.orch(&["up"]).exits(0);
    let folder = stage.repo.join(".git/orch/attempts/a-1");
    let size = |name: &str| fs::metadata(folder.join(name)).map_or(0, |found| found.len());
    assert!(size("log") + size("log.1") <= 32 << 20);
    let log = fs::read(folder.join("log")).unwrap();
    assert!(log.ends_with(b"the last words\n"));
}

#[test]
fn an_agent_that_closes_its_output_goes_on() {
    let stage = Stage::new()
        .agent("exec >&- 2>&-; read _ < \"$HERE/gate\"; git commit -q --allow-empty -m x")
        .plan("a", &[1], "")
        .gate("gate")
        .ready();
    let up = stage.start(&["up"]);
    stage.wait_for_event("agent.started", "a");
    stage.open("gate");
    said(up).exits(0);
}

#[test]
fn an_agent_that_writes_into_the_main_checkout_is_noticed() {
    let stage = Stage::new()
        .agent("echo oops > \"$ORCH_REPO/oops\"; git commit -q --allow-empty -m x")
        .plan("a", &[1], "")
        .ready();
    stage.orch(&["up"]).exits(0);
    let events = stage.events();
    let warning = events
        .iter()
        .find(|seen| seen["event"] == "warning")
        .expect("a warning");
    assert!(
        warning["data"]["why"]
            .as_str()
            .unwrap()
            .contains("uncommitted files changed"),
        "{warning}"
    );
}

#[test]
fn foreign_branches_and_folders_are_refused_with_what_to_do() {
    let stage = Stage::new()
        .agent("true")
        .plan("a", &[1], "")
        .plan("b", &[1], "")
        .ready();
    stage.repo.git("branch orch/a");
    fs::create_dir_all(stage.worktree("b")).unwrap();
    fs::write(stage.worktree("b").join("mine"), "").unwrap();
    stage.orch(&["up"]).exits(1);
    stage
        .orch(&["why", "a"])
        .exits(0)
        .says("orch did not make it")
        .says("rename it");
    stage.orch(&["why", "b"]).exits(0).says("b");
    assert_eq!([stage.state("a"), stage.state("b")], ["held", "held"]);
    assert!(stage.worktree("b").join("mine").exists());
}

#[test]
fn a_base_that_is_missing_and_a_repository_without_a_commit_are_refused() {
    let stage = Stage::new()
        .run("base = \"mian\"")
        .agent("true")
        .plan("a", &[1], "")
        .ready();
    stage.orch(&["up"]).exits(2).says("mian").says("main");
    let stage = Stage::new().agent("true").plan("a", &[1], "").ready();
    stage.repo.git("checkout -q --detach");
    stage.orch(&["up"]).exits(2).says("detached HEAD").says("base");
    let empty = Stage::on(crate::support::Scratch::empty("repo"));
    empty.repo.write(
        "plans.toml",
        "[agents.x]\ncommand = [\"true\"]\n[plans.a]\nprompt = \"x\"\n",
    );
    empty.orch(&["up"]).exits(2).says("no commit yet");
}

#[test]
fn a_git_that_is_missing_or_too_old_is_named() {
    let stage = Stage::new().agent("true").plan("a", &[1], "").ready();
    let bin = stage.beside("bin");
    fs::create_dir(&bin).unwrap();
    let mut command = stage.command(&["up"]);
    command.env("PATH", &bin);
    crate::support::finished(command)
        .exits(2)
        .says("not found on PATH");
    let fake = bin.join("git");
    fs::write(&fake, "#!/bin/sh\necho git version 2.30.1\n").unwrap();
    fs::set_permissions(&fake, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = stage.command(&["up"]);
    command.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    crate::support::finished(command).exits(2).says("2.30 is too old");
}

#[test]
fn a_full_disk_stops_the_run_cleanly_and_it_goes_on_later() {
    let stage = Stage::new();
    let small = stage.beside("small");
    fs::create_dir(&small).unwrap();
    let mount = |args: &[&str]| {
        std::process::Command::new("mount")
            .args(args)
            .arg(&small)
            .output()
    };
    let mounted = mount(&["-t", "tmpfs", "-o", "size=8m", "tmpfs"]).is_ok_and(|done| done.status.success());
    if !mounted {
        println!("skipped: no file system can be mounted here");
        return;
    }
    let done = std::panic::catch_unwind(|| {
        fs::create_dir(stage.repo.join(".git/orch")).unwrap();
        fs::remove_dir(stage.repo.join(".git/orch")).unwrap();
        std::os::unix::fs::symlink(&small, stage.repo.join(".git/orch")).unwrap();
        let stage = Stage::on(stage.repo)
            .agent("echo > \"$HERE/began\"; read _ < \"$HERE/gate\"; git commit -q --allow-empty -m x")
            .plan("a", &[1], "")
            .gate("gate")
            .ready();
        let up = stage.start(&["up"]);
        stage.wait_for_mark("began");
        stage.wait_for_event("agent.started", "a");
        let fill = small.join("fill");
        let _ = fs::write(&fill, vec![0u8; 9 << 20]);
        stage.open("gate");
        said(up).exits(1).says("disk");
        fs::remove_file(&fill).unwrap();
        stage.orch(&["up"]).exits(0);
        assert_eq!(
            (
                stage.state("a").as_str(),
                stage.status("a")["attempts"].as_array().unwrap().len()
            ),
            ("finished", 1)
        );
    });
    until("the small file system to be free", || {
        std::process::Command::new("umount")
            .arg(&small)
            .status()
            .unwrap()
            .success()
    });
    if let Err(cause) = done {
        std::panic::resume_unwind(cause);
    }
}
