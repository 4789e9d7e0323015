//! Agents and surroundings that misbehave: nothing is lost, nothing is left running, and the reason is said.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{Said, Sandbox, Scratch, document, program, wait_for};

fn agent(script: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("p", "", &document(&[1]), script);
    sandbox
}

/// A manifest with one plan whose agent is this command.
fn with_command(command: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("plans/p.md", document(&[1]));
    sandbox.tables(&format!(
        "[agents.it]\ncommand = [{command:?}]\n[plans.p]\nfile = \"plans/p.md\""
    ));
    sandbox
}

#[track_caller]
fn nothing_was_made(sandbox: &Sandbox) {
    assert!(!sandbox.worktree("p").path().exists());
    assert_eq!(sandbox.git("branch --list orch/*"), "");
    assert!(!sandbox.join(".git/orch/attempts").exists());
}

#[test]
fn an_agent_that_cannot_be_started_is_named_before_anything_is_made() {
    let missing = with_command("no-such-agent");
    missing.orch("up").code(2).says("no-such-agent").says("PATH").ok();
    nothing_was_made(&missing);
    let sandbox = with_command("/nowhere/agent");
    sandbox.orch("up").code(2).says("/nowhere/agent").ok();
    nothing_was_made(&sandbox);
    let plain = Scratch::new();
    fs::write(plain.beside("agent"), "#!/bin/sh\n").unwrap();
    let not_executable = with_command(plain.beside("agent").to_str().unwrap());
    not_executable
        .orch("up")
        .code(2)
        .says("not executable")
        .says("chmod")
        .ok();
    nothing_was_made(&not_executable);
}

#[test]
fn an_agent_of_the_repository_that_cannot_be_executed_fails_its_plan_without_retries() {
    let sandbox = with_command("./agent");
    sandbox.commit_file("agent", "#!/no/such/interpreter\n");
    sandbox.git("update-index --chmod=+x agent");
    sandbox.git("commit -qm executable");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "failed");
    assert!(
        sandbox.why("p").contains("could not be started"),
        "{}",
        sandbox.why("p")
    );
    assert_eq!(sandbox.shown("p")["attempts"].as_array().unwrap().len(), 1);
}

#[test]
fn a_flood_of_output_fills_neither_disk_nor_memory_and_its_end_is_kept() {
    let sandbox =
        agent("yes $(printf '%0999d' 0) | head -c 200000000; gate flooded; echo the very end; work 1.1");
    sandbox.gate("flooded");
    let up = sandbox.start("up");
    sandbox.reached("flooded");
    let runner: Value = serde_json::from_str(&sandbox.attempt_file("p-1", "running.json")).unwrap();
    let pid = runner["runner"]["pid"].as_u64().unwrap();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: u64 = peak.unwrap().trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 64 << 10, "the runner's memory peaked at {peak} KiB");
    sandbox.open("flooded");
    up.end().code(0).ok();
    let size = |name: &str| {
        fs::metadata(sandbox.join(format!(".git/orch/attempts/p-1/{name}")))
            .unwrap()
            .len()
    };
    assert!(size("log") + size("log.1") <= 32 << 20);
    assert!(sandbox.attempt_file("p-1", "log").ends_with("the very end\n"));
    let logs = sandbox.orch("logs p").code(0);
    assert!(logs.out.len() as u64 >= size("log.1") && logs.out.ends_with("the very end\n"));
}

#[test]
fn an_agent_may_close_its_output_and_go_on() {
    let sandbox = agent("echo before; exec >&- 2>&-; gate g; work 1.1");
    sandbox.gate("g");
    let up = sandbox.start("up");
    sandbox.reached("g");
    assert_eq!(sandbox.state("p"), "running");
    sandbox.open("g");
    up.end().code(0).ok();
    assert_eq!(sandbox.attempt_file("p-1", "log"), "before\n");
}

#[test]
fn a_background_process_in_a_session_of_its_own_that_ignores_term_is_ended_with_its_agent() {
    let sandbox = agent(
        "setsid sh -c 'trap \"\" TERM HUP INT; (setsid sh -c \"trap \\\"\\\" TERM; sleep 1000\" &) ; mark=1; : > \
         \"$MARKS/child\"; while :; do sleep 1000; done' & \n while [ ! -e \"$MARKS/child\" ]; do :; done; work 1.1",
    );
    sandbox.orch("up").code(0).ok();
    let left = sandbox.processes();
    assert!(left.is_empty(), "{left:?}");
    let exit: Value = serde_json::from_str(&sandbox.attempt_file("p-1", "exit.json")).unwrap();
    assert!(exit["left_behind"].as_u64().unwrap() >= 2, "{exit}");
}

