//! Worlds for tests: a real database of their own, a clock that stands still, randomness from a seed.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::disallowed_methods, reason = "tests may fail loudly")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ledger::policy::Policy;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sqlx::{Connection as _, PgConnection};
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use crate::accounts::{self, SignUp};
use crate::context::{Clock, Cx, Domain, Options, Request};
use crate::database::Database;
use crate::evidence::Files;
use crate::id::RequestId;
use crate::keyring::Keyring;
use crate::objects::Objects;
use crate::sequencer::Room;
use crate::{Mode, api_keys};

/// The password of everyone in a world.
pub const PASSWORD: &str = "correct horse battery";

/// A clock that moves only when told to, and randomness that is the same in every run.
pub struct FixedClock {
    now: Mutex<OffsetDateTime>,
    random: Mutex<StdRng>,
}

impl Default for FixedClock {
    fn default() -> Self {
        Self { now: Mutex::new(datetime!(2026-11-20 09:30 UTC)), random: Mutex::new(StdRng::seed_from_u64(1)) }
    }
}

impl FixedClock {
    /// Lets time pass.
    pub fn advance(&self, by: time::Duration) {
        *self.now.lock().unwrap() += by;
    }
}

impl Clock for FixedClock {
    fn now(&self) -> OffsetDateTime {
        *self.now.lock().unwrap()
    }

    fn new_id(&self) -> Uuid {
        // Time-ordered within the world: a millisecond a call.
        static CALLS: AtomicU32 = AtomicU32::new(0);
        let mut random = [0; 10];
        self.fill(&mut random);
        let calls = u64::from(CALLS.fetch_add(1, Ordering::Relaxed));
        let millis = u64::try_from(self.now().unix_timestamp()).unwrap() * 1000 + calls;
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    fn fill(&self, bytes: &mut [u8]) {
        self.random.lock().unwrap().fill_bytes(bytes);
    }
}

/// A database, an application on it, and the words to make scenes with.
pub struct World {
    /// The application.
    pub domain: Domain,
    /// Its clock.
    pub clock: Arc<FixedClock>,
    /// The URL of the world's own database, as its owner.
    pub database_url: String,
    /// Where its logs' files are: in memory.
    pub objects: Objects,
}

/// The server tests run against: `CERTNODE_TEST_DATABASE_URL`, a superuser's, as `make test` sets it.
fn server_url() -> String {
    std::env::var("CERTNODE_TEST_DATABASE_URL")
        .expect("CERTNODE_TEST_DATABASE_URL is not set: run the tests with `make test`")
}

fn with_database(url: &str, database: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, String::new()), |(base, query)| (base, format!("?{query}")));
    let (server, _) = base.rsplit_once('/').unwrap();
    format!("{server}/{database}{query}")
}

/// A migrated database that every world is copied from; made once for each state of the migrations.
async fn template(admin: &mut PgConnection) -> String {
    static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");
    let mut hasher = blake3::Hasher::new();
    for migration in MIGRATIONS.iter() {
        hasher.update(&migration.checksum);
    }
    let name = format!("template_{}", &hasher.finalize().to_hex()[..16]);
    sqlx::query("select pg_advisory_lock(7212)").execute(&mut *admin).await.unwrap();
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut *admin)
        .await
        .unwrap();
    if !exists {
        let making = format!("{name}_making");
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("drop database if exists {making}")))
            .execute(&mut *admin)
            .await
            .unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("create database {making}"))).execute(&mut *admin).await.unwrap();
        let database = Database::open(&with_database(&server_url(), &making), 1).unwrap();
        database.migrate().await.unwrap();
        database.close().await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("alter database {making} rename to {name}")))
            .execute(&mut *admin)
            .await
            .unwrap();
    }
    sqlx::query("select pg_advisory_unlock(7212)").execute(admin).await.unwrap();
    name
}

/// Evidence in memory, a mebibyte at most.
fn evidence() -> Files {
    Files::memory(1 << 20)
}

