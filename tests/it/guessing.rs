//! Guessed credentials, from outside: the cost of their requests, and that the holder of the right secret is
//! served at the same time (ADR 0031). Each rule for both kinds of credential.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use sqlx::Connection as _;
use support::gateway::{App, Directory, Gateway, Settings};
use support::http::{Answer, Scim, send};
use support::postgres::Postgres;
use support::wait::until;

use crate::forge::{forged, id, of_other_kind};

/// The network of the customer's identity provider, and another one.
const CUSTOMER: &str = "198.51.100.7";
const STRANGER: &str = "203.0.113.9";

/// A credential of either kind, and the URL it is for.
#[derive(Clone)]
struct Holder {
    kind: &'static str,
    url: String,
    credential: String,
}

impl Holder {
    fn of(directory: &Directory) -> Self {
        Self {
            kind: "token",
            url: format!("{}/Users?count=1", directory.tenant_url),
            credential: directory.token.clone(),
        }
    }

    fn of_app(app: &App) -> Self {
        Self {
            kind: "app",
            url: format!("{}?limit=1", app.feed_url),
            credential: app.credential.clone(),
        }
    }

    /// New credentials of both kinds.
    fn both(gateway: &Gateway) -> [Self; 2] {
        let app = gateway.app("booking");
        [
            Self::of(&gateway.directory("contoso", "advisors")),
            Self::of_app(&app),
        ]
    }

    /// Presents any credential at this one's URL, as a client with this address.
    async fn present(&self, credential: &str, from: &str) -> Answer {
        let request = support::http_client()
            .request(Method::GET, &self.url)
            .header("X-Forwarded-For", from)
            .header("Authorization", format!("Bearer {credential}"));
        send(request).await
    }

    async fn guess(&self, number: u32, from: &str) -> u16 {
        let answer = self.present(&forged(&self.credential, number), from).await;
        if answer.status == 503 {
            assert!(!answer.header("retry-after").is_empty(), "{}", answer.text);
        }
        answer.status
    }

    async fn right(&self, from: &str) -> u16 {
        self.present(&self.credential, from).await.status
    }
}

/// Behind one proxy, on both databases.
async fn gateways() -> Vec<Gateway> {
    let more = vec![("http.proxy_hops".to_owned(), "1".to_owned())];
    let database = Some(Postgres::shared().await.database().await);
    let mut gateways = Vec::new();
    for database in [None, database] {
        gateways.push(
            Gateway::start(Settings {
                database,
                more: more.clone(),
                ..Settings::default()
            })
            .await,
        );
    }
    gateways
}

async fn metric(gateway: &Gateway, name: &str) -> f64 {
    let page = support::http_client()
        .get(format!("{}/metrics", gateway.admin_url()))
        .send()
        .await
        .expect("an answer");
    let page = page.text().await.expect("a page");
    let line = page
        .lines()
        .find(|line| line.starts_with(name))
        .unwrap_or_else(|| panic!("no {name} in\n{page}"));
    line.rsplit(' ')
        .next()
        .and_then(|number| number.parse().ok())
        .expect("a number")
}

/// Resets every credential to the state of the version before fast checks.
async fn forget_credentials(gateway: &Gateway) {
    let (url, text) = (gateway.database_url(), "DELETE FROM credential_memory");
    if url.starts_with("sqlite:") {
        let mut file = sqlx::SqliteConnection::connect(&url).await.expect("the file");
        sqlx::query(text).execute(&mut file).await.expect("a table");
    } else {
        let mut admin = sqlx::PgConnection::connect(&url).await.expect("a superuser");
        sqlx::query(text).execute(&mut admin).await.expect("a table");
    }
}

