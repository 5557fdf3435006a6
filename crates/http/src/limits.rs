//! The bounds of one request and of one connection (`docs/reference/error-codes.md` has the error for each).
//!
//! Must not know: the caller. Limits inside a document (filter depth, PATCH operations) belong to [`scim`].

use std::time::Duration;

/// The largest body that is read, in bytes: a PATCH of 1,000 members is about 70 KB, so nothing real comes near.
pub const BODY_BYTES: usize = 2 * 1024 * 1024;
/// The most values a body may hold, names not counted: 1,000 operations of Bulk with a whole person each have 50,000.
pub const BODY_VALUES: usize = 250_000;
/// A longer body takes a permit of its own and is parsed and applied on the threads for long work; Entra's are far smaller.
pub const LONG_BODY_BYTES: usize = 16 * 1024;
/// Requests with a long body at a time in one process: a parsed body takes about twenty times its bytes of memory, so three
/// of the largest take 120 MiB.
pub const LONG_TOTAL: usize = 3;
/// Requests with a long body of one tenant: one permit remains for the other tenants.
pub const LONG_EACH: usize = 2;
/// The longest wait of a long body for its permit.
pub const LONG_WAIT: Duration = Duration::from_secs(20);
/// Requests at a time in one process, as a multiple of those of one tenant.
pub const REQUESTS_SHARES: usize = 8;
/// Waiting requests of one tenant.
pub const REQUESTS_QUEUE: usize = 256;
/// The longest wait of a request for its permit.
pub const REQUESTS_WAIT: Duration = Duration::from_secs(5);
/// A request that has waited longer than this, for its turn or for its body, has its credential checked again before it runs.
pub const CREDENTIAL_CHECK_AGE: Duration = Duration::from_secs(1);
/// The seconds after which a client of a frozen directory is to ask again. Freezing ends by an operator's hand.
pub const FROZEN_SECONDS: u64 = 300;
/// The bytes of a refused body that are still read and dropped, so that the client reads the answer instead of a reset
/// connection.
pub const DRAIN_BYTES: usize = 32 * 1024 * 1024;
/// The time that a client has to send a body.
pub const BODY_TIME: Duration = Duration::from_secs(30);
/// The time for which a refused body is drained.
pub const DRAIN_TIME: Duration = Duration::from_secs(5);
/// The time that a client has to send the head of a request.
pub const HEAD_TIME: Duration = Duration::from_secs(10);
/// The time that a client has to close a connection that the gateway has closed.
pub const DISCONNECT_TIME: Duration = Duration::from_secs(1);
/// The time that an idle connection is kept: longer than the usual load balancer's 60 s, so that the load balancer never
/// sends on a connection that the gateway has closed.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// The bytes of a connection that are decoded at a time: about a hundred of the shortest requests, whose heads take 3 KiB each.
pub const READ_AHEAD: usize = 4 * 1024;
/// Connections waiting to be accepted.
pub const BACKLOG: i32 = 1_024;
/// The bytes of an answer that the system buffers for a client that does not read; by itself it buffers some megabytes.
pub const SEND_BUFFER: usize = 256 * 1024;
/// Open connections of one worker at most; further ones wait in the backlog.
pub const CONNECTIONS_PER_WORKER: usize = 10_000;
/// Open connections of the admin listener.
pub const ADMIN_CONNECTIONS: usize = 64;
/// The time for which the public listener answers a cached readiness.
pub const READY_KEPT: Duration = Duration::from_secs(1);
/// The time-out of the readiness check.
pub const READY_TIME: Duration = Duration::from_secs(2);
