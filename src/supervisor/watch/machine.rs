//! How hard the machine is at work, for plans whose number of lanes follows it.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::schedule::Input;

use crate::supervisor::desk::message::EngineMessage;
use crate::supervisor::view::machine_load::machine_load;

/// How often it is looked at. The kernel's own average moves no faster.
const EVERY: Duration = Duration::from_secs(5);

/// Tells the loop, from now on, how hard the machine is at work. Ends with the loop.
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
