//! Chooses the prefixes of the queue that settle most plans. A green prefix lands all plans in it.

/// The `free` prefixes that are expected to settle most plans beside the prefixes `begun`, and how many plans all of these
/// settle. `survival[n]` is the likelihood that the first `n` plans are green together.
pub(super) fn prefixes(survival: &[f64], begun: &[usize], free: usize) -> (Vec<usize>, f64) {
    let mut lengths = begun.to_vec();
    let mut worth = settled(survival, &lengths);
    let mut more = Vec::new();
    while more.len() < free {
        let mut best: Option<(f64, usize)> = None;
        for length in 1..survival.len() {
            if lengths.contains(&length) {
                continue;
            }
            lengths.push(length);
            let value = settled(survival, &lengths);
            lengths.pop();
            if best.is_none_or(|(known, _)| value > known + 1e-12) {
                best = Some((value, length));
            }
        }
        match best {
            Some((value, length)) if value > worth + 1e-9 || lengths.is_empty() => {
                worth = value;
                lengths.push(length);
                more.push(length);
            }
            _ => break,
        }
    }
    more.sort_unstable();
    (more, worth)
}

/// How many plans are expected to land, or to be found red, when these prefixes are verified.
fn settled(survival: &[f64], lengths: &[usize]) -> f64 {
    let mut tried = vec![false; survival.len()];
    tried[0] = true;
    for length in lengths {
        tried[*length] = true;
    }
    let (mut worth, mut below) = (0.0, 0);
    for length in 1..survival.len() {
        // The first red plan is found when the prefix before it is green and the prefix with it is red.
        let found = tried[length] || survival[length] == 0.0;
        if tried[length - 1] && found {
            worth += survival[length - 1] - survival[length];
        }
        if tried[length] {
            worth += (length - below) as f64 * survival[length];
            below = length;
        }
    }
    worth
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survival(plans: usize, bad: f64) -> Vec<f64> {
        (0..=plans).map(|n| (1.0 - bad).powi(n as i32)).collect()
    }

    #[test]
    fn prefixes_lie_far_apart_where_failures_are_rare_and_close_where_they_are_not() {
        assert_eq!(prefixes(&survival(16, 0.01), &[], 4).0, [4, 8, 12, 16]);
        let close = prefixes(&survival(16, 0.4), &[], 4).0;
        assert_eq!(close, [1, 2, 3, 4]);
    }

    #[test]
    fn one_slot_splits_the_doubt() {
        let mut known_red = survival(8, 0.05);
        known_red[8] = 0.0;
        let (first, _) = prefixes(&known_red, &[], 1);
        assert!((4..=7).contains(&first[0]), "{first:?}");
    }
}
