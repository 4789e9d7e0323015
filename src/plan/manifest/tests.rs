//! Whole manifests: what they resolve to, and every problem of invalid ones.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::plan::{
    AgentStdin, CommitPolicy, Diagnostics, EventFormat, PhaseId, PlanName, PlanSet, Priority, StopSignal,
};

/// Resolves a manifest with these documents. A plan whose file is not among them has no document.
fn resolved(text: &str, documents: &[(&str, &str)]) -> Result<PlanSet, Diagnostics> {
    let parsed = parse_manifest(Path::new("plans.toml"), text);
    let sources: BTreeMap<PlanName, DocumentSource> = parsed
        .documents()
        .map(|request| {
            let found = documents.iter().find(|(file, _)| Path::new(file) == request.file);
            let source = DocumentSource {
                display: request.file.to_path_buf(),
                content: match found {
                    Some((_, text)) => Ok(Content::Bytes(text.as_bytes().to_vec())),
                    None => Err(Unreadable::Missing(Vec::new())),
                },
            };
            (request.plan, source)
        })
        .collect();
    resolve(parsed, sources)
}

fn diagnostics(text: &str, documents: &[(&str, &str)]) -> String {
    resolved(text, documents).unwrap_err().to_string()
}

/// A document with this many phases, each with one task.
fn phases(count: u32) -> String {
    (1..=count)
        .map(|phase| format!("## Phase {phase}: P\n\n- [ ] {phase}.1 Task\n\n"))
        .collect()
}

const AGENT: &str = "[agents.a]\ncommand = [\"a\", \"{prompt_file}\"]\n";

#[test]
fn a_whole_manifest_resolves() {
    let text = r#"
schema = 1
[run]
base = "main"
agent = "worker"
dispatch = "plan"
strategy = "auto"
parallel_tasks = "auto"
overlap = "allow"
retries = 1
timeout = "1h30m"
merge = "auto"
[agents.worker]
command = ["work", "{prompt_file}"]
max = 3
model = "m"
env = { FOO = "bar" }
[agents.fixer]
command = ["fix"]
stdin = "prompt"
[resources]
database = 1
[merge]
strategy = "merge"
verify = "make"
verify_slots = 1
on_conflict = "hold"
every_commit_green = true
[plans.zeta]
file = "plans/z.md"
priority = "high"
touches = ["src/**"]
[plans.alpha]
file = "plans/a.md"
depends = ["zeta.phase2"]
retries = 0
commit = "require"
carry = false
merge = "manual"
branch = "own/alpha"
[plans.alpha.phases.2]
depends = ["zeta@landed"]
uses = ["database"]
agent = "fixer"
timeout = "5m"
[plans.note]
prompt = "Say hello\nin two lines"
"#;
    let z = "# Z\n## Overview\n- **Priority:** P2\n".to_owned() + &phases(2);
    let a = "## Overview\n- **Priority:** P2 (later)\n## Phase 2: x (depends: zeta.1)\n- [ ] 2.1 x (depends: zeta.2.1)\n";
    let set = resolved(text, &[("plans/z.md", &z), ("plans/a.md", a)]).unwrap();

    let names: Vec<&str> = set.plans.iter().map(|plan| plan.name.as_str()).collect();
    assert_eq!(
        names,
        ["zeta", "alpha", "note"],
        "plans keep the manifest's order"
    );
    assert_eq!(
        (set.run.base.as_deref(), set.run.target.as_deref()),
        (Some("main"), None)
    );
    assert_eq!((set.run.max_agents, set.run.auto_merge), (4, true));
    let [zeta, alpha, note] = set.plans.as_slice() else {
        panic!()
    };
    assert_eq!(
        (zeta.priority, alpha.priority, note.priority),
        (Priority::HIGH, Priority::LOW, Priority::MEDIUM)
    );
    assert_eq!(
        (zeta.branch.as_str(), alpha.branch.as_str()),
        ("orch/zeta", "own/alpha")
    );
    assert_eq!((zeta.attempts.retries, alpha.attempts.retries), (1, 0));
    assert_eq!(zeta.attempts.timeout, Duration::from_secs(5400));
    assert_eq!((zeta.auto_merge, alpha.auto_merge), (true, false));
    assert_eq!(
        (zeta.commit, alpha.commit),
        (CommitPolicy::Auto, CommitPolicy::Require)
    );
    assert_eq!((zeta.carry, alpha.carry), (true, false));
    assert_eq!(alpha.depends, ["zeta.2".parse().unwrap()]);
    let phase = &alpha.phases[&PhaseId(2)];
    assert_eq!(
        phase.depends,
        ["zeta@landed".parse().unwrap(), "zeta.1".parse().unwrap()]
    );
    assert_eq!(alpha.phase_waits(PhaseId(2))[2], "zeta.2.1".parse().unwrap());
    assert_eq!(phase.timeout, Some(Duration::from_secs(300)));
    assert_eq!(phase.agent.as_ref().unwrap().as_str(), "fixer");
    assert_eq!(
        set.agents[phase.agent.as_ref().unwrap()].stdin,
        AgentStdin::Prompt
    );
    let task = note.document.tasks().next().unwrap();
    assert_eq!(
        (task.title.as_str(), task.details.as_str()),
        ("Say hello", "in two lines")
    );
    assert_eq!(set.merge.verify.as_deref(), Some("make"));
}

