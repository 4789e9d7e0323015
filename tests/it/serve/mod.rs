//! Floor 5: the pages of `orch serve`.

mod browser;
mod requests;
