//! `orch edit` and `orch new --add`: the manifest changes as asked and keeps its comments; what `orch check` would refuse is
//! not written.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::{Said, Sandbox, Scratch, document};

const MANIFEST: &str = "# top\n[agents.x]\ncommand = [\"true\"] # nothing\n\n# accounts\n[plans.auth]\nfile = \"plans/auth.md\" # here\n\
                        \n# the end\n[merge]\nearly = false\n";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox
        .write("plans/auth.md", document(&[2, 1]))
        .write("plans.toml", MANIFEST);
    sandbox
}

/// Runs a command that is refused, and says whether the manifest stayed.
#[track_caller]
fn refused(sandbox: &Sandbox, args: &[&str]) -> Said {
    let before = sandbox.read("plans.toml");
    let said = Said::of(&mut sandbox.command(args)).code(2);
    assert_eq!(sandbox.read("plans.toml"), before);
    let left = fs::read_dir(sandbox.path()).unwrap().flatten();
    let left = left.filter(|entry| entry.file_name().to_string_lossy().starts_with(".plans-"));
    assert_eq!(left.count(), 0, "nothing is left beside it");
    said
}

#[test]
fn a_key_is_set_and_comments_stay() {
    let sandbox = sandbox();
    let set = |key: &str, value: &str| Said::of(&mut sandbox.command(["edit", "set", key, value])).code(0);
    set("plans.auth.priority", "high").says("changed plans.toml").ok();
    let expected = MANIFEST.replace("# here\n", "# here\npriority = \"high\"\n");
    assert_eq!(sandbox.read("plans.toml"), expected);
    set("plans.auth.priority", "high").says("says so already").ok();
    set("merge.early", "true").ok();
    set("run.retries", "0").ok();
    set("plans.auth.phases.2.timeout", "1h").ok();
    let text = sandbox.read("plans.toml");
    assert!(
        text.contains("early = true\n") && text.contains("\n[run]\nretries = 0\n"),
        "{text}"
    );
    assert!(
        text.contains("[plans.auth.phases.2]\ntimeout = \"1h\"\n"),
        "{text}"
    );
    sandbox.orch("check").code(0).ok();
}

#[test]
fn a_dry_run_shows_a_diff_and_writes_nothing() {
    let sandbox = sandbox();
    let said = sandbox
        .orch("edit set plans.auth.priority high --dry-run")
        .code(0);
    assert!(said.out.contains("\n+priority = \"high\"\n"), "{}", said.out);
    assert!(said.out.contains("\n@@ "), "{}", said.out);
    let said = sandbox
        .orch("edit set plans.auth.priority high --dry-run --json")
        .code(0)
        .json();
    assert_eq!(
        (&said["changed"], &said["written"]),
        (&true.into(), &false.into())
    );
    assert_eq!(sandbox.read("plans.toml"), MANIFEST);
    let patch = sandbox.orch("edit add plan b --prompt x --dry-run").code(0).out;
    sandbox.write("change.patch", &patch);
    sandbox.git("apply change.patch");
    assert!(
        sandbox
            .read("plans.toml")
            .contains("[plans.b]\nprompt = \"x\"\n\n# the end\n")
    );
}

#[test]
fn plans_are_added_and_removed() {
    let sandbox = sandbox();
    sandbox.write("plans/pay.md", document(&[1]));
    sandbox
        .orch("edit add plan pay --depends auth.phase1,auth.2@landed --priority low --agent x")
        .code(0)
        .ok();
    let lines = "[plans.pay]\nfile = \"plans/pay.md\"\npriority = \"low\"\nagent = \"x\"\n\
                 depends = [\"auth.phase1\", \"auth.2@landed\"]\n";
    assert_eq!(
        sandbox.read("plans.toml"),
        MANIFEST.replace("# here\n", &format!("# here\n\n{lines}"))
    );
    let said = refused(&sandbox, &["edit", "remove", "plan", "auth"]);
    said.says("names an unknown plan `auth`")
        .says("nothing was written")
        .ok();
    sandbox.orch("edit remove plan pay").code(0).ok();
    assert_eq!(sandbox.read("plans.toml"), MANIFEST);
    assert!(sandbox.join("plans/pay.md").exists(), "the document stays");
}

