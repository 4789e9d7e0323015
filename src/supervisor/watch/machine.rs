//! The machine's load, for plans whose number of lanes depends on it.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::schedule::Input;

use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::view::machine_load::machine_load;

/// How often to read the load. The kernel's own average changes no faster.
const EVERY: Duration = Duration::from_secs(5);

/// Starts to send the machine's load to the loop, until the loop ends.
pub fn watch(sender: mpsc::UnboundedSender<EngineMessage>) {
    tokio::spawn(async move {
        loop {
            if let Some(machine) = machine_load()
                && sender
                    .send(EngineMessage::Input(Input::Machine(machine)))
                    .is_err()
            {
                return;
            }
            tokio::time::sleep(EVERY).await;
        }
    });
}
