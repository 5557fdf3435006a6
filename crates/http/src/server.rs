//! The listening server: workers, time-outs, routes. The binary starts and stops it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::{App, HttpServer, middleware, web};

use crate::extract::connection::Created;
use crate::limits::{BACKLOG, CONNECTIONS_PER_WORKER, HEAD_TIME, KEEP_ALIVE};
use crate::state::State;
use crate::{feeds, health, observe, scim};

/// How to listen.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address and port.
    pub listen: SocketAddr,
    /// Threads that serve requests.
    pub workers: usize,
    /// How many seconds requests in flight get at a graceful stop.
    pub drain_seconds: u64,
}

/// A bound server: connections queue up from now on.
pub struct Server {
    running: actix_web::dev::Server,
    address: SocketAddr,
}

/// Stops a [`Server`] from elsewhere.
#[derive(Clone)]
pub struct Stop(actix_web::dev::ServerHandle);

impl Server {
    /// Binds and starts the workers.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub fn bind(state: State, settings: &Settings) -> io::Result<(Self, Arc<State>)> {
        let state = Arc::new(state);
        let shared = web::Data::from(Arc::clone(&state));
        let listener = TcpListener::bind(settings.listen)?;
        let address = listener.local_addr()?;
        let running = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .wrap(middleware::from_fn(observe::observe))
                .configure(routes)
        })
        .workers(settings.workers)
        .worker_max_blocking_threads(1)
        .on_connect(|_, data| {
            data.insert(Created::default());
        })
        .backlog(BACKLOG)
        .max_connections(CONNECTIONS_PER_WORKER)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_TIME)
        .shutdown_timeout(settings.drain_seconds)
        .disable_signals()
        .listen(listener)?
        .run();
        Ok((Self { running, address }, state))
    }

    /// Where it listens: tells the port when 0 was asked for.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What stops it.
    pub fn stopper(&self) -> Stop {
        Stop(self.running.handle())
    }

    /// Serves until stopped.
    ///
    /// # Errors
    /// When a worker could not be kept alive.
    pub async fn run(self) -> io::Result<()> {
        self.running.await
    }
}

impl Stop {
    /// Takes no new connections, finishes the requests in flight, ends.
    pub async fn gracefully(&self) {
        self.0.stop(true).await;
    }
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(health::configure)
        .configure(feeds::configure)
        .default_service(web::to(scim::serve));
}