#[test]
fn a_new_plan_is_added_with_its_document() {
    let sandbox = sandbox();
    sandbox
        .orch("new billing --add --depends auth.phase1")
        .code(0)
        .ok();
    let text = sandbox.read("plans.toml");
    assert!(
        text.contains("\n[plans.billing]\nfile = \"plans/billing.md\"\ndepends = [\"auth.phase1\"]\n"),
        "{text}"
    );
    sandbox.orch("check").code(0).ok();
    refused(&sandbox, &["new", "billing", "--add"])
        .says("already exists")
        .ok();
    refused(&sandbox, &["new", "other", "--add", "--depends", "auht"])
        .says("did you mean `auth`?")
        .ok();
    assert!(!sandbox.join("plans/other.md").exists());
}

#[test]
fn what_check_would_refuse_is_refused_in_its_words() {
    let sandbox = sandbox();
    let set = |key: &str, value: &str| refused(&sandbox, &["edit", "set", key, value]);
    set("plans.auth.priorty", "high")
        .says("unknown key `plans.auth.priorty`")
        .says("did you mean `priority`?")
        .ok();
    set("plans.auth.retries", "many")
        .says("`plans.auth.retries` is a string, expected an integer")
        .ok();
    set("plans.auth.retries", "-1")
        .says("expected an integer of at least 0")
        .ok();
    set("plans.auth.depends", "auth").says("put it in brackets").ok();
    set("plans.auth.phases", "2").says("expected a table").ok();
    set("plans.auth.file", "plans/no.md").says("does not exist").ok();
    set("plans.aut.priority", "high")
        .says("there is no plan `aut`")
        .says("did you mean `auth`?")
        .ok();
    set("plans", "x").says("`plans` is a table").ok();
    set("plans..x", "x").says("`plans..x` is not a key").ok();
    refused(&sandbox, &["edit", "add", "plan", "auth"])
        .says("there is a plan `auth` already")
        .ok();
    refused(&sandbox, &["edit", "add", "plan", "Auth"])
        .says("Auth")
        .ok();
    refused(&sandbox, &["edit", "remove", "plan", "aut"])
        .says("did you mean `auth`?")
        .ok();
}

#[test]
fn a_manifest_that_is_invalid_before_is_not_edited() {
    let sandbox = sandbox();
    sandbox.write("plans.toml", MANIFEST.replace("early", "erly"));
    refused(&sandbox, &["edit", "set", "plans.auth.priority", "high"])
        .says("plans.toml:11:1: unknown key `merge.erly`")
        .says("plans.toml is not valid as it is")
        .ok();
    sandbox.write("plans.toml", "[plans.auth\n");
    refused(&sandbox, &["edit", "set", "plans.auth.priority", "high"])
        .says("plans.toml:1:")
        .ok();
    sandbox.remove("plans.toml");
    sandbox
        .orch("edit set run.retries 1")
        .code(2)
        .says("no plans.toml")
        .ok();
}

#[test]
fn a_link_stays_a_link_and_rights_stay() {
    let sandbox = sandbox();
    fs::rename(sandbox.join("plans.toml"), sandbox.join("real.toml")).unwrap();
    symlink("real.toml", sandbox.join("plans.toml")).unwrap();
    fs::set_permissions(sandbox.join("real.toml"), fs::Permissions::from_mode(0o640)).unwrap();
    sandbox.orch("edit set run.retries 1").code(0).ok();
    assert!(sandbox.join("plans.toml").is_symlink());
    assert!(sandbox.read("real.toml").contains("retries = 1"));
    let mode = sandbox.join("real.toml").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn a_repository_without_a_commit_has_a_manifest_that_can_be_edited() {
    let sandbox = Sandbox::around(Scratch::empty("fresh"));
    sandbox.remove("plans.toml");
    sandbox.orch("init").code(0).ok();
    sandbox.orch("check").code(2).says("has no commit yet").ok();
    sandbox
        .orch("new billing --add --depends example.phase1")
        .code(0)
        .ok();
    sandbox.commit("begin");
    sandbox.orch("check").code(0).says("ok: 2 plans").ok();
    refused(&sandbox, &["edit", "set", "run.target", "orch/billing"])
        .says("would work on `orch/billing`, which is the target")
        .ok();
}
