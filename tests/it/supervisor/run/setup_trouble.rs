//! A worktree that cannot be made ready, or not yet.

use std::fs;

use rustix::process::Signal;

use crate::support::{Said, Sandbox, document, wait_for};

#[test]
fn a_setup_that_fails_holds_the_plan_until_it_is_tried_again() {
    let sandbox = Sandbox::new();
    sandbox
        .settings("setup = 'echo one more >> \"$MARKS/setups\"; echo no registry; test -f \"$MARKS/cured\"'");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    let why = sandbox.why("p");
    assert!(
        why.contains("its setup failed") && why.contains("no registry") && why.contains("setup/p/log"),
        "{why}"
    );
    assert_eq!(sandbox.starts(), Vec::<String>::new());
    fs::write(sandbox.mark("cured"), "").unwrap();
    sandbox.orch("retry p").code(0).ok();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    assert_eq!(
        fs::read_to_string(sandbox.mark("setups")).unwrap(),
        "one more\none more\n"
    );
}

#[test]
fn a_setup_outlives_a_killed_supervisor_and_is_not_begun_again() {
    let sandbox = Sandbox::new();
    sandbox.gate("setup");
    sandbox.settings(
        "setup = 'echo begun >> \"$MARKS/setups\"; : > \"$MARKS/at-setup\"; until read -r _ < \"$GATES/setup\"; do :; done'",
    );
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("setup");
    wait_for("word of the setup", || sandbox.count("worktree.waits", None) == 1);
    let why = sandbox.why("p");
    assert!(why.contains("runs in it (its log:"), "{why}");
    up.kill();
    let up = sandbox.start("up");
    wait_for("the next supervisor", || sandbox.count("run.started", None) == 2);
    sandbox.open("setup");
    up.end().code(0).ok();
    assert_eq!(fs::read_to_string(sandbox.mark("setups")).unwrap(), "begun\n");
    sandbox.nothing_is_left();
}

#[test]
fn a_person_who_asks_to_stop_does_not_wait_for_a_setup() {
    let sandbox = Sandbox::new();
    sandbox.settings("setup = ': > \"$MARKS/at-setup\"; (trap \"\" TERM; sleep 600) & sleep 600'");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("setup");
    up.signal(Signal::INT);
    up.end().code(130).ok();
    sandbox.nothing_is_left();
    assert_eq!(sandbox.state("p"), "ready");
    // It is made ready from the beginning the next time.
    sandbox.settings("setup = 'true'");
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn a_copy_that_was_cut_short_is_finished() {
    let run = |fatal: usize| {
        let sandbox = Sandbox::new();
        sandbox.write(".gitignore", "*.env\n").commit("ignore");
        sandbox
            .write("a.env", "a")
            .write("b.env", "b")
            .write(".worktreeinclude", "*.env\n");
        sandbox.plan(
            "p",
            "",
            &document(&[1]),
            "test \"$(cat a.env b.env)\" = ab; work 1.1",
        );
        let points = sandbox.beside("points");
        let mut up = sandbox.command(["up"]);
        up.env("FAULT_POINTS", format!("{}:{fatal}", points.display()));
        let said = Said::of(&mut up);
        (said.code, fs::read_to_string(points).unwrap(), sandbox)
    };
    let (code, points, _) = run(0);
    assert_eq!(code, 0);
    let second = |line: &(usize, &str)| line.1.starts_with("copy.place.before");
    let (line, _) = points.lines().enumerate().filter(second).nth(1).unwrap();
    let (code, _, sandbox) = run(line + 1);
    assert_ne!(code, 0);
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn too_little_room_on_the_disk_holds_new_worktrees_back_until_there_is_more() {
    let sandbox = Sandbox::new();
    let free = {
        let found = rustix::fs::statvfs(sandbox.path()).unwrap();
        found.f_bavail * found.f_frsize
    };
    const GIB: u64 = 1 << 30;
    if free < 8 * GIB {
        eprintln!("too little room on the disk to show that");
        return;
    }
    let ballast = sandbox.beside("ballast");
    let file = fs::File::create(&ballast).unwrap();
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, 4 * GIB).unwrap();
    sandbox.settings(&format!("min_free_disk = \"{} MiB\"", (free - 2 * GIB) >> 20));
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    wait_for("the plan to wait", || sandbox.why("p").contains("min_free_disk"));
    assert!(!sandbox.worktree("p").path().exists());
    fs::remove_file(&ballast).unwrap();
    drop(file);
    up.end().code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn a_worktree_without_commits_gets_what_was_committed_since_the_last_run() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    sandbox.plan("p", "", &document(&[1]), "sh ./tool.sh && work 1.1");
    sandbox.plan("q", "setup = 'test -e lock.txt'", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    assert_eq!(
        (sandbox.state("p"), sandbox.state("q")),
        ("failed".to_owned(), "held".to_owned())
    );
    sandbox.commit_file("tool.sh", "true\n");
    sandbox.commit_file("lock.txt", "1\n");
    let fixed = sandbox.rev("main");
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(
        (sandbox.state("p"), sandbox.state("q")),
        ("landed".to_owned(), "landed".to_owned())
    );
    for plan in ["p", "q"] {
        assert_eq!(
            sandbox.git(&format!("merge-base orch/{plan} {fixed}")),
            fixed.as_str()
        );
        let merges = format!("rev-list --count --merges {fixed}..orch/{plan}");
        assert_eq!(sandbox.git(&merges), "0");
    }
}

#[test]
fn a_worktree_in_which_something_lies_stays_where_it_is() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\ncommit = \"require\"");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "test -e draft || { echo x > draft; exit 1; }; git add draft; work 1.1",
    );
    let before = sandbox.rev("main");
    sandbox.orch("up").code(1).ok();
    sandbox.commit_file("new.txt", "1\n");
    sandbox.orch("up").code(0).says("stays at").ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.git("merge-base orch/p main"), before.as_str());
}
