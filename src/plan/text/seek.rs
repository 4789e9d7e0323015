//! Where something with a number is in a list whose numbers mostly rise.

/// The place of the one that has this number. Numbers that rise without gaps are found at once, rising ones by halving,
/// others by looking at all.
pub(crate) fn seek<T>(list: &[T], number: u32, of: impl Fn(&T) -> u32) -> Option<usize> {
    let first = of(list.first()?);
    let guess = number.wrapping_sub(first) as usize;
    if list.get(guess).is_some_and(|found| of(found) == number) {
        return Some(guess);
    }
    let halved = list.binary_search_by_key(&number, &of).ok();
    halved.or_else(|| list.iter().position(|found| of(found) == number))
}

#[cfg(test)]
mod tests {
    use super::seek;

    #[test]
    fn numbers_are_found_in_any_order() {
        for list in [&[1, 2, 3, 4][..], &[2, 5, 9], &[9, 1, 4], &[]] {
            for number in 0..11 {
                let place = list.iter().position(|found| *found == number);
                assert_eq!(seek(list, number, |found| *found), place, "{number} in {list:?}");
            }
        }
    }
}
