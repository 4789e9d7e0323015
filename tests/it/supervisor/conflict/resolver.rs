//! `on_conflict = "agent"`: an agent resolves a conflict with the target in a worktree made for that, and what it makes is
//! accepted only when nothing of either side is lost and everything passes.

use std::fs;

use crate::support::{KEEPS_BOTH, Said, Sandbox, document, steps, wait_for};

/// `one` and `two` add a line at the same place of a file; the agent `fixer` runs this script on the conflict.
fn at_odds(merge: &str, fixer: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let merge = format!("on_conflict = \"agent\"\nresolver = \"fixer\"\n{merge}");
    sandbox.fixer(&merge, "", fixer);
    for plan in ["one", "two"] {
        let script = format!("sed -i '1a from {plan}' shared.txt; git commit -qam {plan}; work 1.1");
        let text = format!(
            "# Plan {plan}\n\n## Overview\n\n- **Goal:** What {plan} is for.\n\n## Phase 1: P\n\n- [ ] 1.1 Do\n"
        );
        sandbox.plan(plan, "verify = 'test -e shared.txt'", &text, &script);
    }
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge one").code(0).ok();
    sandbox
}

#[test]
fn an_agent_resolves_it_knowing_what_both_sides_are_for_and_it_lands() {
    let fixer = format!("cp \"$ORCH_PROMPT_FILE\" \"$MARKS/prompt\"; pwd > \"$MARKS/where\"; {KEEPS_BOTH}");
    let sandbox = at_odds("verify = 'grep -q \"from one\" shared.txt'", &fixer);
    let before = sandbox.rev("main");
    sandbox.orch("merge two").code(0).says("landed").ok();
    assert_eq!(sandbox.read("shared.txt"), "top\nfrom one\nfrom two\nbottom\n");
    assert_eq!(sandbox.state("two"), "landed");
    assert_eq!(
        sandbox.git("log -1 --format=%P main").split(' ').next(),
        Some(before.as_str())
    );
    let recorded = fs::read_dir(sandbox.join(".git/rr-cache")).unwrap().flatten();
    let recorded = recorded.filter(|entry| entry.path().join("postimage").exists());
    assert_eq!(recorded.count(), 1, "what was accepted may be used again");
    let prompt = fs::read_to_string(sandbox.mark("prompt")).unwrap();
    for part in [
        "What two is for.",
        "`one`: Plan one. What one is for.",
        "shared.txt` (content)",
        "left-out.md",
    ] {
        assert!(prompt.contains(part), "{part}: {prompt}");
    }
    let place = fs::read_to_string(sandbox.mark("where")).unwrap();
    assert!(place.trim().ends_with("two.resolve"), "{place}");
    assert!(!sandbox.worktree("two.resolve").path().exists());
    assert_eq!(sandbox.count("resolve.started", Some("two")), 1);
    assert_eq!(sandbox.count("resolve.done", Some("two")), 1);
    // It is an attempt like any other.
    assert_eq!(sandbox.starts().last().map(String::as_str), Some("two-2"));
    assert!(sandbox.attempt_file("two-2", "exit.json").contains('0'));
    let attempts = sandbox.shown("two")["attempts"].clone();
    assert_eq!(attempts[1]["agent"], "fixer");
    let told = sandbox.orch("report --json").code(0).json();
    assert!(told.to_string().contains("two-2"), "{told}");
    assert_eq!(attempts[1]["exit"], 0);
    sandbox.orch("doctor").code(0).ok();
    sandbox.nothing_is_left();
}

