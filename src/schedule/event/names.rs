//! The names and meanings of all events, for `orch schema events`.

/// The name and meaning of every event, in the order of their definition.
pub const EVENT_NAMES: &[(&str, &str)] = &[
    ("run.started", "`orch up` began or continued a run."),
    ("run.stopping", "A person asked to stop."),
    ("run.stopped", "The supervisor ended in order."),
    (
        "run.width",
        "The run uses fewer agents at once than before, or more (`fallback`).",
    ),
    ("run.settled", "Every plan has settled."),
    ("worktree.created", "The plan's worktree and branch exist."),
    ("worktree.refused", "The worktree could not be made."),
    (
        "worktree.waits",
        "Making the worktree takes time: it waits for disk space, or is being set up.",
    ),
    (
        "worktree.deferred",
        "The worktree is not made now, because a person asked to stop.",
    ),
    (
        "worktree.lost",
        "The worktree is gone. It is made again when it is needed.",
    ),
    (
        "attempt.assigned",
        "An attempt was given work. Written before its process starts.",
    ),
    ("agent.started", "The agent's process runs."),
    (
        "agent.submitted",
        "The attempt was handed over to an executor, or its engine has named the job.",
    ),
    (
        "agent.silent",
        "Nothing was heard from the attempt's node for `silent_after`. That ends nothing.",
    ),
    ("agent.heard", "The node is heard from again."),
    ("agent.refused", "The agent could not be started."),
    ("agent.ended", "The agent's process ended."),
    (
        "agent.told",
        "Usage and results from the agent's output: last word, denied tools, turns, tokens, cost, conversation.",
    ),
    (
        "attempt.parked",
        "The attempt met a rate limit or an outage. The plan continues afterwards; no attempt is spent.",
    ),
    (
        "attempt.checked",
        "The attempt's work was inspected, and leftover changes were committed.",
    ),
    ("attempt.failed", "The attempt did not complete its stage."),
    (
        "phase.verify",
        "The verification of a phase began or ended; `said` names the result.",
    ),
    ("leg.done", "The attempt's stage is done."),
    (
        "work.merged",
        "The attempt's commits were merged into the plan's branch.",
    ),
    (
        "work.conflicted",
        "The attempt's commits conflict with the plan's branch.",
    ),
    (
        "work.refused",
        "The attempt's commits could not be merged into the plan's branch, for another reason than a conflict.",
    ),
    (
        "work.left_out",
        "A task that no agent worked on was reported needless.",
    ),
    (
        "plan.ticked",
        "Boxes were ticked or unticked in the plan's document.",
    ),
    (
        "work.added",
        "A task, VERIFY block or phase was added to finished work, which is open again.",
    ),
    (
        "work.failed",
        "The attempts at a phase or task are used up; the rest of the plan continues.",
    ),
    (
        "work.skipped",
        "A phase or task was skipped, because its dependency failed.",
    ),
    ("task.started", "A task was begun."),
    ("task.done", "A task was reported done."),
    ("task.failed", "A task was reported failed."),
    ("task.skipped", "A task was left out on purpose."),
    ("phase.done", "All tasks of a phase are done or skipped."),
    ("plan.pinned", "The commit of a point was pinned."),
    ("pin.refused", "The commit of a point could not be pinned."),
    ("verify.started", "The plan's own verification began."),
    ("verify.passed", "The plan's own verification passed."),
    ("verify.failed", "The plan's own verification failed."),
    (
        "verify.stopped",
        "A person stopped the plan's own verification; it has no result.",
    ),
    ("plan.finished", "All work is done and verified on the branch."),
    ("plan.failed", "The plan's attempts are used up."),
    (
        "plan.skipped",
        "A dependency of the plan did not succeed, or a person skipped the plan.",
    ),
    ("plan.held", "The plan needs a person."),
    ("plan.paused", "A person paused a plan or a part of it."),
    ("plan.resumed", "A person ended a pause."),
    (
        "retry.requested",
        "A person asked to try failed, held, skipped or cancelled work again.",
    ),
    ("cancel.requested", "A person cancelled a plan or a part of it."),
    ("work.cancelled", "A cancelled phase or task has stopped."),
    ("plan.cancelled", "A cancelled plan has stopped."),
    ("gate.approved", "A person approved a gate."),
    (
        "merge.requested",
        "A person, or the manifest, asked to land plans.",
    ),
    ("merge.started", "A candidate is being built and verified."),
    ("merge.verified", "A candidate was verified."),
    ("merge.flaky", "A candidate passed that had failed before."),
    (
        "merge.landed",
        "The plan, or its first phases (`part`), landed on the target.",
    ),
    (
        "merge.found",
        "A person landed a finished plan: it was found on the target.",
    ),
    ("merge.reverted", "A person took the plan off the target again."),
    ("merge.restored", "Somebody reverted the revert of the plan."),
    ("merge.failed", "The plan could not be landed."),
    (
        "target.checked",
        "The landed tip was verified again in a fresh worktree; `why` and `first_bad` if it does not pass.",
    ),
    (
        "agent.stuck",
        "The attempt has shown no sign of life for `stuck_after`.",
    ),
    ("agent.stirred", "The attempt shows signs of life again."),
    ("stuck.acted", "The stall continued, and `on_stuck` took effect."),
    (
        "report.late",
        "An agent reported after its end; the report does not count.",
    ),
    ("message.sent", "Somebody wrote to the agents of a plan."),
    (
        "message.delivered",
        "An agent at work can read the messages of its plan up to `up_to`.",
    ),
    (
        "message.read",
        "An agent has read the messages of its plan up to `up_to`.",
    ),
    ("message.lead", "Somebody wrote to the lead."),
    (
        "message.seen",
        "The lead has read the messages to the lead up to `up_to`.",
    ),
    (
        "attach.began",
        "A person opened the plan's worktree; no agent starts there.",
    ),
    ("attach.ended", "That person has left."),
    (
        "agent.replaced",
        "The next of a plan's `agents` (`by`) took over from one that could not go on (`from`).",
    ),
    (
        "question.asked",
        "An agent asked a person, and its work waits for the answer.",
    ),
    ("question.answered", "A person answered."),
    (
        "conflict.foreseen",
        "The plan's branch conflicts with another live branch or with the target.",
    ),
    ("conflict.gone", "That conflict is gone."),
    (
        "union.red",
        "The plan's branch and others pass alone and merge, but do not pass together.",
    ),
    ("union.green", "They pass together now."),
    (
        "wait.escalated",
        "A plan has waited longer than `[escalate]` allows.",
    ),
    (
        "manifest.changed",
        "The manifest or a document was edited during a run.",
    ),
    (
        "resolve.opened",
        "The conflict was checked out in its own worktree.",
    ),
    ("resolve.done", "The conflict was resolved."),
    ("resolve.dropped", "The resolution was given up."),
    (
        "resolve.cancelled",
        "A person stopped the agent at the conflict; no other agent tries these two commits.",
    ),
    (
        "resolve.started",
        "An agent was given the conflict. Written before its process starts.",
    ),
    ("resolve.failed", "The agent's resolution was not accepted."),
    (
        "resolve.reused",
        "A candidate was built from a known resolution, or by generating files again.",
    ),
    (
        "review.commented",
        "A person commented on a line of a finished plan.",
    ),
    ("review.approved", "A person lets exactly this commit land."),
    (
        "review.returned",
        "A person wants changes; the plan's agent is told all comments.",
    ),
    (
        "plan.set_back",
        "A person set the plan's branch back; these phases are open again.",
    ),
    (
        "warning",
        "Something that needs a person's attention and changes no state.",
    ),
];
