//! The context of a use-case: who acts, for which organisation, and the only way to a transaction.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;

use ledger::policy::Policy;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::accounts::Hasher;
use crate::database::{Database, Tx};
use crate::events::feed::Feed;
use crate::id::{ApiKeyId, OrgId, RequestId, SessionId, UserId};
use crate::keyring::Keyring;
use crate::permission::{Permission, Role};
use crate::sequencer::{Room, Sequencer};
use crate::{Mode, Problem};

mod clock;

pub use clock::{Clock, SystemClock};

/// Everything a use-case needs that outlives one request. Cheap to clone.
#[derive(Clone)]
pub struct Domain(Arc<Shared>);

/// What the clones of a [`Domain`] share.
pub struct Shared {
    pub(crate) database: Database,
    pub(crate) sequencer: Sequencer,
    pub(crate) keyring: Keyring,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) hasher: Hasher,
    pub(crate) api_keys: crate::api_keys::Cache,
    pub(crate) identities: crate::logs::Identities,
    pub(crate) schemas: crate::schemas::Cache,
    pub(crate) evidence: Option<crate::evidence::Files>,
    pub(crate) witnesses: Policy,
    feed: Feed,
}

impl Deref for Domain {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl std::fmt::Debug for Domain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Domain").finish_non_exhaustive()
    }
}

/// How a [`Domain`] is made.
pub struct Options {
    /// The database, migrated.
    pub database: Database,
    /// Keys are derived from it.
    pub keyring: Keyring,
    /// Time, ids and randomness.
    pub clock: Arc<dyn Clock>,
    /// Argon2id hashes computed at once.
    pub hashes_at_once: usize,
    /// The witnesses of the root log, and how many of them are enough; its logs are not looked at.
    pub witnesses: Policy,
    /// The place for evidence files; without one, none are taken.
    pub evidence: Option<crate::evidence::Files>,
}

impl Domain {
    /// Starts the sequencer and the feed; they end with the last clone.
    pub fn start(options: Options) -> Self {
        Self::with_room(options, Room::default())
    }

    /// As [`Domain::start`], with as much room for receipts that wait as that.
    pub fn with_room(options: Options, room: Room) -> Self {
        let Options { database, keyring, clock, hashes_at_once, witnesses, evidence } = options;
        Self(Arc::new(Shared {
            sequencer: Sequencer::start(&database, &keyring, &clock, room),
            feed: Feed::start(database.clone()),
            hasher: Hasher::new(hashes_at_once),
            api_keys: crate::api_keys::Cache::default(),
            identities: crate::logs::Identities::default(),
            schemas: crate::schemas::Cache::default(),
            evidence,
            witnesses: Policy { logs: Vec::new(), ..witnesses },
            database,
            keyring,
            clock,
        }))
    }

    /// The name of the root log, as it is made here.
    pub fn root_origin(&self) -> String {
        self.keyring.origin(crate::anchors::ROOT.0, crate::anchors::ROOT.1)
    }

    /// The witnesses of the root log, and how many of them are enough.
    pub fn witnesses(&self) -> &Policy {
        &self.witnesses
    }

    /// The live feed of events.
    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// The database: for health checks and workers.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// A context in which nobody acts: for signing up and in.
    pub fn nobody(&self, request: Request) -> Cx {
        Cx { domain: self.clone(), actor: Actor::Nobody, request }
    }

    /// A context in which CertNode itself acts for an organisation: for jobs.
    pub fn system(&self, org_id: OrgId, mode: Mode) -> Cx {
        let request = Request { id: RequestId(self.clock.new_id()), address: None, agent: String::new() };
        Cx { domain: self.clone(), actor: Actor::System { org_id, mode }, request }
    }

    /// Lets the sequencer meet a fault.
    #[cfg(any(test, feature = "testing"))]
    pub fn plan_fault(&self, fault: crate::sequencer::Fault) {
        self.sequencer.plan_fault(fault);
    }

    /// Waits until every receipt that was taken is answered.
    pub async fn drain(&self) {
        self.sequencer.drain().await;
        if let Err(error) = self.database.fence().sync() {
            tracing::error!(%error, "the fence is not on the disk");
        }
    }
}

/// What is known of the request a context serves.
#[derive(Clone, Debug)]
pub struct Request {
    /// `req_…`: on every answer, in every log line.
    pub id: RequestId,
    /// The client's address.
    pub address: Option<IpAddr>,
    /// Its `User-Agent`, cut to 256 characters.
    pub agent: String,
}

/// Who acts.
#[derive(Clone, Debug)]
pub enum Actor {
    /// Nobody is signed in.
    Nobody,
    /// A person, in a session.
    User { user_id: UserId, session_id: SessionId, org_id: OrgId, mode: Mode, role: Role },
    /// An API key.
    ApiKey { id: ApiKeyId, org_id: OrgId, mode: Mode },
    /// CertNode itself.
    System { org_id: OrgId, mode: Mode },
}

/// The context of one use-case.
#[derive(Clone)]
pub struct Cx {
    pub(crate) domain: Domain,
    pub(crate) actor: Actor,
    pub(crate) request: Request,
}

impl Cx {
    /// Who acts.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The request served.
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// The application the context belongs to.
    pub const fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The same request, acting as somebody.
    pub fn acting(&self, actor: Actor) -> Self {
        Self { actor, ..self.clone() }
    }

    /// Now, by the context's clock, in whole milliseconds.
    pub fn now(&self) -> OffsetDateTime {
        self.domain.clock.now()
    }

    /// A new time-ordered id.
    pub fn new_id(&self) -> Uuid {
        self.domain.clock.new_id()
    }

    /// Fresh random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.domain.clock.fill(&mut bytes);
        bytes
    }

    /// The organisation and mode acted for; 401 when nobody acts.
    pub const fn tenant(&self) -> Result<(OrgId, Mode), Problem> {
        match self.actor {
            Actor::Nobody => Err(Problem::unauthenticated()),
            Actor::User { org_id, mode, .. } | Actor::ApiKey { org_id, mode, .. } | Actor::System { org_id, mode } => {
                Ok((org_id, mode))
            }
        }
    }

    /// The person who acts; none for keys and the system.
    pub const fn user_id(&self) -> Option<UserId> {
        match self.actor {
            Actor::User { user_id, .. } => Some(user_id),
            _ => None,
        }
    }

    /// The tenant, if the actor has the permission: 401 for nobody, 403 for the wrong role.
    pub fn require(&self, permission: Permission) -> Result<(OrgId, Mode), Problem> {
        let allowed = match &self.actor {
            Actor::Nobody => return Err(Problem::unauthenticated()),
            Actor::User { role, .. } => role.allows(permission),
            // A key acts on receipts and imports; it cannot see or make keys.
            Actor::ApiKey { .. } => {
                use Permission::{ApiKeysRead, ApiKeysWrite, SigningKeysWrite};
                !matches!(permission, ApiKeysRead | ApiKeysWrite | SigningKeysWrite)
            }
            Actor::System { .. } => true,
        };
        if allowed { self.tenant() } else { Err(Problem::forbidden(permission)) }
    }

    /// A transaction bound to the actor's organisation: row-level security shows it nothing else.
    pub async fn begin(&self) -> Result<Tx, Problem> {
        let org_id = self.tenant().ok().map(|(org_id, _)| org_id);
        self.domain.database.begin(org_id, self.user_id()).await
    }
}