#[test]
fn markers_that_are_left_are_refused_and_what_the_agent_made_can_be_looked_at_and_finished() {
    let sandbox = at_odds("", "git add shared.txt; git commit -q --no-edit");
    let before = sandbox.rev("main");
    sandbox
        .orch("merge two")
        .code(1)
        .says("two-2 could not resolve it")
        .says("shared.txt:2")
        .ok();
    assert_eq!(
        (sandbox.rev("main"), sandbox.state("two")),
        (before, "held".to_owned())
    );
    let why = sandbox.why("two");
    assert!(
        why.contains("conflict markers left") && why.contains("two-2"),
        "{why}"
    );
    sandbox
        .orch("why two")
        .code(0)
        .says("orch merge --continue two")
        .ok();
    // Asked for again with nothing new, nobody is started again.
    sandbox.orch("merge two").code(1).ok();
    assert_eq!(sandbox.count("resolve.started", Some("two")), 1);
    let place = sandbox.worktree("two.resolve");
    place.write("shared.txt", "top\nfrom one\nfrom two\nbottom\n");
    place.git_args(["commit", "-q", "-a", "-m", "finished by hand"]);
    sandbox.orch("merge --continue two").code(0).ok();
    assert_eq!(sandbox.state("two"), "landed");
}

#[test]
fn a_line_that_one_side_added_may_not_vanish_unexplained() {
    let sandbox = at_odds(
        "",
        "git checkout -q --ours shared.txt; git add shared.txt; git commit -q --no-edit",
    );
    sandbox
        .orch("merge two")
        .code(1)
        .says("lines that one side added are gone")
        .says("shared.txt: from two")
        .ok();
    assert_eq!(sandbox.state("two"), "held");
    assert_eq!(
        sandbox.git("for-each-ref refs/orch/resolve/two/done"),
        "",
        "it stands in for nothing"
    );
    // Neither is it recorded to be used again.
    sandbox.orch("merge two").code(1).ok();
    assert_eq!(sandbox.count("resolve.reused", None), 0);
    assert_eq!(sandbox.state("two"), "held");
}

#[test]
fn an_explanation_is_shown_with_what_landed() {
    let explain = "printf 'from two\\n\\none says the same already\\n' > .orch/left-out.md";
    let sandbox = at_odds(
        "",
        &format!("git checkout -q --ours shared.txt; git add shared.txt; git commit -q --no-edit; {explain}"),
    );
    sandbox
        .orch("merge two")
        .code(0)
        .says("one says the same already")
        .ok();
    assert_eq!(sandbox.read("shared.txt"), "top\nfrom one\nbottom\n");
    assert!(
        sandbox.why("two").contains("one says the same already"),
        "{}",
        sandbox.why("two")
    );
    assert!(sandbox.join("two-1.1.txt").exists());
}

#[test]
fn what_verifies_either_plan_has_to_pass_and_so_has_the_merge() {
    let sandbox = at_odds("", KEEPS_BOTH);
    let text = sandbox.read("plans.toml");
    // The other side's.
    let text = text.replacen(
        "verify = 'test -e shared.txt'",
        "verify = 'test ! -e two-1.1.txt || ! echo the bridge fell'",
        1,
    );
    sandbox.write("plans.toml", text);
    sandbox
        .orch("merge two")
        .code(1)
        .says("what verifies plan one does not pass")
        .says("the bridge fell")
        .ok();
    assert_eq!(sandbox.state("two"), "held");

    let sandbox = at_odds("verify = 'test ! -e two-1.1.txt'", KEEPS_BOTH);
    let before = sandbox.rev("main");
    sandbox
        .orch("merge two")
        .code(1)
        .says("the merged tree does not pass")
        .ok();
    assert_eq!(
        (sandbox.rev("main"), sandbox.state("two")),
        (before, "held".to_owned())
    );
}

#[test]
fn an_agent_that_fails_or_gives_up_leaves_the_plan_to_a_person() {
    let sandbox = at_odds("", "echo I cannot do this; exit 7");
    sandbox
        .orch("merge two")
        .code(1)
        .says("exited with code 7")
        .says("I cannot do this")
        .ok();
    assert_eq!(sandbox.state("two"), "held");
    sandbox.orch("logs two").code(0).says("I cannot do this").ok();
    let place = sandbox.worktree("two.resolve");
    assert!(place.status().starts_with("UU shared.txt"));
    sandbox.orch("merge --abort two").code(0).ok();
    // A target that moved is another conflict, and worth another try.
    sandbox.script("fixer", KEEPS_BOTH);
    sandbox.write("other.txt", "meanwhile\n");
    sandbox.git("add other.txt");
    sandbox.git("commit -q -m meanwhile");
    sandbox.orch("merge two").code(0).ok();
    assert_eq!(sandbox.read("shared.txt"), "top\nfrom one\nfrom two\nbottom\n");
    assert_eq!(sandbox.count("resolve.started", Some("two")), 2);
}

