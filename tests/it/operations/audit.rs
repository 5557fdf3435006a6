//! The audit log with the real program: one row for each write of a command, nothing secret in it, and what `usher audit verify` finds.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use domain::audit::{Action, AuditRow, Chain};
use serde_json::Value;
use support::gateway::{Gateway, Settings};
use support::postgres::Postgres;

use super::{sql, stderr, stdout};

/// On a database each, without a server: the commands need none.
async fn on_both(more: &[(&str, &str)], test: impl AsyncFn(Gateway)) {
    let postgres = Some(Postgres::shared().await.database().await);
    for database in [None, postgres] {
        let settings = Settings {
            database,
            more: more
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
            ..Settings::default()
        };
        test(Gateway::prepared(settings)).await;
    }
}

/// All rows of all chains.
fn exported(gateway: &Gateway) -> Vec<Value> {
    let output = gateway.try_cli(&["audit", "export"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let lines = stdout(&output);
    lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

const WHOSE: [&str; 4] = ["--tenant", "contoso", "--profile", "agents"];

/// A customer's Entra tenant, and an app of it.
const ENTRA: &str = "019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3a";

/// What must never be in the log.
const CANARY: &str = "canary@contoso.example";

fn run(gateway: &Gateway, words: &str, more: &[&str]) -> Value {
    let words: Vec<&str> = words.split(' ').collect();
    gateway.cli(&[&words[..], more].concat())
}

/// The secret half of a credential.
fn secret(answer: &Value, member: &str) -> String {
    let text = answer[member].as_str().expect("a credential");
    text.split('_').nth(3).expect("its secret").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_write_of_a_command_has_exactly_one_row_and_no_secret_is_in_it() {
    on_both(&[], async |gateway| {
        let extension = format!(
            "urn = \"urn:ietf:params:scim:schemas:extension:contoso:2.0:User\"\n\n[[attribute]]\nname = \"tenure\"\ntype = \"integer\"\n# {CANARY}\n"
        );
        std::fs::write(gateway.folder().join("ext.toml"), extension).unwrap();
        let (mut rows, mut seen, mut secrets) = (0, BTreeSet::new(), vec![CANARY.to_owned()]);
        let mut step = |words: &str, more: &[&str], action: Option<Action>| {
            let answer = run(&gateway, words, more);
            let all = exported(&gateway);
            let expected = usize::from(action.is_some());
            assert_eq!(all.len(), rows + expected, "{words}: {all:#?}");
            rows = all.len();
            if let Some(action) = action {
                let last = all.iter().rfind(|row| row["action"] == action.as_str());
                let last = last.unwrap_or_else(|| panic!("{words}: no {}", action.as_str()));
                assert_eq!(last["outcome"], "success", "{last}");
                let actor = last["actor"].as_str().unwrap();
                assert!(actor.starts_with("cli:") && actor.contains('@'), "{actor}");
                seen.insert(action.as_str());
            }
            answer
        };
        step("tenant create contoso", &[], Some(Action::TenantCreate));
        step("directory create", &WHOSE, Some(Action::DirectoryCreate));
        let set = [&WHOSE[..], &["--provider", "okta"]].concat();
        step("directory set", &set, Some(Action::DirectorySet));
        step("directory set", &set, None);
        let off = [&WHOSE[..], &["off"]].concat();
        step("directory switch", &off, Some(Action::DirectorySwitch));
        step("directory switch", &off, None);
        step("directory freeze", &WHOSE, Some(Action::DirectoryFreeze));
        step("directory freeze", &WHOSE, None);
        step("directory unfreeze", &WHOSE, Some(Action::DirectoryUnfreeze));
        step("directory unfreeze", &WHOSE, None);
        step("tenant freeze contoso", &["--reason", "an audit"], Some(Action::TenantFreeze));
        step("tenant freeze contoso", &[], None);
        step("tenant unfreeze contoso", &[], Some(Action::TenantUnfreeze));
        step("tenant unfreeze contoso", &[], None);
        let file = [&WHOSE[..], &["--file", "ext.toml"]].concat();
        step("directory extension set", &file, Some(Action::ExtensionSet));
        step("directory extension set", &file, None);
        step("directory extension remove", &WHOSE, Some(Action::ExtensionRemove));
        step("directory extension remove", &WHOSE, None);
        let label = [&WHOSE[..], &["--label", CANARY]].concat();
        let issued = step("token issue", &label, Some(Action::TokenIssue));
        secrets.push(secret(&issued, "token"));
        let rotated = step("token rotate", &WHOSE, Some(Action::TokenRotate));
        secrets.push(secret(&rotated, "token"));
        let id = issued["id"].as_str().unwrap();
        let revoke = ["--tenant", "contoso", id];
        step("token revoke", &revoke, Some(Action::TokenRevoke));
        step("token revoke", &revoke, None);
        let made = step("client create", &WHOSE, Some(Action::ClientCreate));
        secrets.push(secret(&made, "clientSecret"));
        let client = made["clientId"].as_str().unwrap();
        let own = ["--tenant", "contoso", client];
        let added = step("client add-secret", &own, Some(Action::ClientSecretAdd));
        secrets.push(secret(&added, "clientSecret"));
        let added = [&own[..], &[added["secretId"].as_str().unwrap()]].concat();
        step("client revoke-secret", &added, Some(Action::ClientSecretRevoke));
        step("client revoke-secret", &added, None);
        step("client end-tokens", &own, Some(Action::ClientEndTokens));
        step("client revoke", &own, Some(Action::ClientRevoke));
        step("client revoke", &own, None);
        let longer = [&WHOSE[..], &["--token-life", "6h"]].concat();
        step("directory oauth", &longer, Some(Action::DirectoryOauthSet));
        step("directory oauth", &longer, None);
        step("oauth-key rotate", &[], Some(Action::OauthKeyRotate));
        let all = ["--all", "--tenant", "contoso", "--confirm", "contoso", "--reason", "it leaked"];
        step("token revoke", &all, Some(Action::TokenRevokeAll));
        step("token revoke", &all, None);
        let made = step("app create booking", &[], Some(Action::AppCreate));
        secrets.push(secret(&made, "credential"));
        let rotated = step("app rotate-credential booking", &[], Some(Action::AppCredentialRotate));
        secrets.push(secret(&rotated, "credential"));
        let first = made["credential"].as_str().unwrap().split('_').nth(2).unwrap();
        step("app revoke-credential booking", &[first], Some(Action::AppCredentialRevoke));
        step("app revoke-credential booking", &[first], None);
        let policy = ["--tenant", "contoso", "--field", "office"];
        step("app policy set booking", &policy, Some(Action::AppPolicySet));
        step("app policy set booking", &policy, None);
        step("feed renew booking", &[], Some(Action::FeedRenew));
        step("app delete booking", &["--yes"], Some(Action::AppDelete));
        let made = step("api-key create", &["--role", "operator"], Some(Action::ApiKeyCreate));
        secrets.push(secret(&made, "key"));
        let id = made["id"].as_str().unwrap();
        let rotated = step("api-key rotate", &[id], Some(Action::ApiKeyRotate));
        secrets.push(secret(&rotated, "key"));
        step("api-key revoke", &[id], Some(Action::ApiKeyRevoke));
        step("api-key revoke", &[id], None);
        step("directory set", &[&WHOSE[..], &["--provider", "entra"]].concat(), Some(Action::DirectorySet));
        let entra = ["--entra-tenant", ENTRA, "--service-principal", ENTRA, "--job", "scim.1"];
        let keep = format!("SyncNotificationSettings={CANARY}");
        let consent = [&WHOSE[..], &entra, &["--keep", &keep]].concat();
        step("directory continuity set", &consent, Some(Action::ContinuitySet));
        step("directory continuity set", &consent, None);
        step("directory continuity show", &WHOSE, None);
        step("token continuity start", &WHOSE, Some(Action::ContinuityStart));
        step("token continuity list", &WHOSE, None);
        step("token continuity show", &WHOSE, None);
        step("directory continuity off", &WHOSE, Some(Action::ContinuityOff));
        step("directory continuity off", &WHOSE, None);
        step("person find", &["--mail", CANARY], Some(Action::PersonFind));
        for reading in ["tenant list", "app list", "audit list", "token list --tenant contoso", "client list --tenant contoso", "directory oauth --tenant contoso --profile agents"] {
            step(reading, &[], None);
        }

        // What has no command; its test is beside what writes it.
        seen.extend([Action::AuthRefused, Action::LogUnmask, Action::TokenProvision, Action::ContinuityWrite].map(Action::as_str));
        let all: BTreeSet<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        assert_eq!(seen, all, "a step for every action");
        let text = stdout(&gateway.try_cli(&["audit", "export"]));
        for secret in secrets {
            assert!(secret.len() >= 20 && !text.contains(&secret), "{secret} is in the audit log");
        }
        let whole = gateway.cli(&["audit", "verify"]);
        assert_eq!(whole["whole"], true, "{whole}");
        assert_eq!(whole["chains"].as_array().unwrap().len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_says_who_did_what_to_what_and_how_it_was_before() {
    on_both(&[], async |gateway| {
        run(&gateway, "tenant create contoso", &[]);
        run(&gateway, "directory create", &WHOSE);
        let set = [&WHOSE[..], &["--provider", "okta"]].concat();
        run(&gateway, "directory set", &set);
        let list = gateway.cli(&[
            "audit",
            "list",
            "--tenant",
            "contoso",
            "--action",
            "directory.set",
        ]);
        let row = &list[0];
        assert_eq!(row["details"]["providerBefore"], "entra", "{row}");
        assert_eq!(row["details"]["provider"], "okta");
        assert_eq!(row["tenant"], "contoso");
        assert_eq!(row["row"], 2);
        let target = row["target"].as_str().unwrap();
        assert!(target.starts_with("directory:dir_"), "{target}");
        let shown = gateway.cli(&["audit", "show", "2", "--tenant", "contoso"]);
        assert_eq!(shown, *row);
        let about = gateway.cli(&["audit", "list", "--tenant", "contoso", "--target", target]);
        assert_eq!(about.as_array().unwrap().len(), 2);
        let actor = row["actor"].as_str().unwrap();
        let by = gateway.cli(&["audit", "list", "--actor", actor, "--since", "1h"]);
        assert_eq!(by[0]["action"], "tenant.create");
        let none = gateway.cli(&["audit", "list", "--until", "1h"]);
        assert_eq!(none, serde_json::json!([]));

        for (words, part) in [
            ("audit show 9", "the audit log of platform has no row 9"),
            ("audit list --limit 0", "1 to 1000 rows of the audit log"),
            (
                "audit list --action token.isue",
                "choose one of tenant.create, tenant.freeze",
            ),
            (
                "audit checkpoint",
                "audit.signing_key_file and audit.anchor_file are not set",
            ),
        ] {
            let output = gateway.try_cli(&words.split(' ').collect::<Vec<_>>());
            assert!(!output.status.success());
            assert!(stderr(&output).contains(part), "{words}: {}", stderr(&output));
        }
    })
    .await;
}

/// All rows of a tenant's chain from a number on, made anew so that the chain fits again.
async fn rewritten(gateway: &Gateway, from: i64, change: impl Fn(&mut AuditRow)) {
    let mut previous = String::new();
    let mut text = Vec::new();
    let mut head = String::new();
    for value in exported(gateway) {
        if value["tenant"] != "contoso" {
            continue;
        }
        let word = |name: &str| value[name].as_str().map(str::to_owned);
        let at: chrono::DateTime<chrono::Utc> = word("at").unwrap().parse().unwrap();
        let chain = Chain::Tenant(word("chain").unwrap().parse().unwrap());
        let mut row = AuditRow {
            chain,
            seq: value["row"].as_i64().unwrap(),
            at: at.timestamp_millis(),
            actor: word("actor").unwrap(),
            action: word("action").unwrap(),
            target: word("target").unwrap(),
            outcome: word("outcome").unwrap(),
            reason: word("reason"),
            ip: word("ip"),
            request: word("requestId").unwrap(),
            details: value["details"].to_string(),
            previous: word("previousHash").unwrap(),
            hash: String::new(),
        };
        if row.seq == from {
            change(&mut row);
        } else if row.seq > from {
            row.previous.clone_from(&previous);
        }
        row.hash = row.computed_hash();
        previous.clone_from(&row.hash);
        let id = match gateway.database() {
            Some(_) => format!("'{}'", chain.uuid()),
            None => format!("x'{}'", chain.uuid().simple()),
        };
        text.push(format!(
            "UPDATE audit_log SET actor = '{}', previous_hash = '{}', hash = '{}' WHERE chain = {id} AND seq = {};",
            row.actor, row.previous, row.hash, row.seq
        ));
        head = format!("UPDATE audit_chain SET hash = '{}' WHERE chain = {id};", row.hash);
    }
    text.push(head);
    tamper(gateway, &text.concat()).await;
}

/// With the triggers out of the way, as the owner of the database can.
async fn tamper(gateway: &Gateway, text: &str) {
    let before = match gateway.database() {
        Some(_) => "SET session_replication_role = replica;",
        None => {
            "DROP TRIGGER IF EXISTS audit_log_updated; DROP TRIGGER IF EXISTS audit_log_deleted; \
                 DROP TRIGGER IF EXISTS audit_chain_updated; DROP TRIGGER IF EXISTS audit_chain_deleted;"
        }
    };
    sql(gateway, &format!("{before} {text}")).await;
}

fn verify(gateway: &Gateway, more: &[&str]) -> (Option<i32>, Value, String) {
    let output = gateway.try_cli(&[&["audit", "verify", "--json"], more].concat());
    let answer = serde_json::from_str(&stdout(&output)).unwrap_or(Value::Null);
    (output.status.code(), answer, stderr(&output))
}

const KEYED: [(&str, &str); 2] = [
    ("audit.signing_key_file", "\"audit.key\""),
    ("audit.anchor_file", "\"checkpoints.jsonl\""),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_was_rewritten_whole_is_found_by_a_checkpoint() {
    on_both(&KEYED, async |gateway| {
        let made = gateway.cli(&["audit", "keygen", "audit.key"]);
        let mode = |name: &str| {
            let file = std::fs::metadata(gateway.folder().join(name)).unwrap();
            file.permissions().mode() & 0o777
        };
        assert_eq!(mode("audit.key"), 0o600);
        let again = gateway.try_cli(&["audit", "keygen", "audit.key"]);
        assert!(
            stderr(&again).contains("choose a file that is not there yet"),
            "{}",
            stderr(&again)
        );

        gateway.directory("contoso", "agents");
        let signed = gateway.cli(&["audit", "checkpoint"]);
        assert_eq!(signed["checkpoints"].as_array().unwrap().len(), 2, "{signed}");
        assert_eq!(signed["checkpoints"][0]["key"], made["key"]);
        let nothing = gateway.cli(&["audit", "checkpoint"]);
        assert_eq!(
            nothing["checkpoints"],
            serde_json::json!([]),
            "no chain has grown"
        );
        gateway.token("contoso", "agents");
        let signed = gateway.cli(&["audit", "checkpoint"]);
        assert_eq!(signed["checkpoints"].as_array().unwrap().len(), 1);

        let anchored = ["--anchor", "checkpoints.jsonl"];
        let public = ["--anchor", "checkpoints.jsonl", "--public-key", "audit.key.pub"];
        for with in [&anchored[..], &public] {
            let (code, answer, said) = verify(&gateway, with);
            assert_eq!(code, Some(0), "{said}");
            assert_eq!(answer["checkpoints"]["checked"], 3, "{answer}");
        }

        rewritten(&gateway, 2, |row| row.actor = "cli:mallory@ops1".to_owned()).await;
        let (code, answer, _) = verify(&gateway, &[]);
        assert_eq!(
            (code, &answer["whole"]),
            (Some(0), &Value::Bool(true)),
            "whole in itself: {answer}"
        );
        let (code, answer, said) = verify(&gateway, &public);
        assert_eq!(code, Some(1), "{answer}");
        assert_eq!(answer["whole"], false);
        let fault = &answer["chains"][1]["fault"];
        assert_eq!(
            (&fault["row"], &fault["kind"]),
            (&2.into(), &"anchorMismatch".into()),
            "{answer}"
        );
        assert!(
            said.contains("contoso: row 2: a checkpoint outside the database names another hash"),
            "{said}"
        );
        assert_eq!(
            answer["chains"][0]["fault"],
            Value::Null,
            "the platform's is whole"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkpoint_that_was_changed_proves_nothing_and_a_chain_that_is_gone_is_missed() {
    on_both(&KEYED, async |gateway| {
        gateway.cli(&["audit", "keygen", "audit.key"]);
        gateway.directory("contoso", "agents");
        gateway.cli(&["audit", "checkpoint"]);
        let file = gateway.folder().join("checkpoints.jsonl");
        let good = std::fs::read_to_string(&file).unwrap();
        let anchored = ["--anchor", "checkpoints.jsonl"];

        std::fs::write(&file, good.replace("\"seq\":2", "\"seq\":1")).unwrap();
        let (code, answer, said) = verify(&gateway, &anchored);
        assert_eq!(code, Some(1), "{answer}");
        assert!(
            said.contains("the file of checkpoints, line 2: its signature is wrong"),
            "{said}"
        );

        gateway.cli(&["audit", "keygen", "other.key"]);
        std::fs::write(&file, &good).unwrap();
        let (_, _, said) = verify(
            &gateway,
            &["--anchor", "checkpoints.jsonl", "--public-key", "other.key.pub"],
        );
        assert!(
            said.contains("which was not given: name that key's file with --public-key"),
            "{said}"
        );

        tamper(&gateway, "DELETE FROM audit_log; DELETE FROM audit_chain;").await;
        let (code, answer, _) = verify(&gateway, &[]);
        assert_eq!(code, Some(0), "without checkpoints nothing is missed: {answer}");
        let (code, answer, said) = verify(&gateway, &anchored);
        assert_eq!(code, Some(1), "{answer}");
        assert!(
            said.contains("platform: row 1: it is missing") && said.contains("contoso: row 2: it is missing"),
            "{said}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_row_ends_verify_with_status_1_and_is_named() {
    on_both(&[], async |gateway| {
        gateway.directory("contoso", "agents");
        gateway.directory("fabrikam", "agents");
        tamper(
            &gateway,
            "UPDATE audit_log SET action = 'x' WHERE action = 'directory.create';",
        )
        .await;
        let output = gateway.try_cli(&["audit", "verify"]);
        assert_eq!(output.status.code(), Some(1));
        let (table, said) = (stdout(&output), stderr(&output));
        assert!(
            table.contains("row 1: it was changed")
                && table.contains("not compared with checkpoints (--anchor FILE)"),
            "{table}"
        );
        for name in ["contoso", "fabrikam"] {
            assert!(
                said.contains(&format!(
                    "{name}: row 1: it was changed: its hash is not the one of its values"
                )),
                "{said}"
            );
        }
        let (code, ..) = verify(&gateway, &["--platform"]);
        assert_eq!(code, Some(0), "the platform's chain is whole");
        let (code, ..) = verify(&gateway, &["--tenant", "fabrikam"]);
        assert_eq!(code, Some(1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_are_counted_in_the_platforms_chain() {
    super::on_both(async |mut gateway| {
        let directory = gateway.directory("contoso", "agents");
        // Another secret of the same length whose checksum fits is what nobody has; a character changed is found by the checksum.
        let wrong = format!("{}0", &directory.token[..directory.token.len() - 1]);
        let wrong = if wrong == directory.token {
            format!("{}1", &wrong[..wrong.len() - 1])
        } else {
            wrong
        };
        let url = format!("{}/Users", directory.tenant_url);
        for _ in 0..3 {
            let request = support::http_client().get(&url).bearer_auth(&wrong);
            assert_eq!(support::http::send(request).await.status, 401);
        }
        let without = support::http_client().get(&url);
        assert_eq!(support::http::send(without).await.status, 401);
        gateway.terminate();
        let rows = gateway.cli(&["audit", "list", "--action", "auth.refused"]);
        let rows = rows.as_array().unwrap();
        assert_eq!(
            rows.len(),
            1,
            "a request without a credential is no attempt: {rows:?}"
        );
        assert_eq!(rows[0]["details"]["count"], 3);
        assert_eq!(
            (&rows[0]["details"]["kind"], &rows[0]["details"]["reason"]),
            (&"token".into(), &"checksum".into())
        );
        assert_eq!(
            (&rows[0]["ip"], &rows[0]["actor"]),
            (&"127.0.0.1".into(), &"system".into())
        );
        assert!(!rows[0].to_string().contains(&wrong[..30]));
        assert_eq!(gateway.cli(&["audit", "verify"])["whole"], true);
    })
    .await;
}
