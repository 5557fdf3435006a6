//! Settings with their versions, and what deletes.

use serde_json::json;
use support::http::Scim;

use super::{api, code, on_both};

const DIRECTORY: &str = "/tenants/contoso/directories/advisors";

#[tokio::test(flavor = "multi_thread")]
async fn settings_change_only_from_the_version_that_was_read() {
    on_both(async |gateway| {
        let directory = gateway.directory("contoso", "advisors");
        let owner = api(&gateway, "--role owner --tenant contoso");
        let first = owner.get(DIRECTORY).await.expect(200);
        let tag = first.header("etag").to_owned();
        assert!(
            tag.starts_with('"') && first.body["provider"] == "entra",
            "{tag} {}",
            first.text
        );

        let changed = owner
            .patch(DIRECTORY, &json!({"provider": "okta"}), Some(&tag))
            .await
            .expect(200);
        assert_eq!(
            (&changed.body["provider"], &changed.body["switch"]),
            (&json!("okta"), &json!("on"))
        );
        assert_ne!(changed.header("etag"), tag);
        let stale = owner
            .patch(DIRECTORY, &json!({"switch": "off"}), Some(&tag))
            .await
            .expect(412);
        assert!(
            stale.text.contains("have changed since they were read"),
            "{}",
            stale.text
        );
        assert_eq!(
            owner.get(DIRECTORY).await.expect(200).body,
            changed.body,
            "nothing was done"
        );

        owner
            .patch(DIRECTORY, &json!({"switch": "off"}), Some(changed.header("etag")))
            .await
            .expect(200);
        Scim::new(&directory).get("/Users").await.expect(403);
        let back = owner
            .patch(DIRECTORY, &json!({"switch": "on", "provider": "entra"}), None)
            .await
            .expect(200);
        assert_eq!(
            back.header("etag"),
            tag,
            "the same settings have the same version"
        );
        Scim::new(&directory).get("/Users").await.expect(200);
        owner.patch(DIRECTORY, &json!({}), Some("*")).await.expect(200);
        owner.patch(DIRECTORY, &json!({}), Some("odd")).await.expect(412);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_extension_is_set_and_taken_away_and_a_wrong_one_changes_nothing() {
    on_both(async |gateway| {
        gateway.directory("contoso", "advisors");
        let owner = api(&gateway, "--role owner --tenant contoso");
        let text = "urn = \"urn:ietf:params:scim:schemas:extension:contoso:2.0:User\"\n[[attribute]]\nname = \"desk\"\ntype = \"string\"\n";
        let set = owner.patch(DIRECTORY, &json!({"extension": text}), None).await.expect(200);
        assert_eq!(set.body["extension"], text, "{}", set.text);
        owner.patch(DIRECTORY, &json!({"provider": "okta"}), None).await.expect(200);
        assert_eq!(owner.get(DIRECTORY).await.expect(200).body["extension"], text, "what is left out stays");
        let wrong = owner.patch(DIRECTORY, &json!({"extension": "colour = 1", "switch": "off"}), None).await.expect(400);
        assert_eq!((code(&wrong), &wrong.body["field"]), ("invalidValue", &json!("extension")));
        assert_eq!(owner.get(DIRECTORY).await.expect(200).body["switch"], "on");
        let gone = owner.patch(DIRECTORY, &json!({"extension": null}), None).await.expect(200);
        assert!(gone.body["extension"].is_null());
        let provider = owner.patch(DIRECTORY, &json!({"provider": "acme"}), None).await.expect(400);
        assert_eq!(provider.body["field"], "provider", "{}", provider.text);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_already_is_a_conflict_and_a_profile_that_is_not_is_named() {
    on_both(async |gateway| {
        gateway.directory("contoso", "advisors");
        gateway.app("booking");
        let operator = api(&gateway, "--role operator");
        let directories = "/tenants/contoso/directories";
        for (path, body) in [
            ("/tenants", json!({"name": "contoso"})),
            (directories, json!({"profile": "advisors"})),
            ("/apps", json!({"name": "booking"})),
        ] {
            let refused = operator.post(path, &body).await.expect(409);
            assert_eq!(code(&refused), "exists", "{}", refused.text);
        }
        let odd = operator
            .post(directories, &json!({"profile": "robots"}))
            .await
            .expect(400);
        assert!(
            odd.body["field"] == "profile" && odd.text.contains("this deployment has advisors"),
            "{}",
            odd.text
        );
        let name = operator
            .post("/tenants", &json!({"name": "Contoso"}))
            .await
            .expect(400);
        assert!(
            name.body["field"] == "name" && name.text.contains("use 1 to 63 of a-z"),
            "{}",
            name.text
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_would_be_deleted_and_deletes_nothing() {
    on_both(async |gateway| {
        gateway.app("booking");
        let operator = api(&gateway, "--role operator");
        operator
            .post("/apps/booking/credentials/rotate", &json!({}))
            .await
            .expect(201);
        let dry = operator.delete("/apps/booking?dryRun=true").await.expect(200);
        assert_eq!(
            (
                &dry.body["deleted"],
                &dry.body["credentials"],
                &dry.body["groups"]
            ),
            (&json!(false), &json!(2), &json!(["booking"])),
            "{}",
            dry.text
        );
        operator.get("/apps/booking").await.expect(200);
        let done = operator.delete("/apps/booking").await.expect(200);
        assert_eq!(done.body["deleted"], true);
        operator.get("/apps/booking").await.expect(404);
        operator.delete("/apps/booking").await.expect(404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_renewed_by_its_apps_manager() {
    on_both(async |gateway| {
        gateway.app("booking");
        let manager = api(&gateway, "--role app-manager --app booking");
        let before = manager.get("/feeds/booking").await.expect(200).body["epoch"].clone();
        let renewed = manager
            .post("/feeds/booking/renew", &json!({}))
            .await
            .expect(200)
            .body;
        assert_eq!(renewed["before"], before);
        assert_eq!(
            manager.get("/feeds/booking").await.expect(200).body["epoch"],
            renewed["epoch"]
        );
    })
    .await;
}
