//! Killed, stopped and started again: what was recorded is not repeated, what runs is adopted, nothing is lost.

use rustix::process::Signal;

use crate::support::{Said, Sandbox, document, kill, wait_for};

/// What every test here ends with: all plans finished or landed, no attempt started twice, nobody left behind.
#[track_caller]
fn all_is_well(sandbox: &Sandbox, plans: &[&str], state: &str) {
    sandbox.nothing_ran_twice();
    for plan in plans {
        assert_eq!(sandbox.state(plan), state, "{}: {}", plan, sandbox.why(plan));
    }
    sandbox.nothing_is_left();
}

#[test]
fn an_agent_outlives_a_killed_supervisor_and_is_adopted() {
    let sandbox = Sandbox::new();
    sandbox.gate("p").gate("q");
    sandbox.plan("p", "", &document(&[1, 1]), "work 1.1; gate p; work 2.1");
    sandbox.plan("q", "", &document(&[1]), "gate q; work 1.1");
    sandbox.plan("r", "depends = [\"p.1\", \"q\"]", &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("p");
    sandbox.reached("q");
    up.kill();
    assert_eq!(
        sandbox.orch("status --json").code(0).json()["state"],
        "interrupted"
    );
    assert_eq!(sandbox.state("p"), "running");
    // One ends while nobody drives; the other is still at work when somebody does again.
    sandbox.open("q");
    wait_for("the end of q's agent", || {
        sandbox.join(".git/orch/attempts/q-1/exit.json").exists()
    });
    let up = sandbox.start("up");
    sandbox.happened("plan.finished", "r");
    sandbox.open("p");
    up.end().code(0).ok();
    assert_eq!(sandbox.starts().len(), 3);
    all_is_well(&sandbox, &["p", "q", "r"], "finished");
}

#[test]
fn killed_between_two_attempts_it_goes_on_with_the_next() {
    let sandbox = Sandbox::new();
    sandbox.settings("backoff = \"300ms\"\nretries = 1");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "test -e \"$MARKS/second\" || { mark second; exit 1; }; work 1.1",
    );
    let up = sandbox.start("up");
    sandbox.happened("attempt.failed", "p");
    up.kill();
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
    all_is_well(&sandbox, &["p"], "finished");
}

#[test]
fn killed_during_a_verification_it_is_waited_for_or_run_again() {
    let sandbox = Sandbox::new();
    sandbox.gate("v");
    let verify = "verify = 'echo x >> \"$MARKS/verified\"; : > \"$MARKS/at-v\"; test -e \"$MARKS/go\" || read -r _ < \"$GATES/v\"'";
    sandbox.plan("p", verify, &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("v");
    up.kill();
    std::fs::write(sandbox.mark("go"), "").unwrap();
    let up = sandbox.start("up");
    sandbox.open("v");
    up.end().code(0).ok();
    // The one under way ended before or after somebody was there to see it.
    let verified = std::fs::read_to_string(sandbox.mark("verified")).unwrap();
    assert!(["x\n", "x\nx\n"].contains(&verified.as_str()), "{verified}");
    all_is_well(&sandbox, &["p"], "finished");
}

#[test]
fn killed_while_a_merge_is_verified_the_merge_is_taken_up_again() {
    let sandbox = Sandbox::new();
    sandbox.gate("v");
    sandbox
        .tables("[merge]\nverify = ': > \"$MARKS/at-v\"; test -e \"$MARKS/go\" || read -r _ < \"$GATES/v\"'");
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let before = sandbox.head();
    let up = sandbox.start("up --merge");
    sandbox.reached("v");
    up.kill();
    assert_eq!(sandbox.head(), before, "nothing has moved");
    std::fs::write(sandbox.mark("go"), "").unwrap();
    let up = sandbox.start("up --merge");
    sandbox.open("v");
    up.end().code(0).ok();
    all_is_well(&sandbox, &["p"], "landed");
    assert_eq!(sandbox.count("merge.landed", None), 1);
    assert_eq!(sandbox.git("rev-list --count --merges main"), "1");
}

#[test]
fn killed_while_worktrees_are_made_they_are_finished_or_made_anew() {
    let sandbox = Sandbox::new();
    sandbox.gate("smudge");
    // A filter that waits holds the checkout up half-way.
    sandbox.commit_file(".gitattributes", "*.slow filter=slow\n");
    sandbox.commit_file("a.slow", "content\n");
    sandbox.git_args([
        "config",
        "filter.slow.smudge",
        &format!(
            "sh -c ': > {0}/marks/at-smudge; test -e {0}/marks/fast || read -r _ < {0}/gates/smudge; cat'",
            sandbox.beside("").to_str().unwrap().trim_end_matches('/')
        ),
    ]);
    for plan in ["p", "q", "r"] {
        sandbox.plan(plan, "", &document(&[1]), "grep -q content a.slow; work 1.1");
    }
    let up = sandbox.start("up");
    sandbox.reached("smudge");
    up.kill();
    std::fs::write(sandbox.mark("fast"), "").unwrap();
    for (pid, line) in sandbox.processes() {
        // Between its fork and its program, a child has the name of the supervisor.
        let known = ["git", "smudge", "orch up"];
        assert!(known.iter().any(|name| line.contains(name)), "{line}");
        kill(pid, Signal::KILL);
    }
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts().len(), 3);
    for plan in ["p", "q", "r"] {
        assert_eq!(sandbox.worktree(plan).status(), "");
    }
    all_is_well(&sandbox, &["p", "q", "r"], "finished");
}

