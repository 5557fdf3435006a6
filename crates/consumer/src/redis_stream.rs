//! The feed as a Redis stream, read through a consumer group that the gateway created.
//!
//! It has a connection of its own (a blocking read delays every command behind it), with a time-out longer
//! than the block, so that a silent server is noticed. Any failure drops the connection; a new one begins
//! with the entries that were delivered to this consumer and not acknowledged. It must not decide what to
//! apply: see [`crate::rule`].

use crate::delivery::Delivery;
use crate::error::Error;
use crate::redis_entry::{Entry, of_claim, of_list, of_read, position};
use crate::source::News;
use redis::aio::MultiplexedConnection;
use redis::streams::StreamInfoGroupsReply;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, IntoConnectionInfo, RedisResult, Value};
use std::time::{Duration, Instant};

/// The longest wait of the server for new entries.
const BLOCK: Duration = Duration::from_secs(5);
/// The longest wait for an answer; longer than [`BLOCK`].
const TIMEOUT: Duration = Duration::from_secs(8);
/// The most entries of one read.
const COUNT: usize = 100;
/// The interval between two claims of entries that another consumer did not finish.
const CLAIM_EVERY: Duration = Duration::from_secs(30);
/// The idle time after which such an entry is claimed, in milliseconds.
const CLAIM_IDLE: u64 = 60_000;

pub(crate) struct RedisStream {
    client: Client,
    stream: String,
    group: String,
    consumer: String,
    connection: Option<MultiplexedConnection>,
    /// The id to continue from in this consumer's own pending entries; `None` if they are done.
    pending: Option<String>,
    claimed: Instant,
}

impl RedisStream {
    pub(crate) fn new(
        url: &str,
        user: Option<&(String, String)>,
        stream: &str,
        group: &str,
        consumer: &str,
    ) -> Result<Self, Error> {
        Ok(Self {
            client: client(url, user).map_err(|e| Error::Settings(format!("the feed's Redis URL: {e}")))?,
            stream: stream.to_owned(),
            group: group.to_owned(),
            consumer: consumer.to_owned(),
            connection: None,
            pending: None,
            claimed: Instant::now(),
        })
    }

    /// The next entries: after connecting the group's last position, then this consumer's pending entries,
    /// then those claimed from others, then new ones.
    pub(crate) async fn next(&mut self) -> Result<News, Error> {
        if self.connection.is_none() {
            return self.connect().await.map(|through| News::Delivered { through });
        }
        if let Some(after) = self.pending.clone() {
            let entries = of_read(&self.read(&after, None).await?);
            self.pending = entries.last().map(|entry| entry.id.clone());
            return self.without_trimmed(entries).await.map(News::Batch);
        }
        if self.claimed.elapsed() >= CLAIM_EVERY {
            let entries = self.claim().await?;
            self.claimed = Instant::now();
            return self.without_trimmed(entries).await.map(News::Batch);
        }
        let entries = of_read(&self.read(">", Some(BLOCK)).await?);
        Ok(News::Batch(
            entries.into_iter().filter_map(Entry::delivery).collect(),
        ))
    }

    /// Entries by position, whatever consumer they were delivered to; as many as the stream still has, from
    /// `first` on.
    pub(crate) async fn range(&mut self, first: u64, last: u64) -> Result<Vec<Delivery>, Error> {
        let mut command = redis::cmd("XRANGE");
        command
            .arg(&self.stream)
            .arg(format!("{first}-0"))
            .arg(format!("{last}-0"))
            .arg("COUNT")
            .arg(500);
        let answer: Value = self.ask(&command).await?;
        Ok(of_list(&answer).into_iter().filter_map(Entry::delivery).collect())
    }

    /// Acknowledges positions, whatever consumer of the group they were delivered to.
    pub(crate) async fn ack(&mut self, positions: &[u64]) -> Result<(), Error> {
        let ids: Vec<String> = positions.iter().map(|position| format!("{position}-0")).collect();
        self.ack_ids(&ids).await
    }

    /// Drops the connection; the next read begins with the pending entries again.
    pub(crate) fn reset(&mut self) {
        self.connection = None;
    }