#[test]
fn what_an_agent_left_is_put_away_before_the_next_one_begins() {
    let sandbox = at_odds("", "echo half of it > shared.txt; exit 7");
    sandbox.orch("merge two").code(1).ok();
    sandbox.script("fixer", KEEPS_BOTH);
    sandbox.write("other.txt", "meanwhile\n");
    sandbox.git("add other.txt");
    sandbox.git("commit -q -m meanwhile");
    sandbox.orch("merge two").code(0).ok();
    let refs = sandbox.git("for-each-ref --format=%(refname) refs/orch/backup/two");
    let half = |name: &str| sandbox.git(&format!("show {name}:shared.txt")) == "half of it";
    assert!(refs.lines().any(half), "{refs}");
}

#[test]
fn what_a_person_has_begun_no_agent_touches() {
    let sandbox = at_odds("", KEEPS_BOTH);
    let manifest = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        manifest.replace("on_conflict = \"agent\"", "on_conflict = \"hold\""),
    );
    sandbox.orch("merge two").code(1).ok();
    sandbox.orch("merge --resolve two").code(0).ok();
    sandbox.worktree("two.resolve").write("shared.txt", "mine\n");
    sandbox.write("plans.toml", manifest);
    sandbox.orch("merge two").code(1).ok();
    assert_eq!(sandbox.count("resolve.started", None), 0);
    assert_eq!(sandbox.worktree("two.resolve").read("shared.txt"), "mine\n");
}

#[test]
fn a_supervisor_that_is_killed_finds_its_agent_again() {
    let sandbox = at_odds("", &format!("gate fix; {KEEPS_BOTH}"));
    sandbox.gate("fix");
    let merge = sandbox.start("merge two");
    sandbox.reached("fix");
    merge.kill();
    let before = sandbox.count("run.started", None);
    let merge = sandbox.start("merge two");
    wait_for("the next supervisor", || {
        sandbox.count("run.started", None) > before
    });
    assert_eq!(sandbox.state("two"), "running");
    sandbox
        .orch("merge --abort two")
        .code(2)
        .says("two-2 resolves the conflict")
        .ok();
    sandbox.open("fix");
    merge.end().code(0).says("landed").ok();
    sandbox.nothing_ran_twice();
    assert_eq!(sandbox.read("shared.txt"), "top\nfrom one\nfrom two\nbottom\n");
    sandbox.nothing_is_left();
}

#[test]
fn an_agent_that_ended_while_nobody_listened_is_judged_by_the_next_supervisor() {
    let sandbox = at_odds("", &format!("gate fix; {KEEPS_BOTH}; mark fixed"));
    sandbox.gate("fix");
    let merge = sandbox.start("merge two");
    sandbox.reached("fix");
    merge.kill();
    sandbox.open("fix");
    sandbox.marked("fixed");
    sandbox.orch("merge two").code(0).says("landed").ok();
    sandbox.nothing_ran_twice();
}

#[test]
fn what_an_agent_left_while_nobody_listened_can_be_given_up() {
    let sandbox = at_odds("", &format!("gate fix; {KEEPS_BOTH}; mark fixed"));
    sandbox.gate("fix");
    let merge = sandbox.start("merge two");
    sandbox.reached("fix");
    merge.kill();
    let alone = "although no supervisor is at work";
    sandbox
        .orch("merge --abort two")
        .code(2)
        .says(alone)
        .says("orch down --now")
        .ok();
    sandbox.open("fix");
    sandbox.marked("fixed");
    sandbox.nothing_is_left();
    let hint = "orch merge --abort two";
    sandbox.orch("merge --continue two").code(2).says(hint).ok();
    sandbox.orch("merge --abort two").code(0).ok();
    sandbox
        .orch("merge --resolve two")
        .code(0)
        .says("shared.txt")
        .ok();
    let place = sandbox.worktree("two.resolve");
    place.write("shared.txt", "top\nfrom both\nbottom\n");
    place.git("add shared.txt");
    sandbox.orch("merge --continue two").code(0).says("landed").ok();
    assert_eq!(sandbox.read("shared.txt"), "top\nfrom both\nbottom\n");
}

