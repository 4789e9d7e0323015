//! `orch check` and what is wrong with a manifest or its documents: every fault is told, at its place, and nothing is
//! made.

use std::fs;

use crate::support::{Said, Sandbox, Tree, document, has_fields};

const AGENT: &str = "[agents.x]\ncommand = [\"true\"]\n";

/// Runs `orch check`, as text and as JSON, and `orch up`, none of which may make anything.
#[track_caller]
fn faults(sandbox: &Sandbox) -> Vec<String> {
    let text = sandbox.orch("check").code(2);
    let json = sandbox.orch("check --json").code(2).json();
    assert_eq!((&json["schema"], &json["ok"]), (&1.into(), &false.into()));
    let mut all = Vec::new();
    for fault in json["faults"].as_array().unwrap() {
        has_fields(fault, ["file", "line", "column", "message", "hint"]);
        let message = fault["message"].as_str().unwrap();
        assert!(
            text.err.contains(message.lines().next().unwrap()),
            "{message} is not in {}",
            text.err
        );
        all.push(fault.to_string());
    }
    sandbox.orch("up").code(2).ok();
    assert!(!sandbox.join(".git/orch").exists(), "nothing is made");
    assert_eq!(
        sandbox
            .git("worktree list --porcelain")
            .matches("worktree ")
            .count(),
        1
    );
    all
}

#[test]
fn every_fault_of_a_manifest_is_told_with_its_place_and_what_was_meant() {
    let cases: &[(&str, &[&str])] = &[
        ("", &["plan"]),
        (
            "[run]\nmax_agent = 2\n[plans.a]\nprompt = \"x\"\n",
            &["max_agent", "max_agents", "\"line\":2"],
        ),
        (
            "[plans.a]\nprompt = \"x\"\ndepends = [\"bb\"]\n[plans.b]\nprompt = \"y\"\n",
            &["bb", "\"line\":3"],
        ),
        (
            "[plans.a]\nfile = \"one.md\"\n[plans.b]\nprompt = \"y\"\ndepends = [\"a.phase7\"]\n",
            &["7", "\"line\":5"],
        ),
        (
            "[plans.a]\nfile = \"one.md\"\n[plans.b]\nprompt = \"y\"\ndepends = [\"a.1.9\"]\n",
            &["1.9"],
        ),
        (
            "[plans.a]\nfile = \"missing.md\"\n",
            &["missing.md", "\"line\":2"],
        ),
        ("[plans.a]\nfile = \"latin.md\"\n", &["latin.md", "UTF-8"]),
        (
            "[plans.a]\nprompt = \"x\"\n[plans.a]\nprompt = \"y\"\n",
            &["\"line\":3"],
        ),
        (
            "[plans.a]\nprompt = \"x\"\nbranch = \"same\"\n[plans.b]\nprompt = \"y\"\nbranch = \"same\"\n",
            &["same", "a", "b"],
        ),
        (
            "[plans.a]\nprompt = \"x\"\nbranch = \"f\"\n[plans.b]\nprompt = \"y\"\nbranch = \"f/b\"\n",
            &["f/b", "folder"],
        ),
        (
            "[plans.a]\nprompt = \"x\"\ndepends = [\"b\"]\n[plans.b]\nprompt = \"y\"\ndepends = [\"a\"]\n",
            &["cycle"],
        ),
        (
            "[plans.a]\nfile = \"two.md\"\n[plans.a.phases.1]\ndepends = [\"b.2\"]\n[plans.b]\nfile = \"two.md\"\n\
             [plans.b.phases.2]\ndepends = [\"a.2\"]\n",
            &["cycle", "a.1", "b.2"],
        ),
        ("[plans.A]\nprompt = \"x\"\n", &["A"]),
        ("[run]\nagent = \"y\"\n[plans.a]\nprompt = \"x\"\n", &["y"]),
        ("[plans.a]\nprompt = \"x\"\ntouches = [\"src/[\"]\n", &["src/["]),
        (
            "[plans.a]\nprompt = \"x\"\npriority = \"urgent\"\n",
            &["urgent", "high"],
        ),
        ("[plans.a]\nprompt = \"x\"\nretries = -1\n", &["\"line\":3"]),
        (
            "[plans.a]\nfile = \"twice.md\"\n",
            &["twice.md", "1.1", "\"line\":4"],
        ),
        ("[plans.a\n", &["\"line\":1"]),
    ];
    for (manifest, parts) in cases {
        let sandbox = Sandbox::new();
        sandbox
            .write("one.md", document(&[1]))
            .write("two.md", document(&[1, 1]));
        sandbox
            .write("latin.md", b"# caf\xe9\n")
            .write("twice.md", "# T\n## Phase 1: x\n- [ ] 1.1 a\n- [ ] 1.1 b\n");
        // The agent comes last, so that lines are those of the case.
        sandbox.write("plans.toml", format!("{manifest}{AGENT}"));
        let faults = faults(&sandbox);
        for part in *parts {
            assert!(
                faults.iter().any(|fault| fault.contains(part)),
                "{part} is not in {faults:#?}\n{manifest}"
            );
        }
    }
}

