//! Finds an item by its number in a list whose numbers mostly rise.

/// Returns the index of the item with this number. Takes one step when the numbers rise without gaps, a binary search when they
/// rise with gaps, and a scan otherwise.
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
