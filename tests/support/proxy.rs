//! A TCP proxy with a port of 127.0.0.1 that stays, for servers that are replaced by others: an address that fails over.
//!
//! It knows nothing of what it passes on.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinHandle};

/// A running proxy; it ends on drop.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    shared: Arc<Mutex<Shared>>,
    accepting: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    /// The target's port; connections are closed at once without one.
    target: Option<u16>,
    connections: Vec<AbortHandle>,
}

impl Proxy {
    /// Listens on a free port, without a target.
    pub async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("loopback");
        let port = listener.local_addr().expect("address").port();
        let shared = Arc::new(Mutex::new(Shared::default()));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            port,
            shared,
            accepting,
        }
    }

    /// Its own port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Closes all connections; new ones go to this port of 127.0.0.1.
    pub fn switch_to(&self, port: u16) {
        self.set(Some(port));
    }

    /// Closes all connections, and new ones at once.
    pub fn close(&self) {
        self.set(None);
    }

    fn set(&self, target: Option<u16>) {
        let mut shared = self.shared.lock().expect("no panic");
        shared.target = target;
        for connection in shared.connections.drain(..) {
            connection.abort();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.close();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Mutex<Shared>>) {
    loop {
        let Ok((mut near, _)) = listener.accept().await else {
            continue;
        };
        let mut held = shared.lock().expect("no panic");
        let Some(target) = held.target else { continue };
        let passing = tokio::spawn(async move {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, target));
            if let Ok(mut far) = TcpStream::connect(address).await {
                // An end of either side ends the other.
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            }
        });
        held.connections.retain(|connection| !connection.is_finished());
        held.connections.push(passing.abort_handle());
    }
}
