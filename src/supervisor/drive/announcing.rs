//! Telling of what was recorded: those who asked, those who watch, and the hooks.

use crate::journal::Record;
use crate::schedule::Event;

use super::engine::Engine;
use crate::supervisor::control::mail::brings_mail;
use crate::supervisor::watch::conflict_watch::may_move_a_head;

impl Engine<'_> {
    /// Tells everybody of these.
    pub(in crate::supervisor) fn announce(&mut self, records: &[Record]) {
        for record in records {
            self.stop_making(&record.event);
            for request in &mut self.requests {
                request.hear(&record.event);
            }
            match &record.event {
                Event::MergeStarted { .. } | Event::MergeFailed { .. } => self.stray_writes.forget(),
                Event::MergeLanded(landed) => {
                    self.note_landings(vec![(landed.plan.clone(), landed.commit.clone())]);
                    self.stray_writes.forget();
                    self.look_for_stray_writes();
                }
                Event::WorktreeCreated { plan, lane, path, .. } => self.worktree_made(plan, *lane, path),
                event => {
                    if let Some(plan) = brings_mail(event) {
                        self.deliver(plan);
                    }
                }
            }
        }
        if records.iter().any(|record| may_move_a_head(&record.event)) {
            self.look_for_conflicts();
        }
        let state = self.scheduler.state();
        let report = &mut self.report;
        self.requests.retain_mut(|request| {
            let own = request.is_own();
            let done = request.finish(state);
            let is_open = done.is_none();
            if own && !is_open {
                *report = done;
            }
            is_open
        });
        self.tell_gates(records);
        self.notify(records);
        if !records.is_empty() {
            self.observer.recorded(records, &self.scheduler);
        }
    }
}
