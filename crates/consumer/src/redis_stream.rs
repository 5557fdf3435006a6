//! The feed as a Redis stream, read through a consumer group that the gateway made.
//!
//! A connection of its own (a blocking read holds up everything behind it), with a time-out longer than the block, so
//! that a silent server is noticed. Any failure drops the connection; a new one begins with what was delivered to us
//! and not acknowledged. It must not decide what to apply: see [`crate::rule`].

use crate::delivery::Delivery;
use crate::error::Error;
use crate::redis_entry::{Entry, of_claim, of_list, of_read, position};
use crate::source::News;
use redis::aio::MultiplexedConnection;
use redis::streams::StreamInfoGroupsReply;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, IntoConnectionInfo, RedisResult, Value};
use std::time::{Duration, Instant};

/// How long the server may hold a read that has nothing to say.
const BLOCK: Duration = Duration::from_secs(5);
/// Patience with an answer; longer than [`BLOCK`].
const TIMEOUT: Duration = Duration::from_secs(8);
/// Entries a read.
const COUNT: usize = 100;
/// Entries of others that nobody finished are looked for this often …
const CLAIM_EVERY: Duration = Duration::from_secs(30);
/// … and taken when they were idle this long, in milliseconds.
const CLAIM_IDLE: u64 = 60_000;

/// A reader of one stream.
pub(crate) struct RedisStream {
    client: Client,
    stream: String,
    group: String,
    consumer: String,
    connection: Option<MultiplexedConnection>,
    /// Where to go on in our own pending entries; `None` when they are done.
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
    ) -> Result<RedisStream, Error> {
        Ok(RedisStream {
            client: client(url, user).map_err(|e| Error::Settings(format!("the feed's Redis URL: {e}")))?,
            stream: stream.to_owned(),
            group: group.to_owned(),
            consumer: consumer.to_owned(),
            connection: None,
            pending: None,
            claimed: Instant::now(),
        })
    }

    /// The next entries: after connecting how far the group is, then our own pending ones, then what others left, then new.
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

    /// Entries by position, whoever they were delivered to; as many as the stream still has, from the first on.
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

    /// Acknowledges positions, whichever consumer of the group had them.
    pub(crate) async fn ack(&mut self, positions: &[u64]) -> Result<(), Error> {
        let ids: Vec<String> = positions.iter().map(|position| format!("{position}-0")).collect();
        self.ack_ids(&ids).await
    }

    /// Forgets the connection; the next read begins with the pending entries again.
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
        match found {
            Some(group) => Ok(position(&group.last_delivered_id).unwrap_or(0)),
            None => {
                self.reset();
                Err(Error::NoGroup {
                    group: self.group.clone(),
                })
            }
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

    /// A claim looks at a bounded number of entries a call, so go on until its cursor is at the end.
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

    /// Pending entries that were trimmed meanwhile are acknowledged, so that they do not come again; if they were never
    /// applied, the hole shows by their positions.
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

    /// Sends a command. A missing group keeps the connection for no longer than any other failure: after it, all
    /// that was known about pending entries is worthless.
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

/// A client for the server, as the user if there is one.
fn client(url: &str, user: Option<&(String, String)>) -> RedisResult<Client> {
    let mut info = url.into_connection_info()?;
    if let Some((name, password)) = user {
        let login = info.redis_settings().clone();
        info = info.set_redis_settings(login.set_username(name).set_password(password));
    }
    Client::open(info)
}