#[test]
fn killed_anywhere_again_and_again_it_reaches_the_same_end() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 2\nretries = 1");
    sandbox.tables("[merge]\nverify = \"test -f README.md\"");
    sandbox.plan(
        "a",
        "verify = \"true\"",
        &document(&[2, 1]),
        "sleep 0.1; for t in 1.1 1.2 2.1; do grep -q $t a-$t.txt 2>/dev/null || work $t; done",
    );
    sandbox.plan(
        "b",
        "depends = [\"a.1\"]",
        &document(&[1]),
        "sleep 0.05; work 1.1",
    );
    sandbox.plan("c", "depends = [\"b\"]", &document(&[1]), "work 1.1");
    sandbox.plan(
        "d",
        "",
        &document(&[1]),
        "test -e \"$MARKS/d\" || { mark d; exit 1; }; work 1.1",
    );
    let mut rounds = 0;
    loop {
        // Each life lasts a few entries of the journal longer than the one before it found.
        let seen = || sandbox.events().len();
        let upto = seen() + 3;
        let mut up = sandbox.start("up --merge");
        wait_for("a little progress", || !up.is_alive() || seen() >= upto);
        rounds += 1;
        if !up.is_alive() {
            up.end().code(0).ok();
            break;
        }
        up.kill();
        assert!(rounds < 40, "no progress is made");
    }
    assert!(rounds > 3, "it was killed {rounds} times");
    all_is_well(&sandbox, &["a", "b", "c", "d"], "landed");
    assert_eq!(sandbox.count("merge.landed", None), 4);
}

#[test]
fn interrupted_once_it_stops_in_order_and_goes_on_later() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 1\nretries = 0").gate("p");
    sandbox.plan(
        "p",
        "",
        &document(&[1, 1]),
        "trap 'mark p-asked; exit 1' TERM; test -f p-1.1.txt || work 1.1; gate p; work 2.1",
    );
    sandbox.plan("q", "", &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("p");
    up.signal(Signal::INT);
    up.end().code(130).ok();
    assert!(sandbox.mark("p-asked").exists());
    sandbox.nothing_is_left();
    assert_eq!(sandbox.orch("status --json").code(0).json()["state"], "stopped");
    assert_eq!(sandbox.starts(), ["p-1"], "nothing new is started while stopping");
    let up = sandbox.start("up");
    sandbox.open("p");
    up.end().code(0).ok();
    assert_eq!(sandbox.starts()[..2], ["p-1", "p-2"]);
    let prompt = sandbox.attempt_file("p-2", "prompt.md");
    assert!(
        prompt.contains("- [x] 1.1") && prompt.contains("- [ ] 2.1"),
        "{prompt}"
    );
    all_is_well(&sandbox, &["p", "q"], "finished");
}