#[test]
fn a_person_who_asks_to_stop_is_heard_and_it_counts_for_nothing() {
    let sandbox = at_odds("", "mark at-work; test -e \"$MARKS/go\" || sleep 1000; :");
    let merge = sandbox.start("merge two");
    sandbox.marked("at-work");
    merge.signal(rustix::process::Signal::INT);
    merge.end().code(130).says("was stopped").ok();
    sandbox.nothing_is_left();
    sandbox.script("fixer", KEEPS_BOTH);
    sandbox.orch("merge two").code(0).ok();
    assert_eq!(sandbox.count("resolve.started", Some("two")), 2);
    assert_eq!(sandbox.state("two"), "landed");
}

#[test]
fn beside_a_run_it_takes_a_slot_and_lands_without_being_asked() {
    let sandbox = at_odds("", KEEPS_BOTH);
    sandbox.settings("max_agents = 1\nmerge = \"auto\"");
    sandbox.plan("three", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).says("3 landed").ok();
    assert_eq!(sandbox.read("shared.txt"), "top\nfrom one\nfrom two\nbottom\n");
}

#[test]
fn an_agent_that_does_not_exist_or_runs_scripts_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.tables("[merge]\non_conflict = \"agent\"\nresolver = \"nobody\"");
    sandbox.plan("a", "", &document(&[1]), "work 1.1");
    sandbox.orch("check").code(2).says("unknown agent `nobody`").ok();
    let text = sandbox.read("plans.toml").replace("nobody", "shell");
    sandbox.write("plans.toml", text);
    sandbox
        .orch("check")
        .code(2)
        .says("runs its prompt as a script")
        .ok();
}

#[test]
fn a_rehearsal_starts_nobody_and_another_target_than_the_runs_is_a_persons() {
    let sandbox = at_odds("", KEEPS_BOTH);
    let rehearsed = sandbox.orch("merge two --dry-run --json").code(1).json();
    assert_eq!(rehearsed["plans"][0]["outcome"], "held");
    sandbox.git("branch trial");
    let before = sandbox.rev("main");
    sandbox.orch("merge two --into trial").code(1).ok();
    assert_eq!(sandbox.count("resolve.started", None), 0);
    assert_eq!(
        (sandbox.rev("main"), sandbox.rev("trial")),
        (before.clone(), before)
    );
}

#[test]
fn what_checks_leave_in_the_worktree_does_not_keep_it() {
    let sandbox = at_odds("", KEEPS_BOTH);
    let text = sandbox.read("plans.toml");
    sandbox.write(
        "plans.toml",
        text.replace("verify = 'test -e shared.txt'", "verify = 'touch built'"),
    );
    sandbox.orch("merge two").code(0).ok();
    assert!(!sandbox.worktree("two.resolve").path().exists());
    assert_eq!(sandbox.git("for-each-ref refs/orch/backup"), "");
}

#[test]
fn a_journal_that_is_put_together_again_knows_the_attempt_and_leaves_the_worktree() {
    let sandbox = at_odds("", "git add shared.txt; git commit -q --no-edit");
    sandbox.orch("merge two").code(1).ok();
    for file in ["orch.db", "orch.db-wal", "orch.db-shm"] {
        let _ = fs::remove_file(sandbox.join(".git/orch").join(file));
    }
    sandbox.orch("doctor --fix").ok();
    sandbox.orch("doctor").code(0).ok();
    let shown = sandbox.shown("two");
    assert!(shown["worktree"].as_str().unwrap().ends_with("/two"), "{shown}");
    assert_eq!(shown["attempts"].as_array().unwrap().len(), 2, "{shown}");
    sandbox.orch("up").ok();
    let place = sandbox.worktree("two.resolve");
    place.write("shared.txt", "top\nfrom one\nfrom two\nbottom\n");
    place.git_args(["commit", "-q", "-a", "-m", "finished by hand"]);
    sandbox.orch("merge --continue two").code(0).ok();
    assert_eq!(sandbox.state("two"), "landed");
    sandbox.nothing_ran_twice();
}

