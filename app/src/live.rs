//! The live feed: one WebSocket that says that something happened; resources fetch what.

use domain::accounts::Me;
use leptos::prelude::*;

#[cfg(feature = "hydrate")]
mod socket;

/// What the server says when it cannot tell what was missed: every kind counts as happened.
const RESYNC: &str = "resync";

/// How often something of each kind happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counts(Vec<(String, u32)>);

impl Counts {
    /// One more of a kind.
    #[cfg_attr(not(any(test, feature = "hydrate")), expect(dead_code, reason = "only a browser listens"))]
    fn add(&mut self, kind: &str) {
        match self.0.iter_mut().find(|(known, _)| known == kind) {
            Some((_, count)) => *count += 1,
            None => self.0.push((kind.to_owned(), 1)),
        }
    }

    /// How many of the kinds that begin with one of these.
    fn of(&self, prefixes: &[&str]) -> u32 {
        let counted = |kind: &str| kind == RESYNC || prefixes.iter().any(|prefix| kind.starts_with(prefix));
        self.0.iter().filter(|(kind, _)| counted(kind)).map(|(_, count)| count).sum()
    }
}

/// The feed of a page.
#[derive(Clone, Copy)]
pub struct Live {
    counts: RwSignal<Counts>,
    started: StoredValue<bool>,
    #[cfg(feature = "hydrate")]
    socket: socket::Socket,
}

impl Live {
    /// Grows when something of these kinds happened: the source of a resource that shows such things.
    pub fn version(self, prefixes: &'static [&'static str]) -> Memo<u32> {
        Memo::new(move |_| self.counts.with(|counts| counts.of(prefixes)))
    }
}

/// Makes the feed of a page; once, at the root. It connects when a page that needs it is alive.
pub fn provide_live() {
    let counts = RwSignal::default();
    provide_context(Live {
        counts,
        started: StoredValue::new(false),
        // Made here, at the root: what the socket remembers outlives every page.
        #[cfg(feature = "hydrate")]
        socket: socket::Socket::new(counts),
    });
}

/// Grows when something of these kinds happened: `receipts`, `import`, `api_key`.
pub fn use_live(prefixes: &'static [&'static str]) -> Signal<u32> {
    use_context::<Live>().map_or_else(|| Signal::stored(0), |live| live.version(prefixes).into())
}

/// Connects, from the offset at which the page's data was read. Once a page load; the socket outlives navigation.
pub fn listen(_me: &Me, after: i64) {
    let Some(live) = use_context::<Live>() else { return };
    Effect::new(move || {
        if !live.started.get_value() {
            live.started.set_value(true);
            connect(live, after);
        }
    });
}

#[cfg(not(feature = "hydrate"))]
fn connect(_: Live, _: i64) {}

#[cfg(feature = "hydrate")]
fn connect(live: Live, after: i64) {
    live.socket.open_after(after);
}

#[cfg(test)]
mod tests;
