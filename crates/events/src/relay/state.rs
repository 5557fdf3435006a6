//! What a relay says of itself: noted in the database at each change, so that every instance and command says the same, and
//! logged once.

use domain::feed::FeedState;
use store::StoreError;

use super::Relay;

/// The state that a relay noted, and why.
pub(super) type Told = (FeedState, Option<String>);

impl Relay {
    /// Notes and logs the state, unless it is as before.
    pub(super) async fn tell(&mut self, state: FeedState, why: Option<String>) -> Result<(), StoreError> {
        let store = &self.setup.store;
        let before = match self.told.take() {
            Some(told) => Some(told),
            None => store.feed(self.app).await?.map(|feed| (feed.state, feed.why)),
        };
        let next = (state, why);
        if before.as_ref() != Some(&next) {
            self.log_state(&next);
            let now = self.setup.clock.now();
            let why = next.1.as_deref();
            store
                .set_feed_state(self.app, state, why, &self.setup.owner, now)
                .await?;
            self.setup.registry.feed(self.app, |feed| {
                feed.state = state;
                feed.why.clone_from(&next.1);
                feed.since = Some(now);
            });
        }
        self.told = Some(next);
        Ok(())
    }

    fn log_state(&self, (state, why): &Told) {
        let (app, stream, why) = (&self.group, &self.key, why.as_deref());
        match (state, why) {
            (FeedState::Running | FeedState::Http, None) => {
                tracing::info!(app, %stream, %state, "the relay appends events to the stream");
            }
            (FeedState::Running | FeedState::Http, Some(_)) => {
                tracing::warn!(app, %stream, %state, why, "the relay goes on, but not everything arrived");
            }
            (FeedState::Retrying | FeedState::Paused | FeedState::Parked, _) => {
                tracing::warn!(app, %stream, %state, why, "the relay waits; events stay in the database");
            }
        }
    }
}
