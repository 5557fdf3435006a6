//! Two tenants with the same things: no access token of one opens anything of the other.

use serde_json::json;

use super::{ADVISORS, GRANT, access_token, client, form, on_both, scim, token_request};

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_of_one_tenant_never_opens_the_other_one() {
    on_both(async |one, other| {
        let mut tokens = Vec::new();
        for tenant in ["contoso", "fabrikam"] {
            let directory = one.directory(tenant, "advisors");
            one.directory(tenant, "rooms");
            let person = json!({"name": {"givenName": "A", "familyName": "B"}, "addresses": [{"type": "work", "formatted": tenant}]});
            support::http::Scim::new(&directory).create("e1", "ann@example.com", person).await.expect(201);
            tokens.push((tenant, client(&one, tenant, "advisors")));
        }
        for (own, client) in &tokens {
            let token = access_token(&one, client).await;
            for gateway in [&one, &other] {
                for path in [ADVISORS.to_owned(), "/scim".to_owned(), format!("/t/{own}/advisors/scim")] {
                    for _ in 0..2 {
                        let answer = scim(gateway, &path, &token).get("/Users").await.expect(200);
                        assert_eq!(answer.body["totalResults"], 1);
                        assert!(answer.text.contains(&format!("\"formatted\":\"{own}\"")), "{path}: {}", answer.text);
                    }
                }
                for (tenant, _) in &tokens {
                    for path in [format!("/t/{tenant}/rooms/scim"), "/rooms/scim".to_owned()] {
                        scim(gateway, &path, &token).get("/Users").await.expect(401);
                    }
                    if tenant != own {
                        let path = format!("/t/{tenant}/advisors/scim");
                        scim(gateway, &path, &token).get("/Users").await.expect(401);
                    }
                }
            }
        }
        // Nor does a secret get a token in another client's name.
        let ((_, contoso), (_, fabrikam)) = (&tokens[0], &tokens[1]);
        let mixed = token_request(&one).basic_auth(&contoso.id, Some(&fabrikam.secret));
        form(mixed, &[GRANT]).await.expect(401);
        // Nor does an operator's command on one tenant reach the other's client.
        let output = one.try_cli(&["client", "revoke", "--tenant", "contoso", &fabrikam.id]);
        assert!(String::from_utf8_lossy(&output.stderr).contains("has no client"));
        access_token(&one, fabrikam).await;
    })
    .await;
}
