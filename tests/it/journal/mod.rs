//! Floor 3: the journal, damaged, lost and old.

mod damage;
mod lost;
mod recorded;
