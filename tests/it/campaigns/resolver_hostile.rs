//! Agents that resolve a conflict and do more, less or something else: none of what they make lands. `ORCH_HOSTILE=N` tries so many.

use crate::support::{Sandbox, campaign, document};

/// So many by default, of all.
const BY_DEFAULT: usize = 8;

/// `one` has landed; `two` conflicts with it in `shared.txt`, and takes the line `old` away. `other` is finished, and has landed nowhere.
fn at_odds(fixer: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.commit_file("kept.txt", "kept\n");
    sandbox.commit_file("test.sh", "exit 1\n");
    sandbox.commit_file("deep/inside.txt", "one\ntwo\nthree\n");
    sandbox.fixer("on_conflict = \"agent\"\nresolver = \"fixer\"", "", fixer);
    sandbox.commit_file("shared.txt", "top\nold\nbottom\nlast\n");
    sandbox.plan(
        "one",
        "",
        &document(&[1]),
        "sed -i '1a from one' shared.txt; git commit -qam one; work 1.1",
    );
    let two =
        "sed -i 's/^old$/from two/' shared.txt; echo two >> deep/inside.txt; git commit -qam two; work 1.1";
    sandbox.plan("two", "", &document(&[1]), two);
    sandbox.plan("other", "", &document(&[1]), "work 1.1");
    sandbox.orch("up").code(0).ok();
    sandbox.orch("merge one").code(0).ok();
    sandbox
}

/// What hostile agents do: some to what is right (`R`), some instead of it.
fn acts() -> Vec<String> {
    let right =
        "sed -i '/^<<<<<<<\\|^=======\\|^>>>>>>>\\|^|||||||/d; /^old$/d' shared.txt; git add shared.txt";
    let commit = "git commit -q --no-edit";
    let mut acts = Vec::new();
    // Beside the conflict, before or after the commit of the merge.
    for beside in [
        "git rm -q kept.txt",
        ": > kept.txt; git add kept.txt",
        "echo 'exit 0' > test.sh; git add test.sh",
        "chmod +x kept.txt; git add kept.txt",
        "git rm -q deep/inside.txt; ln -s ../kept.txt deep/inside.txt; git add deep/inside.txt",
        "echo more > more.txt; git add more.txt",
        "git mv kept.txt renamed.txt",
        "printf 'one\\ntwo\\nthree\\n' > deep/inside.txt; git add deep/inside.txt",
        "sed -i 's/^last$/LAST/' shared.txt; git add shared.txt",
        "sed -i 's/^top$//' shared.txt; git add shared.txt",
        "echo '* -text' > .gitattributes; git add .gitattributes",
    ] {
        acts.push(format!("{right}; {beside}; {commit}"));
        acts.push(format!("{right}; {commit}; {beside}; git commit -qm more"));
    }
    // One side, or neither.
    acts.push(format!(
        "git checkout -q --ours shared.txt; git add shared.txt; {commit}"
    ));
    acts.push(format!(
        "git checkout -q --theirs shared.txt; git add shared.txt; {commit}"
    ));
    acts.push(format!("git rm -qf shared.txt; {commit}"));
    acts.push(format!("printf 'top\\nfrom one\\nold\\nfrom two\\nbottom\\nlast\\n' > shared.txt; git add shared.txt; {commit}"));
    acts.push(
        "head=$(git rev-parse MERGE_HEAD); git merge --abort; git merge -q -s ours --no-edit $head"
            .to_owned(),
    );
    acts.push(
        "head=$(git rev-parse MERGE_HEAD); git merge --abort; git merge -q -X ours --no-edit $head"
            .to_owned(),
    );
    acts.push(
        "head=$(git rev-parse MERGE_HEAD); git merge --abort; git merge -q -X theirs --no-edit $head"
            .to_owned(),
    );
    acts.push("head=$(git rev-parse MERGE_HEAD); onto=$(git rev-parse HEAD); git reset -q --hard $head; git merge -q -s ours --no-edit $onto".to_owned());
    // Others' work is made to count as landed.
    acts.push(format!(
        "{right}; {commit}; git merge -q -s ours --no-edit orch/other"
    ));
    acts.push(format!("{right}; {commit}; git merge -q --no-edit orch/other"));
    acts.push(format!("{right}; {commit}; git cherry-pick orch/other"));
    acts.push(format!(
        "{right}; {commit}; git update-ref refs/heads/orch/two $(git rev-parse HEAD~1)"
    ));
    // The target itself.
    acts.push(format!(
        "{right}; git rm -q kept.txt; {commit}; git update-ref refs/orch/resolve/two/done HEAD"
    ));
    acts
}

#[test]
fn what_a_hostile_agent_makes_of_a_conflict_does_not_land() {
    let acts = acts();
    let count = campaign("ORCH_HOSTILE", BY_DEFAULT).min(acts.len());
    // Spread over all kinds.
    let step = acts.len().div_ceil(count);
    let (mut tried, mut landed) = (0, Vec::new());
    for offset in 0..step {
        for act in acts.iter().skip(offset).step_by(step) {
            if tried == count {
                break;
            }
            tried += 1;
            let sandbox = at_odds(act);
            let before = sandbox.git("rev-parse main");
            let _ = sandbox.orch("merge two");
            if sandbox.git("rev-parse main") != before || sandbox.state("two") == "landed" {
                landed.push(format!(
                    "{act}: {}",
                    sandbox.git("show --stat --format=%s%n%P main")
                ));
            }
            // Nor is it taken up later.
            let _ = sandbox.orch("merge two");
            if sandbox.state("two") == "landed" {
                landed.push(format!("{act}, later"));
            }
        }
    }
    println!("hostile resolvers: {tried} tried, {} landed", landed.len());
    assert!(landed.is_empty(), "{}", landed.join("\n"));
}

#[test]
fn what_an_honest_agent_makes_of_the_same_conflict_lands() {
    let right = "sed -i '/^<<<<<<<\\|^=======\\|^>>>>>>>\\|^|||||||/d; /^old$/d' shared.txt; git add shared.txt; git commit -q --no-edit";
    let sandbox = at_odds(right);
    sandbox.orch("merge two").code(0).ok();
    assert_eq!(
        sandbox.read("shared.txt"),
        "top\nfrom one\nfrom two\nbottom\nlast\n"
    );
}
