//! How much one request may ask of the gateway: every bound in one place (`docs/reference/error-codes.md` tells what
//! happens past it).
//!
//! Must not know: who is calling. Limits inside a document (filter depth, PATCH operations) belong to [`scim`].

use std::time::Duration;

/// The largest body that is read, in bytes: a PATCH of 1,000 members is about 70 KB, so nothing real comes near.
pub const BODY_BYTES: usize = 2 * 1024 * 1024;
/// The most values a body may hold, names not counted: 1,000 operations of Bulk with a whole person each have 50,000.
pub const BODY_VALUES: usize = 250_000;
/// Bodies beyond this wait for one another; Entra's are far smaller.
pub const LARGE_BODY_BYTES: usize = 128 * 1024;
/// Large bodies worked at in one process at a time, in bytes: what is read takes some twenty times as much memory.
pub const LARGE_BODIES_BYTES: usize = 6 * 1024 * 1024;
/// How long a large body waits for the others.
pub const LARGE_BODY_PATIENCE: Duration = Duration::from_secs(20);
/// How much of a refused body is still read and thrown away, so that the client gets to see the answer instead of a
/// reset connection.
pub const DRAIN_BYTES: usize = 32 * 1024 * 1024;
/// How long a client may take to send a body.
pub const BODY_TIME: Duration = Duration::from_secs(30);
/// How long a refused body is drained.
pub const DRAIN_TIME: Duration = Duration::from_secs(5);
/// How long a client may take to send the head of a request (a slow-loris gets no further).
pub const HEAD_TIME: Duration = Duration::from_secs(10);
/// How long an idle connection is kept: longer than the usual load balancer's 60 s, so that it is never the one who
/// is surprised by a closed connection.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Open connections of one worker; further ones wait in the backlog.
pub const CONNECTIONS_PER_WORKER: usize = 10_000;
/// Open connections of the admin listener.
pub const ADMIN_CONNECTIONS: usize = 64;
/// How long the readiness check waits for the database.
pub const READY_TIME: Duration = Duration::from_secs(2);
