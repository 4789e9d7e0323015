//! Plans that fail are tried again, each at its own time.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Running, Sandbox, Scratch, document, wait_for};

#[test]
fn every_plan_that_waits_for_its_next_attempt_gets_it() {
    let repo = Scratch::new();
    let mut manifest =
        "[run]\nbackoff = \"100ms\"\nretries = 2\n[agents.no]\ncommand = [\"false\"]\n".to_owned();
    for plan in ["a", "b", "c", "d"] {
        manifest += &format!("[plans.{plan}]\nprompt = \"fail\"\n");
    }
    repo.write("plans.toml", manifest);
    let mut up = Command::new(env!("CARGO_BIN_EXE_orch"))
        .arg("-C")
        .arg(repo.path())
        .arg("up")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    let status = loop {
        if let Some(status) = up.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            up.kill().unwrap();
            up.wait().unwrap();
            panic!("a plan waits for ever");
        }
        std::thread::yield_now();
    };
    assert_eq!(status.code(), Some(1));
    let events = Command::new(env!("CARGO_BIN_EXE_orch"))
        .arg("-C")
        .arg(repo.path())
        .args(["events", "--json"])
        .output()
        .unwrap();
    let events = String::from_utf8(events.stdout).unwrap();
    assert_eq!(
        events.matches("\"event\":\"agent.started\"").count(),
        4 * 3,
        "{events}"
    );
}

#[test]
fn attempts_that_end_at_once_in_the_same_way_are_not_repeated_for_ever() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 9");
    sandbox.plan("p", "", &document(&[1]), "echo no such option; exit 64");
    // Fails as often, but each time for another reason.
    sandbox.plan("q", "retries = 4", &document(&[1]), "exit ${ORCH_ATTEMPT#q-}");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.count("agent.started", Some("p")), 3);
    let why = sandbox.why("p");
    assert!(
        why.contains("exited with code 64 (3 attempts in a row ended so within 5 s"),
        "{why}"
    );
    assert!(why.contains("the 7 retries left are not spent"), "{why}");
    assert_eq!(sandbox.count("agent.started", Some("q")), 5);
    // A person who has repaired it starts counting again.
    sandbox.script("p", "work 1.1");
    sandbox.orch("retry p").code(0).ok();
    sandbox.orch("up p").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn what_an_attempt_put_in_the_place_of_orchs_folder_does_not_fail_the_next_one() {
    for theirs in ["echo theirs > .orch", "ln -s /nonexistent .orch"] {
        let sandbox = Sandbox::new();
        sandbox.settings("retries = 1");
        let steps = format!(
            "if test ! -e $MARKS/once; then mark once; rm -rf .orch; {theirs}; commit x; exit 0; fi; work 1.1"
        );
        sandbox.plan("p", "", &document(&[1]), &steps);
        sandbox.orch("up --merge").code(0).ok();
        assert_eq!(sandbox.state("p"), "landed", "{}", sandbox.why("p"));
        let landed = sandbox.git("ls-tree -r --name-only main");
        assert!(!landed.contains(".orch"), "{landed}");
    }
}

#[test]
fn a_worktree_that_an_attempt_left_on_no_branch_is_put_back_for_the_next() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "if test ! -e $MARKS/strayed; then mark strayed; git checkout -q --detach; commit loose.txt; echo more > more.txt; \
         exit 0; fi; work 1.1",
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    assert_eq!(sandbox.worktree("p").git("branch --show-current"), "orch/p");
    let files = sandbox.git("ls-tree --name-only orch/p");
    assert!(
        files.contains("p-1.1.txt") && !files.contains("loose.txt"),
        "{files}"
    );
    // What was made on no branch is kept.
    let backups = sandbox.git("for-each-ref --format=%(refname) refs/orch/backup");
    let holds = |file: &str| {
        backups.lines().any(|name| {
            let listed = sandbox.git(&format!("ls-tree --name-only {name}"));
            listed.lines().any(|listed| listed == file)
        })
    };
    assert!(holds("loose.txt") && holds("more.txt"), "{backups}");
}

#[test]
fn a_repository_that_an_earlier_attempt_committed_as_a_link_does_not_land_with_an_empty_one() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "orch task done -q 1.1; test ! -e nested || exit 0; git init -q nested; git -C nested commit -q --allow-empty -m in; \
         git add nested 2> /dev/null; git commit -q -m nested; commit p.txt",
    );
    sandbox.orch("up --merge").code(1).ok();
    assert_eq!(sandbox.state("p"), "failed", "{}", sandbox.why("p"));
    assert!(sandbox.why("p").contains("nested"), "{}", sandbox.why("p"));
    assert_eq!(sandbox.git("ls-tree -d main nested"), "");
}

#[test]
fn a_run_whose_parallel_work_fails_narrows_and_says_so() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 9\nbackoff = \"1ms\"\nmax_agents = 4\nfallback = true");
    sandbox.gate("fail");
    // Each attempt fails for another reason.
    for plan in ["a", "b", "c", "d"] {
        sandbox.plan(plan, "", &document(&[1]), "gate fail; exit ${ORCH_ATTEMPT#*-}");
    }
    let running = Running::spawn(sandbox.command(["up"]));
    let ended = |count| {
        wait_for("attempts to fail", || {
            sandbox.count("attempt.failed", None) == count
        })
    };
    let began = |count| {
        wait_for("attempts to begin", || {
            sandbox.count("agent.started", None) == count
        })
    };
    for count in 1..=6 {
        began(count + 3);
        sandbox.open("fail");
        ended(count);
    }
    wait_for("the run to narrow", || sandbox.count("run.width", None) == 1);
    // Two of the four agents that are at work end before another begins.
    for count in 7..=9 {
        began(9.max(count + 1));
        sandbox.open("fail");
        ended(count);
    }
    let status = sandbox.orch("status --json").json();
    assert_eq!(status["width"], "narrow");
    began(11);
    let waiting: String = ["a", "b", "c", "d"]
        .map(|plan| sandbox.orch(&format!("why {plan}")).out)
        .concat();
    assert!(
        waiting.contains("the run uses 2 agents at once for now: parallel work saved "),
        "{waiting}"
    );
    sandbox.orch("status").says("with half of its agents").ok();
    // Whoever switches it off gets all agents at once.
    let manifest = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        manifest.replace("fallback = true", "fallback = false"),
    );
    wait_for("the run to widen", || sandbox.count("run.width", None) == 2);
    began(13);
    sandbox.orch("down --now").ok();
    drop(running);
    sandbox
        .orch("report")
        .says("half as many agents at once; in the last 6 attempts")
        .says("as many agents at once as the manifest allows: `fallback` is off")
        .ok();
}