#[test]
fn phases_below_a_phase_are_read_as_a_person_would_and_warned_of() {
    let sandbox = Sandbox::new();
    let back = "# P\n\n## Phase 3: Implementation\n\n### Implementation Phase 0\n\n- [ ] 0.1 a\n\n### Implementation Phase 1\n\n- [ ] 3.1 b\n";
    let again = "# Q\n\n## Phase 1: A\n\n- [ ] 1.1 a\n\n## Phase 2: B\n\n### Phase 1: Core\n\n- [ ] 1.1 b\n";
    sandbox
        .plan("back", "", back, "work 0.1 3.1")
        .plan("again", "", again, "work 1.1 2.1");
    sandbox
        .orch("check")
        .code(0)
        .says("back.md:5:5: `Implementation Phase 0` is read as phase 0, though it is deeper than `Phase 3: Implementation`")
        .says("back.md:9:5: `Implementation Phase 1` is read as phase 3, though it is deeper")
        .says("again.md:11:7: `1.1` is read as task 2.1: phase 1 is elsewhere in the document")
        .ok();
    let list = sandbox.orch("task list --plan back --json").code(0).json();
    let ids: Vec<&serde_json::Value> = list["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| &task["id"])
        .collect();
    assert_eq!(ids, ["0.1", "3.1"]);
}

#[test]
fn what_is_refused_at_a_landing_for_certain_is_warned_of_when_the_manifest_is_checked() {
    let sandbox = Sandbox::new();
    let squash = "merge_strategy = \"squash\"";
    sandbox.plan("auth", squash, &document(&[1, 1]), "work 1.1 2.1");
    sandbox.plan("billing", "depends = [\"auth\"]", &document(&[1]), "work 1.1");
    let said = sandbox.orch("check").code(0);
    assert!(said.out.starts_with("warning: plans.toml:"), "{said:?}");
    said.says("once billing has begun, auth is refused at its landing")
        .says("ok: 2 plans")
        .ok();
    let json = sandbox.orch("check --json").code(0).json();
    assert_eq!(json["ok"], true);
    let warning = &json["warnings"][0];
    assert_eq!(warning["file"], "plans.toml");
    assert!(warning["line"].is_u64() && warning["column"].is_u64() && warning["hint"].is_string());
    let risks = sandbox.orch("preview --json").code(0).json()["risks"].to_string();
    assert!(risks.contains("auth is refused at its landing"), "{risks}");
    // And so it is; before the other has begun it is not.
    sandbox.orch("up auth").code(0).says("warning: plans.toml:").ok();
    sandbox
        .orch("merge auth --dry-run")
        .code(0)
        .says("would land")
        .ok();
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge auth").code(2).says("has some of those").ok();
}

#[test]
fn all_faults_are_told_at_once() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "plans.toml",
        "[run]\nmax_agnts = 1\ntimeout = \"soon\"\n[agents.x]\ncommand = [\"true\"]\n[plans.a]\nfile = \
         \"gone.md\"\ndepends = [\"zz\"]\n[plans.b]\nprompt = \"x\"\nowner = \"me\"\n",
    );
    let faults = faults(&sandbox);
    assert_eq!(faults.len(), 5, "{faults:#?}");
}

#[test]
fn what_is_not_supported_yet_is_said_and_never_ignored() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "plans.toml",
        format!("{AGENT}[plans.a]\nprompt = \"x\"\nbase = \"main\"\n"),
    );
    let all = faults(&sandbox).join("\n");
    assert!(all.contains("base"), "{all}");
    assert!(all.contains("not yet supported"), "{all}");
}

