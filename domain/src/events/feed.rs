//! The live feed: committed events, pushed to whoever listens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::broadcast;
use uuid::Uuid;

use super::Event;
use crate::Mode;
use crate::database::Database;
use crate::id::OrgId;

/// Events a slow listener may fall behind before it is told to catch up by itself.
const BACKLOG: usize = 256;
/// How long nothing may be heard before the connection is asked whether it is still there.
const QUIET_MAX: Duration = Duration::from_secs(15);

type Topics = Mutex<HashMap<(OrgId, Mode), broadcast::Sender<Event>>>;

/// The hub between the database's notifications and the sockets. Cheap to clone.
#[derive(Clone)]
pub struct Feed {
    topics: Arc<Topics>,
}

impl Feed {
    /// Listens until the database closes; reconnects for ever.
    #[expect(clippy::disallowed_methods, reason = "the listener lives as long as the process")]
    pub(crate) fn start(database: Database) -> Self {
        let topics = Arc::new(Topics::default());
        tokio::spawn(listen(database, Arc::downgrade(&topics)));
        Self { topics }
    }

    /// The events of one organisation and mode from now on. `Lagged` means: fetch, then go on.
    pub fn subscribe(&self, org_id: OrgId, mode: Mode) -> broadcast::Receiver<Event> {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        topics.retain(|_, topic| topic.receiver_count() > 0);
        topics.entry((org_id, mode)).or_insert_with(|| broadcast::channel(BACKLOG).0).subscribe()
    }
}

async fn listen(database: Database, topics: Weak<Topics>) {
    while topics.strong_count() > 0 && !database.app().is_closed() {
        let Ok(mut listener) = database.listen("certnode_events").await else {
            tokio::time::sleep(Duration::from_secs(1)).await;
            continue;
        };
        loop {
            // `try_recv` answers `None` once when the connection was lost: what was missed is fetched by the pages themselves.
            let notification = match tokio::time::timeout(QUIET_MAX, listener.try_recv()).await {
                Ok(Ok(Some(notification))) => notification,
                Ok(_) => break,
                Err(_) if topics.strong_count() == 0 => return,
                Err(_) if database.check_listener(&mut listener).await.is_ok() => continue,
                Err(_) => break,
            };
            let Some(topics) = topics.upgrade() else { return };
            let Some((org_id, event)) = parse(notification.payload()) else { continue };
            let topics = topics.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(topic) = topics.get(&(org_id, event.mode)) {
                let _ = topic.send(event);
            }
        }
    }
}

fn parse(payload: &str) -> Option<(OrgId, Event)> {
    let mut parts = payload.splitn(4, ' ');
    let org_id = OrgId(Uuid::parse_str(parts.next()?).ok()?);
    let mode = parts.next()?.parse().ok()?;
    let id = parts.next()?.parse().ok()?;
    Some((org_id, Event { id, mode, kind: parts.next()?.to_owned() }))
}
