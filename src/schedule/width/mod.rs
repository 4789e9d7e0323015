//! How many agents a run uses at once: the measured gain of parallel work, and the width that follows from it.
//!
//! May import `event`.

pub(super) mod gain;
pub(super) mod width_memory;

pub use width_memory::WidthMemory;