#[test]
fn a_plan_document_of_ten_megabytes_is_read() {
    let sandbox = Sandbox::new();
    let mut text = document(&[2]);
    while text.len() < 10 << 20 {
        text += "  - more and more to say about it, and `src/some/file.rs` once again\n";
    }
    sandbox.plan("p", "", &text, "work 1.1 1.2");
    sandbox
        .orch("check")
        .code(0)
        .says("1 plan, 1 phase, 2 tasks")
        .ok();
    sandbox.orch("up").code(0).ok();
}

#[test]
fn a_good_manifest_is_checked_without_making_anything_with_or_without_a_repository() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[2, 1]), "work 1.1");
    let checked = sandbox.orch("check --json").code(0).json();
    assert_eq!(
        checked,
        serde_json::json!({"schema": 1, "ok": true, "faults": []})
    );
    assert!(!sandbox.join(".git/orch").exists());
    let plain = Tree::at(sandbox.beside("plain"));
    plain
        .write("plans/p.md", document(&[1]))
        .write("plans.toml", format!("{AGENT}[plans.p]\nfile = \"plans/p.md\"\n"));
    let mut check = sandbox.command(["check"]);
    Said::of(check.current_dir(plain.path())).code(0).ok();
    let mut up = sandbox.command(["up"]);
    Said::of(up.current_dir(plain.path()))
        .code(2)
        .says("repository")
        .ok();
    let mut nothing = sandbox.command(["check"]);
    Said::of(nothing.current_dir(sandbox.beside("agents")))
        .code(2)
        .says("orch init")
        .ok();
}

#[test]
fn init_and_new_write_what_check_accepts_and_overwrite_nothing() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.join("plans.toml")).unwrap();
    sandbox.orch("init").code(0).ok();
    sandbox.orch("init").code(2).says("plans.toml").ok();
    sandbox.orch("new other").code(0).ok();
    sandbox.orch("new other").code(2).says("other").ok();
    sandbox.orch("check").code(0).ok();
    sandbox.orch("new Not-A-Name!").code(2).ok();
    let schema = sandbox.orch("schema manifest").code(0).json();
    assert!(schema["properties"]["plans"].is_object(), "{schema}");
}

#[test]
fn what_will_hardly_work_is_told_before_anything_begins() {
    let sandbox = Sandbox::new();
    let document = document(&[1]);
    sandbox.write("plans/a.md", &document);
    sandbox.write("plans/forgotten.md", &document);
    sandbox.write("plans/README.md", "# No plan\n\nOnly words.\n");
    sandbox.write("tools/agent.sh", "#!/bin/sh\n");
    sandbox.write("tools/check.sh", "#!/bin/sh\n");
    sandbox.write(
        "plans.toml",
        "[run]\nretries = 0\n[agents.x]\ncommand = [\"./tools/agent.sh\"]\n[agents.y]\ncommand = [\"no-such-agent\"]\n\
         [plans.a]\nfile = \"plans/a.md\"\nagent = \"x\"\nverify = \"sh tools/check.sh\"\n\
         [plans.b]\nprompt = \"Do it\"\nagent = \"y\"\n",
    );
    let told = sandbox.orch("check").code(0).out;
    for part in [
        "the agent `y` cannot be started: `no-such-agent` was not found on PATH",
        "`tools/agent.sh`, which agent `x` calls, is not committed",
        "`tools/check.sh`, which `verify` of plan a calls, is not committed",
        "plans/forgotten.md: has tasks, and no plan of the manifest has it",
        "add `[plans.forgotten]` with `file = \"plans/forgotten.md\"`",
        "ok: 2 plans",
    ] {
        assert!(told.contains(part), "{part:?} is missing in {told}");
    }
    assert!(!told.contains("README"), "{told}");
    let json = sandbox.orch("check --json").code(0).json();
    assert_eq!(json["warnings"].as_array().unwrap().len(), 4, "{json}");
    assert!(sandbox.orch("preview a").code(0).out.contains("`tools/agent.sh`"));
    let up = sandbox.orch("up a").code(1);
    assert!(
        up.err.contains("warning: plans.toml: `tools/agent.sh`"),
        "{}",
        up.err
    );
    assert!(up.out.contains("next: orch why a"), "{}", up.out);
    let why = sandbox.why("a");
    assert!(
        why.contains("./tools/agent.sh: there is no such file in "),
        "{why}"
    );
    assert!(why.contains("a worktree holds what is committed"), "{why}");
    sandbox.git("add -A");
    sandbox.git("commit -qm tools");
    assert!(!sandbox.orch("check").code(0).out.contains("not committed"));
}