#[test]
fn what_is_reported_in_a_worktree_of_an_earlier_run_is_seen_while_the_agent_works() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0").gate("p").gate("q");
    sandbox.plan("p", "", &document(&[1, 1]), "gate p; work 1.1");
    sandbox.plan("r", "depends = [\"p.1\"]", &document(&[1]), "work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("p");
    sandbox.orch("down --now").code(0).ok();
    up.end().code(130).ok();
    sandbox.script("p", "work 1.1; gate q; work 2.1");
    let up = sandbox.start("up");
    sandbox.reached("q");
    // Its agent is at work still, and will be until the gate opens.
    sandbox.happened("plan.finished", "r");
    sandbox.open("q");
    up.end().code(0).ok();
    all_is_well(&sandbox, &["p", "r"], "finished");
}

#[test]
fn interrupted_twice_it_stops_at_once() {
    let sandbox = Sandbox::new();
    sandbox.settings("grace = \"10m\"").gate("p");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "trap 'mark asked' TERM; gate p; work 1.1",
    );
    let up = sandbox.start("up");
    sandbox.reached("p");
    up.signal(Signal::INT);
    sandbox.marked("asked");
    up.signal(Signal::INT);
    up.end().code(130).ok();
    sandbox.nothing_is_left();
    sandbox.script("p", "work 1.1");
    sandbox.orch("up").code(0).ok();
    all_is_well(&sandbox, &["p"], "finished");
}

#[test]
fn down_stops_agents_with_grace_and_down_now_without() {
    let sandbox = Sandbox::new();
    sandbox.settings("grace = \"10m\"").gate("p");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "trap 'mark asked; exit 1' TERM; gate p; work 1.1",
    );
    sandbox.orch("down").code(3).ok();
    let up = sandbox.start("up");
    sandbox.reached("p");
    sandbox.orch("down").code(0).says("orch up").ok();
    assert!(sandbox.mark("asked").exists());
    up.end().code(130).ok();
    sandbox.nothing_is_left();
    std::fs::remove_file(sandbox.mark("at-p")).unwrap();
    sandbox.script("p", "trap '' TERM; gate p; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("p");
    sandbox.orch("down --now").code(0).ok();
    up.end().code(130).ok();
    sandbox.nothing_is_left();
    sandbox.script("p", "work 1.1");
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1", "p-2", "p-3"]);
    all_is_well(&sandbox, &["p"], "finished");
}

#[test]
fn a_detached_run_is_looked_at_and_stopped_from_elsewhere() {
    let sandbox = Sandbox::new();
    sandbox.gate("p");
    sandbox.plan("p", "", &document(&[1]), "gate p; work 1.1");
    sandbox.orch("up --detach").code(0).says("orch down").ok();
    sandbox.reached("p");
    sandbox.orch("up --detach").code(3).ok();
    sandbox.orch("down").code(0).ok();
    sandbox.nothing_is_left();
    std::fs::remove_file(sandbox.mark("at-p")).unwrap();
    sandbox.orch("up --detach").code(0).ok();
    sandbox.open("p");
    wait_for("the end", || sandbox.processes().is_empty());
    all_is_well(&sandbox, &["p"], "finished");
}