#[test]
fn killed_at_any_step_it_lands_the_next_time_and_once() {
    let chosen: Vec<usize> = match std::env::var("ORCH_SWEEP").ok().and_then(|k| k.parse().ok()) {
        Some(one) => vec![one],
        None => steps(10).map(|n| 3 + 17 * n).collect(),
    };
    for fatal in chosen {
        let sandbox = at_odds("verify = 'test -e shared.txt'", KEEPS_BOTH);
        let mut command = sandbox.command(["merge", "two"]);
        command.env(
            "FAULT_POINTS",
            format!("{}:{fatal}", sandbox.beside("points").display()),
        );
        let first = Said::of(&mut command);
        let again = sandbox.orch("merge");
        assert_eq!(
            sandbox.state("two"),
            "landed",
            "{fatal}: {first:?}\n{again:?}\n{}",
            sandbox.why("two")
        );
        assert_eq!(
            sandbox.read("shared.txt"),
            "top\nfrom one\nfrom two\nbottom\n",
            "{fatal}"
        );
        assert_eq!(
            sandbox.count("merge.landed", Some("two")),
            1,
            "{fatal}: {first:?}\n{again:?}"
        );
        assert_eq!(sandbox.git("for-each-ref refs/orch/resolve"), "", "{fatal}");
        assert!(!sandbox.worktree("two.resolve").path().exists(), "{fatal}");
        sandbox.nothing_is_left();
    }
}

#[test]
fn what_an_agent_changes_outside_of_the_conflict_is_left_to_a_person() {
    const AMEND: &str = "git add -A; git commit -q --amend --no-edit";
    for (hostile, told) in [
        (
            "git rm -q README.md; git commit -q --amend --no-edit",
            "README.md: deleted",
        ),
        (&format!(": > README.md; {AMEND}"), "README.md: changed"),
        (
            &format!("printf 'exit 0\\n' > test.sh; {AMEND}"),
            "test.sh: changed",
        ),
        (&format!("chmod +x README.md; {AMEND}"), "README.md: changed"),
        (&format!("echo more > more.txt; {AMEND}"), "more.txt: added"),
        (
            &format!("git mv one-1.1.txt elsewhere.txt; {AMEND}"),
            "one-1.1.txt: deleted",
        ),
        (
            &format!("sed -i /bottom/d shared.txt; {AMEND}"),
            "shared.txt: changed outside of the lines in conflict",
        ),
        (
            &format!("sed -i 1i\\\\above shared.txt; {AMEND}"),
            "shared.txt: changed outside of the lines in conflict",
        ),
        (
            "git rm -q shared.txt; git commit -q -m gone",
            "shared.txt: deleted",
        ),
        (
            &format!("chmod +x shared.txt; {AMEND}"),
            "shared.txt: changed in its mode",
        ),
    ] {
        let sandbox = at_odds("", &format!("{KEEPS_BOTH}; {hostile}"));
        sandbox.write("test.sh", "test -e shared.txt\n").commit("test");
        let before = sandbox.rev("main");
        sandbox
            .orch("merge two")
            .code(1)
            .says("it changes what was not in conflict")
            .says(told)
            .ok();
        assert_eq!(sandbox.rev("main"), before, "{hostile}");
        assert_eq!(sandbox.state("two"), "held");
        // A person may find it good.
        if told.starts_with("more.txt") {
            sandbox.orch("merge --continue two").code(0).ok();
            assert_eq!(sandbox.state("two"), "landed");
            assert_eq!(sandbox.read("more.txt"), "more\n");
        }
    }
}
