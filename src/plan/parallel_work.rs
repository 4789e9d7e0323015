//! What a document says about parallel work, and what `dispatch = "auto"` makes of it.

use super::{Dispatch, Document, Lint, LintId, Phase, Plan, PlanSet, Task, first_of};

/// An annotation in a document that lets work run in parallel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParallelWord {
    /// The annotation as documents write it.
    pub word: &'static str,
    /// The coarsest dispatch under which the annotation has an effect.
    pub dispatch: Dispatch,
    /// The first line that has the annotation.
    pub line: usize,
}

/// The largest number of further documents that a lint names.
const NAMED: usize = 3;

/// The parallel annotations of a document, one of each kind; `[PARALLEL]` is one kind on phases and one on tasks. A `(depends: …)` counts only when it leaves out the preceding
/// task.
pub fn parallel_words(document: &Document) -> Vec<ParallelWord> {
    let phases = || document.phases.iter();
    let tasks: Vec<&Task> = document.tasks().collect();
    let first = |is: fn(&Task) -> bool| tasks.iter().find(|task| is(task)).map(|task| task.line);
    let leaves_out = |pair: &&[&Task]| {
        let named = pair[1].depends.as_deref().unwrap_or_default();
        !named.is_empty() && !named.contains(&pair[0].id)
    };
    let phase = |is: fn(&Phase) -> bool| phases().find(|phase| is(phase)).map(|phase| phase.line);
    let checks = phases().filter_map(|phase| phase.verify.as_ref());
    let found = [
        (
            "[PARALLEL]",
            Dispatch::Phase,
            phase(|phase| !phase.parallel_with.is_empty()),
        ),
        (
            "[PARALLEL]",
            Dispatch::Task,
            first(|task| task.parallel.is_some()),
        ),
        (
            "pipeline-start",
            Dispatch::Task,
            phase(|phase| phase.pipeline_start.is_some()),
        ),
        (
            "(non-blocking)",
            Dispatch::Task,
            checks
                .into_iter()
                .find(|block| block.background)
                .map(|block| block.line),
        ),
        (
            "(depends: none)",
            Dispatch::Task,
            first(|task| task.depends.as_ref().is_some_and(Vec::is_empty)),
        ),
        (
            "(depends: …)",
            Dispatch::Task,
            tasks.windows(2).find(leaves_out).map(|pair| pair[1].line),
        ),
    ];
    let found = found.into_iter();
    found
        .filter_map(|(word, dispatch, line)| line.map(|line| ParallelWord { word, dispatch, line }))
        .collect()
}

impl Dispatch {
    /// The dispatch that `dispatch = "auto"` stands for: the coarsest under which all parallel annotations of the document have
    /// an effect.
    pub fn of_document(document: &Document) -> Self {
        let words = parallel_words(document);
        let has = |dispatch| words.iter().any(|word| word.dispatch == dispatch);
        match (has(Self::Task), has(Self::Phase)) {
            (true, _) => Self::Task,
            (false, true) => Self::Phase,
            (false, false) => Self::Plan,
        }
    }
}

impl PlanSet {
    /// Returns the lints for plans whose parallel annotations have no effect: one for those where one agent works through the whole
    /// plan, and one for those where one works through each phase.
    pub fn unused_parallel_words(&self, is_meant: impl Fn(&Plan) -> bool) -> Vec<Lint> {
        let of = |dispatch, unused: fn(&ParallelWord) -> bool, who| {
            self.unused_words(
                |plan| plan.arrangement.dispatch == dispatch && is_meant(plan),
                unused,
                who,
            )
        };
        // A `(depends: …)` is not unused: one agent also works in an order that keeps the dependencies.
        let of_plans: fn(&ParallelWord) -> bool = |word| word.word != "(depends: …)";
        // A phase begins early where one of its tasks may.
        let of_phases: fn(&ParallelWord) -> bool =
            |word| word.dispatch == Dispatch::Task && matches!(word.word, "[PARALLEL]" | "(non-blocking)");
        let lints = [
            of(Dispatch::Plan, of_plans, "the whole plan"),
            of(Dispatch::Phase, of_phases, "each phase"),
        ];
        lints.into_iter().flatten().collect()
    }

