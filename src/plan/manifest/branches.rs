//! Branch names and worktree paths: valid, and different for every plan.

use std::collections::BTreeMap;

use super::ledger::Ledger;
use super::written::at::Located;
use super::written::raw::{RawManifest, RawPlan};
use super::written::values::Text;
use crate::plan::{BRANCH_PLACEHOLDERS, Place, PlanName, Template, WORKTREE_PLACEHOLDERS, check_branch_name};

const BRANCH: &str = "orch/{plan}";
const WORKTREES: &str = "../{repo}.worktrees/{plan}";

/// Names branches, and remembers which plan has which.
pub(super) struct Branches<'m> {
    /// The template of plans that name no branch; none when the template is invalid.
    template: Option<Template>,
    template_place: Option<Place>,
    target: Option<&'m Located<Text>>,
    base: Option<&'m Located<Text>>,
    taken: BTreeMap<String, (PlanName, Place)>,
}

impl<'m> Branches<'m> {
    pub(super) fn new(manifest: &'m RawManifest, ledger: &mut Ledger) -> Self {
        let run = manifest.run.as_ref().map(|run| &run.value);
        let written = run.and_then(|run| run.branch.as_ref());
        let template =
            match Template::parse(written.map_or(BRANCH, |text| &text.value.0), BRANCH_PLACEHOLDERS) {
                Ok(template) => Some(template),
                Err(error) => {
                    if let Some(text) = written {
                        ledger.at(text.place, format!("`run.branch`: {error}"), None);
                    }
                    None
                }
            };
        let mut branches = Self {
            template,
            template_place: written.map(|text| text.place),
            target: run.and_then(|run| run.target.as_ref()),
            base: run.and_then(|run| run.base.as_ref()),
            taken: BTreeMap::new(),
        };
        if let Some(target) = branches.target
            && let Err(error) = check_branch_name(&target.value.0)
        {
            ledger.at(target.place, format!("`run.target`: {error}"), None);
        }
        branches.check_template(manifest, ledger);
        branches
    }

    /// Reports a template without `{plan}`, which gives all plans one branch. It is reported once, not for each plan.
    fn check_template(&mut self, manifest: &RawManifest, ledger: &mut Ledger) {
        let plans = manifest.plans.iter().flat_map(|plans| &plans.value.entries);
        let users = plans.filter(|(_, plan)| plan.value.branch.is_none()).count();
        let differs = self
            .template
            .as_ref()
            .is_none_or(|template| template.uses("plan"));
        if let (Some(place), false) = (self.template_place, differs || users < 2) {
            let hint = "put {plan} into it, for example \"orch/{plan}\"".to_owned();
            ledger.at(place, "`run.branch` gives every plan the same branch", hint);
            self.template = None;
        }
    }

    /// The branch of a plan; none when something is wrong with it.
    pub(super) fn name(
        &mut self,
        plan: &PlanName,
        place: Place,
        raw: &RawPlan,
        ledger: &mut Ledger,
    ) -> Option<String> {
        let own = raw.branch.as_ref();
        let place = own
            .map(|text| text.place)
            .or(self.template_place)
            .unwrap_or(place);
        let parsed;
        let template = match own {
            None => self.template.as_ref()?,
            Some(text) => match Template::parse(&text.value.0, BRANCH_PLACEHOLDERS) {
                Ok(template) => {
                    parsed = template;
                    &parsed
                }
                Err(error) => {
                    ledger.at(place, format!("branch of plan `{plan}`: {error}"), None);
                    return None;
                }
            },
        };
        let branch = template.expand(|_| Some(plan.as_str()));
        if let Err(error) = check_branch_name(&branch) {
            ledger.at(place, format!("branch of plan `{plan}`: {error}"), None);
            return None;
        }
        self.check_against_run(plan, &branch, place, ledger);
        if let Some((other, at)) = self.taken.get(&branch) {
            let message = format!("plans `{other}` and `{plan}` have the same branch `{branch}`");
            let hint = format!("the other one is on line {}; give each plan its own", at.line);
            ledger.at(place, message, hint);
            return None;
        }
        self.taken.insert(branch.clone(), (plan.clone(), place));
        Some(branch)
    }

    fn check_against_run(&self, plan: &PlanName, branch: &str, place: Place, ledger: &mut Ledger) {
        for (key, other) in [("target", self.target), ("base", self.base)] {
            let Some(other) = other.map(|text| text.value.0.as_str()) else {
                continue;
            };
            if other == branch {
                let message = format!("plan `{plan}` would work on `{branch}`, which is the {key}");
                ledger.at(place, message, "give the plan a branch of its own".to_owned());
            } else if is_inside(branch, other) || is_inside(other, branch) {
                let message = format!("branch `{branch}` of plan `{plan}` clashes with the {key} `{other}`");
                ledger.at(place, message, clash_hint());
            }
        }
    }

    /// Reports pairs of branches of which one would be a folder of the other. Runs after all branches are named.
    pub(super) fn check_clashes(&self, ledger: &mut Ledger) {
        for (branch, (plan, place)) in &self.taken {
            let parents = branch.match_indices('/').map(|(at, _)| &branch[..at]);
            for parent in parents {
                if let Some((other, at)) = self.taken.get(parent) {
                    let message = format!(
                        "branch `{branch}` of plan `{plan}` clashes with branch `{parent}` of plan `{other}` (line {})",
                        at.line
                    );
                    ledger.at(*place, message, clash_hint());
                }
            }
        }
    }
}

fn clash_hint() -> String {
    "git keeps branches like files: a name cannot be a folder of another; rename one".to_owned()
}

fn is_inside(inner: &str, outer: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// The template of worktree paths, checked.
pub(super) fn worktrees(manifest: &RawManifest, ledger: &mut Ledger) -> String {
    let written = manifest.run.as_ref().and_then(|run| run.value.worktrees.as_ref());
    let Some(Located {
        value: Text(text),
        place,
    }) = written
    else {
        return WORKTREES.to_owned();
    };
    let plans = manifest
        .plans
        .as_ref()
        .map_or(0, |plans| plans.value.entries.len());
    match Template::parse(text, WORKTREE_PLACEHOLDERS) {
        Err(error) => ledger.at(*place, format!("`run.worktrees`: {error}"), None),
        Ok(template) if plans > 1 && !template.uses("plan") => {
            let hint = format!("put {{plan}} into it, for example \"{WORKTREES}\"");
            ledger.at(*place, "`run.worktrees` gives every plan the same folder", hint);
        }
        Ok(_) if text.split('/').any(|folder| folder == ".git") => {
            let hint = format!("put it beside the checkout, for example \"{WORKTREES}\"");
            ledger.at(
                *place,
                "`run.worktrees` lies in `.git`, which is git's own folder",
                hint,
            );
        }
        Ok(_) => {}
    }
    text.clone()
}
