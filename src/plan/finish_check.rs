//! What must hold before a plan or phase is finished.

use crate::plan::{PhaseSettings, Plan};

/// One shell line that must succeed, and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinishCheck {
    /// The line, for `sh -c`.
    pub line: String,
    /// What the line stands for.
    pub of: CheckKind,
}

/// What a check stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckKind {
    /// `verify`.
    Verify,
    /// One of the plan's `success` criteria.
    Success,
    /// One glob of the plan's `outputs`.
    Output(String),
}

impl FinishCheck {
    fn new(line: &str, of: CheckKind) -> Self {
        let line = line.to_owned();
        Self { line, of }
    }

    /// A shell line of `verify`.
    pub fn verify(line: &str) -> Self {
        Self::new(line, CheckKind::Verify)
    }

    /// The checks at the end of a plan, in the order in which they run: `verify`, the outputs, the success criteria.
    pub fn of_plan(plan: &Plan) -> Vec<Self> {
        let verify = plan.verify.iter().map(|line| Self::verify(line));
        let outputs = plan.outputs.iter().map(|glob| {
            let quoted = glob.replace('\'', r"'\''");
            let line = format!("git ls-files --error-unmatch -- ':(top,glob){quoted}'");
            Self::new(&line, CheckKind::Output(glob.clone()))
        });
        let success = plan.success.iter();
        let success = success.map(|line| Self::new(line, CheckKind::Success));
        verify.chain(outputs).chain(success).collect()
    }

    /// The checks at the end of a phase: its `verify`, then those of its synchronisation points.
    pub fn of_phase(phase: &PhaseSettings) -> Vec<Self> {
        phase.verify.iter().map(|line| Self::verify(line)).collect()
    }

    /// One line for all checks at the end of a plan, as [`FinishCheck::line_of`].
    pub fn plan_line(plan: &Plan) -> Option<String> {
        Self::line_of(&Self::of_plan(plan))
    }

    /// One line that fails where any of the checks does, for people and agents to run; none when there is no check.
    pub fn line_of(checks: &[Self]) -> Option<String> {
        match checks {
            [] => None,
            [only] => Some(only.line.clone()),
            several => {
                let each = several.iter().map(|check| match check.line.contains('#') {
                    // A comment would take the bracket in.
                    true => format!("({}\n)", check.line),
                    false => format!("({})", check.line),
                });
                Some(each.collect::<Vec<_>>().join(" && "))
            }
        }
    }

    /// Tells that the check failed, after what its program `said`: its exit and the end of its output.
    pub fn failure(&self, said: &str) -> String {
        match &self.of {
            CheckKind::Verify => said.to_owned(),
            CheckKind::Success => format!("success criterion not met: {said}"),
            CheckKind::Output(glob) => format!("no committed file matches `{glob}`, which `outputs` names"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(lines: &[&str]) -> Option<String> {
        let checks: Vec<FinishCheck> = lines.iter().map(|line| FinishCheck::verify(line)).collect();
        FinishCheck::line_of(&checks)
    }

    #[test]
    fn one_line_stands_for_all_checks() {
        assert_eq!(line(&[]), None);
        assert_eq!(line(&["make # all"]).unwrap(), "make # all");
        assert_eq!(
            line(&["a || b", "c # d", "e"]).unwrap(),
            "(a || b) && (c # d\n) && (e)"
        );
    }
}
