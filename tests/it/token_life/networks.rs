//! The networks that a token may be used from, behind a proxy that is counted.

use reqwest::Method;
use support::gateway::{Directory, Gateway, text};
use support::http::{Scim, send};
use support::wait::until;

use super::{on_both_with, there};
use crate::forge::id;

const ENTRA: &str = "20.190.128.7";
const ELSEWHERE: &str = "198.51.100.9";

async fn from(directory: &Directory, client: &str) -> u16 {
    let request = Scim::new(directory).request(Method::GET, "/Users?count=1");
    send(request.header("X-Forwarded-For", client)).await.status
}

fn issue(gateway: &Gateway, verb: &str, more: &[&str]) -> Directory {
    let words = ["token", verb, "--tenant", "contoso", "--profile", "advisors"];
    let issued = gateway.cli(&[&words[..], more].concat());
    Directory {
        tenant_url: text(&issued, "tenantUrl"),
        token: text(&issued, "token"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refused_from_everywhere_but_its_networks() {
    on_both_with(&[("http.proxy_hops", "1")], async |one, other| {
        one.directory("contoso", "advisors");
        let here = issue(
            &one,
            "issue",
            &["--ip", "20.190.128.0/18", "--ip", "2603:1000::/24"],
        );
        let twin = there(&here, &one, &other);
        for _ in 0..2 {
            for directory in [&here, &twin] {
                assert_eq!(from(directory, ENTRA).await, 200);
                assert_eq!(from(directory, "2603:1000:1::7").await, 200);
                // The kept record of a secret that was right just now is no way around.
                assert_eq!(from(directory, ELSEWHERE).await, 401);
                assert_eq!(from(directory, "2603:2000::7").await, 401);
                // What the client itself writes before our proxy's entry counts for nothing.
                assert_eq!(from(directory, &format!("{ENTRA}, {ELSEWHERE}")).await, 401);
            }
        }
        let log = one.log();
        let line = log
            .lines()
            .find(|line| line.contains("\"network\""))
            .expect("a line with the reason");
        assert!(
            line.contains("may not be used from 198.51.100.9") && line.contains(id(&here.token)),
            "{line}"
        );
        let listed = one.cli(&["token", "list", "--tenant", "contoso"]);
        let listed = listed
            .as_array()
            .expect("a list")
            .iter()
            .find(|token| token["id"] == id(&here.token));
        assert_eq!(
            listed.expect("the token")["allowedNetworks"],
            serde_json::json!(["20.190.128.0/18", "2603:1000::/24"])
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_keeps_the_networks_unless_it_names_others() {
    on_both_with(&[("http.proxy_hops", "1")], async |one, _other| {
        one.directory("contoso", "advisors");
        issue(&one, "issue", &["--ip", "20.190.128.0/18"]);
        let kept = issue(&one, "rotate", &[]);
        assert_eq!(
            (from(&kept, ENTRA).await, from(&kept, ELSEWHERE).await),
            (200, 401)
        );
        let open = issue(&one, "rotate", &["--ip", "any"]);
        assert_eq!(
            (from(&open, ENTRA).await, from(&open, ELSEWHERE).await),
            (200, 200)
        );
        let moved = issue(&one, "rotate", &["--ip", ELSEWHERE]);
        assert_eq!(
            (from(&moved, ENTRA).await, from(&moved, ELSEWHERE).await),
            (401, 200)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_is_listed_with_the_network_it_came_from() {
    on_both_with(&[("http.proxy_hops", "1")], async |one, _other| {
        let directory = one.directory("contoso", "advisors");
        assert_eq!(from(&directory, "2001:db8:1:2:3:4:5:6").await, 200);
        until(
            "the use to be written",
            std::time::Duration::from_mins(1),
            || async {
                let listed = one.cli(&["token", "list", "--tenant", "contoso"]);
                (listed[0]["lastUsedFrom"] == "2001:db8:1:2::" && listed[0]["lastUsedAt"].is_string())
                    .then_some(())
            },
        )
        .await;
    })
    .await;
}

#[test]
fn what_is_no_network_is_refused_with_the_form() {
    let gateway = Gateway::prepared(support::gateway::Settings::default());
    gateway.directory("contoso", "advisors");
    let words = [
        "token",
        "issue",
        "--tenant",
        "contoso",
        "--profile",
        "advisors",
        "--ip",
    ];
    for (network, part) in [
        (
            "office",
            "--ip: \"office\" is no network: write an address and the length of its prefix",
        ),
        ("192.0.2.7/24", "write 192.0.2.0/24 for the whole network"),
    ] {
        let output = gateway.try_cli(&[&words[..], &[network]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(
        gateway
            .cli(&["token", "list", "--tenant", "contoso"])
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}