#[test]
fn init_names_the_agents_that_are_there() {
    let sandbox = Sandbox::new();
    fs::remove_file(sandbox.join("plans.toml")).unwrap();
    let bin = sandbox.beside("bin");
    fs::create_dir_all(&bin).unwrap();
    let claude = bin.join("claude");
    fs::write(&claude, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&claude, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut init = sandbox.command(["init"]);
    init.env("PATH", format!("{}:/usr/bin:/bin", bin.display()));
    let said = Said::of(&mut init).code(0).out;
    assert!(
        said.contains("on PATH: claude; `agent = \"claude\"` in [run]"),
        "{said}"
    );
    assert!(
        sandbox
            .read("plans.toml")
            .contains("\"codex\", \"opencode\", \"gemini\", \"aider\"")
    );
}

#[test]
fn a_repository_in_which_nobody_can_commit_is_told_of() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let told = |known: bool| {
        let mut check = sandbox.command(["check"]);
        check.env("GIT_CONFIG_GLOBAL", "/dev/null");
        if !known {
            for name in [
                "GIT_AUTHOR_NAME",
                "GIT_AUTHOR_EMAIL",
                "GIT_COMMITTER_NAME",
                "GIT_COMMITTER_EMAIL",
            ] {
                check.env_remove(name);
            }
            // Git may make one up of the names of the account and the machine.
            check.env("GIT_CONFIG_GLOBAL", sandbox.beside("strict"));
        }
        Said::of(&mut check).code(0).out
    };
    fs::write(sandbox.beside("strict"), "[user]\n\tuseConfigOnly = true\n").unwrap();
    assert!(!told(true).contains("who commits"));
    sandbox.git("config --unset user.name");
    sandbox.git("config --unset user.email");
    let said = told(false);
    assert!(said.contains("git does not know who commits here"), "{said}");
    assert!(said.contains("git config user.name"), "{said}");
}

#[test]
fn a_document_whose_name_is_misspelt_is_found_beside() {
    let sandbox = Sandbox::new();
    sandbox.write("plans/billing.md", document(&[1]));
    sandbox.write(
        "plans.toml",
        format!("{AGENT}[plans.biling]\nfile = \"plans/biling.md\"\nagent = \"x\"\n"),
    );
    let said = sandbox.orch("check").code(2).err;
    assert!(said.contains("did you mean `plans/billing.md`?"), "{said}");
}

/// What `orch check` warns of, as `file:line:column: message`.
#[track_caller]
fn warnings(sandbox: &Sandbox) -> Vec<String> {
    let json = sandbox.orch("check --json").code(0).json();
    let warnings = json["warnings"].as_array().cloned().unwrap_or_default();
    let place = |warning: &serde_json::Value| {
        let file = warning["file"].as_str().unwrap().to_owned();
        let message = warning["message"].as_str().unwrap();
        format!("{file}:{}:{}: {message}", warning["line"], warning["column"])
    };
    warnings.iter().map(place).collect()
}

#[test]
fn work_that_a_document_loses_is_warned_of_by_check_preview_and_up_and_refused_by_none() {
    let sandbox = Sandbox::new();
    let text = "# P\n\n### Upstream\n- **biling.md** - why\n- **later.md** - must be complete\n- **old.md** - completed\n- `tool.js`\n\n\
                ## Phase 1: x\n- [ ] 1.1 a\n- [ ] b\n- [] 1.2 c\n- [ ] 1.3 d (after: 1.1)\n\n##Phase 3: y\n\n\
                ## Phase 4: z\n\nProse.\n\n**VERIFY Phase 9:**\n- [ ] checked\n";
    sandbox.plan("billing", "", &document(&[1]), "work 1.1");
    sandbox.plan("p", "", text, "work 1.1 1.3");
    let found = warnings(&sandbox);
    let expected = [
        "plans/p.md:4:5: the document builds on `biling`",
        "plans/p.md:5:5: the document builds on `later`",
        "plans/p.md:11:3: this box has no number",
        "plans/p.md:12:3: `- [] 1.2 c` has no box",
        "plans/p.md:13:13: `(after: 1.1)` is text",
        "plans/p.md:15:1: `##Phase 3: y` is no heading",
        "plans/p.md:17:4: phase 4 has no tasks",
        "plans/p.md:21:3: these checks name phase 9, which does not exist",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found} is not {expected}");
    }
    let risks = sandbox.orch("preview --json").code(0).json()["risks"].to_string();
    assert!(
        risks.contains("plans/p.md:11:3") && risks.contains("did you mean `billing`?"),
        "{risks}"
    );
    sandbox.orch("up billing").code(0).ok();
    let up = sandbox.orch("up");
    assert!(up.err.contains("warning: plans/p.md:11:3: this box"), "{up:?}");
}

