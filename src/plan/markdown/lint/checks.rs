//! `VERIFY` blocks that name a phase other than the one that they are in.

use super::page::Page;
use crate::plan::PhaseId;
use crate::plan::markdown::DocumentDiagnostic;
use crate::plan::markdown::shape::label::{is_verify, label};

/// Reports such blocks: their checks count for the phase above, or for none.
pub(super) fn find(page: &Page<'_>, found: &mut Vec<DocumentDiagnostic>) {
    for region in &page.regions {
        for line in page.lines(region) {
            let text = page.line_text(line);
            let Some(named) = named(text) else { continue };
            if region.phase.is_some_and(|phase| phase.id == named)
                || page.masked_line(line).trim_start().starts_with('\u{1}')
            {
                continue;
            }
            let exists = page.document.phase(named).is_some();
            let message = match region.phase {
                Some(phase) if exists => format!(
                    "these checks name phase {named} and are in phase {0}: they count for phase {0}",
                    phase.id
                ),
                Some(phase) => format!(
                    "these checks name phase {named}, which does not exist: they count for phase {}",
                    phase.id
                ),
                // Outside phases, a list of checks is prose, unless the phase that it names has no other checks.
                None if page
                    .document
                    .phase(named)
                    .is_some_and(|phase| phase.verify.is_none()) =>
                {
                    format!("these checks name phase {named} and are outside of it: no agent gets them")
                }
                None => continue,
            };
            let hint = if exists {
                format!("move them to the end of phase {named}, or name the phase they belong to")
            } else {
                "name the phase they belong to".to_owned()
            };
            found.push(page.doubt(line, "VERIFY", message, hint));
        }
    }
}

/// The phase that a line such as `**VERIFY Phase 3:**` or `### VERIFY Phase 3` names.
fn named(line: &str) -> Option<PhaseId> {
    if !line.contains("VERIFY") {
        return None;
    }
    let bare = line.trim_start_matches([' ', '\t', '-', '+']);
    let name = match bare.trim_start_matches('#') {
        heading if heading.len() < bare.len() => heading.trim().trim_start_matches('*'),
        _ => label(bare).map(|(name, _)| name).filter(|name| is_verify(name))?,
    };
    let rest = name.strip_prefix("VERIFY")?.trim_start();
    let word = rest.get(..5).filter(|word| word.eq_ignore_ascii_case("phase"))?;
    let rest = rest[word.len()..].trim_start();
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let ends = !rest[digits..].starts_with(|c: char| c == '.' || c.is_alphanumeric());
    rest[..digits].parse().ok().filter(|_| ends).map(PhaseId)
}

#[cfg(test)]
mod tests {
    use crate::plan::markdown::lint::tests::{tells, told};

    #[test]
    fn checks_that_name_another_phase_are_told() {
        let plan = |label: &str| {
            format!("## Phase 1: x\n- [ ] 1.1 a\n\n{label}\n- [ ] b\n\n## Phase 2: y\n- [ ] 2.1 c\n")
        };
        for label in [
            "**VERIFY Phase 3:**",
            "**VERIFY phase 3**: all",
            "### VERIFY Phase 3",
        ] {
            let column = label.find('V').unwrap() + 1;
            tells(
                &plan(label),
                &format!(
                    "4:{column} these checks name phase 3, which does not exist: they count for phase 1"
                ),
            );
        }
        tells(
            &plan("**VERIFY Phase 2:**"),
            "4:3 these checks name phase 2 and are in phase 1: they count for phase 1",
        );
        for label in [
            "**VERIFY Phase 1:**",
            "**VERIFY:**",
            "**VERIFY 3:**",
            "`**VERIFY Phase 3:**`",
        ] {
            let text = plan(label).replace("- [ ] b\n", "");
            assert_eq!(told(&text), Vec::<String>::new(), "{label}");
        }
    }

    #[test]
    fn checks_outside_every_phase_are_told_where_the_phase_has_no_others() {
        let plan = "## Phase 1: x\n- [ ] 1.1 a\n\n## Checks\n\n**VERIFY Phase 1:**\n- [ ] b\n";
        tells(plan, "6:3 these checks name phase 1 and are outside of it");
        let plan = plan.replace("\n## Checks", "\n**VERIFY Phase 1:**\n- [ ] b\n\n## Checks");
        assert_eq!(told(&plan), Vec::<String>::new());
    }
}