impl World {
    /// A fresh world.
    pub async fn new() -> Self {
        let mut admin = PgConnection::connect(&server_url()).await.expect("the test database server answers");
        let template = template(&mut admin).await;
        let name = format!("world_{}", Uuid::now_v7().simple());
        // Two worlds cannot be copied from one template at the same moment.
        for _ in 0..200 {
            let copy = sqlx::AssertSqlSafe(format!("create database {name} template {template}"));
            if sqlx::raw_sql(copy).execute(&mut admin).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let database_url = with_database(&server_url(), &name);
        let clock = Arc::new(FixedClock::default());
        let objects = Objects::memory();
        let domain = Self::domain(&database_url, clock.clone(), objects.clone(), Policy::default(), evidence());
        Self { domain, clock, database_url, objects }
    }

    /// One more node on the world's database, as another process would be.
    pub fn another_node(&self) -> Domain {
        self.watched_by(Policy::default())
    }

    /// A node that reaches the world's database by another way.
    pub fn node_at(&self, database_url: &str) -> Domain {
        Self::domain(database_url, self.clock.clone(), self.objects.clone(), Policy::default(), evidence())
    }

    /// A node with as much room for receipts that wait.
    pub fn node_with(&self, room: Room) -> Domain {
        let (clock, objects) = (self.clock.clone(), self.objects.clone());
        Domain::with_room(Self::options(&self.database_url, clock, objects, Policy::default(), evidence()), room)
    }

    /// A node whose root log is cosigned by the witnesses of a policy.
    pub fn watched_by(&self, witnesses: Policy) -> Domain {
        Self::domain(&self.database_url, self.clock.clone(), self.objects.clone(), witnesses, evidence())
    }

    /// A node with another place for evidence files.
    pub fn keeping(&self, evidence: Files) -> Domain {
        Self::domain(&self.database_url, self.clock.clone(), self.objects.clone(), Policy::default(), evidence)
    }

    fn domain(url: &str, clock: Arc<FixedClock>, objects: Objects, witnesses: Policy, evidence: Files) -> Domain {
        Domain::start(Self::options(url, clock, objects, witnesses, evidence))
    }

    fn options(url: &str, clock: Arc<FixedClock>, objects: Objects, witnesses: Policy, evidence: Files) -> Options {
        Options {
            database: Database::open(url, 8).unwrap().with_objects(objects),
            keyring: Keyring::new([7; 32], "log.example"),
            clock,
            hashes_at_once: 2,
            witnesses,
            evidence: Some(evidence),
        }
    }

    /// What a test needs of a request.
    pub fn request(&self) -> Request {
        Request { id: RequestId(self.clock.new_id()), address: Some([127, 0, 0, 1].into()), agent: "test".to_owned() }
    }

    /// A context in which nobody acts.
    pub fn nobody(&self) -> Cx {
        self.domain.nobody(self.request())
    }

    /// The owner of a new organisation, signed in, in test mode. The name is also the email's.
    pub async fn org(&self, name: &str) -> Cx {
        let token = self.org_token(name).await;
        accounts::authenticate(&self.domain, &token, self.request()).await.unwrap()
    }

    /// The session token of the owner of a new organisation.
    pub async fn org_token(&self, name: &str) -> String {
        let form = SignUp {
            name: format!("Owner of {name}"),
            email: format!("owner@{name}.example"),
            password: PASSWORD.to_owned(),
            organisation: name.to_owned(),
        };
        accounts::sign_up(&self.nobody(), form).await.unwrap().token
    }

    /// A new API key of an organisation.
    pub async fn key(&self, owner: &Cx, mode: Mode) -> String {
        api_keys::create(owner, "a key", mode).await.unwrap().secret
    }

    /// Holds the logs of an organisation: nothing is written into them until the connection that is returned is dropped.
    pub async fn hold_logs(&self, cx: &Cx) -> PgConnection {
        let mut connection = self.superuser().await;
        sqlx::query("begin").execute(&mut connection).await.unwrap();
        let held = sqlx::query("select from logs where org_id = $1 for update").bind(cx.tenant().unwrap().0.0);
        held.execute(&mut connection).await.unwrap();
        connection
    }

    /// A connection as the owner of the database: past row-level security, to see what is really there.
    pub async fn superuser(&self) -> PgConnection {
        PgConnection::connect(&self.database_url).await.unwrap()
    }
}
