//! Why a plan on its way to the target waits, in words.

use crate::plan::listed;
use crate::schedule::train::TrainPlace;

/// The reason, as far as the train itself knows it.
pub fn train_reason(place: &TrainPlace) -> Option<String> {
    let red = place.red.as_ref().map(|red| match red.batch.as_slice() {
        [_] => format!("does not pass: {}", red.why),
        batch => format!("one of {} does not pass: {}", listed(batch), red.why),
    });
    let apart = || {
        let why = "does not merge onto plans that have not landed yet: it is tried again once they have";
        place.deferred.then(|| why.to_owned())
    };
    red.or_else(apart)
}
