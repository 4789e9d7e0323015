//! What a plan has to prove and what it has to wait for. Only the lead may loosen these settings.

use std::collections::BTreeSet;

use crate::plan::{CommitPolicy, Plan, PlanName, PlanSet, Report};

/// The plan before the edit. A renamed plan is recognised by its document or its branch.
pub fn formerly<'a>(before: &'a PlanSet, now: &PlanSet, plan: &PlanName) -> Option<&'a Plan> {
    let has = now.plan(plan)?;
    let same = |had: &&Plan| {
        (had.file.is_some() && had.file == has.file)
            || had.branch == has.branch
            || had.document.text == has.document.text
    };
    let mut gone = before.plans.iter().filter(|had| now.plan(&had.name).is_none());
    before.plan(plan).or_else(|| gone.find(same))
}

/// The keys by which a plan has less to prove or to wait for than before, such as `auth.phases.2.gate` or `merge.verify`.
/// Replacing a command that had to succeed counts, too.
pub fn loosened(before: &PlanSet, now: &PlanSet, plan: &PlanName) -> BTreeSet<String> {
    let (Some(had), Some(has)) = (formerly(before, now, plan), now.plan(plan)) else {
        return BTreeSet::new();
    };
    let (kept, still) = (demands(before, had, has), demands(now, has, has));
    let lost = kept.into_iter().filter(|demand| !still.contains(demand));
    lost.map(|(key, _)| key).collect()
}