    async fn connect(&mut self) -> Result<u64, Error> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(3)))
            .set_response_timeout(Some(TIMEOUT));
        self.connection = Some(
            self.client
                .get_multiplexed_async_connection_with_config(&config)
                .await?,
        );
        self.pending = Some("0-0".to_owned());
        let mut command = redis::cmd("XINFO");
        command.arg("GROUPS").arg(&self.stream);
        let found = match self.ask::<StreamInfoGroupsReply>(&command).await {
            Ok(reply) => reply.groups.into_iter().find(|group| group.name == self.group),
            // A stream that does not exist yet has no groups either.
            Err(Error::Redis(error)) if error.to_string().contains("no such key") => None,
            Err(error) => return Err(error),
        };
        if let Some(group) = found {
            Ok(position(&group.last_delivered_id).unwrap_or(0))
        } else {
            self.reset();
            Err(Error::NoGroup {
                group: self.group.clone(),
            })
        }
    }

    async fn read(&mut self, after: &str, block: Option<Duration>) -> Result<Value, Error> {
        let mut command = redis::cmd("XREADGROUP");
        command
            .arg("GROUP")
            .arg(&self.group)
            .arg(&self.consumer)
            .arg("COUNT")
            .arg(COUNT);
        if let Some(block) = block {
            command.arg("BLOCK").arg(block.as_millis().to_string());
        }
        command.arg("STREAMS").arg(&self.stream).arg(after);
        self.ask(&command).await
    }

    /// One claim examines a bounded number of entries, so it is repeated until its cursor is at the end.
    async fn claim(&mut self) -> Result<Vec<Entry>, Error> {
        let (mut cursor, mut all) = ("0-0".to_owned(), Vec::new());
        loop {
            let mut command = redis::cmd("XAUTOCLAIM");
            command
                .arg(&self.stream)
                .arg(&self.group)
                .arg(&self.consumer)
                .arg(CLAIM_IDLE)
                .arg(&cursor);
            command.arg("COUNT").arg(COUNT);
            let (next, entries) = of_claim(&self.ask(&command).await?);
            all.extend(entries);
            if next == "0-0" {
                return Ok(all);
            }
            cursor = next;
        }
    }

    /// Acknowledges pending entries that were trimmed meanwhile, so that they do not come again. If they were
    /// never applied, their positions show the gap.
    async fn without_trimmed(&mut self, entries: Vec<Entry>) -> Result<Vec<Delivery>, Error> {
        let (whole, gone): (Vec<Entry>, Vec<Entry>) =
            entries.into_iter().partition(|entry| entry.event.is_some());
        let gone: Vec<String> = gone.into_iter().map(|entry| entry.id).collect();
        self.ack_ids(&gone).await?;
        Ok(whole.into_iter().filter_map(Entry::delivery).collect())
    }

    async fn ack_ids(&mut self, ids: &[String]) -> Result<(), Error> {
        for chunk in ids.chunks(500) {
            let mut command = redis::cmd("XACK");
            command.arg(&self.stream).arg(&self.group).arg(chunk);
            let _: Value = self.ask(&command).await?;
        }
        Ok(())
    }

    /// Sends a command. A missing group drops the connection as any other failure does: the state of the
    /// pending entries is unknown after it.
    async fn ask<T: FromRedisValue>(&mut self, command: &redis::Cmd) -> Result<T, Error> {
        let Some(connection) = self.connection.as_mut() else {
            return Err(Error::Redis(
                std::io::Error::from(std::io::ErrorKind::NotConnected).into(),
            ));
        };
        let answer: RedisResult<T> = command.query_async(connection).await;
        answer.map_err(|error| {
            self.reset();
            match error.code() {
                Some("NOGROUP") => Error::NoGroup {
                    group: self.group.clone(),
                },
                _ => Error::Redis(error),
            }
        })
    }
}

/// A client for the server, with the user's credentials if there is a user.
fn client(url: &str, user: Option<&(String, String)>) -> RedisResult<Client> {
    let mut info = url.into_connection_info()?;
    if let Some((name, password)) = user {
        let login = info.redis_settings().clone();
        info = info.set_redis_settings(login.set_username(name).set_password(password));
    }
    Client::open(info)
}
