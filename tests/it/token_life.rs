//! The life of a token, from outside (ADR 0048): where it may be used from, freezing, revoking all, rotation under load.

mod findings;
mod freeze;
mod networks;
mod revoke_all;
mod rotation;

use support::gateway::{Directory, Gateway, Settings};
use support::postgres::Postgres;

/// The expression in docs/how-to/when-a-token-leaks.md, and the one in its rule for gitleaks.
#[test]
fn the_documented_expression_finds_every_credential_and_no_cut_one() {
    let page = support::programs::repository().join("docs/how-to/when-a-token-leaks.md");
    let page = std::fs::read_to_string(page).expect("the page");
    let expressions: Vec<&str> = page
        .lines()
        .filter_map(|line| Some(&line[line.find(r"\busher(app|adm|cs)")?..]))
        .map(|rest| rest.trim_end_matches('\''))
        .collect();
    assert_eq!(expressions.len(), 2);
    assert_eq!(expressions[0], expressions[1]);
    let rule = serde_json::json!({"pattern": expressions[0]});
    let finds = |text: &str| jsonschema::is_valid(&rule, &serde_json::json!(text));
    let gateway = Gateway::prepared(Settings::default());
    let (token, credential) = (
        gateway.directory("contoso", "advisors").token,
        gateway.app("booking").credential,
    );
    for secret in [&token, &credential] {
        assert!(
            finds(secret) && finds(&format!("password = \"{secret}\"")),
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