#[test]
fn every_fault_of_a_nasty_manifest_is_reported_at_once() {
    let text = r#"schema = 2
[run]
max_agents = 0
timeout = "soon"
backof = "10s"
agent = "clyde"
dispatch = "task"
phase_threshold = 1.5
branch = "x/{plam}"
worktrees = "../same"
[agents.clide]
command = ["run", "{promt}"]
[agents.empty]
[agents.codex]
preset = "codex"
[resources]
db = 0
database = 1
[merge]
every_commit_green = false
on_conflict = "aks"
[hooks]
pre_merge = "say"
[plans.auth]
file = "auth.md"
priority = "urgent"
depends = ["auth", "biling", "billing.9", "billing.1.7"]
touches = ["src/[a"]
retires = 3
[plans.billing]
file = "billing.md"
prompt = "both"
[plans.billing.phases.phase2]
uses = ["databse"]
[plans.Bad]
prompt = "x"
[plans.none]
[plans.gone]
file = "gone.md"
[plans.doc]
file = "doc.md"
branch = "a..b"
depends = "auth"
[plans.doc.phases.7]
agent = "shell"
"#;
    let doc = "## Phase 1: x\n\n- [ ] 1.1 a (depends: 1.9)\n- [ ] 1.1 b\n";
    let found = diagnostics(
        text,
        &[
            ("auth.md", &phases(1)),
            ("billing.md", &phases(1)),
            ("doc.md", doc),
        ],
    );
    insta::assert_snapshot!(found, @r#"
    doc.md:3:23: task 1.1 depends on 1.9, which does not exist
      hint: did you mean 1.1?
    doc.md:4:7: task 1.1 appears a second time: the first is on line 3
      hint: give one of them another number
    plans.toml:1:10: schema 2 is not known
      hint: this program reads schema = 1
    plans.toml:3:14: `run.max_agents` is 0, expected an integer of at least 1
    plans.toml:4:11: `run.timeout`: `soon` is not a duration: expected numbers with units, such as 500ms, 10s, 30m, 4h, 1h30m or 2d
    plans.toml:5:1: unknown key `run.backof`
      hint: did you mean `backoff`?
    plans.toml:6:9: unknown agent `clyde`
      hint: did you mean `clide`?
    plans.toml:8:19: `run.phase_threshold` is 1.5, expected a number from 0 to 1
    plans.toml:9:10: `run.branch`: unknown placeholder `{plam}`: did you mean `{plan}`?
    plans.toml:10:13: `run.worktrees` gives every plan the same folder
      hint: put {plan} into it, for example "../{repo}.worktrees/{plan}"
    plans.toml:12:19: command of agent `clide`: unknown placeholder `{promt}`: did you mean `{prompt}`?
    plans.toml:13:9: agent `empty` has no `command`
      hint: write command = ["my-agent", "{prompt_file}"], or preset = "claude"
    plans.toml:17:6: `resources.db` is 0, expected an integer of at least 1
    plans.toml:21:15: `merge.on_conflict` is "aks", expected one of `hold` and `agent`
    plans.toml:26:12: `plans.auth.priority`: `urgent` is not a priority: expected high, medium, low, P0 to P3 or an integer (larger first)
    plans.toml:27:12: plan `auth` depends on itself: `auth`
      hint: phases wait for those before them anyway; inside a document write the task's id alone
    plans.toml:27:20: `biling` names an unknown plan `biling`
      hint: did you mean `billing`?
    plans.toml:28:12: `plans.auth.touches[0]`: `src/[a` is not a glob: unclosed character class; missing ']'
    plans.toml:29:1: unknown key `plans.auth.retires`
      hint: did you mean `retries`?
    plans.toml:32:10: plan `billing` has both `file` and `prompt`
      hint: keep one of them
    plans.toml:33:23: `phase2` is not a phase: expected its number, such as [plans.billing.phases.2]
      hint: did you mean `2`?
    plans.toml:34:9: unknown resource `databse`
      hint: did you mean `database`?
    plans.toml:35:8: plan `Bad` is not a valid name: names match [a-z0-9][a-z0-9_-]*
    plans.toml:37:8: plan `none` has no work: neither `file` nor `prompt`
      hint: write file = "plans/none.md", or prompt = "…"
    plans.toml:39:8: document `gone.md` of plan `gone`: the file does not exist
      hint: `orch new gone` writes one
    plans.toml:42:10: branch of plan `doc`: `a..b` is not a valid branch name: it contains `..`
    plans.toml:43:11: `plans.doc.depends` is a string, expected a list
      hint: put it in brackets: ["…"]
    plans.toml:44:19: plan `doc` has no phase 7
      hint: its phases are `1`
    "#);
}

#[test]
fn what_is_not_toml_is_reported_with_what_else_is_wrong() {
    let text = "[run]\nmax_agents = \nretires = 1\n[plans.a]\nfile = \"a.md\"\ndepends = [\"b\"]\n";
    let found = diagnostics(text, &[("a.md", "## Phase 1: x\n- [ ] 2.1 y\n")]);
    insta::assert_snapshot!(found, @r#"
    a.md:2:7: task 2.1 is in phase 1
      hint: move it to phase 2, or give it another number
    plans.toml:2:14: not TOML: string values must be quoted, expected literal string
    plans.toml:3:1: unknown key `run.retires`
      hint: did you mean `retries`?
    "#);
}

#[test]
fn points_that_another_document_lacks_are_named_with_what_it_has() {
    let text = format!(
        "{AGENT}[plans.a]\nfile = \"a.md\"\n[plans.b]\nfile = \"b.md\"\ndepends = [\"a.9\", \"a.2.7\", \"a.phase1\"]\n\
         [plans.b.phases.1]\ndepends = [\"b.2\"]\n"
    );
    let b = "## Phase 1: x (depends: a.8)\n\n- [ ] 1.1 y (depends: c.1, a.1.1)\n";
    insta::assert_snapshot!(diagnostics(&text, &[("a.md", &phases(2)), ("b.md", b)]), @r#"
    b.md:1:25: plan `a` has no phase 8
      hint: its phases are `1` and `2`
    b.md:3:23: `c.1` names an unknown plan `c`
      hint: there is only `a`
    plans.toml:7:12: plan `a` has no phase 9
      hint: its phases are `1` and `2`
    plans.toml:7:19: plan `a` has no task 2.7
      hint: the tasks of its phase 2 are `2.1`
    plans.toml:9:12: plan `b` depends on itself: `b.2`
      hint: phases wait for those before them anyway; inside a document write the task's id alone
    "#);
}

#[test]
fn a_name_whose_value_is_wrong_is_known_all_the_same() {
    let text = format!(
        "{AGENT}[resources]\ndb = 0\n[plans.a]\nfile = \"a.md\"\n[plans.a.phases.1]\nuses = [\"db\"]\n"
    );
    insta::assert_snapshot!(diagnostics(&text, &[("a.md", &phases(1))]), @r#"
    plans.toml:4:6: `resources.db` is 0, expected an integer of at least 1
    "#);
}

#[test]
fn nothing_is_no_manifest() {
    insta::assert_snapshot!(diagnostics("", &[]), @r#"
    plans.toml:1:1: the manifest has no plans
      hint: write [plans.NAME] with file = "plans/NAME.md"; `orch new NAME` writes a document
    "#);
    insta::assert_snapshot!(diagnostics("[plans]\n", &[]), @r#"
    plans.toml:1:1: the manifest has no plans
      hint: write [plans.NAME] with file = "plans/NAME.md"; `orch new NAME` writes a document
    "#);
}

#[test]
fn cycles_are_named_as_a_path() {
    let two =
        |depends: &str| format!("{AGENT}[plans.a]\nfile = \"a.md\"\n[plans.b]\nfile = \"b.md\"\n{depends}");
    let three = phases(3);
    let documents = [("a.md", three.as_str()), ("b.md", three.as_str())];
    let whole = two("depends = [\"a\"]\n[plans.a.phases.2]\ndepends = [\"b.1\"]\n");
    insta::assert_snapshot!(diagnostics(&whole, &documents), @r#"
    plans.toml:9:12: dependency cycle: a.2 → b.1 → b → a → a.2
      hint: `a.2` waits for `b.1` (plans.toml:9), `b` waits for `a` (plans.toml:7); one of them has to go
    "#);
    let crossed = two("[plans.a.phases.2]\ndepends = [\"b.3\"]\n[plans.b.phases.2]\ndepends = [\"a.2\"]\n");
    insta::assert_snapshot!(diagnostics(&crossed, &documents), @r#"
    plans.toml:8:12: dependency cycle: a.2 → b.3 → b.2 → a.2
      hint: `a.2` waits for `b.3` (plans.toml:8), `b.2` waits for `a.2` (plans.toml:10); one of them has to go
    "#);
}

#[test]
fn plans_may_wait_for_each_other_in_turns() {
    let text = format!(
        "{AGENT}[plans.a]\nfile = \"a.md\"\n[plans.a.phases.2]\ndepends = [\"b.1\"]\n\
         [plans.b]\nfile = \"b.md\"\n[plans.b.phases.2]\ndepends = [\"a.2\"]\n[plans.a.phases.3]\ndepends = [\"b.2.1\"]\n"
    );
    let three = phases(3);
    resolved(&text, &[("a.md", &three), ("b.md", &three)]).unwrap();
}

#[test]
fn waiting_for_a_landing_that_comes_after_oneself_is_a_cycle() {
    let text = format!(
        "{AGENT}[plans.a]\nfile = \"a.md\"\n[plans.a.phases.2]\ndepends = [\"b.1@landed\"]\n\
         [plans.b]\nfile = \"b.md\"\ndepends = [\"a.1\"]\n"
    );
    let two = phases(2);
    insta::assert_snapshot!(diagnostics(&text, &[("a.md", &two), ("b.md", &two)]), @r#"
    plans.toml:6:12: dependency cycle: a.2 → b@landed → a@landed → a.2
      hint: `a.2` waits for `b.1@landed` (plans.toml:6), `b@landed` comes after `a@landed`; one of them has to go
    "#);
}

#[test]
fn cycles_through_documents_name_the_document() {
    let text = format!("{AGENT}[plans.a]\nfile = \"a.md\"\n[plans.b]\nfile = \"b.md\"\n");
    let a = "# A\n\n## Dependencies\n\n### Upstream\n\n- **b.md** - why\n\n## Phase 1: x\n\n- [ ] 1.1 x\n";
    let b = "# B\n\n## Phase 1: x\n\n- [ ] 1.1 x (depends: a)\n";
    insta::assert_snapshot!(diagnostics(&text, &[("a.md", a), ("b.md", b)]), @r#"
    a.md:7: dependency cycle: a → b → b.1 → a
      hint: `a` waits for `b` (a.md:7), `b.1` waits for `a` (b.md:5); one of them has to go
    "#);
}

#[test]
fn upstream_plans_count_when_they_are_in_the_manifest_and_nothing_finer_is_said() {
    let text = format!(
        "{AGENT}[plans.a]\nfile = \"docs/first.md\"\n[plans.b]\nfile = \"b.md\"\n[plans.c]\nfile = \"c.md\"\ndepends = [\"a.1\"]\n"
    );
    let one = phases(1);
    let b = format!(
        "### Upstream\n\n- **first.md** - by file\n- **elsewhere.md** - not ours\n- **b.md** - itself\n\n{one}"
    );
    let set = resolved(&text, &[("docs/first.md", &one), ("b.md", &b), ("c.md", &b)]).unwrap();
    assert_eq!(set.plans[1].depends, ["a".parse().unwrap()]);
    assert_eq!(
        set.plans[2].depends,
        ["a.1".parse().unwrap(), "b".parse().unwrap()]
    );
}

#[test]
fn an_upstream_plan_is_waited_for_although_a_later_phase_names_a_point_of_it() {
    let plans = "[plans.schema]\nfile = \"schema.md\"\n[plans.b]\nfile = \"b.md\"\n";
    let b = "### Upstream\n\n- **schema.md** - why\n\n## Phase 1: x\n\n- [ ] 1.1 x\n\n## Phase 2: y (depends: schema.phase1)\n\n- [ ] 2.1 y\n";
    let two = phases(2);
    let depends = |more: &str, schema: &str| {
        let set = resolved(
            &format!("{AGENT}{plans}{more}"),
            &[("schema.md", schema), ("b.md", b)],
        )
        .unwrap();
        let doubts = set.lints_of(&set.plans[1]);
        let doubts: Vec<String> = doubts.iter().map(ToString::to_string).collect();
        let depends: Vec<String> = set.plans[1].depends.iter().map(ToString::to_string).collect();
        (depends.join(" "), doubts.join("\n"))
    };
    assert_eq!(depends("", &two), ("schema".to_owned(), String::new()));
    assert_eq!(
        depends("[plans.b.phases.1]\ndepends = [\"schema.1\"]\n", &two).0,
        "schema"
    );
    let exact = depends("depends = [\"schema.phase1\"]\n", &two);
    assert_eq!(exact, ("schema.1".to_owned(), String::new()));
    // Each plan builds on the other.
    let (depends, doubts) = depends("[plans.schema.phases.2]\ndepends = [\"b.1\"]\n", &two);
    assert_eq!(depends, "");
    insta::assert_snapshot!(doubts, @r#"
    b.md:3:5: the document builds on `schema`, which waits for a part of `b` in turn: only phase 2 waits for it
      hint: say in [plans.b] what all of it waits for: depends = ["schema.phaseN"]; or take `schema` off the list
    "#);
}

#[test]
fn branches_may_not_meet() {
    let text = format!(
        "[run]\ntarget = \"main\"\n{AGENT}[plans.a]\nprompt = \"x\"\nbranch = \"t\"\n[plans.b]\nprompt = \"x\"\nbranch = \"t/u\"\n\
         [plans.c]\nprompt = \"x\"\nbranch = \"t\"\n[plans.d]\nprompt = \"x\"\nbranch = \"main\"\n[plans.e]\nprompt = \"x\"\nbranch = \"main/e\"\n"
    );
    insta::assert_snapshot!(diagnostics(&text, &[]), @r#"
    plans.toml:10:10: branch `t/u` of plan `b` clashes with branch `t` of plan `a` (line 7)
      hint: git keeps branches like files: a name cannot be a folder of another; rename one
    plans.toml:13:10: plans `a` and `c` have the same branch `t`
      hint: the other one is on line 7; give each plan its own
    plans.toml:16:10: plan `d` would work on `main`, which is the target
      hint: give the plan a branch of its own
    plans.toml:19:10: branch `main/e` of plan `e` clashes with branch `main` of plan `d` (line 16)
      hint: git keeps branches like files: a name cannot be a folder of another; rename one
    plans.toml:19:10: branch `main/e` of plan `e` clashes with the target `main`
      hint: git keeps branches like files: a name cannot be a folder of another; rename one
    "#);
    let same =
        format!("[run]\nbranch = \"all\"\n{AGENT}[plans.a]\nprompt = \"x\"\n[plans.b]\nprompt = \"x\"\n");
    insta::assert_snapshot!(diagnostics(&same, &[]), @r#"
    plans.toml:2:10: `run.branch` gives every plan the same branch
      hint: put {plan} into it, for example "orch/{plan}"
    "#);
}

#[test]
fn a_document_that_is_not_text_is_named_with_its_line() {
    let text = format!("{AGENT}[plans.a]\nfile = \"a.md\"\n[plans.b]\nfile = \"b.md\"\n");
    let parsed = parse_manifest(Path::new("plans.toml"), &text);
    let source = |name: &str, content| {
        let display = format!("{name}.md").into();
        (name.parse().unwrap(), DocumentSource { display, content })
    };
    let sources = [
        source("a", Ok(Content::Bytes(b"# A\n\n\xff".to_vec()).read())),
        source("b", Err(Unreadable::Failed("permission denied".to_owned()))),
    ];
    let found = resolve(parsed, sources.into()).unwrap_err();
    insta::assert_snapshot!(found, @r#"
    a.md:3: the document is not UTF-8
      hint: save it as UTF-8
    plans.toml:6:8: document `b.md` of plan `b`: the file cannot be read: permission denied
    "#);
}

#[test]
fn the_only_agent_is_the_default_and_of_several_one_has_to_be_named() {
    let plan = "[plans.a]\nprompt = \"x\"\n[plans.b]\nprompt = \"x\"\n";
    let set = resolved(&format!("{AGENT}{plan}"), &[]).unwrap();
    assert_eq!(set.plans[0].agent.as_str(), "a");
    insta::assert_snapshot!(diagnostics(plan, &[]), @r#"
    plans.toml:1:8: no agent is defined that could work on plan `a`
      hint: write agent = "claude" in [run] (or codex, opencode, gemini, aider), or [agents.NAME] with command = ["my-agent", "{prompt_file}"]
    "#);
    let several = format!("{AGENT}[agents.b]\ncommand = [\"b\"]\n{plan}");
    insta::assert_snapshot!(diagnostics(&several, &[]), @r#"
    plans.toml:5:8: plan `a` names no agent and there are several
      hint: write agent = "a" in [run] or in the plan
    "#);
}

#[test]
fn presets_work_by_name_alone_when_they_are_there() {
    let text = "[plans.a]\nprompt = \"echo hi\"\nagent = \"shell\"\n[plans.b]\nfile = \"b.md\"\nagent = \"shell\"\n[plans.c]\nprompt = \"x\"\nagent = \"claude\"\n";
    insta::assert_snapshot!(diagnostics(text, &[("b.md", &phases(1))]), @r#"
    plans.toml:5:8: agent `shell` runs a prompt as a shell script, and plan `b` has a document
      hint: give the plan a `prompt`, or another agent
    "#);
    let set = resolved("[plans.a]\nprompt = \"echo hi\"\nagent = \"shell\"\n", &[]).unwrap();
    let agent = set.agents.values().next().unwrap();
    assert!(agent.runs_prompt());
    assert_eq!(agent.command, ["sh", "{prompt_file}"]);
}

#[test]
fn every_part_of_a_preset_can_be_written_over() {
    let text = r#"
[agents.claude]
model = "opus"
[agents.careful]
preset = "claude"
permissions = ["--permission-mode", "acceptEdits"]
args = ["--max-turns", "50"]
stop = ["TERM"]
env = { A = "1" }
accounts = { work = { CLAUDE_CONFIG_DIR = "/w" }, home = { CLAUDE_CONFIG_DIR = "/h" } }
[agents.forgetful]
preset = "codex"
resume = []
price = { input = 1.25, cached = 0.125, output = 10 }
[agents.own]
command = ["/opt/bin/claude", "-p", "{prompt}"]
resume = ["/opt/bin/claude", "--resume", "{session}"]
[run]
agent = "claude"
budget = 12.5
[plans.a]
prompt = "x"
budget = 3
"#;
    let set = resolved(text, &[]).unwrap();
    assert_eq!((set.run.budget, set.plans[0].budget), (Some(12.5), Some(3.0)));
    let agent = |name: &str| &set.agents[&name.parse().unwrap()];
    let line = |words: &[String]| words.join(" ");
    assert_eq!(
        line(&agent("claude").command),
        "claude -p --output-format stream-json --verbose --disallowedTools AskUserQuestion,EnterWorktree --settings {settings_file} --dangerously-skip-permissions --model {model}"
    );
    assert_eq!(
        line(agent("claude").attach.as_ref().unwrap()),
        "claude --resume {session} --model {model}"
    );
    assert_eq!(agent("claude").stop, [StopSignal::Int, StopSignal::Term]);
    let careful = agent("careful");
    assert_eq!(
        line(careful.resume.as_ref().unwrap()),
        "claude -p --output-format stream-json --verbose --disallowedTools AskUserQuestion,EnterWorktree --settings {settings_file} --permission-mode acceptEdits --max-turns 50 --resume {session}"
    );
    assert_eq!(careful.stop, [StopSignal::Term]);
    let accounts: Vec<&str> = careful
        .accounts
        .iter()
        .map(|account| account.name.as_str())
        .collect();
    assert_eq!(accounts, ["work", "home"]);
    assert_eq!(careful.accounts[1].env["CLAUDE_CONFIG_DIR"], "/h");
    let forgetful = agent("forgetful");
    assert_eq!(forgetful.resume, None);
    assert_eq!(forgetful.price.unwrap().output, 10.0);
    let own = agent("own");
    assert_eq!((own.events, own.stdin), (EventFormat::Claude, AgentStdin::None));
    assert!(own.resume.is_some());
}

#[test]
fn what_cannot_be_meant_for_an_agent_is_said() {
    let text = r#"
[agents.a]
command = ["x"]
args = ["y"]
resume = ["x", "again"]
price = { input = 1 }
[agents.b]
preset = "claud"
[agents.c]
preset = "codex"
stop = ["KILL"]
permissions = ["{sesion}"]
accounts = { one = { "A=B" = "x" } }
[plans.p]
prompt = "x"
agent = "a"
"#;
    insta::assert_snapshot!(diagnostics(text, &[]), @r#"
    plans.toml:4:8: agent `a`: `args` adds to a preset's command, and there is a `command`
      hint: write them into the `command`
    plans.toml:5:10: `resume` of agent `a` does not say which conversation
      hint: it needs {session}
    plans.toml:6:9: the `price` of agent `a` needs both `input` and `output`
      hint: money for a million tokens of each
    plans.toml:8:10: `agents.b.preset` is "claud", expected one of `claude`, `codex`, `opencode`, `gemini`, `aider` and `shell`
      hint: did you mean `claude`?
    plans.toml:11:9: `agents.c.stop[0]` is "KILL", expected one of `INT` and `TERM`
    plans.toml:12:16: permissions of agent `c`: unknown placeholder `{sesion}`: there are `{prompt_file}`, `{prompt}`, `{plan}`, `{worktree}`, `{model}`, `{status_file}`, `{branch}`, `{git_dir}`, `{git_common_dir}` and `{settings_file}`
    plans.toml:13:22: `A=B` cannot be the name of an environment variable
    "#);
}

#[test]
fn a_thousand_plans_in_a_chain_resolve() {
    let mut text = AGENT.to_owned();
    for number in 0..1000 {
        text.push_str(&format!("[plans.p{number}]\nprompt = \"x\"\n"));
        if number > 0 {
            text.push_str(&format!("depends = [\"p{}\"]\n", number - 1));
        }
    }
    assert_eq!(resolved(&text, &[]).unwrap().plans.len(), 1000);
}

#[test]
fn what_was_resolved_can_be_written_down_and_read_again() {
    let text = "[run]\nagent = \"claude\"\nbudget = 12.5\ncopy = [\".env\"]\nmerge = \"auto\"\n[agents.own]\ncommand = \
                [\"./own\"]\nstdin = \"prompt\"\nenv = { A = \"b\" }\n[resources]\ndb = 2\n[merge]\nverify = \"true\"\n\
                [hooks]\nnotify = \"say\"\n[escalate]\nconflict = \"2h\"\n[plans.a]\nfile = \"a.md\"\ndispatch = \
                \"task\"\nparallel_tasks = 3\nverify = \"make\"\n[plans.a.phases.2]\nagent = \"own\"\nuses = [\"db\"]\ngate = \
                \"approve\"\n[plans.b]\nprompt = \"Do it\"\ndepends = [\"a.1\", \"a@landed\"]\npriority = \"P0\"\n";
    let document = "# A\n\n- **Goal:** g\n\n## Phase 1: One\n\n- [x] 1.1 In `src/a.rs` [SEQUENTIAL]\n  - [ ] 1.1.A Part\n- [ \
                    ] 1.2 Two (depends: 1.1) (expected: 20m)\n\n**VERIFY Phase 1:** (non-blocking)\n- [ ] look\n\n## Phase 2: \
                    Two (pipeline-start: 60% of Phase 1)\n\n- [ ] 2.1 Three\n";
    let set = resolved(text, &[("a.md", document)]).unwrap();
    assert!(set.agents.values().any(|agent| agent.known.is_some()));
    let text = serde_json::to_string(&set).unwrap();
    assert_eq!(serde_json::from_str::<PlanSet>(&text).unwrap(), set);
}

#[test]
fn owners_are_known_people_days_are_days_and_missing_skills_are_told() {
    let people = "[people.ana]\nskills = [\"rust\"]\n[people.bo]\nskills = [\"sql\"]\n";
    let with = |plan: &str| format!("{AGENT}{people}[plans.p]\nprompt = \"x\"\nagent = \"a\"\n{plan}\n");
    let set = resolved(
        &with("owner = \"ana\"\ndue = 2026-12-01\nskills = [\"rust\"]"),
        &[],
    )
    .unwrap();
    assert_eq!(set.plans[0].milestone.due.unwrap().to_string(), "2026-12-01");
    assert_eq!(set.warnings, []);
    let said = diagnostics(&with("due = \"2026-13-01\""), &[]);
    assert!(
        said.contains("10:7: `plans.p.due`: \"2026-13-01\" is not a day"),
        "{said}"
    );
    let said = diagnostics(&with("owner = \"anna\""), &[]);
    assert!(
        said.contains("10:9: `owner` of plan `p` is the unknown person `anna`"),
        "{said}"
    );
    assert!(said.contains("did you mean `ana`?"), "{said}");
    let set = resolved(&with("owner = \"ana\"\nskills = [\"sql\", \"go\"]"), &[]).unwrap();
    let said: Vec<String> = set.warnings.iter().map(|lint| lint.message.clone()).collect();
    assert_eq!(
        said,
        [
            "ana owns plan `p`, which needs the skill `sql`, and does not have it",
            "nobody in [people] has the skill `go` that plan `p` needs"
        ]
    );
}

#[test]
fn the_name_of_the_person_is_no_name_of_a_plan() {
    let text = format!("{AGENT}[plans.lead]\nprompt = \"x\"\nagent = \"a\"\n");
    let said = diagnostics(&text, &[]);
    assert!(said.contains("no plan can be called `lead`"), "{said}");
}

#[test]
fn worktrees_in_gits_own_folder_and_texts_with_nul_are_refused() {
    let with = |run: &str| format!("[run]\n{run}\n{AGENT}[plans.p]\nfile = \"p.md\"\nagent = \"a\"\n");
    let found = |run: &str| resolved(&with(run), &[("p.md", &phases(1))]).map(drop);
    for path in [".git/{plan}", "./.git/x/{plan}", "../{repo}/.git/{plan}"] {
        let said = found(&format!("worktrees = \"{path}\"")).unwrap_err().to_string();
        assert!(said.contains("lies in `.git`"), "{said}");
    }
    found("worktrees = \"../.github/{plan}\"").unwrap();
    for line in [
        "setup = \"a\\u0000b\"",
        "copy = [\"a\\u0000b\"]",
        "base = \"a\\u0000b\"",
    ] {
        let said = found(line).unwrap_err().to_string();
        assert!(said.contains("NUL"), "{line}: {said}");
    }
}

const CLUSTER: &str = "[executors.big]\nkind = \"slurm\"\nhub = \"ssh://login/hub.git\"\n";
const PLAN: &str = "[plans.p]\nprompt = \"x\"\n";

#[test]
fn an_executor_is_the_plans_else_the_agents_else_that_of_the_run() {
    let executor = |run: &str, agent: &str, plan: &str| {
        let text = format!("[run]\n{run}\n{AGENT}{agent}\n{CLUSTER}{PLAN}{plan}\n");
        let set = resolved(&text, &[]).unwrap();
        let plan = &set.plans[0];
        let found = set
            .executor(plan, &set.agents[&plan.agent])
            .map(|found| found.name.to_string());
        found.unwrap_or_else(|| "here".to_owned())
    };
    let (big, local) = ("executor = \"big\"", "executor = \"local\"");
    assert_eq!(executor("", "", ""), "here");
    assert_eq!(executor(big, "", ""), "big");
    assert_eq!(executor(big, local, ""), "here");
    assert_eq!(executor("", local, big), "big");
    assert_eq!(executor(big, big, local), "here");
}

#[test]
fn executors_are_checked_where_they_are_written() {
    let wrong = |tables: &str, part: &str| {
        let said = diagnostics(&format!("{AGENT}{PLAN}{tables}"), &[]);
        assert!(said.contains(part), "{said}");
    };
    wrong(
        "executor = \"bog\"\n[executors.big]\nkind = \"slurm\"\nhub = \"/h\"",
        "unknown executor `bog`",
    );
    wrong("executor = \"big\"", "define it: [executors.big]");
    wrong("[executors.big]\nkind = \"slurm\"", "needs a `kind` and a `hub`");
    wrong(
        "[executors.big]\nkind = \"slurm\"\nhub = \"../hub\"",
        "relative to a folder of this machine",
    );
    wrong("[executors.big]\nkind = \"rsh\"\nhub = \"/h\"", "expected one of");
    let ssh = |hosts: &str| format!("[executors.big]\nkind = \"ssh\"\nhub = \"/h\"\n{hosts}");
    wrong(&ssh(""), "executor `big` has no `hosts`");
    wrong(&ssh("hosts = [{ slots = 2 }]"), "a host lacks `name`");
    wrong(
        &ssh("hosts = [{ name = \"a\" }, { name = \"a\" }]"),
        "host `a` is named twice",
    );
    wrong(
        &ssh("hosts = [{ name = \"-oProxyCommand=x\" }]"),
        "is not a host's name",
    );
    wrong(
        &ssh("hosts = [{ name = \"a\" }]\nsubmit = [\"x\"]"),
        "`submit` of executor `big` is for kind = \"command\"",
    );
    wrong(
        "[executors.local]\nkind = \"slurm\"\nhub = \"/h\"",
        "is this machine",
    );
    wrong(
        "[executors.big]\nkind = \"slurm\"\nhub = \"/h\"\nlist = [\"x\"]",
        "`list` of executor `big` is for kind = \"command\"",
    );
    let command =
        "[executors.big]\nkind = \"command\"\nhub = \"/h\"\nlist = [\"x\"]\ncancel = [\"x\", \"{jbo}\"]";
    wrong(command, "executor `big` has no `submit`");
    wrong(command, "{jbo}");
}

#[test]
fn a_job_asks_for_what_its_phase_says_else_its_plan_else_the_executor() {
    let text = format!(
        "[run]\nexecutor = \"big\"\n{AGENT}{CLUSTER}cpus = 2\nmemory = \"4G\"\npartition = \"long\"\n{PLAN}\
         [plans.p.job]\nmemory = \"8G\"\ntime = \"2h\"\nargs = [\"--nice\"]\n[plans.p.phases.1.job]\ncpus = 8\ngpus = 1\n"
    );
    let set = resolved(&text, &[]).unwrap();
    let plan = &set.plans[0];
    let executor = set.executor(plan, &set.agents[&plan.agent]).unwrap();
    let needs = |phase: u32| set.job_needs(executor, plan, Some(PhaseId(phase))).words();
    assert_eq!(
        needs(1),
        "cpus 8, memory 8G, gpus 1, partition long, time 2h, args --nice"
    );
    assert_eq!(
        needs(2),
        "cpus 2, memory 8G, partition long, time 2h, args --nice"
    );
    let said = diagnostics(
        &format!(
            "{AGENT}{PLAN}[executors.x]\nkind = \"ssh\"\nhub = \"/h\"\nhosts = [{{ name = \"a\" }}]\ncpus = 2\n"
        ),
        &[],
    );
    assert!(said.contains("`cpus` of executor `x` is for kind"), "{said}");
}
