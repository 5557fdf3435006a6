//! Reads the keys of another issuer over HTTP: from the hosts of the settings only, without following a redirect, within three seconds and
//! 256 KiB.

use std::sync::Arc;
use std::time::Duration;

use auth::jwks::Fetch;
use domain::key_hosts::KeyHosts;

/// How long the other side has to answer.
const TIME: Duration = Duration::from_secs(3);
/// The largest answer.
const BYTES: usize = 256 * 1024;

/// What reads.
///
/// # Errors
/// The TLS library cannot be set up.
pub fn fetch(hosts: Arc<KeyHosts>) -> Result<Box<Fetch>, String> {
    let client = reqwest::Client::builder()
        .timeout(TIME)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| error.to_string())?;
    Ok(Box::new(move |url| {
        let (client, hosts) = (client.clone(), Arc::clone(&hosts));
        Box::pin(async move {
            // The settings may have changed since the address was registered.
            if !hosts.allow(&url) {
                return Err(format!("oauth.key_hosts does not have its host: {hosts}"));
            }
            read(&client, &url).await
        })
    }))
}

async fn read(client: &reqwest::Client, url: &str) -> Result<Vec<u8>, String> {
    let failed = |error: reqwest::Error| error.without_url().to_string();
    let mut answer = client.get(url).send().await.map_err(failed)?;
    if !answer.status().is_success() {
        return Err(format!("it answers {}", answer.status()));
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if bytes.len() + chunk.len() > BYTES {
            return Err("its answer is longer than 256 KiB".to_owned());
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
