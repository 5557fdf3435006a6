//! What a relay says of itself: noted in the database at each change, so that every instance and command says the same, and
//! logged once.

use domain::feed::FeedState;
use domain::position::Position;
use store::StoreError;

use super::Relay;
use super::judge::Doubt;
use crate::stream::look::Look;

/// The state that a relay noted, and why.
pub(super) type Told = (FeedState, Option<String>);

/// What the app's group did not get although the relay runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loss {
    /// What happened and what is to be done, for the operator.
    pub why: String,
    /// It is over when the group has acknowledged up to here.
    pub until: Position,
}

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
                tracing::info!(app, %stream, %state, "the relay goes on");
            }
            (FeedState::Running | FeedState::Http, Some(_)) => {
                tracing::warn!(app, %stream, %state, why, "the relay goes on, but not everything arrived");
            }
            (FeedState::Retrying | FeedState::Paused | FeedState::Parked, _) => {
                tracing::warn!(app, %stream, %state, why, "the relay waits; events stay in the database");
            }
        }
    }

    /// The loss that the relay before this one told.
    pub(super) fn remember_loss(&mut self, look: &Look) {
        if self.loss.is_some() || self.cursor.is_some() {
            return;
        }
        let until = look
            .companion
            .get("loss_until")
            .and_then(|text| text.parse().ok());
        let why = look.companion.get("loss").filter(|why| !why.is_empty());
        if let (Some(why), Some(until)) = (why, until.and_then(Position::new)) {
            self.loss = Some(Loss {
                why: why.clone(),
                until,
            });
        }
    }

    pub(super) fn settle_loss(&mut self, acknowledged: Position) {
        if self.loss.as_ref().is_some_and(|loss| loss.until <= acknowledged) {
            self.loss = None;
        }
    }

    /// The group was set back; after a restart of the server nothing shows that anything was dropped, and it is not told as a loss.
    pub(super) fn tell_doubt(&mut self, doubt: Doubt, acknowledged: Position, delivered: Position) {
        let cause = match doubt {
            Doubt::Restarted => {
                tracing::info!(
                    app = self.group,
                    after = acknowledged.number(),
                    "Redis was started; what its group had not acknowledged for certain is given again"
                );
                return;
            }
            Doubt::Ahead => {
                "was ahead of the stream's end (XGROUP SETID, or another database filled the stream)"
            }
            Doubt::Remade => "was removed and made by hand",
            Doubt::Unacknowledged => {
                "moved without an acknowledgement (XREADGROUP with NOACK, or XCLAIM with LASTID)"
            }
            Doubt::ByHand => {
                "lost pending entries or was moved by hand (XGROUP DELCONSUMER or XGROUP SETID was called on this Redis)"
            }
        };
        let why = format!(
            "group {} {cause}: what came after position {acknowledged} is given again, and counts as applied when it is \
             acknowledged",
            self.group
        );
        tracing::warn!(
            app = self.group,
            why,
            "the group was set back to what it has acknowledged"
        );
        let until = if delivered > acknowledged {
            delivered
        } else {
            acknowledged.next()
        };
        self.loss = Some(Loss { why, until });
    }

    /// Events that the database no longer has, and the group never got.
    pub(super) fn tell_missing(&mut self, from: Position, until: Position) {
        let why = format!(
            "the events {from} to {until} are past their retention and group {} never got them: the feed has begun another epoch, in \
             which the app takes a snapshot (GET /feeds/{}/snapshot)",
            self.group, self.group
        );
        if self.loss.as_ref().is_none_or(|loss| loss.why != why) {
            tracing::error!(app = self.group, why, "events were lost");
            self.loss = Some(Loss { why, until });
        }
    }
}
