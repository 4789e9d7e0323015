//! When an attempt counts: an exit code proves nothing alone.

use crate::support::{Sandbox, document};

/// One plan of one phase with two tasks.
fn one(settings: &str, keys: &str, script: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings(settings);
    sandbox.plan("p", keys, &document(&[2]), script);
    sandbox
}

#[test]
fn tasks_reported_done_with_nothing_to_show_are_open_again_for_the_next_attempt() {
    for dispatch in ["plan", "phase", "task"] {
        let first = "mark first; orch task done -q ${ORCH_TASK:-1.1 1.2}; exit 0";
        let then = "orch task list > \"$MARKS/list\"; for t in ${ORCH_TASK:-1.1 1.2}; do work $t; done";
        let script = format!("test -e \"$MARKS/first\" || {{ {first}; }}; {then}");
        let settings = "retries = 1\nbackoff = \"1ms\"\nmax_agents = 1";
        let sandbox = one(settings, &format!("dispatch = \"{dispatch}\""), &script);
        sandbox.orch("up").code(0).ok();
        assert_eq!(sandbox.state("p"), "finished", "{dispatch}: {}", sandbox.why("p"));
        let prompt = sandbox.attempt_file("p-2", "prompt.md");
        assert!(prompt.contains("- [ ] 1.1"), "{dispatch}: {prompt}");
        assert!(prompt.contains("made no commit"), "{dispatch}: {prompt}");
        let list = std::fs::read_to_string(sandbox.mark("list")).unwrap();
        let line = list.lines().find(|line| line.contains("1.2")).unwrap();
        assert!(!line.contains("done"), "{dispatch}: {list}");
        for file in ["p-1.1.txt", "p-1.2.txt"] {
            assert!(
                sandbox.worktree("p").path().join(file).exists(),
                "{dispatch}: {file}"
            );
        }
    }
}

#[test]
fn an_agent_that_never_says_a_word_is_not_said_to_have_reported() {
    let sandbox = one("retries = 2\nbackoff = \"1ms\"", "", ":");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.starts(), ["p-1", "p-2", "p-3"]);
    let why = sandbox.why("p");
    assert!(why.contains("made no commit and reported nothing"), "{why}");
    let prompt = sandbox.attempt_file("p-3", "prompt.md");
    assert!(!prompt.contains("reported its tasks done"), "{prompt}");
}

