//! The limit of open connections of one address, counted over all workers (ADR 0032).
//!
//! Must not know: what is sent on them.

use std::collections::HashMap;
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::body::MessageBody;
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use auth::rate_limiter::network;
use socket2::SockRef;

use crate::scim::error::{ErrorCode, Failure};
use crate::scim::respond;

/// The shortest time between two log lines about refusals.
const WARNED_EVERY: Duration = Duration::from_secs(10);

/// The open connections by network (an IPv6 host has a whole /64 of addresses).
pub struct Connections {
    most: usize,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    open: HashMap<IpAddr, usize>,
    refused: u64,
    warned: Option<Instant>,
}

/// One connection; counted until it is dropped.
pub struct CountedConnection {
    connections: Arc<Connections>,
    network: IpAddr,
}

impl Connections {
    /// At most `most` of one address.
    pub fn new(most: usize) -> Arc<Self> {
        Arc::new(Self {
            most,
            counts: Mutex::default(),
        })
    }

    /// Counts a new connection in, or refuses it: it is read no further, and [`refuse_uncounted`] answers what was read.
    pub fn admit(self: &Arc<Self>, stream: &TcpStream, data: &mut Extensions) {
        // A connection without an address is closed already.
        let Ok(peer) = stream.peer_addr() else { return };
        match self.enter(peer.ip()) {
            Some(counted) => drop(data.insert(counted)),
            // An error means that it is closed already.
            None => drop(SockRef::from(stream).shutdown(Shutdown::Read)),
        }
    }

    fn enter(self: &Arc<Self>, ip: IpAddr) -> Option<CountedConnection> {
        let network = network(ip);
        let mut counts = self.lock();
        let open = counts.open.entry(network).or_default();
        if *open >= self.most {
            counts.refused += 1;
            if counts
                .warned
                .is_none_or(|warned| warned.elapsed() >= WARNED_EVERY)
            {
                let refused = std::mem::take(&mut counts.refused);
                counts.warned = Some(Instant::now());
                tracing::warn!(
                    event.name = "usher.connections",
                    refused,
                    most = self.most,
                    "connections refused: one address has as many as http.connections_per_address allows"
                );
            }
            return None;
        }
        *open += 1;
        Some(CountedConnection {
            connections: Arc::clone(self),
            network,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CountedConnection {
    fn drop(&mut self) {
        let mut counts = self.connections.lock();
        if let Some(open) = counts.open.get_mut(&self.network) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                counts.open.remove(&self.network);
            }
        }
    }
}

/// Answers a request of a connection that was refused.
///
/// # Errors
/// Only what the inner service gives.
pub async fn refuse_uncounted(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if request.conn_data::<CountedConnection>().is_some() {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let failure = Failure::new(ErrorCode::ConnectionsBusy);
    let answer = respond::failure(request.request(), &failure);
    Ok(request.into_response(answer).map_into_right_body())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_has_its_share_is_refused_until_one_is_closed() {
        let connections = Connections::new(2);
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let first = connections.enter(ip("2001:db8::1")).expect("room");
        let _second = connections.enter(ip("2001:db8::2")).expect("room");
        assert!(connections.enter(ip("2001:db8::3")).is_none(), "one network");
        let _other = connections.enter(ip("2001:db8:0:1::1")).expect("another network");
        drop(first);
        let third = connections.enter(ip("2001:db8::3")).expect("room again");
        drop(third);
        assert_eq!(connections.lock().open.len(), 2);
    }
}
