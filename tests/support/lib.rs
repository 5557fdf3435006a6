//! What integration tests need: private servers, the programs under test, and clients.
//!
//! Every server has a folder of its own and a free port of 127.0.0.1, and ends with the test that started it,
//! also if the test process is killed (see [`process`]). This library knows the gateway only from outside:
//! its configuration file, its command line, HTTP and Redis. It must not know any crate of the server, so
//! that a test cannot pass by sharing a mistake with the code it tests. Start reading at [`gateway`].
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "test support: a failure to set up is a failed test, and the tests' own environment is read here"
)]

pub mod booking;
pub mod disk;
pub mod forge;
pub mod gateway;
pub mod graph;
pub mod http;
pub mod otlp;
pub mod postgres;
pub mod process;
pub mod programs;
pub mod proxy;
pub mod python;
pub mod redis;
pub mod sim;
pub mod smtp;
pub mod wait;

/// Installs the process-wide TLS provider; every constructor here calls it, and repeated calls do nothing.
pub fn init() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // An error means that other code installed one first, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}

/// An HTTP client for plain loopback addresses: no proxy, no certificates needed on the machine.
pub fn http_client() -> reqwest::Client {
    init();
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only(std::iter::empty())
        .timeout(std::time::Duration::from_mins(1))
        .build()
        .expect("an HTTP client for loopback needs nothing from the machine")
}
