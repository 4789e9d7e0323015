//! A run that may be killed at any step, and what has to hold of it in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Said, Sandbox, Scratch, document};

/// Work that can be done twice with the same outcome, by an agent that notes when it is not alone in its worktree.
const AGENT: &str = r#"
exec 9>> "$MARKS/in-$(basename "$ORCH_WORKTREE")"
flock -n -E 99 9 || test $? -ne 99 || echo "$ORCH_ATTEMPT" >> "$MARKS/not-alone"
step() {
    for id in "$@"; do
        file="$ORCH_PLAN-$id.txt"
        if grep -qsx "$ORCH_PLAN $id" "$MARKS/reported"; then
            orch task list --json | tr -d ' \n' | grep -q "\"id\":\"$id\"[^}]*\"state\":\"done\"" ||
                echo "$ORCH_ATTEMPT $id" >> "$MARKS/twice"
        fi
        echo "$ORCH_PLAN $id" > "$file"
        git add -A -- "$file"
        git diff --cached --quiet || git commit -q -m "$file"
        git rev-parse HEAD >> "$MARKS/commits"
        orch task done -q "$id"
        echo "$ORCH_PLAN $id" >> "$MARKS/reported"
    done
}
"#;

/// A run whose end is the same however often it is disturbed: a plan in two legs that waits in the middle for another, which waits for its first leg, and one in task dispatch. All
/// start from a tag, so that what has landed meanwhile is not in them.
pub fn world(settings: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.settings(&format!(
        "base = \"start\"\ntarget = \"main\"\nbackoff = \"1ms\"\nparallel_tasks = 2\n{settings}"
    ));
    sandbox.git("tag start");
    // The lock of git's own housekeeping, left by one that is killed, is nobody's to remove but git's.
    sandbox.git("config maintenance.auto false");
    let agent = |steps: &str| format!("{AGENT}{steps}");
    sandbox.plan(
        "a",
        "verify = \"test -e a-1.1.txt\"\n[plans.a.phases.2]\ndepends = [\"b\"]",
        &document(&[1, 1]),
        // Both phases in one leg, when the first was reported and its agent killed before that was proven.
        &agent("for phase in $(echo $ORCH_PHASE | tr , ' '); do test $phase = 1 || test -e b-1.1.txt; step $phase.1; done"),
    );
    sandbox.plan(
        "b",
        "depends = [\"a.1\"]",
        &document(&[1]),
        &agent("test -e a-1.1.txt; step 1.1"),
    );
    sandbox.plan(
        "c",
        "dispatch = \"task\"",
        &document(&[2]),
        &agent("step \"$ORCH_TASK\""),
    );
    sandbox.tables("[merge]\nverify = \"git rev-parse HEAD^{tree} >> $MARKS/verified\"");
    sandbox
}

/// A run of everything at once: a submodule, plans in lanes by tasks and by phases, plans that wait for each other, candidates that
/// are verified side by side, agents that change and delete what was there, and a checkout of the target that follows.
pub fn wide_world(sandbox: Sandbox, settings: &str) -> Sandbox {
    let library = Scratch::named("library");
    for number in 0..6 {
        sandbox.write(format!("old/{number}.txt"), format!("old {number}\n"));
    }
    let kept = sandbox.beside("library");
    sandbox.git_args([
        "clone",
        "-q",
        "--bare",
        library.path().to_str().unwrap(),
        kept.to_str().unwrap(),
    ]);
    sandbox.git_args(["submodule", "--quiet", "add", kept.to_str().unwrap(), "lib"]);
    // As everywhere: trees are compared between runs.
    sandbox.git("config -f .gitmodules submodule.lib.url ../library");
    sandbox.git("add -- old .gitmodules");
    sandbox.git("commit -qm old");
    sandbox.git("tag start");
    sandbox.git("config maintenance.auto false");
    sandbox.settings(&format!(
        "base = \"start\"\ntarget = \"main\"\nbackoff = \"1ms\"\nparallel_tasks = 2\n{settings}"
    ));
    let agent = |steps: &str| format!("{AGENT}{steps}");
    let phases = "for phase in $(echo $ORCH_PHASE | tr , ' '); do step $phase.1; done";
    sandbox.plan(
        "a",
        "verify = \"test -e a-1.1.txt\"\n[plans.a.phases.2]\ndepends = [\"b\"]",
        &document(&[1, 1]),
        &agent(
            "for phase in $(echo $ORCH_PHASE | tr , ' '); do test $phase = 1 || test -e b-1.1.txt; step $phase.1; done",
        ),
    );
    sandbox.plan(
        "b",
        "depends = [\"a.1\"]",
        &document(&[1]),
        &agent("test -e a-1.1.txt; git rm -q --ignore-unmatch old/1.txt; step 1.1"),
    );
    sandbox.plan(
        "c",
        "dispatch = \"task\"",
        &document(&[3]),
        &agent("echo c > old/2.txt; git add old/2.txt; step \"$ORCH_TASK\""),
    );
    sandbox.plan(
        "d",
        "dispatch = \"phase\"\ndepends = [\"c\"]",
        &document(&[1, 1]),
        &agent(&format!("test -e c-1.1.txt; {phases}")),
    );
    sandbox.plan("e", "", &document(&[2]), &agent("step 1.1 1.2"));
    sandbox.tables("[merge]\nverify_slots = 2\nverify = \"git rev-parse HEAD^{tree} >> $MARKS/verified\"");
    sandbox
}