#[test]
fn a_check_of_which_nobody_speaks_does_not_pass_even_where_no_commit_is_wanted() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0\ndispatch = \"task\"");
    let document = "# P\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n**VERIFY Phase 1:**\n- [ ] it works\n";
    let script = "if [ $ORCH_TASK = 1.1 ]; then orch task done 1.1; fi";
    sandbox.plan("p", "allow_empty = true", document, script);
    sandbox.orch("up").code(1).ok();
    let why = sandbox.why("p");
    assert!(
        why.contains("`orch task done 1.verify` says that it passes"),
        "{why}"
    );
    sandbox.script("p", "orch task done $ORCH_TASK");
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn what_an_agent_leaves_decides_whether_its_plan_is_finished() {
    struct Case {
        what: &'static str,
        settings: &'static str,
        script: &'static str,
        state: &'static str,
        why: &'static str,
    }
    let cases = [
        Case {
            what: "exits with 0 and did nothing",
            settings: "",
            script: ":",
            state: "failed",
            why: "made no commit and reported nothing",
        },
        Case {
            what: "commits and never reports",
            settings: "",
            script: "commit x",
            state: "finished",
            why: "waits to be merged",
        },
        Case {
            what: "reports and never commits",
            settings: "",
            script: "orch task done 1.1 1.2",
            state: "failed",
            why: "made no commit",
        },
        Case {
            what: "reports and never commits, as it may",
            settings: "allow_empty = true",
            script: "orch task done 1.1 1.2",
            state: "finished",
            why: "waits to be merged",
        },
        Case {
            what: "ticks boxes instead of reporting",
            settings: "",
            script: "commit x; sed -i 's/\\[ \\]/[x]/' \"$ORCH_PLAN_FILE\"",
            state: "finished",
            why: "waits to be merged",
        },
        Case {
            what: "writes the status file itself",
            settings: "",
            script: r#"commit x; echo '{"schema":1,"plan":"p","version":3,"tasks":{"1.1":{"state":"done"},"1.2":{"state":"done"}}}' > "$ORCH_STATUS_FILE.n"; mv "$ORCH_STATUS_FILE.n" "$ORCH_STATUS_FILE""#,
            state: "finished",
            why: "waits to be merged",
        },
        Case {
            what: "reports everything and fails",
            settings: "",
            script: "work 1.1 1.2; exit 3",
            state: "failed",
            why: "exited with code 3",
        },
        Case {
            what: "is killed by a signal",
            settings: "",
            script: "work 1.1 1.2; kill -9 $$",
            state: "failed",
            why: "killed by signal 9",
        },
        Case {
            what: "says that a task cannot be done",
            settings: "",
            script: "work 1.1; orch task fail 1.2 --note 'no such library'",
            state: "failed",
            why: "1.2 (no such library)",
        },
        Case {
            what: "leaves changes where that is forbidden",
            settings: "commit = \"require\"",
            script: "work 1.1 1.2; echo y > y; echo z >> README.md",
            state: "failed",
            why: "README.md, y",
        },
        Case {
            what: "commits a repository of its own as a mere link",
            settings: "",
            script: "git init -q sub; git -C sub commit -q --allow-empty -m inner; git add sub 2>/dev/null; git commit -q -m sub; \
                     work 1.1 1.2",
            state: "failed",
            why: "`sub` only as a link",
        },
        Case {
            what: "works on another branch",
            settings: "",
            script: "git checkout -q -b elsewhere; work 1.1 1.2",
            state: "failed",
            why: "the branch `elsewhere`",
        },
        Case {
            what: "detaches its head",
            settings: "",
            script: "git checkout -q --detach; work 1.1 1.2",
            state: "failed",
            why: "no branch",
        },
        Case {
            what: "leaves a merge unfinished",
            settings: "",
            script: "echo 1 > f; git add f; git commit -qm 1; git branch -f other HEAD; echo 2 > f; git commit -qam 2; \
                     git checkout -q -B other-work other; echo 3 > f; git commit -qam 3; git checkout -q orch/p; \
                     orch task done 1.1 1.2; git merge -q other-work || true",
            state: "failed",
            why: "merge",
        },
    ];
    for case in cases {
        let (settings, keys) = if case.settings.starts_with("allow") {
            ("retries = 0".to_owned(), case.settings)
        } else {
            (format!("retries = 0\n{}", case.settings), "")
        };
        let sandbox = one(&settings, keys, case.script);
        let said = sandbox.orch("up");
        let code = i32::from(case.state != "finished");
        assert_eq!(said.code, code, "{}: {}\n{}", case.what, said.out, said.err);
        let shown = (sandbox.state("p"), sandbox.why("p"));
        assert!(
            shown.0 == case.state && shown.1.contains(case.why),
            "{}: {shown:?}",
            case.what
        );
        sandbox.nothing_is_left();
    }
}

