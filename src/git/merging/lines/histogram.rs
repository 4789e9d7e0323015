//! The lines that two files have in common, as git's histogram comparison finds them (`xdiff/xhistogram.c`, after
//! JGit's `HistogramDiff`). The comparison keeps the run of equal lines with the rarest line; of equally rare runs the
//! longest; of equally long runs the first one found. Then it does the same on both sides of this run. Lines are
//! numbers here, equal for equal lines.

/// A line that occurs more often than this in the old file is no reason to keep a run.
const RARE: usize = 64;

/// Stands for no position.
const NOWHERE: usize = usize::MAX;

/// The lines that are not common to both files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::git::merging) struct Changed {
    pub(in crate::git::merging) old: Vec<bool>,
    pub(in crate::git::merging) new: Vec<bool>,
}

/// Compares two files of lines below `numbers`. `None` when git continues with another comparison, because in some
/// region every common line occurs too often.
pub(in crate::git::merging) fn compare(old: &[usize], new: &[usize], numbers: usize) -> Option<Changed> {
    let mut changed = Changed {
        old: vec![false; old.len()],
        new: vec![false; new.len()],
    };
    let mut index = Index {
        old,
        new,
        first: vec![NOWHERE; numbers],
        times: vec![0; numbers],
        next: vec![NOWHERE; old.len()],
    };
    let whole = LineRegion {
        old: (0, old.len()),
        new: (0, new.len()),
    };
    let mut open = vec![whole];
    while let Some(region) = open.pop() {
        match index.look(region) {
            CommonRun::Run(run) => open.extend([region.before(run), region.after(run)]),
            CommonRun::Nothing => {
                changed.old[region.old.0..region.old.1].fill(true);
                changed.new[region.new.0..region.new.1].fill(true);
            }
            CommonRun::TooOften => return None,
        }
    }
    Some(changed)
}

/// Lines of both files, as half-open ranges.
#[derive(Debug, Clone, Copy)]
struct LineRegion {
    old: (usize, usize),
    new: (usize, usize),
}

impl LineRegion {
    fn before(self, run: Self) -> Self {
        Self {
            old: (self.old.0, run.old.0),
            new: (self.new.0, run.new.0),
        }
    }

    fn after(self, run: Self) -> Self {
        Self {
            old: (run.old.1, self.old.1),
            new: (run.new.1, self.new.1),
        }
    }

    fn len(self) -> usize {
        self.old.1 - self.old.0
    }
}

enum CommonRun {
    /// This run is kept.
    Run(LineRegion),
    /// The two sides have no line in common.
    Nothing,
    /// The two sides have lines in common, but each of them occurs too often.
    TooOften,
}

/// The positions of lines in a region of the old file.
struct Index<'a> {
    old: &'a [usize],
    new: &'a [usize],
    /// For each number: its first position in the region, and how often it occurs.
    first: Vec<usize>,
    times: Vec<usize>,
    /// For each position: the next position of the same line.
    next: Vec<usize>,
}

impl Index<'_> {
    /// The run to keep in a region.
    fn look(&mut self, region: LineRegion) -> CommonRun {
        if region.len() == 0 || region.new.0 == region.new.1 {
            return CommonRun::Nothing;
        }
        for at in (region.old.0..region.old.1).rev() {
            let number = self.old[at];
            self.next[at] = self.first[number];
            self.first[number] = at;
            self.times[number] += 1;
        }
        let found = self.rarest(region);
        for at in region.old.0..region.old.1 {
            self.first[self.old[at]] = NOWHERE;
            self.times[self.old[at]] = 0;
        }
        found
    }

    fn rarest(&self, region: LineRegion) -> CommonRun {
        let mut best: Option<LineRegion> = None;
        let mut least = RARE + 1;
        let mut common = false;
        let mut at = region.new.0;
        while at < region.new.1 {
            let number = self.new[at];
            let mut here = self.first[number];
            common |= here != NOWHERE;
            at += 1;
            if here == NOWHERE || self.times[number] > least {
                continue;
            }
            let (from, times) = (at - 1, self.times[number]);
            while here != NOWHERE {
                let (run, rarest) = self.grown(region, here, from, times);
                // The lines of a run are not examined again.
                at = at.max(run.new.1);
                let longer = best.map_or(run.len() > 1, |best| run.len() > best.len());
                if longer || rarest < least {
                    best = Some(run);
                    least = rarest;
                }
                // The same line again within the run would grow to another run. Git skips it.
                while here != NOWHERE && here < run.old.1 {
                    here = self.next[here];
                }
            }
        }
        match best {
            Some(run) if least <= RARE => CommonRun::Run(run),
            _ if common => CommonRun::TooOften,
            _ => CommonRun::Nothing,
        }
    }

    /// The run through a line of the old file and an equal line of the new file, and how often its rarest line occurs.
    fn grown(&self, region: LineRegion, old: usize, new: usize, times: usize) -> (LineRegion, usize) {
        let mut run = LineRegion {
            old: (old, old + 1),
            new: (new, new + 1),
        };
        let mut rarest = times;
        while run.old.0 > region.old.0
            && run.new.0 > region.new.0
            && self.old[run.old.0 - 1] == self.new[run.new.0 - 1]
        {
            run.old.0 -= 1;
            run.new.0 -= 1;
            rarest = rarest.min(self.times[self.old[run.old.0]]);
        }
        while run.old.1 < region.old.1
            && run.new.1 < region.new.1
            && self.old[run.old.1] == self.new[run.new.1]
        {
            rarest = rarest.min(self.times[self.old[run.old.1]]);
            run.old.1 += 1;
            run.new.1 += 1;
        }
        (run, rarest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(old: &str, new: &str) -> Option<(String, String)> {
        let numbers = |text: &str| text.bytes().map(usize::from).collect::<Vec<_>>();
        let changed = compare(&numbers(old), &numbers(new), 256)?;
        let of = |text: &str, changed: &[bool]| {
            let stay = text.chars().zip(changed).filter(|(_, changed)| !**changed);
            stay.map(|(letter, _)| letter).collect::<String>()
        };
        Some((of(old, &changed.old), of(new, &changed.new)))
    }

    #[test]
    fn the_rarest_line_stays_where_the_longest_run_would_not_have_it() {
        // The run of three dots is longer, but the `x` occurs once.
        let both = ("x".to_owned(), "x".to_owned());
        assert_eq!(kept("x...", "...x"), Some(both));
    }

    #[test]
    fn of_equally_rare_runs_the_longest_stays() {
        let both = ("bcd".to_owned(), "bcd".to_owned());
        assert_eq!(kept("abcd", "bcda"), Some(both));
    }

    #[test]
    fn nothing_stays_of_files_with_nothing_in_common() {
        assert_eq!(kept("ab", "cd"), Some(Default::default()));
        assert_eq!(kept("", "cd"), Some(Default::default()));
    }

    #[test]
    fn lines_that_stand_there_too_often_are_no_reason() {
        assert_eq!(kept(&"}".repeat(RARE + 1), "}x"), None);
        assert!(kept(&"}".repeat(RARE), "}x").is_some());
    }
}
