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
