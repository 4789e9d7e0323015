//! The log of an attempt that runs on another machine, as it is written there.

use crate::agent::{JobFolder, JobState};
use crate::executor::{Driver, LiveTail};

use super::payload::Site;

/// Follows the log on the node from this offset; `None` while no node is known, where the engine has no way to do so, and for
/// an attempt that runs here.
pub fn follow_far_log(folder: &JobFolder, from: u64) -> Option<LiveTail> {
    let Ok(JobState::Away(away)) = folder.state() else {
        return None;
    };
    away.node.as_ref()?;
    let site = Site::of(&away.executor, &away.repository, &away.key());
    let argv = Driver::of(&away.executor).tail(away.job.as_deref()?, &site.job().join("log"), from)?;
    LiveTail::start(&argv)
}
