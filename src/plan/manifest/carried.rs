//! Plans that land as other commits than their own (`squash`, `rebase`) while other plans build on their commits.
//!
//! Such a plan `a` is refused at its landing while another branch has some of its commits. The manifest shows whether this can
//! happen. A plan `b` that waits for `a` without `@landed` merges in the commits of `a` as soon as `b` begins. From then on `b`
//! must land first, but `b` may land only after `a`. Landing `a` before `b` begins still works, so this is a warning. Plans
//! that build on each other phase by phase land one after the other, when all of them are finished. When each of them may land
//! only after another one that has its commits, none of them can ever land, and that is an error.

use std::collections::{BTreeMap, BTreeSet};

use super::cycles::groups_in_cycles;
use super::waits::WrittenWait;
use crate::plan::{Diagnostic, Lint, LintId, MergeStrategy, Plan, PlanName};

/// Errors for plans that can never land, and warnings for plans that need care.
#[derive(Debug, Default)]
pub(super) struct CarryDiagnostics {
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) warnings: Vec<Lint>,
}

/// Checks all plans and everything that they wait for.
pub(super) fn check(plans: &[Plan], waits: &[WrittenWait]) -> CarryDiagnostics {
    let mut found = CarryDiagnostics::default();
    let by_name: BTreeMap<&PlanName, &Plan> = plans.iter().map(|plan| (&plan.name, plan)).collect();
    let landed = waits.iter().filter(|wait| wait.dependency.landed);
    let landed: BTreeSet<_> = landed
        .map(|wait| (&wait.plan, wait.phase, &wait.dependency.on.plan))
        .collect();
    // Nothing is merged in when the plan or the phase waits for the landing anyway.
    let begins_after_landing = |wait: &WrittenWait| {
        let waits_for = |phase| landed.contains(&(&wait.plan, phase, &wait.dependency.on.plan));
        waits_for(None) || waits_for(wait.phase)
    };
    let carries: Vec<&WrittenWait> = waits
        .iter()
        .filter(|wait| {
            let carry = by_name.get(&wait.plan).is_some_and(|plan| plan.carry);
            carry && !wait.dependency.landed && !begins_after_landing(wait)
        })
        .collect();
    let stuck = stuck(plans, waits, &carries);
    let mut seen: BTreeSet<(&PlanName, &PlanName)> = BTreeSet::new();
    for wait in carries {
        let on = &wait.dependency.on.plan;
        let Some(word) = by_name.get(on).and_then(|plan| replacing(plan)) else {
            continue;
        };
        if !seen.insert((&wait.plan, on)) {
            continue;
        }
        let plan = &wait.plan;
        let never = stuck.contains(on) && stuck.contains(plan);
        let message = if never {
            format!(
                "`{plan}` and `{on}` build on each other's commits, and both land as other commits than those (`{word}`): \
                 neither can ever land"
            )
        } else {
            format!(
                "`{plan}` builds on the commits of `{on}`, which lands as other commits (`{word}`): once {plan} has begun, {on} \
                 is refused at its landing"
            )
        };
        let hint = format!(
            "write `carry = false` for {plan}, let it wait for `{on}@landed`, or write `merge_strategy = \"merge\"` for {on}"
        );
        if never {
            let mut diagnostic = Diagnostic::of_file(&wait.file, message).hint(hint);
            (diagnostic.line, diagnostic.column) = (Some(wait.line), wait.column);
            found.diagnostics.push(diagnostic);
        } else {
            let lint = Lint::at(LintId::Carried, &wait.file, wait.line, wait.column, message);
            found.warnings.push(lint.hint(hint));
        }
    }
    found.warnings.sort();
    found
}

fn replacing(plan: &Plan) -> Option<&'static str> {
    match plan.merge_strategy {
        MergeStrategy::Merge => None,
        MergeStrategy::Squash => Some("squash"),
        MergeStrategy::Rebase => Some("rebase"),
    }
}

