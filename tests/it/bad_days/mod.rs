//! The bad days: one fault each, under load, with four apps that read all the time: the booking example over Redis, as one reader and as a worker, and a consumer
//! in Python that shares no code with the gateway, over Redis and over HTTP (`tests/fixtures/consumer.py`).
//!
//! Each day ends the same way ([`oracle`]): the tables of every app equal the directories; the positions that it applied have no gaps
//! within an epoch; each revision was one event, and revisions rise, also from one epoch to the next. A row is a fault
//! in [`redis`], [`gateway`] or [`database`]; [`day`] is the world around it. `make chaos` repeats each fault many times.

mod database;
mod day;
mod directory;
mod gateway;
mod load;
mod oracle;
mod redis;
