//! What counts as done: reports, commits, verifications, gates.

mod gates_kept;
mod phase_verify;
mod said_and_shown;
mod said_by_people;
mod said_of_parts;
mod stray_writes;
mod verify_checks;