#[test]
fn incomplete_work_is_tried_again_with_what_remains() {
    let sandbox = one(
        "",
        "",
        "if [ $ORCH_ATTEMPT = p-1 ]; then work 1.1; echo last words; else work 1.2; fi",
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
    let first = sandbox.attempt_file("p-1", "prompt.md");
    assert!(
        first.contains("- [ ] 1.1") && first.contains("- [ ] 1.2"),
        "{first}"
    );
    let second = sandbox.attempt_file("p-2", "prompt.md");
    assert!(
        !second.contains("- [ ] 1.1") && second.contains("- [ ] 1.2"),
        "{second}"
    );
    assert!(
        second.contains("attempt 2") && second.contains("work left: 1.2"),
        "{second}"
    );
    assert!(
        second.contains("last words"),
        "the end of the log is shown: {second}"
    );
}

#[test]
fn leftovers_are_committed_with_trailers_that_say_whose_they_are() {
    let sandbox = one(
        "",
        "",
        "echo new > 'new file'; echo more >> README.md; mkdir -p .orch; echo t > .orch/tmp; orch task done 1.1 1.2",
    );
    sandbox.orch("up").code(0).ok();
    let message = sandbox.git("log -1 --format=%B orch/p");
    assert!(message.contains("Orch-Plan: p\nOrch-Attempt: p-1"), "{message}");
    let files = sandbox.git("diff --name-only main orch/p");
    assert_eq!(files, "README.md\nnew file", "and nothing of .orch");
    assert_eq!(sandbox.worktree("p").status(), "");
}

#[test]
fn a_red_verification_is_repaired_by_another_attempt_that_sees_its_output() {
    let sandbox = one(
        "retries = 1",
        "verify = \"test -f repaired || { echo the roof leaks; exit 4; }\"",
        "case $ORCH_ATTEMPT in p-1) work 1.1 1.2;; *) commit repaired;; esac",
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
    let prompt = sandbox.attempt_file("p-2", "prompt.md");
    assert!(
        prompt.contains("the roof leaks") && prompt.contains("code 4"),
        "{prompt}"
    );
    assert_eq!(sandbox.state("p"), "finished");
}

#[test]
fn a_verification_that_stays_red_holds_the_plan_and_green_is_found_after_a_person_mends_it() {
    let sandbox = one(
        "retries = 1",
        "verify = \"test -f repaired || { echo the roof leaks; exit 4; }\"",
        "test -f p-1.1.txt || work 1.1 1.2",
    );
    sandbox.plan("after", "depends = [\"p\"]", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    assert!(
        sandbox.why("p").contains("the roof leaks"),
        "{}",
        sandbox.why("p")
    );
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
    sandbox
        .orch("logs p --verify")
        .code(0)
        .says("the roof leaks")
        .ok();
    sandbox.worktree("p").commit_file("repaired", "by hand");
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.state("p"), "finished");
    assert_eq!(sandbox.state("after"), "finished");
    assert_eq!(sandbox.starts(), ["p-1", "p-2", "after-1"]);
}

#[test]
fn failed_work_skips_its_dependents_names_the_cause_and_the_next_up_tries_again() {
    let sandbox = one("retries = 1", "", "test -e \"$MARKS/better\"; work 1.1 1.2");
    sandbox.plan("next", "depends = [\"p.1\"]", &document(&[1]), "work 1.1");
    sandbox.plan("last", "depends = [\"next\"]", &document(&[1]), "work 1.1");
    sandbox.plan("free", "", &document(&[1]), "work 1.1");
    sandbox
        .orch("up")
        .code(1)
        .says("1 finished")
        .says("2 skipped")
        .ok();
    assert_eq!(sandbox.state("p"), "failed");
    assert_eq!(sandbox.state("free"), "finished");
    for plan in ["next", "last"] {
        assert_eq!(sandbox.state(plan), "skipped");
    }
    assert!(
        sandbox.why("next").contains("depends on p.1, and p failed"),
        "{}",
        sandbox.why("next")
    );
    assert!(sandbox.why("last").contains("next"), "{}", sandbox.why("last"));
    std::fs::write(sandbox.mark("better"), "").unwrap();
    sandbox.orch("up").code(0).ok();
    for plan in ["p", "next", "last", "free"] {
        assert_eq!(sandbox.state(plan), "finished");
    }
    let mut starts = sandbox.starts();
    starts.sort();
    assert_eq!(starts, ["free-1", "last-1", "next-1", "p-1", "p-2", "p-3"]);
}

#[test]
fn a_verification_never_passes_on_what_is_in_no_commit() {
    for policy in ["auto", "require"] {
        let keys = format!("verify = \"grep -q good a.txt\"\ncommit = {policy:?}");
        let sandbox = one("retries = 0", &keys, "commit a.txt; work 1.1 1.2");
        sandbox.orch("up").code(1).ok();
        assert_eq!(sandbox.state("p"), "held");
        // A person repairs it and forgets to commit.
        sandbox.worktree("p").write("a.txt", "good\n");
        let again = sandbox.orch("up");
        let branch = sandbox.git("show orch/p:a.txt");
        if policy == "auto" {
            again.code(0).ok();
            assert_eq!(branch.trim(), "good", "what was verified is what lands");
        } else {
            again.code(1).ok();
            assert_eq!(sandbox.state("p"), "held");
            assert!(
                sandbox.why("p").contains("uncommitted changes"),
                "{}",
                sandbox.why("p")
            );
        }
    }
}

#[test]
fn work_left_on_another_branch_counts_once_the_next_attempt_has_brought_it_home() {
    let sandbox = Sandbox::new();
    sandbox.settings("backoff = \"1ms\"");
    sandbox.plan(
        "p",
        "",
        &document(&[1]),
        "case $ORCH_ATTEMPT in p-1) git checkout -q -b feature; work 1.1;; *) grep -q feature \"$ORCH_PROMPT_FILE\"; git checkout \
         -q \"$ORCH_BRANCH\"; git merge -q feature; orch task done -q 1.1;; esac",
    );
    sandbox.orch("up").code(0).ok();
    assert_eq!(sandbox.starts(), ["p-1", "p-2"]);
    assert_eq!(sandbox.rev("orch/p"), sandbox.rev("feature"));
}

#[test]
fn commits_of_an_agent_that_detached_its_head_are_kept() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 1\nbackoff = \"1ms\"");
    let first = "git checkout -q --detach; commit lost.txt; git rev-parse HEAD > \"$MARKS/lost\"";
    let script =
        format!("test -e \"$MARKS/lost\" || {{ {first}; exit 0; }}; git checkout -q orch/p; work 1.1 1.2");
    sandbox.plan("p", "", &document(&[2]), &script);
    sandbox.orch("up --merge").code(0).says("are kept as").ok();
    sandbox.orch("clean").code(0).ok();
    let lost = std::fs::read_to_string(sandbox.mark("lost")).unwrap();
    let holders = sandbox.git(&format!("for-each-ref --contains {}", lost.trim()));
    assert!(holders.contains("refs/orch/backup/p/"), "{holders}");
}

