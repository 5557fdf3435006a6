//! Rotation under load: issue, overlap, revoke, while requests run over two instances.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use support::gateway::{Directory, text};
use support::http::Scim;
use support::wait::until;
use tokio::sync::RwLock;

use super::{on_both, there};
use crate::forge::id;

/// A token at the two gateways.
type AtBoth = [Directory; 2];

/// The tokens in the order in which they were issued, and how many of the first are revoked for certain.
struct Tokens {
    issued: RwLock<Vec<AtBoth>>,
    /// Before the number rises, the command that revokes has returned.
    revoked: AtomicUsize,
    /// The command that revokes has begun: until it returns, the token is neither live nor revoked for certain.
    ending: AtomicUsize,
    stop: AtomicBool,
    /// Requests that were answered with a token that was live all the while.
    served: AtomicUsize,
    refused: AtomicUsize,
}

/// Sends requests with every token there is, to both gateways in turn.
async fn requests(tokens: Arc<Tokens>) {
    for turn in 0.. {
        let issued = tokens.issued.read().await.clone();
        for (number, at_both) in issued.iter().enumerate() {
            let is_revoked = number < tokens.revoked.load(Ordering::SeqCst);
            let status = Scim::new(&at_both[turn % 2]).get("/Users?count=1").await.status;
            let was_live = number >= tokens.ending.load(Ordering::SeqCst);
            if is_revoked {
                assert_eq!(
                    status, 401,
                    "token {number} was accepted after its revocation had returned"
                );
                tokens.refused.fetch_add(1, Ordering::SeqCst);
            } else if was_live {
                assert_eq!(status, 200, "token {number} was refused while it was live");
                tokens.served.fetch_add(1, Ordering::SeqCst);
            }
        }
        if tokens.stop.load(Ordering::SeqCst) {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_live_token_is_refused_and_none_is_accepted_after_its_revocation_returned() {
    on_both(async |one, other| {
        let first = one.directory("contoso", "advisors");
        let tokens = Arc::new(Tokens {
            issued: RwLock::new(vec![[first.clone(), there(&first, &one, &other)]]),
            revoked: AtomicUsize::new(0),
            ending: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            served: AtomicUsize::new(0),
            refused: AtomicUsize::new(0),
        });
        let clients: Vec<_> = (0..4)
            .map(|_| tokio::spawn(requests(Arc::clone(&tokens))))
            .collect();
        for round in 0..4 {
            let grow = async |counter: &AtomicUsize| {
                let before = counter.load(Ordering::SeqCst);
                until("requests to go on", Duration::from_mins(1), || async {
                    (counter.load(Ordering::SeqCst) > before + 20).then_some(())
                })
                .await;
            };
            grow(&tokens.served).await;
            let rotate = [
                "token",
                "rotate",
                "--tenant",
                "contoso",
                "--profile",
                "advisors",
                "--overlap",
                "1h",
            ];
            let rotated = one.cli(&rotate);
            let new = Directory {
                tenant_url: text(&rotated, "tenantUrl"),
                token: text(&rotated, "token"),
            };
            let at_both = [new.clone(), there(&new, &one, &other)];
            tokens.issued.write().await.push(at_both);
            // Both are live.
            grow(&tokens.served).await;
            let [old, _] = tokens.issued.read().await[round].clone();
            tokens.ending.store(round + 1, Ordering::SeqCst);
            one.cli(&["token", "revoke", "--tenant", "contoso", id(&old.token)]);
            tokens.revoked.store(round + 1, Ordering::SeqCst);
            grow(&tokens.refused).await;
        }
        tokens.stop.store(true, Ordering::SeqCst);
        for client in clients {
            client.await.expect("every answer was right");
        }
    })
    .await;
}
