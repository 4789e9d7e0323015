//! How much is tried at once: more after success, less after failure.

/// How many unproven plans one build may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TrainWindow {
    size: usize,
    least: usize,
}

/// The least size at the beginning, in plans, and the largest size, in plans for each slot.
const BEGINS: usize = 16;
const MOST: usize = 64;

impl TrainWindow {
    pub fn new(slots: usize) -> Self {
        Self {
            size: (4 * slots).max(BEGINS),
            least: slots.max(1),
        }
    }

    pub fn size(self) -> usize {
        self.size
    }

    pub fn landed(&mut self, plans: usize) {
        self.size = (self.size + plans).min(MOST * self.least);
    }

    pub fn failed(&mut self) {
        self.size = (self.size / 2).max(self.least);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_with_what_lands_halves_with_each_failure_and_keeps_to_its_limits() {
        let mut window = TrainWindow::new(4);
        assert_eq!(window.size(), 16);
        window.landed(5);
        assert_eq!(window.size(), 21);
        (0..9).for_each(|_| window.failed());
        assert_eq!(window.size(), 4);
        window.landed(10_000);
        assert_eq!(window.size(), 256);
    }
}