#[test]
fn success_criteria_are_checked_at_the_end_and_the_one_that_is_not_met_is_named() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    let keys = "verify = \"exit 0\"\nsuccess = [\"test -f p-1.1.txt\", \"test -f 'docs/a b.md' # the page\", \"exit 7\"]";
    sandbox.plan("p", keys, &document(&[1]), "work 1.1");
    let met = "success = [\"test -f q-1.1.txt # made\", \"exit 0\"]";
    sandbox.plan("q", met, &document(&[1]), "work 1.1");
    let hangs = "timeout = \"5s\"\nsuccess = [\"sleep 600\"]";
    sandbox.plan("hangs", hangs, &document(&[1]), "work 1.1");
    let first = "verify = \"echo seen; exit 3\"\nsuccess = [\"touch $MARKS/tried\"]\noutputs = [\"x/**\"]";
    sandbox.plan("first", first, &document(&[1]), "work 1.1");
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "held");
    let why = sandbox.why("p");
    let named = "success criterion not met: `test -f 'docs/a b.md' # the page`";
    assert!(why.contains(named), "{why}");
    assert!(
        !why.contains("exit 7") && !why.contains("test -f p-1.1.txt"),
        "{why}"
    );
    let why = sandbox.why("first");
    assert!(why.contains("`echo seen; exit 3`"), "{why}");
    assert!(!why.contains("not met") && !why.contains("x/**"), "{why}");
    assert!(
        !sandbox.mark("tried").exists(),
        "what comes after a failure is not run"
    );
    assert_eq!(sandbox.state("q"), "finished");
    assert_eq!(sandbox.state("hangs"), "held");
    let why = sandbox.why("hangs");
    assert!(
        why.contains("success criterion not met: `sleep 600` ran out of time"),
        "{why}"
    );
    sandbox.nothing_is_left();
}

#[test]
fn a_plan_is_finished_when_its_outputs_are_committed_and_the_report_lists_them() {
    let sandbox = Sandbox::new();
    sandbox.settings("retries = 0");
    let keys = "outputs = [\"findings/**\", \"it's [a-c].md\"]";
    // Notes that nobody committed are no output.
    let script = "mkdir -p findings/deep; commit findings/deep/one.md; commit other.md; work 1.1; commit \"it's b.md\"";
    sandbox.plan("p", keys, &document(&[1]), script);
    sandbox.plan("q", "outputs = [\"findings/*.md\"]", &document(&[1]), script);
    sandbox.orch("up").code(1).ok();
    assert_eq!(sandbox.state("p"), "finished", "{}", sandbox.why("p"));
    let why = sandbox.why("q");
    assert!(
        why.contains("no committed file matches `findings/*.md`, which `outputs` names"),
        "{why}"
    );
    let report = sandbox.orch("report --json").code(0).json();
    let plans = &report["report"]["plans"];
    let brought = serde_json::json!(["findings/deep/one.md", "it's b.md"]);
    assert_eq!(plans["p"]["outputs"], brought);
    assert_eq!(plans["q"]["outputs"], serde_json::json!([]));
    let text = sandbox.orch("report").code(0).out;
    assert!(
        text.contains("outputs: findings/deep/one.md, it's b.md"),
        "{text}"
    );
}
