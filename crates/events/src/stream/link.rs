//! The connection: opened at need, dropped at the first sign that it is unusable; no wait exceeds the
//! response time-out. A `MultiplexedConnection` by itself never reconnects, and a silent server (socket open,
//! no answers) would block every caller without time-outs (`docs/background/feeds.md`, "Connections to
//! Redis").

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisResult, Value};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use super::check;
use super::fault::Fault;
use crate::status::{RedisStatus, StatusRegistry};

/// Callers that wait for a connection while the server is away share the outcome of one attempt for this
/// long, instead of each waiting for a time-out of its own.
const SHARE_FAILURE: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
struct Slot {
    connection: Option<MultiplexedConnection>,
    generation: u64,
    failed: Option<(Instant, Fault)>,
}

/// The connection to Redis, shared by all relays of a process.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    client: Client,
    config: AsyncConnectionConfig,
    slot: Arc<Mutex<Slot>>,
    returned: Arc<watch::Sender<()>>,
    registry: StatusRegistry,
}

impl Link {
    /// Parses the URL; connects at the first command.
    ///
    /// # Errors
    /// The URL is not one for Redis.
    pub fn open(url: &str, response_timeout: Duration, registry: StatusRegistry) -> RedisResult<Self> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(response_timeout))
            .set_response_timeout(Some(response_timeout));
        Ok(Self {
            client: Client::open(url)?,
            config,
            slot: Arc::default(),
            returned: Arc::new(watch::Sender::new(())),
            registry,
        })
    }

    /// Changes when Redis answers again after a failure: a back-off can end early.
    pub fn returned(&self) -> watch::Receiver<()> {
        self.returned.subscribe()
    }

    /// Notifies all waiters that Redis answers again.
    pub fn announce_return(&self) {
        self.returned.send_replace(());
    }

    /// Runs one command, within the response time-out.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Fault> {
        self.with(async |connection| command.query_async(connection).await)
            .await
    }

    /// Runs `work` with the connection itself; drops the connection after a fault that makes it unusable.
    pub async fn with<T>(
        &self,
        work: impl AsyncFnOnce(&mut MultiplexedConnection) -> RedisResult<T>,
    ) -> Result<T, Fault> {
        let (mut connection, generation) = self.connection().await?;
        match work(&mut connection).await {
            Ok(answer) => Ok(answer),
            Err(error) => {
                let fault = Fault::from(error);
                if fault.ends_connection() {
                    self.give_up(generation).await;
                }
                Err(fault)
            }
        }
    }

    async fn connection(&self) -> Result<(MultiplexedConnection, u64), Fault> {
        let mut slot = self.slot.lock().await;
        if let Some(connection) = &slot.connection {
            return Ok((connection.clone(), slot.generation));
        }
        if let Some((when, fault)) = &slot.failed
            && when.elapsed() < SHARE_FAILURE
        {
            return Err(fault.clone());
        }
        match self.connect().await {
            Ok(connection) => {
                slot.generation += 1;
                slot.failed = None;
                slot.connection = Some(connection.clone());
                Ok((connection, slot.generation))
            }
            Err(fault) => {
                self.registry
                    .update(|snapshot| snapshot.redis.get_or_insert_default().reachable = false);
                slot.failed = Some((Instant::now(), fault.clone()));
                Err(fault)
            }
        }
    }

    async fn connect(&self) -> Result<MultiplexedConnection, Fault> {
        let mut connection = self
            .client
            .get_multiplexed_async_connection_with_config(&self.config)
            .await?;
        let info: String = redis::cmd("INFO").query_async(&mut connection).await?;
        let mut server = check::read(&info);
        // If this user may not read users, an operator manages them already.
        let mut default = redis::cmd("ACL");
        let default: RedisResult<Value> = default
            .arg("GETUSER")
            .arg("default")
            .query_async(&mut connection)
            .await;
        server
            .warnings
            .extend(default.ok().as_ref().and_then(check::everybody));
        self.publish_status(&server);
        self.registry.update(|snapshot| snapshot.redis = Some(server));
        Ok(connection)
    }

    /// Publishes the status; logs warnings once, not at every reconnection.
    fn publish_status(&self, server: &RedisStatus) {
        let known = self.registry.snapshot().redis.unwrap_or_default();
        for warning in server
            .warnings
            .iter()
            .filter(|warning| !known.warnings.contains(warning))
        {
            tracing::warn!(version = server.version, "{warning}");
        }
    }

    async fn give_up(&self, generation: u64) {
        let mut slot = self.slot.lock().await;
        if slot.generation == generation {
            slot.connection = None;
            self.registry
                .update(|snapshot| snapshot.redis.get_or_insert_default().reachable = false);
        }
    }
}
