//! Sorting, made once for everything that is sorted.
//!
//! The standard library's sorts are made for each type anew, six to ten kilobytes of the component every time. Here
//! only places are sorted; what is of a type is how two things compare, and how all are put where they belong.

use alloc::vec::Vec;
use core::cmp::Ordering;

/// Sorts; what is equal stays in order.
pub(crate) fn sort<T: Ord>(things: &mut Vec<T>) {
    sort_by(things, T::cmp);
}

/// Sorts as `compare` says; what is equal stays in order.
pub(crate) fn sort_by<T>(things: &mut Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) {
    let places = sorted_places(things.len(), &mut |one, other| match (things.get(one), things.get(other)) {
        (Some(one), Some(other)) => compare(one, other) == Ordering::Greater,
        _ => false,
    });
    let mut unsorted: Vec<Option<T>> = things.drain(..).map(Some).collect();
    things.extend(places.into_iter().filter_map(|place| unsorted.get_mut(place).and_then(Option::take)));
}

/// The places `0..count` in the order of what stands there: runs of them are merged into runs twice as long.
fn sorted_places(count: usize, is_after: &mut dyn FnMut(usize, usize) -> bool) -> Vec<usize> {
    let mut runs: Vec<usize> = (0..count).collect();
    let mut merged = Vec::with_capacity(count);
    let mut length = 1;
    while length < count {
        for both in runs.chunks(length.saturating_mul(2)) {
            let (mut left, mut right) = both.split_at(length.min(both.len()));
            while let ([one, left_rest @ ..], [other, right_rest @ ..]) = (left, right) {
                if is_after(*one, *other) {
                    merged.push(*other);
                    right = right_rest;
                } else {
                    merged.push(*one);
                    left = left_rest;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        core::mem::swap(&mut runs, &mut merged);
        merged.clear();
        length = length.saturating_mul(2);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::{sort, sort_by};
    use alloc::vec::Vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn things_are_sorted_as_the_standard_library_sorts_them(mut things: Vec<u8>) {
            let mut expected = things.clone();
            expected.sort_unstable();
            sort(&mut things);
            prop_assert_eq!(things, expected);
        }

        #[test]
        fn what_is_equal_stays_in_order(keys in prop::collection::vec(0u8..4, 0..40)) {
            let mut things: Vec<(u8, usize)> = keys.into_iter().zip(0..).collect();
            let mut expected = things.clone();
            expected.sort_by_key(|thing| thing.0);
            sort_by(&mut things, |a, b| a.0.cmp(&b.0));
            prop_assert_eq!(things, expected);
        }
    }
}
