//! Pins that somebody has deleted while agents work.

use crate::supervisor::desk::core::Desk;
use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::recovery::own_refs::{missing_pins, pin_again, wanted_pins, word};

/// Creates deleted pins again, on a thread of its own, with a warning.
pub fn repair(desk: &Desk) {
    let wanted = wanted_pins(desk.scheduler.state(), &desk.project.target);
    if wanted.is_empty() {
        return;
    }
    let (repo, sender) = (desk.project.repo.clone(), desk.sender.clone());
    tokio::task::spawn_blocking(move || {
        // Pins that cannot be read now are checked after the next attempt.
        for pin in missing_pins(&repo, wanted).unwrap_or_default() {
            let name = format!(
                "somebody has deleted refs/orch/pins/{}/{}",
                pin.plan,
                word(pin.point)
            );
            let why = match pin_again(&repo, &pin) {
                Ok(()) => format!("{name}: it was written again"),
                Err(why) => format!("{name}, and {why}"),
            };
            let _ = sender.send(EngineMessage::Warning(Some(pin.plan), why));
        }
    });
}
