//! How much may wait: in all, and of each log, so that one with much to say leaves room for the others.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::batch::LogKey;

/// How many entries may wait; beyond it callers are told to come back.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// In all.
    pub all: usize,
    /// Of one log.
    pub of_one: usize,
}

/// The room of a node.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// For entries of each of its writers.
    pub own: Limits,
    /// For entries on their way to other nodes.
    pub others: Limits,
    /// How long a request of many entries waits for it.
    pub patience: Duration,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            own: Limits { all: 8_192, of_one: 4_096 },
            others: Limits { all: 4_096, of_one: 2_048 },
            patience: Duration::from_secs(5),
        }
    }
}

/// Places, and which logs have taken them.
pub(super) struct Places {
    limits: Limits,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    all: usize,
    logs: HashMap<LogKey, usize>,
}

impl Places {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, taken: Mutex::default() }
    }

    /// Takes places for entries of a log that belong together; false when there is none for the first of them.
    pub(super) fn take(&self, key: LogKey, entries: usize) -> bool {
        let mut taken = self.taken();
        let of_log = taken.logs.get(&key).copied().unwrap_or_default();
        let has_room = of_log < self.limits.of_one && taken.all < self.limits.all;
        if has_room {
            taken.add(key, entries);
        }
        has_room
    }

    /// Takes places even if there are none, for what was promised them before.
    pub(super) fn take_anyway(&self, key: LogKey, entries: usize) {
        self.taken().add(key, entries);
    }

    pub(super) fn give_back(&self, key: LogKey, entries: usize) {
        let mut taken = self.taken();
        let Some(of_log) = taken.logs.get_mut(&key) else { return };
        *of_log -= entries;
        if *of_log == 0 {
            taken.logs.remove(&key);
        }
        taken.all -= entries;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.taken().all == 0
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn add(&mut self, key: LogKey, entries: usize) {
        *self.logs.entry(key).or_default() += entries;
        self.all += entries;
    }
}
