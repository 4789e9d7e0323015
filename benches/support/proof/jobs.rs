//! Sets of jobs, small enough to be copied everywhere.

/// A set of jobs, by their places. More work than fits is not looked at.
pub(super) type Jobs = u128;

/// The set of one job.
pub(super) fn bit(job: usize) -> Jobs {
    1 << job
}

/// The set of these jobs.
pub(super) fn set(jobs: impl IntoIterator<Item = usize>) -> Jobs {
    jobs.into_iter().fold(0, |set, job| set | bit(job))
}

/// What is in any of these sets.
pub(super) fn union(sets: impl IntoIterator<Item = Jobs>) -> Jobs {
    sets.into_iter().fold(0, |all, set| all | set)
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
