//! What waits for its place: bounded, and taken in turn, so that a tenant with much to say keeps nobody waiting.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

use super::batch::LogKey;
use super::room::Limits;
use super::{BATCH, Waiting};

/// How long a batch gathers that follows one of [`BUSY`] entries or more; when there is less to do, it is taken at once.
const GATHER: Duration = Duration::from_millis(3);
const BUSY: usize = 8;
/// Entries of each log that are worth a batch: a log's checkpoint and its row cost about as much as these.
const WORTH: usize = 4;

pub(super) struct Queue {
    limits: Limits,
    state: Mutex<State>,
    /// Something waits that did not, or enough does for a batch.
    arrived: Notify,
    taken: Notify,
}

#[derive(Default)]
struct State {
    logs: HashMap<LogKey, Log>,
    /// The logs that wait, in the order of their turns.
    turns: VecDeque<LogKey>,
    waiting: usize,
    /// Entries that were taken and not yet answered.
    at_work: usize,
}

/// What waits of one log.
#[derive(Default)]
struct Log {
    waiting: VecDeque<Waiting>,
    /// How many entries that is.
    entries: usize,
}

impl Queue {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::default(), arrived: Notify::new(), taken: Notify::new() }
    }

    /// Whether there is room for another entry of a log.
    pub(super) fn has_room(&self, key: LogKey) -> bool {
        self.state().has_room(self.limits, key)
    }

    /// Puts an entry behind the others of its log; gives it back when there is no room. Where there is room for one there is
    /// room for those that belong with it: they would wait for ever for that much at once.
    pub(super) fn push(&self, entry: Waiting) -> Result<(), Box<Waiting>> {
        let mut state = self.state();
        let (key, entries) = (entry.log(), entry.len());
        if !state.has_room(self.limits, key) {
            return Err(Box::new(entry));
        }
        if !state.logs.contains_key(&key) {
            state.turns.push_back(key);
        }
        let log = state.logs.entry(key).or_default();
        log.waiting.push_back(entry);
        log.entries += entries;
        let is_first = state.waiting == 0;
        state.waiting += entries;
        let is_news = is_first || state.is_worth_a_batch();
        drop(state);
        if is_news {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Puts an entry behind the others of its log, when there is room; gives it back when there was none until then.
    pub(super) async fn push_patiently(&self, mut entry: Waiting, until: Option<Instant>) -> Result<(), Box<Waiting>> {
        loop {
            let taken = self.taken.notified();
            match (self.push(entry), until) {
                (Ok(()), _) => return Ok(()),
                (Err(back), None) => {
                    entry = *back;
                    taken.await;
                }
                (Err(back), Some(until)) => match timeout_at(until, taken).await {
                    Ok(()) => entry = *back,
                    Err(_) => return Err(back),
                },
            }
        }
    }

    /// Up to [`BATCH`] entries, of each log in turn an equal share: as soon as there is one, or, after a batch of so many
    /// entries that more are about to come, when it is worth it.
    pub(super) async fn take(&self, before: usize) -> Vec<Waiting> {
        self.until(|state| state.waiting > 0).await;
        if before >= BUSY {
            let _ = timeout(GATHER, self.until(State::is_worth_a_batch)).await;
        }
        let taken = self.state().take(BATCH);
        self.taken.notify_waiters();
        taken
    }

    async fn until(&self, met: impl Fn(&State) -> bool) {
        loop {
            let arrived = self.arrived.notified();
            if met(&self.state()) {
                return;
            }
            arrived.await;
        }
    }

    /// Says that as many of the entries that were taken are answered.
    pub(super) fn answered(&self, entries: usize) {
        let mut state = self.state();
        state.at_work = state.at_work.saturating_sub(entries);
    }

    /// Whether nothing waits and nothing is being written.
    pub(super) fn is_idle(&self) -> bool {
        let state = self.state();
        state.waiting + state.at_work == 0
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self, limits: Limits, key: LogKey) -> bool {
        self.waiting < limits.all && self.logs.get(&key).map_or(0, |log| log.entries) < limits.of_one
    }

    fn is_worth_a_batch(&self) -> bool {
        self.waiting >= BATCH.min(WORTH * self.turns.len())
    }

    /// What belongs together is taken together. It may be more than its log's share, and where it finds no room any more, the
    /// next turn is its log's.
    fn take(&mut self, most: usize) -> Vec<Waiting> {
        let mut taken = Vec::with_capacity(most.min(self.waiting));
        let (mut entries, mut next) = (0, Vec::new());
        let share = most.checked_div(self.turns.len()).unwrap_or(most).max(1);
        while entries < most
            && let Some(key) = self.turns.pop_front()
        {
            let Some(log) = self.logs.get_mut(&key) else { continue };
            let (count, has_room) = log.take(share, most - entries, &mut taken);
            entries += count;
            match (log.waiting.is_empty(), has_room) {
                (true, _) => drop(self.logs.remove(&key)),
                (false, true) => self.turns.push_back(key),
                (false, false) => next.push(key),
            }
        }
        next.into_iter().rev().for_each(|key| self.turns.push_front(key));
        self.waiting -= entries;
        self.at_work += entries;
        taken
    }
}

impl Log {
    /// Takes a share of the entries, or the first whatever it is, within the room that there is. How many they are; and
    /// whether there was room for the first.
    fn take(&mut self, share: usize, room: usize, taken: &mut Vec<Waiting>) -> (usize, bool) {
        let mut entries = 0;
        while let Some(first) = self.waiting.front()
            && entries + first.len() <= room
            && (entries == 0 || entries + first.len() <= share)
        {
            entries += first.len();
            taken.extend(self.waiting.pop_front());
        }
        self.entries -= entries;
        (entries, entries > 0)
    }
}