/// Each key that demands something of a plan, with its demand. Keys and phases are named as the plan has them `now`: a demand
/// that goes away with its phase does not count.
fn demands(set: &PlanSet, plan: &Plan, now: &Plan) -> BTreeSet<(String, String)> {
    let mut demands = BTreeSet::new();
    let mut demand = |key: String, what: &dyn ToString| {
        demands.insert((key, what.to_string()));
    };
    let name = &now.name;
    for (key, line) in [
        ("merge.verify".to_owned(), &set.merge.verify),
        ("hooks.pre_merge".to_owned(), &set.hooks.pre_merge),
        (format!("{name}.verify"), &plan.verify),
    ] {
        if let Some(line) = line {
            demand(key, line);
        }
    }
    for (key, each) in [("success", &plan.success), ("outputs", &plan.outputs)] {
        for what in each {
            demand(format!("{name}.{key}"), what);
        }
    }
    for dependency in &plan.depends {
        demand(format!("{name}.depends"), dependency);
    }
    let asked = plan.commit == CommitPolicy::Require;
    for (key, holds) in [
        ("gate", plan.gate),
        ("review", plan.review),
        ("commit", asked),
        ("allow_empty", !plan.allow_empty),
    ] {
        if holds {
            demand(format!("{name}.{key}"), &"");
        }
    }
    let phases = now.document.phases.iter().map(|phase| phase.id);
    for phase in phases.filter(|phase| plan.document.phase(*phase).is_some()) {
        let settings = plan.phases.get(&phase);
        let agent = settings.and_then(|settings| settings.agent.as_ref());
        if set.report(plan, agent.unwrap_or(&plan.agent)) == Report::Required {
            demand(format!("{name}.report"), &phase);
        }
        for dependency in plan.phase_waits(phase) {
            demand(format!("{name}.phases.{phase}.depends"), &dependency);
        }
        for line in settings.into_iter().flat_map(|settings| &settings.verify) {
            demand(format!("{name}.phases.{phase}.verify"), line);
        }
        if settings.is_some_and(|settings| settings.gate) {
            demand(format!("{name}.phases.{phase}.gate"), &"");
        }
    }
    demands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::manifest::{Content, DocumentSource, parse_manifest, resolve};

    const DOCUMENT: &str =
        "# A\n\n## Phase 1: One\n\n- [ ] 1.1 a\n\n## Phase 2: Two\n\n- [ ] 2.1 b (depends: b.1)\n";

    fn set_of(manifest: &str, document: &str) -> PlanSet {
        let parsed = parse_manifest("plans.toml".as_ref(), manifest);
        let source = |text: &str| DocumentSource {
            display: "a.md".into(),
            content: Ok(Content::Bytes(text.as_bytes().to_vec())),
        };
        let other = "# B\n\n## Phase 1: One\n\n- [ ] 1.1 b\n";
        let sources = [("a", document), ("b", other), ("c", other)];
        let sources = sources.map(|(plan, text)| (plan.parse().unwrap(), source(text)));
        resolve(parsed, sources.into()).unwrap()
    }

    #[test]
    fn whatever_was_demanded_and_is_not_any_more_is_named() {
        let strict = "schema = 1\n\
            [run]\nreport = \"required\"\ncommit = \"require\"\n\
            [merge]\nreview = true\nverify = \"make all\"\n\
            [hooks]\npre_merge = \"ask\"\n\
            [agents.x]\ncommand = [\"x\"]\n[agents.y]\ncommand = [\"y\"]\nreport = \"auto\"\n\
            [sync.s]\npoints = [\"a.1\", \"c.1\"]\nverify = \"smoke\"\n\
            [plans.a]\nfile = \"a.md\"\nagent = \"x\"\nverify = \"make test\"\nsuccess = [\"one\", \"two\"]\noutputs = [\"x/**\"]\ngate = \"approve\"\ndepends = [\"b\"]\n\
            [plans.a.phases.1]\nverify = \"make one\"\n\
            [plans.a.phases.2]\ngate = \"approve\"\n\
            [plans.b]\nfile = \"b.md\"\nagent = \"x\"\n[plans.c]\nfile = \"c.md\"\nagent = \"x\"\n";
        let before = set_of(strict, DOCUMENT);
        for (from, to, keys) in [
            ("", "", ""),
            ("verify = \"make all\"", "", "merge.verify"),
            ("pre_merge = \"ask\"", "", "hooks.pre_merge"),
            ("verify = \"make test\"\n", "", "a.verify"),
            ("make test", "true", "a.verify"),
            (", \"two\"", "", "a.success"),
            ("outputs = [\"x/**\"]\n", "", "a.outputs"),
            ("verify = \"make one\"", "", "a.phases.1.verify"),
            ("\nverify = \"smoke\"", "", "a.phases.1.verify"),
            (
                "[sync.s]\npoints = [\"a.1\", \"c.1\"]\nverify = \"smoke\"",
                "",
                "a.phases.1.verify a.phases.2.depends",
            ),
            ("\ngate = \"approve\"\ndepends", "\ndepends", "a.gate"),
            ("[merge]\nreview = true\n", "[merge]\n", "a.review"),
            ("[plans.a.phases.2]\ngate = \"approve\"", "", "a.phases.2.gate"),
            ("depends = [\"b\"]", "", "a.depends"),
            ("\ncommit = \"require\"", "", "a.commit"),
            ("report = \"required\"", "", "a.report"),
            (
                "command = [\"x\"]",
                "command = [\"x\"]\nreport = \"auto\"",
                "a.report",
            ),
            (
                "[plans.a.phases.2]",
                "[plans.a.phases.2]\nagent = \"y\"",
                "a.report",
            ),
            (
                "agent = \"x\"\nverify",
                "agent = \"x\"\nallow_empty = true\nverify",
                "a.allow_empty",
            ),
            ("agent = \"x\"\nverify", "agent = \"x\"\nretries = 5\nverify", ""),
        ] {
            assert!(strict.contains(from), "{from}");
            let now = set_of(&strict.replacen(from, to, 1), DOCUMENT);
            let found: Vec<String> = loosened(&before, &now, &"a".parse().unwrap())
                .into_iter()
                .collect();
            assert_eq!(found.join(" "), keys, "{from} > {to}");
        }
        let now = set_of(strict, &DOCUMENT.replace(" (depends: b.1)", ""));
        let found = loosened(&before, &now, &"a".parse().unwrap());
        assert_eq!(Vec::from_iter(found), ["a.phases.2.depends"]);
    }
}
