//! The feed as a Redis stream, read through a consumer group that the gateway created.
//!
//! It has a connection of its own (a blocking read delays every command behind it), with a time-out longer
//! than the block, so that a silent server is noticed. Any failure drops the connection; a new one begins
//! with the entries that were delivered to this consumer and not acknowledged. It must not decide what to
//! apply: see [`crate::rule`].

use crate::delivery::Delivery;
use crate::error::Error;
use crate::place::Place;
use crate::redis_entry::{Entry, of_claim, of_list, of_pending, of_read, position};
use crate::settings::{Settings, Sharing};
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
/// How long after a read its entries are acknowledged without a look at the epoch.
const FRESH: Duration = Duration::from_secs(5);

pub(crate) struct RedisStream {
    client: Client,
    stream: String,
    /// The hash beside the stream.
    beside: String,
    group: String,
    consumer: String,
    sharing: Sharing,
    claim_after: Duration,
    connection: Option<MultiplexedConnection>,
    /// The id to continue from in this consumer's own pending entries; `None` if they are done.
    pending: Option<String>,
    claimed: Instant,
    /// When entries were last read.
    read_at: Instant,
}

impl RedisStream {
    pub(crate) fn new(
        url: &str,
        user: Option<&(String, String)>,
        stream: &str,
        settings: &Settings,
    ) -> Result<Self, Error> {
        Ok(Self {
            client: client(url, user).map_err(|e| Error::Settings(format!("the feed's Redis URL: {e}")))?,
            stream: stream.to_owned(),
            beside: beside(stream),
            group: settings.group.clone(),
            consumer: settings.consumer.clone(),
            sharing: settings.sharing,
            claim_after: settings.claim_after,
            connection: None,
            pending: None,
            claimed: Instant::now(),
            read_at: Instant::now(),
        })
    }

    /// The next entries: after connecting the group's last position, then this consumer's pending entries,
    /// then those claimed from others, then new ones.
    pub(crate) async fn next(&mut self) -> Result<News, Error> {
        let news = self.read_next().await;
        self.read_at = Instant::now();
        news
    }

    async fn read_next(&mut self) -> Result<News, Error> {
        if self.connection.is_none() {
            let through = self.connect().await?;
            return Ok(News {
                through: Some(through),
                epoch: self.epoch().await?,
                ..News::default()
            });
        }
        if let Some(after) = self.pending.clone() {
            let entries = of_read(&self.read(&after, None).await?);
            self.pending = entries.last().map(|entry| entry.id.clone());
            return Ok(news(entries));
        }
        // Twice in the time after which an entry may be claimed.
        if self.claimed.elapsed() >= self.claim_after / 2 {
            let entries = match self.sharing {
                Sharing::OneReader => self.claim().await?,
                Sharing::Workers => self.claim_checked().await?,
            };
            self.claimed = Instant::now();
            return Ok(news(entries));
        }
        let entries = of_read(&self.read(">", Some(BLOCK)).await?);
        let mut news = news(entries);
        if news.deliveries.is_empty() {
            news.epoch = self.epoch().await?;
        }
        Ok(news)
    }

    /// The epoch that stands beside the stream; `None` if nothing stands there.
    async fn epoch(&mut self) -> Result<Option<String>, Error> {
        let mut command = redis::cmd("HGET");
        command.arg(&self.beside).arg("epoch");
        self.ask(&command).await
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

    /// Acknowledges positions of a place's epoch, whatever consumer of the group they were delivered to. Whoever stood still since
    /// the read compares the epoch first: another one may have begun, in which these positions are other events.
    pub(crate) async fn ack(&mut self, positions: &[u64], place: &Place) -> Result<(), Error> {
        if self.read_at.elapsed() > FRESH
            && let Some(stream) = self.epoch().await?
            && stream != place.epoch
        {
            self.reset();
            let place = place.clone();
            return Err(Error::StreamBehind { stream, place });
        }
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
                .arg(self.idle())
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

    /// As [`Self::claim`], for workers without a stored position. `XAUTOCLAIM` takes entries that the stream no longer has
    /// off the list of pending ones, and a crash just after it would lose them. So those are looked for first, and
    /// acknowledged like any other once they are applied.
    async fn claim_checked(&mut self) -> Result<Vec<Entry>, Error> {
        let mut command = redis::cmd("XPENDING");
        command
            .arg(&self.stream)
            .arg(&self.group)
            .arg("IDLE")
            .arg(self.idle());
        command.arg("-").arg("+").arg(COUNT);
        let (mut there, mut entries) = (Vec::new(), Vec::new());
        for id in of_pending(&self.ask(&command).await?) {
            let mut command = redis::cmd("XRANGE");
            command.arg(&self.stream).arg(&id).arg(&id);
            if of_list(&self.ask(&command).await?).is_empty() {
                entries.push(Entry::gone(id));
            } else {
                there.push(id);
            }
        }
        if !there.is_empty() {
            let mut command = redis::cmd("XCLAIM");
            command.arg(&self.stream).arg(&self.group).arg(&self.consumer);
            command.arg(self.idle()).arg(there);
            entries.extend(of_list(&self.ask(&command).await?));
        }
        Ok(entries)
    }

    fn idle(&self) -> String {
        self.claim_after.as_millis().to_string()
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
                // UNBLOCKED: the stream was deleted under a blocking read; the gateway writes it anew.
                Some("NOGROUP" | "UNBLOCKED") => Error::NoGroup {
                    group: self.group.clone(),
                },
                _ => Error::Redis(error),
            }
        })
    }
}

/// What entries say: an event each, or a position that the stream no longer has.
fn news(entries: Vec<Entry>) -> News {
    let (whole, gone): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| entry.event.is_some());
    News {
        deliveries: whole.into_iter().filter_map(Entry::delivery).collect(),
        gone: gone.iter().filter_map(|entry| entry.position).collect(),
        ..News::default()
    }
}

/// The key of the hash beside a stream: `usher:{test:booking}:s00` has `usher:{test:booking}:feed`.
fn beside(stream: &str) -> String {
    format!("{}:feed", stream.strip_suffix(":s00").unwrap_or(stream))
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
