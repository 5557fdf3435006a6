//! `LISTEN` and `NOTIFY`: the instances of one deployment tell each other how far the feeds are (PostgreSQL).
//!
//! The transaction that gives out positions notifies; every instance listens on a connection of its own. A notification that is lost
//! costs a poll, nothing else. Commits of changes do not notify: each `NOTIFY` takes a lock of the whole server for the time of its
//! commit, and only the stamper, of which one works at a time, can afford that (ADR 0041).

use domain::id::AppId;
use domain::position::Position;
use sqlx::postgres::{PgListener, PgPoolOptions};
use uuid::Uuid;

use crate::engine::statement::Statement;
use crate::error::{Result, StoreError};
use crate::settings::Backend;
use crate::store::Store;

const CHANNEL: &str = "usher_feed_heads";

/// Tells the heads of all feeds, a hundred in a notification: one holds less than 8,000 bytes.
pub(crate) static NOTIFY: Statement<(), i64> = Statement::new(|_| {
    format!(
        "SELECT count(pg_notify('{CHANNEL}', p.heads)) FROM (SELECT string_agg(f.app_id::text || ' ' || f.head, ',') AS heads \
         FROM (SELECT app_id, head, row_number() OVER (ORDER BY app_id) AS n FROM feed) f GROUP BY f.n / 100) p"
    )
});

/// What other instances, and this one, tell of the feeds' heads.
#[derive(Debug)]
pub struct FeedHeads(PgListener);

impl FeedHeads {
    /// The heads of some feeds, as soon as a transaction that moved them is committed. A lost connection is made again; what was
    /// told meanwhile is lost.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached.
    pub async fn next(&mut self) -> Result<Vec<(AppId, Position)>> {
        let told = self.0.recv().await.map_err(StoreError::of_driver)?;
        Ok(heads(told.payload()))
    }
}

impl Store {
    /// Listens for the heads of feeds (PostgreSQL only).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; [`StoreError::Refused`] on SQLite.
    pub async fn listen_to_feed_heads(&self) -> Result<FeedHeads> {
        if self.backend() == Backend::Sqlite {
            return Err(StoreError::Refused("SQLite notifies nobody".to_owned()));
        }
        let of_pool = self.inner.pool.get_postgres_connection_pool().connect_options();
        // One connection, for the time between two of them; no limit that ends it.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(self.inner.settings.acquire_timeout)
            .connect_lazy_with(of_pool.as_ref().clone());
        let mut listener = PgListener::connect_with(&pool)
            .await
            .map_err(StoreError::of_driver)?;
        listener.listen(CHANNEL).await.map_err(StoreError::of_driver)?;
        Ok(FeedHeads(listener))
    }
}

fn heads(payload: &str) -> Vec<(AppId, Position)> {
    let one = |told: &str| {
        let (app, head) = told.split_once(' ')?;
        let app = AppId::from_uuid(Uuid::try_parse(app).ok()?);
        Some((app, Position::new(head.parse().ok()?)?))
    };
    payload.split(',').filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_read_and_foreign_text_is_passed_over() {
        let app = Uuid::from_u128(7);
        let told = heads(&format!("{app} 12,nonsense,{app} x,{app} -1"));
        let twelve = Position::new(12).expect("from 0");
        assert_eq!(told, [(AppId::from_uuid(app), twelve)]);
    }
}