/// Everything that has to come out the same.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Every ref but backups, with the files that it leads to.
    pub refs: BTreeMap<String, String>,
    /// The plans whose branches the target has whole. Not by which merges: a plan that carries another may land before it or
    /// after it, as their checks end.
    pub landed: BTreeSet<String>,
    /// The plans that a note on the target tells of.
    pub noted: BTreeSet<String>,
    /// Every plan and task with its state.
    pub states: BTreeMap<String, String>,
}

impl Outcome {
    pub fn of(sandbox: &Sandbox) -> Self {
        let refs = sandbox.git("for-each-ref --format=%(refname)");
        // Notes hold times; that each landing has one is looked at below.
        let other = |name: &&str| !name.starts_with("refs/orch/backup/") && *name != "refs/notes/orch";
        let refs = refs.lines().filter(other);
        let tree = |name: &str| sandbox.git(&format!("rev-parse {name}^{{tree}}"));
        let status = sandbox.orch("status --json").code(0).json();
        let mut states = BTreeMap::new();
        let name = |value: &Value| value.as_str().unwrap().to_owned();
        let plans = status["plans"].as_array().unwrap().iter();
        let plans: Vec<String> = plans.map(|plan| name(&plan["name"])).collect();
        for plan in status["plans"].as_array().unwrap() {
            let of = name(&plan["name"]);
            for phase in plan["phases"].as_array().unwrap() {
                for task in phase["tasks"].as_array().unwrap() {
                    states.insert(format!("{of}.{}", name(&task["id"])), name(&task["state"]));
                }
            }
            states.insert(of, name(&plan["state"]));
        }
        Self {
            refs: refs.map(|name| (name.to_owned(), tree(name))).collect(),
            landed: plans
                .into_iter()
                .filter(|plan| {
                    let within =
                        sandbox.try_git(["merge-base", "--is-ancestor", &format!("orch/{plan}"), "main"]);
                    within.status.success()
                })
                .collect(),
            noted: noted(sandbox),
            states,
        }
    }
}

fn noted(sandbox: &Sandbox) -> BTreeSet<String> {
    let listed = sandbox.try_git(["notes", "--ref", "orch", "list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let on = listed.lines().filter_map(|line| line.split_once(' '));
    let notes = on.map(|(_, commit)| sandbox.git_args(["notes", "--ref", "orch", "show", commit]));
    let plans = notes.flat_map(|note| {
        let note: Value = serde_json::from_str(&note).unwrap();
        let landings = note["landings"].as_array().unwrap().clone();
        landings
            .into_iter()
            .map(|landing| landing["plan"].as_str().unwrap().to_owned())
    });
    plans.collect()
}

/// What has to hold after every run, however it came to its end.
pub fn check(sandbox: &Sandbox, what: &str) {
    sandbox.nothing_is_left();
    sandbox.nothing_ran_twice();
    let not_alone = fs::read_to_string(sandbox.mark("not-alone")).unwrap_or_default();
    assert_eq!(not_alone, "", "{what}: two agents in one worktree");
    let verified = fs::read_to_string(sandbox.mark("verified")).unwrap();
    let trees = sandbox.git("log --first-parent --format=%T start..main");
    for tree in trees.lines() {
        assert!(
            verified.lines().any(|line| line == tree),
            "{what}: {tree} landed unverified"
        );
    }
    assert_eq!(locks(&sandbox.join(".git")), Vec::<String>::new(), "{what}");
    sandbox.git("fsck --strict --no-dangling");
    let twice = fs::read_to_string(sandbox.mark("twice")).unwrap_or_default();
    assert_eq!(
        twice, "",
        "{what}: done again after it was committed and reported"
    );
    // Whatever an agent committed is on a ref, be it of a backup.
    let on_refs = sandbox.git("rev-list --all");
    let on_refs: BTreeSet<&str> = on_refs.lines().collect();
    let commits = fs::read_to_string(sandbox.mark("commits")).unwrap_or_default();
    let whole = commits.lines().filter(|commit| commit.len() == 40);
    let lost: Vec<&str> = whole.filter(|commit| !on_refs.contains(commit)).collect();
    assert!(lost.is_empty(), "{what}: {lost:?} are on no ref");
    // The checkout of the target has followed, and nobody has staged anything.
    let changed = sandbox.git("status --porcelain --untracked-files=no");
    assert_eq!(changed, "", "{what}: the checkout of the target");
    let doctor = sandbox.orch("doctor");
    assert_eq!(doctor.code, 0, "{what}: {doctor:?}");
}

/// Continues until a run is over, as a person does who says `retry` where it is held for what was killed, so often at most.
pub fn go_on(sandbox: &Sandbox, what: &str, retries: usize) -> Vec<Said> {
    let mut all = Vec::new();
    loop {
        // One that hangs is a fault as well.
        let said = sandbox.start("up --merge").end();
        let code = said.code;
        all.push(said);
        match code {
            0 => return all,
            1 if all.len() <= retries => {
                let status = sandbox.orch("status --json").code(0).json();
                for plan in status["plans"].as_array().unwrap() {
                    if ["failed", "held"].contains(&plan["state"].as_str().unwrap()) {
                        all.push(sandbox.orch(&format!("retry {}", plan["name"].as_str().unwrap())));
                    }
                }
            }
            _ => panic!("{what}: no end: {all:?}"),
        }
    }
}

/// Lock files of git that are left.
fn locks(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(locks(&path));
        } else if path.extension().is_some_and(|extension| extension == "lock") {
            found.push(path.display().to_string());
        }
    }
    found.retain(|path| !path.contains("/.git/orch/"));
    found
}