#[test]
fn an_agent_out_of_time_is_asked_to_end_and_then_killed() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\ntimeout = \"300ms\"\ngrace = \"300ms\"");
    sandbox.plan(
        "gentle",
        "",
        &document(&[1]),
        "trap 'mark gentle-asked; exit 0' TERM; while :; do sleep 0.05; done",
    );
    sandbox.plan(
        "deaf",
        "",
        &document(&[1]),
        "trap 'mark deaf-asked' TERM; while :; do sleep 0.05 || :; done",
    );
    sandbox.orch("up").code(1).ok();
    for plan in ["gentle", "deaf"] {
        assert!(
            sandbox.mark(&format!("{plan}-asked")).exists(),
            "{plan} was asked first"
        );
        assert_eq!(sandbox.state(plan), "failed");
        assert!(sandbox.why(plan).contains("out of time"), "{}", sandbox.why(plan));
    }
    sandbox.nothing_is_left();
}

#[test]
fn an_agent_that_writes_into_the_main_checkout_is_noticed() {
    let sandbox = agent("echo oops >> \"$ORCH_REPO/README.md\"; work 1.1");
    sandbox.orch("up").code(0).ok();
    let warnings: Vec<Value> = sandbox
        .events()
        .into_iter()
        .filter(|event| event["event"] == "warning")
        .collect();
    let said = format!("{warnings:?}");
    assert!(
        said.contains("main checkout") && said.contains("uncommitted files changed (README.md)"),
        "{said}"
    );
    assert!(!said.contains("p-1"), "nobody is accused: {said}");
    let quiet = agent("work 1.1");
    quiet.orch("up --merge").code(0).ok();
    assert_eq!(
        quiet.count("warning", None),
        0,
        "orch's own work is no reason to warn"
    );
}

#[test]
fn a_base_that_is_not_there_a_detached_head_and_an_empty_repository_are_refused() {
    let sandbox = agent("work 1.1");
    sandbox.settings("base = \"mian\"");
    sandbox.orch("up").code(2).says("mian").ok();
    sandbox.settings("");
    sandbox.git("checkout -q --detach");
    sandbox.orch("up").code(2).says("detached").says("base").ok();
    nothing_was_made(&sandbox);
    sandbox.settings("base = \"main\"");
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.git("cat-file -t main:p-1.1.txt"), "blob");
    let empty = Sandbox::around(Scratch::empty("repo"));
    empty.plan("p", "", &document(&[1]), "work 1.1");
    empty.orch("up").code(2).says("commit").ok();
    assert!(!empty.worktree("p").path().exists());
}

#[test]
fn a_foreign_branch_or_folder_is_refused_with_what_to_do_and_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.plan("taken", "", &document(&[1]), "work 1.1");
    sandbox.plan("full", "", &document(&[1]), "work 1.1");
    sandbox.plan("free", "", &document(&[1]), "work 1.1");
    let foreign = sandbox.branch("orch/taken", "main", &[("mine", Some("mine"))]);
    let file = sandbox.worktree("full").join("precious");
    sandbox.worktree("full").write("precious", "precious");
    sandbox.orch("up").code(1).ok();
    for plan in ["taken", "full"] {
        assert_eq!(sandbox.state(plan), "held");
    }
    assert!(
        sandbox.why("taken").contains("orch/taken"),
        "{}",
        sandbox.why("taken")
    );
    assert!(sandbox.why("full").contains("full"), "{}", sandbox.why("full"));
    assert_eq!(sandbox.state("free"), "finished");
    assert_eq!(sandbox.rev("orch/taken"), foreign);
    assert_eq!(fs::read_to_string(&file).unwrap(), "precious");
    // Out of the way, all continues.
    sandbox.git("branch -m orch/taken mine");
    fs::rename(sandbox.worktree("full").path(), sandbox.beside("kept")).unwrap();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts().len(), 3);
}

#[test]
fn git_that_is_missing_or_too_old_is_named_at_the_start() {
    let sandbox = agent("work 1.1");
    let mut without = sandbox.command(["up"]);
    without.env("PATH", sandbox.beside("agents"));
    Said::of(&mut without).code(2).says("git").says("PATH").ok();
    let old = sandbox.beside("old");
    program(&old.join("git"), "#!/bin/sh\necho git version 2.30.1\n");
    let mut with_old = sandbox.command(["up"]);
    with_old.env("PATH", format!("{}:/usr/bin:/bin", old.display()));
    Said::of(&mut with_old).code(2).says("2.30").says("2.38").ok();
    nothing_was_made(&sandbox);
}

