//! What a test of the whole needs: private servers, the programs under test, and callers.
//!
//! Every server lives in a folder of its own, on a free port of 127.0.0.1, and ends with the test that started it, also
//! when the test process is killed (see [`process`]). This library knows the gateway only from outside: its
//! configuration file, its command line, HTTP and Redis. It must not know any room of the server, so that a test
//! cannot pass by sharing a mistake with the code it tests. Start reading at [`gateway`].
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "test support: a failure to set up is a failed test, and the tests' own environment is read here"
)]

pub mod booking;
pub mod disk;
pub mod gateway;
pub mod http;
pub mod otlp;
pub mod postgres;
pub mod process;
pub mod programs;
pub mod redis;
pub mod sim;
pub mod wait;

/// Makes the process-wide TLS provider known; every constructor here calls it, and calling it again does nothing.
pub fn init() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        // An error means that some other code was first, which is as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}

/// An HTTP client for plain loopback addresses: no proxy, no certificates needed on the machine.
pub fn http_client() -> reqwest::Client {
    init();
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only(std::iter::empty())
        .timeout(std::time::Duration::from_secs(60))
        .build()
        .expect("an HTTP client for loopback needs nothing from the machine")
}