/// The highest memory of a process since its start.
fn peak_mib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a running process");
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .expect("Linux says it");
    let kib = line
        .split_whitespace()
        .nth(1)
        .and_then(|kib| kib.parse::<u64>().ok());
    kib.expect("a number") / 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guesses_at_a_new_credential_and_after_a_restart_do_not_lock_out_its_holder() {
    for mut gateway in gateways().await {
        let holders = Holder::both(&gateway);
        for restarted in [false, true] {
            if restarted {
                gateway.restart().await;
            }
            for holder in &holders {
                // From the holder's own network, as behind a proxy that is not counted, and from another one.
                for from in [CUSTOMER, STRANGER] {
                    for number in 0..15 {
                        assert_eq!(holder.guess(number, from).await, 401, "{}", holder.kind);
                    }
                    let right = holder.right(CUSTOMER).await;
                    assert_eq!(
                        right, 200,
                        "{} after guesses from {from}, {restarted}",
                        holder.kind
                    );
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_of_guesses_never_refuses_the_right_secret() {
    for mut gateway in gateways().await {
        let holders = Holder::both(&gateway);
        for from in [STRANGER, CUSTOMER] {
            gateway.restart().await;
            let over = Arc::new(AtomicBool::new(false));
            let floods: Vec<_> = (0..8)
                .map(|lane| {
                    let (holder, over) = (holders[lane % 2].clone(), Arc::clone(&over));
                    tokio::spawn(async move {
                        let mut seen = Vec::new();
                        let mut number = 10_000 * u32::try_from(lane).expect("small");
                        while !over.load(Ordering::Relaxed) {
                            number += 1;
                            seen.push(holder.guess(number, from).await);
                        }
                        seen
                    })
                })
                .collect();
            for _ in 0..40 {
                for holder in &holders {
                    let right = holder.right(CUSTOMER).await;
                    assert_eq!(right, 200, "{} in a flood from {from}", holder.kind);
                }
            }
            over.store(true, Ordering::Relaxed);
            for flood in floods {
                let seen = flood.await.expect("answers");
                assert!(seen.iter().all(|status| [401, 503].contains(status)), "{seen:?}");
            }
        }
        assert!(
            gateway.log().contains("token.bruteforce_suspected"),
            "the operator is told"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_credential_that_nothing_is_remembered_of_is_served_in_a_flood_too() {
    for gateway in gateways().await {
        let holders = Holder::both(&gateway);
        forget_credentials(&gateway).await;
        let over = Arc::new(AtomicBool::new(false));
        let floods: Vec<_> = (0..6)
            .map(|lane| {
                let (holder, over) = (holders[lane % 2].clone(), Arc::clone(&over));
                tokio::spawn(async move {
                    let mut number = 10_000 * u32::try_from(lane).expect("small");
                    while !over.load(Ordering::Relaxed) {
                        number += 1;
                        let status = holder.guess(number, STRANGER).await;
                        assert!([401, 503].contains(&status), "{status}");
                    }
                })
            })
            .collect();
        for holder in &holders {
            until(
                "the right secret to be served",
                Duration::from_mins(1),
                || async {
                    match holder.right(CUSTOMER).await {
                        200 => Some(()),
                        503 => None,
                        other => panic!("{} was answered {other}", holder.kind),
                    }
                },
            )
            .await;
            assert_eq!(holder.right(CUSTOMER).await, 200, "and from then on");
        }
        over.store(true, Ordering::Relaxed);
        for flood in floods {
            flood.await.expect("only 401 and 503");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_guess_costs_no_argon2_and_a_flood_of_those_that_do_is_bounded_in_memory() {
    let mut gateway = Gateway::embedded().await;
    let good = Holder::of(&gateway.directory("contoso", "advisors"));
    assert_eq!(good.right(CUSTOMER).await, 200);
    let before = metric(&gateway, "usher_argon2_runs").await;
    for number in 0..40 {
        assert_eq!(good.guess(number, CUSTOMER).await, 401);
    }
    let runs = metric(&gateway, "usher_argon2_runs").await - before;
    assert!(runs.abs() < f64::EPSILON, "{runs}");

    let known: Vec<Holder> = (0..10)
        .map(|_| Holder::of(&gateway.token("contoso", "advisors")))
        .collect();
    forget_credentials(&gateway).await;
    let flood: Vec<_> = known
        .iter()
        .flat_map(|known| (0..20).map(|number| (known.clone(), number)))
        .map(|(known, number)| tokio::spawn(async move { known.guess(number, CUSTOMER).await }))
        .collect();
    while !flood.iter().all(tokio::task::JoinHandle::is_finished) {
        assert_eq!(
            good.right(CUSTOMER).await,
            200,
            "whose secret is known is not held up"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for answer in flood {
        let status = answer.await.expect("an answer");
        assert!([401, 503].contains(&status), "{status}");
    }
    let peak = peak_mib(gateway.process().pid());
    // 200 runs at once would take 3.8 GiB; here it is 19 MiB a core and the gateway's own memory.
    assert!(peak < 400, "{peak} MiB");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_id_presented_as_the_other_kind_changes_nothing_for_its_holder() {
    for gateway in gateways().await {
        let [token, app] = Holder::both(&gateway);
        for _ in 0..5 {
            let as_app = of_other_kind(&token.credential);
            assert_eq!(app.present(&as_app, CUSTOMER).await.status, 401);
            assert_eq!(token.right(CUSTOMER).await, 200);
            let as_token = of_other_kind(&app.credential);
            assert_eq!(token.present(&as_token, CUSTOMER).await.status, 401);
            assert_eq!(app.right(CUSTOMER).await, 200);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn made_up_ids_are_401_and_newcomers_behind_the_same_proxy_are_served() {
    for gateway in gateways().await {
        let [token, app] = Holder::both(&gateway);
        for holder in [&token, &app] {
            for number in 0..150 {
                let made_up = forged(
                    &holder
                        .credential
                        .replace(id(&holder.credential), &format!("{number:0>12}")),
                    1,
                );
                let answer = holder.present(&made_up, CUSTOMER).await;
                assert_eq!(answer.status, 401, "{number}: {}", answer.text);
            }
        }
        assert_eq!(
            (token.right(CUSTOMER).await, app.right(CUSTOMER).await),
            (200, 200)
        );
        let newcomer = Holder::of(&gateway.token("contoso", "advisors"));
        assert_eq!(
            newcomer.guess(1, CUSTOMER).await,
            401,
            "a wrong one is not 429 either"
        );
        assert_eq!(newcomer.right(CUSTOMER).await, 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn networks_a_credential_was_used_from_survive_a_restart() {
    for mut gateway in gateways().await {
        let holders = Holder::both(&gateway);
        for holder in &holders {
            for from in [CUSTOMER, "[2001:db8:1:2:3:4:5:6]:443", STRANGER] {
                assert_eq!(holder.right(from).await, 200);
            }
        }
        gateway.terminate();
        gateway.restart().await;
        let settings = store::Settings {
            url: gateway.database_url(),
            max_connections: 1,
            acquire_timeout: Duration::from_secs(5),
        };
        let store = store::Store::connect(&settings).await.expect("the database");
        for holder in &holders {
            let kind = match holder.kind {
                "token" => domain::credential::CredentialKind::Token,
                _ => domain::credential::CredentialKind::App,
            };
            let memory = store
                .credential_memory(kind, id(&holder.credential).parse().unwrap())
                .await;
            let mut networks = memory.expect("a memory").networks;
            networks.sort();
            let expected = [CUSTOMER, STRANGER, "2001:db8:1:2::"];
            let mut expected: Vec<IpAddr> = expected
                .iter()
                .map(|ip| ip.parse().expect("an address"))
                .collect();
            expected.sort();
            assert_eq!(networks, expected, "{}", holder.kind);
        }
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn refused_requests_are_one_log_line_each_within_a_budget_and_then_a_count() {
    let gateway = Gateway::start(Settings {
        more: vec![
            ("http.proxy_hops".to_owned(), "1".to_owned()),
            ("log.format".to_owned(), "\"json\"".to_owned()),
        ],
        ..Settings::default()
    })
    .await;
    let [token, app] = Holder::both(&gateway);
    let unknown = forged(
        &token.credential.replace(id(&token.credential), "zzzzzzzzzzzz"),
        1,
    );
    let wrong = forged(&token.credential, 1);
    let before = gateway.log().len();
    let client = support::http_client();
    let mut sent = 0;
    for _ in 0..100 {
        for (url, authorization) in [
            (&token.url, None),
            (&token.url, Some("Bearer x".to_owned())),
            (&token.url, Some(format!("Bearer {unknown}"))),
            (&token.url, Some(format!("Bearer {wrong}"))),
            (&app.url, None),
            (&app.url, Some(format!("Bearer {unknown}"))),
            (&format!("{}/wp-login.php", gateway.url()), None),
            (
                &format!("{}/scim/Users", gateway.url()),
                Some("Basic eDp5".to_owned()),
            ),
        ] {
            let mut request = client.get(url).header("X-Forwarded-For", STRANGER);
            if let Some(authorization) = authorization {
                request = request.header("Authorization", authorization);
            }
            let status = send(request).await.status;
            assert!([401, 404].contains(&status), "{status} at {url}");
            sent += 1;
        }
    }
    let lines = || -> Vec<Value> {
        let log = gateway.log();
        let lines = log[before..]
            .lines()
            .map(|line| serde_json::from_str(line).expect("JSON"));
        lines.collect()
    };
    let counted = until(
        "everything to be logged or counted",
        Duration::from_mins(1),
        || async {
            let lines = lines();
            let told = lines.iter().filter(|line| line["request.id"].is_string()).count();
            let counted: u64 = lines.iter().filter_map(|line| line["count"].as_u64()).sum();
            (u64::try_from(told).expect("small") + counted >= sent).then_some((told, counted))
        },
    )
    .await;
    let (told, count) = counted;
    assert_eq!(u64::try_from(told).expect("small") + count, sent, "each once");
    // Fifty a window; on a busy machine the requests may have taken several windows.
    assert!(told >= 50 && count > 0, "{counted:?}");
    let summary = lines()
        .into_iter()
        .find(|line| line["count"].is_u64())
        .expect("a number");
    assert_eq!(summary["network"], STRANGER);
    assert!(
        summary
            .to_string()
            .contains("more requests without a valid credential from 203.0.113.9"),
        "{summary}"
    );
    // Refusals of customers' own credentials are logged one by one, from any address.
    let scim = Scim::at(
        &gateway.directory("fabrikam", "advisors").tenant_url,
        Some(format!("Bearer {}", token.credential)),
    );
    for number in 0..30 {
        let answer = scim.get(&format!("/Users/{number}")).await.expect(404);
        let id = answer.header("request-id").to_owned();
        until("the customer's line", Duration::from_secs(10), || async {
            gateway.log().contains(&id).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn apps_see_an_alias_that_the_operator_can_resolve() {
    for gateway in gateways().await {
        let app = gateway.app("booking");
        let one = gateway.directory("contoso", "rooms");
        let two = gateway.token("contoso", "rooms");
        let twin = gateway.twin().await;
        let at_twin = Directory {
            tenant_url: one.tenant_url.replace(&gateway.url(), &twin.url()),
            ..one.clone()
        };
        for (number, directory) in [&one, &two, &at_twin].into_iter().enumerate() {
            let name = format!("p{number}@contoso.example");
            let scim = Scim::new(directory);
            scim.create(&name, &name, serde_json::json!({})).await.expect(201);
        }
        let feed = support::http::Feed::new(&app);
        until("three events", Duration::from_secs(30), || async {
            (feed.head().await == 3).then_some(())
        })
        .await;
        let events = feed.all().await;
        let told: Vec<&str> = events
            .iter()
            .map(|(_, event)| event["data"]["cause"]["tokenId"].as_str().expect("a text"))
            .collect();
        assert_eq!(told[0], told[2], "the same on every instance");
        assert_ne!(told[0], told[1], "two tokens are told apart");
        let all =
            serde_json::to_string(&events.iter().map(|(_, event)| event).collect::<Vec<_>>()).expect("JSON");
        let list = gateway.cli(&["token", "list", "--tenant", "contoso"]);
        for (directory, alias) in [(&one, told[0]), (&two, told[1])] {
            assert!(!all.contains(id(&directory.token)), "no id of a token");
            let listed = list.as_array().expect("a list").iter();
            let mut known = listed.filter(|token| token["alias"] == alias);
            assert_eq!(known.next().expect("the alias")["id"], id(&directory.token));
        }
    }
}