#[test]
fn a_second_supervisor_is_turned_away_and_a_merge_is_done_by_the_first() {
    let sandbox = Sandbox::new();
    sandbox.gate("slow");
    sandbox.plan("quick", "", &document(&[1]), "work 1.1");
    sandbox.plan("slow", "", &document(&[1]), "gate slow; work 1.1");
    let up = sandbox.start("up");
    sandbox.reached("slow");
    sandbox.happened("plan.finished", "quick");
    sandbox.orch("up").code(3).says("orch status").ok();
    let merged = sandbox.orch("merge --json").code(0).json();
    assert_eq!(merged["plans"][0]["name"], "quick");
    assert_eq!(merged["plans"][0]["outcome"], "landed");
    assert_eq!(merged["after"], sandbox.head().as_str());
    assert_eq!(sandbox.state("quick"), "landed");
    let refused = sandbox.orch("merge slow --json").code(1).json();
    assert_eq!(refused["plans"][0]["outcome"], "skipped");
    sandbox.open("slow");
    up.end().code(0).ok();
    sandbox.orch("merge").code(0).says("landed").ok();
    all_is_well(&sandbox, &["quick", "slow"], "landed");
}

#[test]
fn of_two_supervisors_started_together_exactly_one_drives() {
    let sandbox = Sandbox::new();
    for round in 0..20 {
        let plan = format!("p{round}");
        sandbox.gate(&plan);
        sandbox.plan(&plan, "", &document(&[1]), "gate $ORCH_PLAN; work 1.1");
        let mut pair = [
            sandbox.start(&format!("up {plan}")),
            sandbox.start(&format!("up {plan}")),
        ];
        wait_for("one to be turned away", || {
            pair.iter_mut().any(|up| !up.is_alive())
        });
        sandbox.open(&plan);
        let mut codes = pair.map(|up| up.end().code);
        codes.sort();
        assert_eq!(codes, [0, 3], "round {round}");
    }
    assert_eq!(sandbox.starts().len(), 20);
    sandbox.nothing_ran_twice();
}

#[test]
fn everything_can_be_looked_at_while_it_runs_after_a_kill_and_after_the_end() {
    let sandbox = Sandbox::new();
    sandbox.gate("p");
    sandbox.plan(
        "p",
        "",
        &document(&[1, 1]),
        "echo hello from p; work 1.1; gate p; echo bye; work 2.1",
    );
    sandbox.plan("q", "depends = [\"p\"]", &document(&[1]), "work 1.1");
    let look = |when: &str| {
        let said = |line: &str| -> Said {
            let said = sandbox.orch(line);
            assert_eq!(said.code, 0, "{line} {when}: {said:?}");
            said
        };
        said("status").says("p ").ok();
        said("status p").says("1.1").ok();
        said("status --json").ok();
        said("why q").says("q").ok();
        said("why p.2.1 --json").ok();
        said("logs p").says("hello from p").ok();
        said("events").says("agent.started").ok();
        said("events p --json").ok();
        said("diff p --stat").says("p-1.1.txt").ok();
    };
    let up = sandbox.start("up");
    sandbox.reached("p");
    sandbox.happened("phase.done", "p");
    look("while it runs");
    let follower = sandbox.start("logs p -f");
    let listener = sandbox.start("events -f --json");
    wait_for("the follower", || follower.out().contains("hello from p"));
    wait_for("the listener", || listener.out().contains("phase.done"));
    sandbox.orch("why q").code(0).says("waits for p").ok();
    up.kill();
    look("after a kill");
    listener.end().code(0).ok();
    let listener = {
        let up = sandbox.start("up");
        wait_for("the new supervisor", || sandbox.count("run.started", None) == 2);
        let listener = sandbox.start("events -f --json");
        sandbox.open("p");
        up.end().code(0).ok();
        listener
    };
    let heard = listener.end().code(0);
    assert!(heard.out.contains("run.settled"), "{}", heard.out);
    let followed = follower.end().code(0);
    assert!(followed.out.ends_with("bye\n"), "{}", followed.out);
    look("after the end");
    all_is_well(&sandbox, &["p", "q"], "finished");
}

