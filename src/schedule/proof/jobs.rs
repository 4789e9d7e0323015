//! Sets of jobs, small enough to be copied everywhere.

/// A set of jobs, by their places. More work than fits is not looked at.
pub(super) type Jobs = u128;

/// The set of one job.
pub(super) fn bit(job: usize) -> Jobs {
    1 << job
}

/// The jobs of a set.
pub(super) fn members(mut jobs: Jobs) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let first = jobs.trailing_zeros() as usize;
        (jobs != 0).then(|| {
            jobs &= jobs - 1;
            first
        })
    })
}
