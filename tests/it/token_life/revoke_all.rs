//! All tokens of a tenant at once, also while no gateway runs.

use support::gateway::{Gateway, Settings};
use support::http::Scim;
use support::postgres::Postgres;

use super::{on_both, there};

const REVOKE: [&str; 7] = [
    "token",
    "revoke",
    "--all",
    "--tenant",
    "contoso",
    "--reason",
    "the laptop was stolen",
];

#[tokio::test(flavor = "multi_thread")]
async fn all_tokens_of_a_tenant_are_refused_at_the_next_request_on_every_instance() {
    on_both(async |one, other| {
        let mut scims = Vec::new();
        for profile in ["advisors", "rooms"] {
            let directory = one.directory("contoso", profile);
            for directory in [directory.clone(), one.token("contoso", profile)] {
                scims.push(Scim::new(&directory));
                scims.push(Scim::new(&there(&directory, &one, &other)));
            }
        }
        let theirs = Scim::new(&one.directory("fabrikam", "advisors"));
        for scim in &scims {
            scim.get("/Users").await.expect(200);
        }
        // Without the name a second time it says what it would do, and does nothing.
        for confirm in [&[][..], &["--confirm", "fabrikam"]] {
            let output = one.try_cli(&[&REVOKE[..], confirm].concat());
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(1), "{said}");
            for part in [
                "all tokens of tenant \"contoso\", 4 of them usable",
                "Nothing was done.",
                "--confirm contoso",
                "`usher tenant freeze contoso`",
            ] {
                assert!(said.contains(part), "{said}");
            }
        }
        scims[0].get("/Users").await.expect(200);
        let revoked = one.cli(&[&REVOKE[..], &["--confirm", "contoso"]].concat());
        assert_eq!(revoked["revoked"], 4);
        for scim in &scims {
            scim.get("/Users").await.expect(401);
        }
        theirs.get("/Users").await.expect(200);
        let again = one.cli(&[&REVOKE[..], &["--confirm", "contoso"]].concat());
        assert_eq!(again["revoked"], 0, "a revocation is final");
        Scim::new(&one.token("contoso", "rooms"))
            .get("/Users")
            .await
            .expect(200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_works_while_no_gateway_runs() {
    let postgres = Settings {
        database: Some(Postgres::shared().await.database().await),
        ..Settings::default()
    };
    for settings in [Settings::default(), postgres] {
        let mut gateway = Gateway::start(settings).await;
        let directory = gateway.directory("contoso", "advisors");
        gateway.kill9();
        let revoked = gateway.cli(&[&REVOKE[..], &["--confirm", "contoso"]].concat());
        assert_eq!(revoked["revoked"], 1);
        gateway.restart().await;
        Scim::new(&directory).get("/Users").await.expect(401);
    }
}

#[test]
fn a_reason_is_asked_for_and_one_token_is_revoked_as_before() {
    let gateway = Gateway::prepared(Settings::default());
    gateway.directory("contoso", "advisors");
    let refused = |words: &[&str], code: i32| {
        let output = gateway.try_cli(words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        said
    };
    let said = refused(&["token", "revoke", "--all", "--tenant", "contoso"], 2);
    assert!(said.contains("--reason"), "{said}");
    let said = refused(
        &["token", "revoke", "--all", "--tenant", "contoso", "--reason", " "],
        1,
    );
    assert!(said.contains("say why with --reason"), "{said}");
    refused(&["token", "revoke", "--tenant", "contoso"], 2);
    refused(
        &[
            "token",
            "revoke",
            "--all",
            "--tenant",
            "contoso",
            "--reason",
            "x",
            "abcdefghijkl",
        ],
        2,
    );
    let listed = gateway.cli(&["token", "list", "--tenant", "contoso"]);
    let id = listed[0]["id"].as_str().expect("an id");
    gateway.cli(&["token", "revoke", "--tenant", "contoso", id]);
}