#[test]
fn a_read_only_git_folder_is_refused() {
    let sandbox = agent("work 1.1");
    let git = sandbox.join(".git");
    {
        let _read_only = ReadOnly::make(&git);
        let written = fs::write(git.join("probe"), "");
        assert!(written.is_err(), "the folder is read-only now");
        let said = sandbox.orch("up");
        assert!([1, 2].contains(&said.code), "{said:?}");
        said.says(".git").ok();
        assert!(!sandbox.worktree("p").path().exists());
    }
    fs::write(git.join("orch"), "in the way").unwrap();
    let said = sandbox.orch("up").says("orch");
    assert!([1, 2].contains(&said.code), "{said:?}");
    fs::remove_file(git.join("orch")).unwrap();
    sandbox.orch("up").code(0).ok();
}

/// A folder that nobody can write into, root neither, until the test is over.
enum ReadOnly {
    ByMode(PathBuf),
    /// A read-only mount of the folder over itself, where modes do not bind.
    ByMount(PathBuf),
}

impl ReadOnly {
    fn make(folder: &Path) -> Self {
        let mount = |args: &[&str]| {
            let mut command = Command::new("mount");
            command
                .args(args)
                .arg(folder)
                .status()
                .is_ok_and(|it| it.success())
        };
        let itself = folder.to_str().unwrap();
        if mount(&["--bind", itself]) && mount(&["-o", "remount,bind,ro"]) {
            return Self::ByMount(folder.to_owned());
        }
        fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
        Self::ByMode(folder.to_owned())
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        match self {
            Self::ByMode(folder) => {
                fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
            }
            Self::ByMount(folder) => {
                Command::new("umount").arg("-l").arg(folder).status().unwrap();
            }
        }
    }
}

/// A small file system of its own, gone when the test is over.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(at);
        mount
            .output()
            .is_ok_and(|done| done.status.success())
            .then(|| Self(at.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_under_the_journal_stops_cleanly_and_the_run_goes_on_after_room_is_made() {
    let sandbox = agent("gate g; work 1.1");
    sandbox.gate("g");
    sandbox.plan("q", "depends = [\"p\"]", &document(&[3]), "work 1.1 1.2 1.3");
    let Some(_disk) = SmallDisk::mount(&sandbox.join(".git/orch"), "8m") else {
        println!("skipped: no file system may be mounted here");
        return;
    };
    let mut up = sandbox.start("up");
    sandbox.reached("g");
    let ballast = sandbox.join(".git/orch/ballast");
    let filled = fs::write(&ballast, vec![1; 16 << 20]);
    assert!(filled.is_err(), "the disk is full now");
    sandbox.open("g");
    wait_for("the supervisor to stop", || !up.is_alive());
    let said = up.end();
    assert_eq!(said.code, 1, "{said:?}");
    said.says("full").says("orch up").ok();
    fs::remove_file(&ballast).unwrap();
    sandbox.orch("up").code(0).ok();
    sandbox.nothing_ran_twice();
    for plan in ["p", "q"] {
        assert_eq!(sandbox.state(plan), "finished", "{}", sandbox.why(plan));
    }
    sandbox.nothing_is_left();
}

#[test]
fn a_full_disk_of_the_repository_spends_no_retries() {
    let sandbox = agent("work 1.1");
    sandbox.settings("retries = 1");
    let Some(_disk) = SmallDisk::mount(&sandbox.join(".git/orch"), "8m") else {
        println!("skipped: no file system may be mounted here");
        return;
    };
    // Room for the journal, and not for what is written about an attempt.
    sandbox.plan("q", "", &document(&[1]), "work 1.1");
    let attempts = sandbox.join(".git/orch/attempts");
    fs::create_dir_all(&attempts).unwrap();
    for round in 0..3 {
        let Some(_none) = SmallDisk::mount(&attempts, "4k") else {
            return;
        };
        let _ = fs::write(attempts.join("ballast"), vec![1; 1 << 20]);
        let said = sandbox.orch("up");
        assert_eq!(said.code, 1, "{round}: {said:?}");
        said.says("full").says("orch up").ok();
    }
    sandbox.script("p", "work 1.1");
    sandbox.orch("up").code(0).ok();
    for plan in ["p", "q"] {
        assert_eq!(sandbox.state(plan), "finished", "{}", sandbox.why(plan));
    }
}

#[test]
fn commands_that_meet_a_full_disk_name_it_instead_of_rights() {
    let sandbox = agent("work 1.1");
    let Some(_disk) = SmallDisk::mount(&sandbox.join(".git/orch"), "8m") else {
        println!("skipped: no file system may be mounted here");
        return;
    };
    sandbox.orch("up").code(0).ok();
    let ballast = sandbox.join(".git/orch/ballast");
    assert!(fs::write(&ballast, vec![1; 16 << 20]).is_err());
    for command in ["status", "why p", "doctor"] {
        let said = sandbox.orch(command);
        let all = format!("{}{}", said.out, said.err);
        let named = all.contains("the disk is full") || said.code == 0;
        assert!(named && !all.contains("who owns"), "{command}: {all}");
    }
    fs::remove_file(&ballast).unwrap();
    sandbox.orch("doctor").code(0).ok();
}

#[test]
fn a_full_disk_under_the_worktrees_is_a_failure_of_the_plan_that_another_up_mends() {
    let sandbox = agent("dd if=/dev/zero of=big bs=1M count=16; work 1.1");
    let Some(_disk) = SmallDisk::mount(&sandbox.beside("repo.worktrees"), "8m") else {
        println!("skipped: no file system may be mounted here");
        return;
    };
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "failed", "{}", sandbox.why("p"));
    fs::remove_file(sandbox.worktree("p").join("big")).unwrap();
    sandbox.script("p", "rm -f big; work 1.1");
    sandbox.orch("up").code(0).ok();
}

#[test]
fn locks_that_an_agent_s_dead_git_left_do_not_keep_its_work_from_being_committed() {
    let sandbox = Sandbox::new();
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "echo mine > f; orch task done -q 1.1; books=$(git rev-parse --absolute-git-dir); touch \"$books/index.lock\" \
         \"$books/HEAD.lock\" \"$(git rev-parse --git-common-dir)/refs/heads/orch/p.lock\"",
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1"]);
    assert_eq!(sandbox.git("show orch/p:f"), "mine");
}

#[test]
fn a_hook_of_the_repository_that_never_ends_does_not_hold_up_the_end() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let hook = format!(
        "#!/bin/sh\n: > '{}'\nexec sleep 1000\n",
        sandbox.mark("in-hook").display()
    );
    program(&sandbox.join(".git/hooks/post-checkout"), &hook);
    let up = sandbox.start("up");
    sandbox.marked("in-hook");
    sandbox.orch("down --now").code(0).ok();
    up.end().code(130).ok();
    sandbox.nothing_is_left();
    std::fs::remove_file(sandbox.join(".git/hooks/post-checkout")).unwrap();
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("p"), "landed");
}

