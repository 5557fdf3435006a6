//! How much one request may ask of the gateway: every bound in one place (`docs/reference/error-codes.md` tells what
//! happens past it).
//!
//! Must not know: the caller. Limits inside a document (filter depth, PATCH operations) belong to [`scim`].

use std::time::Duration;

/// The largest body that is read, in bytes: a PATCH of 1,000 members is about 70 KB, so nothing real comes near.
pub const BODY_BYTES: usize = 2 * 1024 * 1024;
/// The most values a body may hold, names not counted: 1,000 operations of Bulk with a whole person each have 50,000.
pub const BODY_VALUES: usize = 250_000;
/// A longer body takes a place of its own and is worked at on threads of its own; Entra's are far smaller.
pub const LONG_BODY_BYTES: usize = 16 * 1024;
/// Requests with a long body at work in one process at a time: what is read takes some twenty times as much memory as
/// it has bytes, so that three of the largest take 120 MiB.
pub const LONG_TOTAL: usize = 3;
/// Requests with a long body of one tenant: one place remains for the other tenants.
pub const LONG_EACH: usize = 2;
/// How long a long body waits for its place.
pub const LONG_WAIT: Duration = Duration::from_secs(20);
/// Requests at work in one process at a time, as a multiple of what one tenant may have.
pub const REQUESTS_SHARES: usize = 8;
/// Requests of one tenant that may wait for their place.
pub const REQUESTS_QUEUE: usize = 256;
/// How long a request waits for its place.
pub const REQUESTS_WAIT: Duration = Duration::from_secs(5);
/// A request that has waited longer than this, for its turn or for its body, has its credential checked again before it runs.
pub const CREDENTIAL_CHECK_AGE: Duration = Duration::from_secs(1);
/// How much of a refused body is still read and thrown away, so that the client gets to see the answer instead of a
/// reset connection.
pub const DRAIN_BYTES: usize = 32 * 1024 * 1024;
/// How long a client may take to send a body.
pub const BODY_TIME: Duration = Duration::from_secs(30);
/// How long a refused body is drained.
pub const DRAIN_TIME: Duration = Duration::from_secs(5);
/// How long a client may take to send the head of a request (a slow-loris gets no further).
pub const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long a client may take to end a connection that the gateway has ended.
pub const DISCONNECT_TIME: Duration = Duration::from_secs(1);
/// How long an idle connection is kept: longer than the usual load balancer's 60 s, so that the load balancer never
/// sends on a connection that the gateway has closed.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How many bytes of a connection are decoded at a time: some hundred of the shortest requests, whose heads take 3 KiB
/// each.
pub const READ_AHEAD: usize = 4 * 1024;
/// Connections waiting to be accepted.
pub const BACKLOG: i32 = 1_024;
/// How much of an answer the system takes for a client that does not read, in bytes; it grows to some megabytes
/// otherwise.
pub const SEND_BUFFER: usize = 256 * 1024;
/// Open connections of one worker at most; further ones wait in the backlog.
pub const CONNECTIONS_PER_WORKER: usize = 10_000;
/// Open connections of the admin listener.
pub const ADMIN_CONNECTIONS: usize = 64;
/// How long one look at the database answers strangers who ask for readiness.
pub const READY_KEPT: Duration = Duration::from_secs(1);
/// How long the readiness check waits for the database.
pub const READY_TIME: Duration = Duration::from_secs(2);