#[test]
fn a_plan_that_was_begun_on_another_branch_is_not_gone_on_with() {
    let sandbox = Sandbox::new();
    sandbox.at_work().kill();
    let manifest = sandbox.read("plans.toml");
    let other = manifest.replace("[plans.p]\n", "[plans.p]\nbranch = \"feature/x\"\n");
    assert_ne!(manifest, other);
    sandbox.write("plans.toml", &other);
    sandbox
        .orch("up")
        .code(2)
        .says("was begun on the branch `orch/p`")
        .ok();
    sandbox.write("plans.toml", &manifest);
    let up = sandbox.start("up");
    sandbox.open("p");
    up.end().code(0).ok();
    all_is_well(&sandbox, &["p"], "finished");
}

#[test]
fn an_agent_whose_plan_was_taken_out_meanwhile_is_spoken_of() {
    let sandbox = Sandbox::new();
    sandbox.at_work().kill();
    let manifest = sandbox.read("plans.toml");
    sandbox.write("plans.toml", manifest.replace("[plans.p]\n", "[plans.q]\n"));
    sandbox.script("p", "work 1.1");
    sandbox.orch("up").says("p-1 is still at work").ok();
    sandbox.orch("down --now").code(0).ok();
    sandbox.nothing_is_left();
}

#[test]
fn after_the_loop_has_ended_two_signals_end_what_hangs() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1; touch $MARKS/late");
    // What the last look asks of git in the main checkout meets a program that never answers.
    let waits = format!(
        "#!/bin/sh\nwhile test -e {:?} -a ! -e {:?}; do sleep 0.05; done\nexec cat\n",
        sandbox.mark("late"),
        sandbox.mark("over")
    );
    crate::support::program(&sandbox.beside("clean"), &waits);
    sandbox.git_args([
        "config",
        "filter.wait.clean",
        &sandbox.beside("clean").to_string_lossy(),
    ]);
    sandbox.write("slow.txt", "slow\n");
    sandbox.git("add slow.txt");
    sandbox.git("commit -qm slow");
    sandbox.write(".git/info/attributes", "slow.txt filter=wait\n");
    sandbox.write("slow.txt", "loss\n");
    let mut up = sandbox.start("up");
    wait_for("the loop to end", || sandbox.count("run.settled", None) > 0);
    wait_for("two signals to end it", || {
        up.signal(Signal::INT);
        !up.is_alive()
    });
    std::fs::write(sandbox.mark("over"), "").unwrap();
    assert_eq!(up.end().code, 130);
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn after_a_power_cut_begun_plans_go_before_plans_never_begun() {
    let sandbox = Sandbox::new();
    sandbox.settings("max_agents = 1");
    sandbox.gate("begun");
    sandbox.plan(
        "never",
        "",
        &document(&[1, 1, 1]),
        "for phase in $(echo $ORCH_PHASE | tr , ' '); do work $phase.1; done",
    );
    sandbox.plan(
        "begun",
        "priority = \"high\"",
        &document(&[1]),
        "test $ORCH_ATTEMPT != begun-1 || gate begun; work 1.1",
    );
    let up = sandbox.start("up");
    sandbox.reached("begun");
    for (pid, _) in sandbox.processes() {
        kill(pid, Signal::KILL);
    }
    up.end().ok();
    // By its priority it would not be the first any more.
    let manifest = sandbox.read("plans.toml");
    sandbox.write("plans.toml", manifest.replace("priority = \"high\"\n", ""));
    // Nobody is called at work who is not.
    let status = sandbox.orch("status --json").code(0).json();
    let attempt = status["plans"][1]["attempts"].to_string() + &status["plans"][1]["state"].to_string();
    assert!(!attempt.contains("running"), "{status:#}");
    for line in ["status", "status begun", "why begun"] {
        let said = sandbox.orch(line).code(0);
        assert!(
            !said.out.contains("is at work") && !said.out.contains("running"),
            "{line}: {said:?}"
        );
        let told = if line == "status" { "orch up" } else { "vanished" };
        assert!(said.out.contains(told), "{line}: {said:?}");
    }
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["begun-1", "begun-2", "never-1"]);
}