#[test]
fn programs_that_an_agent_names_in_the_configuration_are_not_run_by_orch() {
    let sandbox = Sandbox::new();
    let ran = sandbox.mark("ran");
    crate::support::program(
        &sandbox.beside("theirs/monitor"),
        &format!("#!/bin/sh\necho $0 >> {ran:?}\nexit 1\n"),
    );
    for hook in [
        "post-checkout",
        "pre-commit",
        "reference-transaction",
        "post-index-change",
    ] {
        let text = format!(
            "#!/bin/sh\nps -o args= -p $PPID | grep -q maintenance.auto || exit 0\necho $0 >> {ran:?}\n"
        );
        crate::support::program(&sandbox.beside(format!("theirs/{hook}")), &text);
    }
    let theirs = sandbox.beside("theirs");
    // What the person has there runs as ever.
    crate::support::program(
        &sandbox.join(".git/hooks/post-checkout"),
        &format!("#!/bin/sh\ntouch {:?}\n", sandbox.mark("persons")),
    );
    let script = format!(
        "git config core.fsmonitor {0}/monitor; work 1.1; git config core.hooksPath {0}; echo more > more",
        theirs.display()
    );
    sandbox.plan("p", "", &document(&[1]), &script);
    sandbox.plan(
        "q",
        "depends = [\"p\"]",
        &document(&[1]),
        "GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.fsmonitor GIT_CONFIG_VALUE_0=false work 1.1",
    );
    let up = sandbox.start("up --merge").end().code(0);
    let said = format!("{}{}", up.out, up.err);
    assert!(
        said.contains("core.hooksPath") && said.contains("git's own"),
        "{said}"
    );
    let text = fs::read_to_string(&ran).unwrap_or_default();
    let by_orch: Vec<&str> = text.lines().filter(|line| !line.ends_with("monitor")).collect();
    assert_eq!(by_orch, Vec::<&str>::new());
    assert!(sandbox.mark("persons").exists());
}
