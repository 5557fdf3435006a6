//! The life of a token, from outside (ADR 0048): where it may be used from, freezing, revoking all, rotation under load.

mod findings;
mod freeze;
mod networks;
mod revoke_all;
mod rotation;

use support::gateway::{Directory, Gateway, Settings};
use support::postgres::Postgres;

/// The expression of docs/how-to/when-a-token-leaks.md, and the one of deploy/gitleaks.toml.
#[test]
fn the_documented_expression_finds_every_credential_and_no_cut_one() {
    let read = |path: &str| std::fs::read_to_string(support::programs::repository().join(path)).expect(path);
    let page = read("docs/how-to/when-a-token-leaks.md");
    let documented = page
        .lines()
        .find(|line| line.starts_with(r"\busher"))
        .expect("the expression");
    let rules: toml::Value = toml::from_str(&read("deploy/gitleaks.toml")).expect("TOML");
    let rule = &rules["rules"][0];
    assert_eq!(rule["regex"].as_str(), Some(documented));
    let rule_of = serde_json::json!({"pattern": documented});
    let finds = |text: &str| jsonschema::is_valid(&rule_of, &serde_json::json!(text));
    let gateway = Gateway::prepared(Settings::default());
    let key = gateway.cli(&["api-key", "create", "--role", "operator"]);
    let token = gateway.directory("contoso", "advisors").token;
    let client = gateway.cli(&["client", "create", "--tenant", "contoso", "--profile", "advisors"]);
    let secrets = [
        token,
        gateway.app("booking").credential,
        support::gateway::text(&key, "key"),
        support::gateway::text(&client, "clientSecret"),
    ];
    let kinds = domain::credential::CredentialKind::ALL.len();
    assert_eq!(secrets.len(), kinds, "every kind is looked for");
    for secret in &secrets {
        assert!(
            finds(secret) && finds(&format!("password = \"{secret}\"")),
            "{secret}"
        );
        // gitleaks looks for these words before it tries the expression.
        let keywords = rule["keywords"].as_array().expect("a list");
        assert!(
            keywords
                .iter()
                .any(|word| secret.contains(word.as_str().expect("a text"))),
            "{secret}"
        );
        assert!(
            !finds(&secret[..secret.len() - 1]) && !finds(&format!("{secret}x")),
            "{secret}"
        );
        assert!(finds(&secret.replace("_t_", "_p_")));
    }
}

/// SQLite and PostgreSQL, each with two gateways on one database.
async fn on_both(test: impl AsyncFn(Gateway, Gateway)) {
    on_both_with(&[], test).await;
}

async fn on_both_with(more: &[(&str, &str)], test: impl AsyncFn(Gateway, Gateway)) {
    let postgres = Settings {
        database: Some(Postgres::shared().await.database().await),
        ..Settings::default()
    };
    for mut settings in [Settings::default(), postgres] {
        settings.more = more
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let one = Gateway::start(settings).await;
        let other = one.twin().await;
        test(one, other).await;
    }
}

/// The same directory at the other gateway.
fn there(directory: &Directory, here: &Gateway, other: &Gateway) -> Directory {
    Directory {
        tenant_url: directory.tenant_url.replace(&here.url(), &other.url()),
        ..directory.clone()
    }
}