#[test]
fn a_fault_of_a_document_has_its_column() {
    for (line, column) in [
        ("- [ ] 1.2 b (depends: 1.1, 1.9)", 28),
        ("- [ ] 1.2 b (depends: Weather)", 23),
        ("- [ ] 1.1 b", 7),
        ("- [ ] 2.1 b", 7),
        ("- [ ] 1.2 é (expected: soon)", 24),
        ("- [ ] 1.2 b (depends: nobody.phase2)", 23),
    ] {
        let sandbox = Sandbox::new();
        sandbox.plan(
            "p",
            "",
            &format!("# P\n## Phase 1: x\n- [ ] 1.1 a\n{line}\n"),
            "true",
        );
        let faults = sandbox.orch("check --json").code(2).json()["faults"].clone();
        assert_eq!(
            (&faults[0]["line"], &faults[0]["column"]),
            (&4.into(), &column.into()),
            "{line}: {faults}"
        );
    }
}

#[test]
fn a_missing_document_is_told_with_the_one_of_a_similar_name() {
    let sandbox = Sandbox::new();
    sandbox.write("plans/billing.md", document(&[1]));
    let manifest = |file: &str| format!("{AGENT}[plans.billing]\nfile = \"plans/{file}\"\nagent = \"x\"\n");
    sandbox.write("plans.toml", manifest("biling.md"));
    sandbox
        .orch("check")
        .code(2)
        .says("did you mean `plans/billing.md`?")
        .ok();
    sandbox.write("plans.toml", manifest("other.md"));
    sandbox
        .orch("check")
        .code(2)
        .says("`orch new billing` writes one")
        .ok();
}

#[test]
fn a_base_that_is_no_commit_is_told_with_its_place() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "plans.toml",
        format!("[run]\nbase = \"nosuch\"\n{AGENT}[plans.p]\nprompt = \"x\"\nagent = \"x\"\n"),
    );
    let fault = sandbox.orch("check --json").code(2).json()["faults"][0].clone();
    assert_eq!(
        (&fault["file"], &fault["line"], &fault["column"]),
        (&"plans.toml".into(), &2.into(), &8.into()),
        "{fault}"
    );
    sandbox
        .orch("up")
        .code(2)
        .says("plans.toml:2:8: `base` in [run]")
        .ok();
}

#[test]
fn plans_of_which_one_waits_for_the_other_or_has_landed_are_not_warned_of_for_sharing_files() {
    let sandbox = Sandbox::new();
    let shares = "# P\n## Phase 1: x\n- [ ] 1.1 change `src/shared.rs`\n";
    sandbox.plan("a", "", shares, "work 1.1");
    sandbox.plan("b", "depends = [\"a\"]", &document(&[1]), "work 1.1");
    sandbox.plan("c", "depends = [\"b\"]", shares, "work 1.1");
    let risks = || sandbox.orch("preview --json").code(0).json()["risks"].to_string();
    assert!(!risks().contains("src/shared.rs"), "{}", risks());
    let up = sandbox.orch("up --merge").code(0);
    assert!(!up.err.contains("both touch"), "{up:?}");
    sandbox.plan("d", "", shares, "work 1.1");
    let up = sandbox.orch("up --merge").code(0);
    assert!(!up.err.contains("both touch"), "a and c have landed: {up:?}");
    sandbox
        .plan("e", "", shares, "true")
        .plan("f", "", shares, "true");
    assert!(risks().contains("src/shared.rs"), "{}", risks());
}