/// The plans that cannot land although everything is finished: for each, a plan that has to land later builds on its commits.
fn stuck<'p>(plans: &'p [Plan], waits: &[WrittenWait], carries: &[&WrittenWait]) -> BTreeSet<&'p PlanName> {
    let replacing = plans.iter().filter(|plan| replacing(plan).is_some());
    let mut open: BTreeSet<&PlanName> = replacing.map(|plan| &plan.name).collect();
    if open.is_empty() {
        return open;
    }
    let numbers = plans.iter().map(|plan| &plan.name).zip(0..);
    let numbers: BTreeMap<&PlanName, usize> = numbers.collect();
    let number = |name: &PlanName| numbers.get(name).copied();
    let edges = waits
        .iter()
        .filter_map(|wait| Some((number(&wait.plan)?, number(&wait.dependency.on.plan)?)));
    // The cycle that each plan is part of.
    let mut cycles: BTreeMap<usize, usize> = BTreeMap::new();
    for (cycle, group) in groups_in_cycles(edges).into_iter().enumerate() {
        cycles.extend(group.into_iter().map(|plan| (plan, cycle)));
    }
    let cycle = |name: &PlanName| cycles.get(numbers.get(name)?);
    loop {
        // A plan outside the cycle that has the commits begins after the whole cycle has landed, if people see to that.
        let inside = carries.iter().filter(|wait| {
            let cycle_of_it = cycle(&wait.plan);
            cycle_of_it.is_some()
                && cycle_of_it == cycle(&wait.dependency.on.plan)
                && open.contains(&wait.plan)
        });
        let held: BTreeSet<&PlanName> = inside.map(|wait| &wait.dependency.on.plan).collect();
        let before = open.len();
        open.retain(|plan| held.contains(plan));
        if open.len() == before {
            return open;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::manifest::{Content, DocumentSource, parse_manifest, resolve};
    use crate::plan::{Diagnostics, PlanName, PlanSet};

    const DOCUMENT: &str =
        "# A\n## Phase 1: A\n- [ ] 1.1 a\n## Phase 2: B\n- [ ] 2.1 b\n## Phase 3: C\n- [ ] 3.1 c\n";

    /// Plans with these lines in their tables.
    fn set(plans: &[(&str, &str)]) -> Result<PlanSet, Diagnostics> {
        let mut text = "[agents.mine]\ncommand = [\"mine\"]\n".to_owned();
        let mut sources = std::collections::BTreeMap::new();
        for (name, lines) in plans {
            text += &format!("[plans.{name}]\nfile = \"{name}.md\"\nagent = \"mine\"\n{lines}\n");
            let source = DocumentSource {
                display: format!("{name}.md").into(),
                content: Ok(Content::Bytes(DOCUMENT.as_bytes().to_vec()).read()),
            };
            sources.insert(name.parse::<PlanName>().unwrap(), source);
        }
        resolve(parse_manifest("plans.toml".as_ref(), &text), sources)
    }

    fn warnings(plans: &[(&str, &str)]) -> Vec<String> {
        let set = set(plans).unwrap();
        set.warnings.iter().map(ToString::to_string).collect()
    }

    const SQUASH: &str = "merge_strategy = \"squash\"";

    #[test]
    fn building_on_what_lands_as_other_commits_is_warned_of_at_its_place() {
        for on in ["auth", "auth.2", "auth.2.1"] {
            let own = format!("depends = [\"{on}\"]");
            let warned = warnings(&[("auth", SQUASH), ("billing", &own)]);
            assert_eq!(warned.len(), 1, "{on}: {warned:?}");
            assert!(
                warned[0].starts_with("plans.toml:10:12: `billing` builds on"),
                "{warned:?}"
            );
            assert!(warned[0].contains("carry = false") && warned[0].contains("auth@landed"));
        }
        let rebase = "merge_strategy = \"rebase\"";
        assert!(warnings(&[("auth", rebase), ("billing", "depends = [\"auth\"]")])[0].contains("`rebase`"));
    }

    #[test]
    fn what_carries_nothing_before_the_landing_is_not_warned_of() {
        for own in [
            "depends = [\"auth@landed\"]",
            "depends = [\"auth.2@landed\"]",
            "depends = [\"auth\"]\ncarry = false",
            "depends = [\"auth@landed\"]\n[plans.billing.phases.2]\ndepends = [\"auth.2\"]",
            "[plans.billing.phases.2]\ndepends = [\"auth.2\", \"auth@landed\"]",
        ] {
            assert!(
                warnings(&[("auth", SQUASH), ("billing", own)]).is_empty(),
                "{own}"
            );
        }
        assert!(warnings(&[("auth", ""), ("billing", "depends = [\"auth\"]")]).is_empty());
        // Phase 1 merges in the commits long before phase 2 waits for the landing.
        let late = "[plans.billing.phases.1]\ndepends = [\"auth.1\"]\n[plans.billing.phases.2]\ndepends = [\"auth@landed\"]";
        assert_eq!(warnings(&[("auth", SQUASH), ("billing", late)]).len(), 1);
    }

    #[test]
    fn plans_that_build_on_each_other_in_turn_and_both_replace_their_commits_can_never_land() {
        let first = "[plans.a.phases.2]\ndepends = [\"b.1\"]";
        let second = "[plans.b.phases.1]\ndepends = [\"a.1\"]";
        let squashed = |lines: &str| format!("{SQUASH}\n{lines}");
        let diagnostics = set(&[("a", &squashed(first)), ("b", &squashed(second))]).unwrap_err();
        assert_eq!(diagnostics.0.len(), 2, "{diagnostics}");
        assert!(
            diagnostics.to_string().contains("neither can ever land"),
            "{diagnostics}"
        );
        assert!(
            diagnostics
                .0
                .iter()
                .all(|diagnostic| diagnostic.line.is_some() && diagnostic.column.is_some())
        );
        // When one of them lands its own commits, that one can land first, and then the other.
        assert_eq!(warnings(&[("a", &squashed(first)), ("b", second)]).len(), 1);
        let alone = format!("{SQUASH}\ncarry = false\n{second}");
        assert_eq!(warnings(&[("a", &squashed(first)), ("b", &alone)]).len(), 1);
    }
}
