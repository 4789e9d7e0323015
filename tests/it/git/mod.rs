//! Floor 3: git, on real repositories.

mod commit;
mod cut_steps;
mod evidence;
mod gate;
mod half_made;
mod hub;
mod inspect;
mod lanes;
mod merging;
mod removal;
mod repository;
mod worktree;
