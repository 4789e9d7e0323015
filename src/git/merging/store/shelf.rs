//! The shelf between the thread that reads ahead and the merges that need the objects.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use git2::{ObjectType, Oid};

use super::ids::ById;

/// The most bytes that are read ahead and not taken yet.
const ROOM: usize = 16 << 20;

/// Why no more is read for a head.
pub(in crate::git::merging) enum Enough {
    /// Nobody needs any more objects.
    Closed,
    /// The head's merge has begun and reads its other objects itself. Reading for the next heads is worth more.
    Overtaken,
}

/// The place for objects between the thread and the merges.
#[derive(Default)]
pub(in crate::git::merging) struct Shelf {
    laid: Mutex<Laid>,
    room: Condvar,
}

#[derive(Default)]
struct Laid {
    objects: ById<(usize, ObjectType, Arc<[u8]>)>,
    bytes: usize,
    /// The present merge, counted from 1.
    turn: usize,
    closed: bool,
}

impl Shelf {
    fn laid(&self) -> MutexGuard<'_, Laid> {
        self.laid.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The size in bytes of an object on the shelf.
    pub(in crate::git::merging) fn size(&self, id: Oid) -> Option<usize> {
        let laid = self.laid();
        laid.objects.get(&id).map(|(.., data)| data.len())
    }

    /// Puts an object on the shelf for a turn, once there is room.
    pub(in crate::git::merging) fn lay(
        &self,
        turn: usize,
        id: Oid,
        kind: ObjectType,
        data: &Arc<[u8]>,
    ) -> Result<(), Enough> {
        let is_full = |laid: &mut Laid| laid.bytes > ROOM && !laid.closed && laid.turn < turn;
        let waited = self.room.wait_while(self.laid(), is_full);
        let mut laid = waited.unwrap_or_else(PoisonError::into_inner);
        if laid.closed {
            return Err(Enough::Closed);
        }
        if laid.turn <= turn {
            laid.bytes += data.len();
            laid.objects.insert(id, (turn, kind, Arc::clone(data)));
        }
        if laid.turn >= turn {
            return Err(Enough::Overtaken);
        }
        Ok(())
    }

    pub(in crate::git::merging) fn take(&self, id: Oid, kind: ObjectType) -> Option<Arc<[u8]>> {
        let mut laid = self.laid();
        let (_, found, data) = laid.objects.remove(&id)?;
        laid.bytes -= data.len();
        (found == kind).then_some(data)
    }

    pub(in crate::git::merging) fn reach(&self, turn: usize) {
        let mut laid = self.laid();
        laid.turn = laid.turn.max(turn);
        let now = laid.turn;
        laid.objects.retain(|_, (turn, ..)| *turn >= now);
        laid.bytes = laid.objects.values().map(|(.., data)| data.len()).sum();
        drop(laid);
        self.room.notify_all();
    }

    pub(in crate::git::merging) fn close(&self) {
        self.laid().closed = true;
        self.room.notify_all();
    }

    pub(in crate::git::merging) fn turn(&self) -> usize {
        self.laid().turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_shelf_is_waited_for_until_there_is_room_or_nobody_wants_more() {
        let large: Arc<[u8]> = vec![0; ROOM + 1].into();
        let some = |n: u8| Oid::from_bytes(&[n; 20]).unwrap();
        let shelf = Shelf::default();
        let lay = |turn, n| match shelf.lay(turn, some(n), ObjectType::Blob, &large) {
            Ok(()) => "more",
            Err(Enough::Overtaken) => "overtaken",
            Err(Enough::Closed) => "closed",
        };
        assert_eq!(lay(1, 1), "more");
        std::thread::scope(|scope| {
            let second = scope.spawn(|| lay(3, 2));
            shelf.reach(2);
            assert_eq!(second.join().unwrap(), "more");
            assert!(shelf.take(some(1), ObjectType::Blob).is_none());
            assert_eq!(lay(2, 3), "overtaken", "the merge that has begun still finds it");
            assert!(shelf.take(some(3), ObjectType::Blob).is_some());
            assert_eq!(lay(1, 4), "overtaken");
            assert!(
                shelf.take(some(4), ObjectType::Blob).is_none(),
                "its merge is over"
            );
            let third = scope.spawn(|| lay(4, 5));
            shelf.close();
            assert_eq!(third.join().unwrap(), "closed");
        });
        assert!(shelf.take(some(2), ObjectType::Tree).is_none(), "of another type");
        assert_eq!(shelf.laid().bytes, 0);
    }
}