#[test]
fn a_landed_plan_whose_tasks_are_written_anew_is_told_of_everywhere_and_its_old_ones_are_not() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    sandbox.orch("up --merge").code(0).ok();
    let told = "the document changed after the plan landed";
    let up = sandbox.orch("up").code(0);
    assert!(!up.err.contains(told), "{up:?}");
    assert!(!sandbox.why("p").contains(told));
    sandbox.write("plans/p.md", document(&[1]).replace("1.1 ", "1.1 another "));
    let up = sandbox.orch("up --merge").code(0);
    assert!(up.err.contains(told) && up.err.contains("another name"), "{up:?}");
    assert_eq!(sandbox.state("p"), "landed");
    assert!(sandbox.why("p").contains(told), "{}", sandbox.why("p"));
    let risks = sandbox.orch("preview --json").code(0).json()["risks"].to_string();
    assert!(risks.contains(told), "{risks}");
    sandbox.orch("status p").code(0).says(told).ok();
    // What is said to do works.
    let again = sandbox.read("plans.toml").replace("[plans.p]", "[plans.p-2]");
    sandbox.write("plans.toml", again);
    sandbox.orch("up --merge").code(0).ok();
    assert_eq!(sandbox.state("p-2"), "landed");
}

#[test]
fn that_git_does_not_know_who_commits_is_told_before_agents_find_out() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let told = "git does not know who commits here";
    let nameless = |line: &str| {
        let mut command = sandbox.command(line.split_whitespace());
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env_remove(format!("GIT_{who}_NAME"))
                .env_remove(format!("GIT_{who}_EMAIL"));
        }
        Said::of(&mut command)
    };
    assert!(!nameless("preview --json").code(0).out.contains(told));
    sandbox.git("config --unset user.name");
    sandbox.git("config --unset user.email");
    sandbox.git("config user.useConfigOnly true");
    assert!(nameless("preview --json").code(0).out.contains(told));
    let doctor = nameless("doctor").code(1);
    assert!(
        doctor.out.contains("who commits") && doctor.out.contains("user.email"),
        "{doctor:?}"
    );
    assert_eq!(
        nameless("doctor --json").code(1).json()["machine"]["identity"],
        false
    );
    let up = nameless("up");
    assert!(up.err.contains(told), "{up:?}");
    // Who is named by the environment needs no settings.
    assert!(!sandbox.orch("preview --json").code(0).out.contains(told));
}

#[test]
fn what_is_no_regular_file_or_too_large_is_named_and_never_read() {
    let sandbox = Sandbox::new();
    sandbox.plan("p", "", &document(&[1]), "work 1.1");
    let doc = sandbox.join("plans/p.md");
    let manifest = sandbox.join("plans.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let large = |path: &std::path::Path| {
        std::fs::remove_file(path).unwrap();
        std::fs::File::create(path).unwrap().set_len(1 << 40).unwrap();
    };
    let device = |path: &std::path::Path| {
        std::fs::remove_file(path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", path).unwrap();
    };
    let pipe = |path: &std::path::Path| {
        std::fs::remove_file(path).unwrap();
        let made = std::process::Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
    };
    type Way<'a> = (&'a dyn Fn(&std::path::Path), &'a str);
    let ways: [Way<'_>; 3] = [
        (&large, "larger than 16 MiB"),
        (&device, "not a regular file"),
        (&pipe, "not a regular file"),
    ];
    for (spoil, why) in ways {
        spoil(&doc);
        for command in ["check", "up"] {
            let said = sandbox.orch(command).code(2);
            let all = said.out + &said.err;
            assert!(
                all.contains(why) && all.contains("plans/p.md"),
                "{command}: {all}"
            );
        }
        // One that nobody named is looked at too, for tasks.
        std::fs::rename(&doc, sandbox.join("plans/unnamed.md")).unwrap();
        std::fs::write(&doc, document(&[1])).unwrap();
        sandbox.orch("check").code(0).ok();
        spoil(&manifest);
        let said = sandbox.orch("check").code(2);
        let all = said.out + &said.err;
        assert!(all.contains(why) && all.contains("plans.toml"), "{all}");
        std::fs::remove_file(&manifest).unwrap();
        std::fs::write(&manifest, &text).unwrap();
    }
    // A link to a document is one.
    std::fs::rename(&doc, sandbox.join("real.md")).unwrap();
    std::os::unix::fs::symlink("../real.md", &doc).unwrap();
    sandbox.orch("check").code(0).ok();
}

#[test]
fn thousands_of_phases_are_checked_in_no_time() {
    for dispatch in ["plan", "phase", "task"] {
        let sandbox = Sandbox::new();
        let keys = format!("dispatch = \"{dispatch}\"");
        sandbox.plan("p", &keys, &document(&[2; 4000]), "true");
        sandbox.start("check").end().code(0).ok();
    }
}