    fn unused_words(
        &self,
        is_meant: impl Fn(&Plan) -> bool,
        is_unused: impl Fn(&ParallelWord) -> bool,
        through: &str,
    ) -> Option<Lint> {
        let mut all: Vec<&str> = Vec::new();
        let mut places = Vec::new();
        for plan in self.plans.iter().filter(|plan| is_meant(plan)) {
            let Some(file) = &plan.file else { continue };
            let words = parallel_words(&plan.document).into_iter();
            let words: Vec<ParallelWord> = words.filter(&is_unused).collect();
            let line = words.iter().map(|word| word.line).min();
            places.extend(line.map(|line| (file, line)));
            all.extend(words.iter().map(|word| word.word));
        }
        let ((file, line), others) = places.split_first()?;
        let mut seen = Vec::new();
        all.retain(|word| {
            !seen.contains(word) && {
                seen.push(*word);
                true
            }
        });
        let words: Vec<String> = all.iter().map(|word| format!("`{word}`")).collect();
        let verb = if words.len() == 1 { "changes" } else { "change" };
        let named: Vec<_> = others.iter().map(|(file, _)| file.display()).collect();
        let also = match named.is_empty() {
            true => String::new(),
            false => format!(" (also in {})", first_of(&named, NAMED, ", ")),
        };
        let message = format!(
            "{} {verb} nothing while one agent works through {through}{also}",
            words.join(", ")
        );
        let lint = Lint::at(LintId::ParallelUnused, file, *line, None, message);
        Some(lint.hint(
            "set `dispatch = \"auto\"` in [run], and no other for the plan: plans that speak of parallel work are given out by phase or task, others as a whole",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::markdown::read_document;

    fn dispatch(text: &str) -> Dispatch {
        Dispatch::of_document(&read_document(text).0)
    }

    #[test]
    fn auto_gives_out_as_finely_as_the_document_asks_for() {
        assert_eq!(dispatch("## Phase 1: a\n- [ ] x\n- [ ] y\n"), Dispatch::Plan);
        assert_eq!(
            dispatch("## Phase 1: a [PARALLEL]\n- [ ] x\n\n## Phase 2: b [PARALLEL]\n- [ ] y\n"),
            Dispatch::Phase
        );
        for text in [
            "## Phase 1: a\n- [ ] 1.1 x\n- [ ] 1.2 y (depends: none)\n",
            "## Phase 1: a\n- [ ] 1.1 x [PARALLEL]\n- [ ] 1.2 y [PARALLEL]\n",
            "## Phase 1: a\n### 1.1 x [PARALLEL]\n- [ ] do\n",
            "## Phase 1: a\n\n**Execution Note:** Tasks 1.1–1.2 are [PARALLEL]\n\n- [ ] 1.1 x\n- [ ] 1.2 y\n",
            "## Phase 1: a\n- [ ] 1.1 x\n- [ ] 1.2 y\n- [ ] 1.3 z (depends: 1.1)\n",
            "## Phase 1: a\n- [ ] 1.1 x\n- [ ] 1.2 y\n\n## Phase 2: b\n**pipeline-start:** when 1.1 completes\n- [ ] 2.1 z\n",
            "## Phase 1: a\n- [ ] 1.1 x\n\n**VERIFY Phase 1:** (non-blocking)\n- [ ] ok\n\n## Phase 2: b\n- [ ] 2.1 z\n",
        ] {
            assert_eq!(dispatch(text), Dispatch::Task, "{text}");
        }
        // A chain is not parallel work.
        assert_eq!(
            dispatch("## Phase 1: a\n- [ ] 1.1 x\n- [ ] 1.2 y (depends: 1.1)\n"),
            Dispatch::Plan
        );
    }
}
