//! `orch merge`, the merge train and what happens after a landing.

mod evidence;
mod hooks;
mod landing;
mod landings_known;
mod prefix;
mod revert;
mod review;
mod strategies;
mod submodules;
mod train;
mod work_of_others;
