//! The effects of a directory's provider over HTTP (`docs/reference/providers.md`), and that it can be
//! changed.

use serde_json::json;

use super::{advisor, advisors, on_both};

#[tokio::test]
async fn a_directory_called_by_a_generic_client_gets_the_answers_of_the_rfc() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let id = scim.post("/Users", &advisor(1)).await.expect(201).id();
        let replace =
            json!([{"op": "replace", "path": "addresses[type eq \"work\"].formatted", "value": "HQ"}]);
        let encoded = "userName eq \"advisor1%40contoso.com\"";

        // On another connection: the answer was lost.
        let again = async || scim.reconnected().post("/Users", &advisor(1)).await;
        again().await.expect(201);
        assert_eq!(scim.find(encoded).await.expect(200).total(), 1);
        scim.patch_ops(&id, json!([{"op": "replace", "path": "id", "value": "x"}]))
            .await
            .expect(200);

        scim.patch_ops(
            &id,
            json!([{"op": "Remove", "path": "addresses[type eq \"work\"]"}]),
        )
        .await
        .expect(200);

        let set = gateway.cli(&[
            "directory",
            "set",
            "--tenant",
            "contoso",
            "--profile",
            "advisors",
            "--provider",
            "generic",
        ]);
        assert_eq!(set["provider"], "generic");
        let refused = scim.patch_ops(&id, replace.clone()).await.expect(400);
        assert_eq!(refused.body["scimType"], "noTarget");
        let refused = scim
            .patch_ops(&id, json!([{"op": "replace", "path": "id", "value": "x"}]))
            .await
            .expect(400);
        assert_eq!(refused.body["scimType"], "mutability");
        let refused = again().await.expect(409);
        assert_eq!(refused.body["scimType"], "uniqueness");
        assert_eq!(scim.find(encoded).await.expect(200).total(), 0);

        gateway.cli(&[
            "directory",
            "set",
            "--tenant",
            "contoso",
            "--profile",
            "advisors",
            "--provider",
            "onelogin",
        ]);
        let made = scim.patch_ops(&id, replace).await.expect(200);
        assert_eq!(
            made.body["addresses"],
            json!([{"type": "work", "formatted": "HQ"}])
        );
        let one = scim.post("/Users", &advisor(2)).await.expect(201);
        let again = scim.reconnected().post("/Users", &advisor(2)).await.expect(201);
        assert_eq!(again.body, one.body);
    })
    .await;
}

#[tokio::test]
async fn an_unknown_provider_is_refused_with_the_list_of_known_ones() {
    on_both(async |gateway| {
        gateway.cli(&["tenant", "create", "contoso"]);
        let create = [
            "directory",
            "create",
            "--tenant",
            "contoso",
            "--profile",
            "advisors",
            "--provider",
        ];
        let refused = gateway.try_cli(&[&create[..], &["oktaa"]].concat());
        assert_eq!(refused.status.code(), Some(2));
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(
            said.contains("entra, okta, onelogin, jumpcloud, ping, generic"),
            "{said}"
        );
        let made = gateway.cli(&[&create[..], &["jumpcloud"]].concat());
        assert_eq!(made["provider"], "jumpcloud");
    })
    .await;
}
