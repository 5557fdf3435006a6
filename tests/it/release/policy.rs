//! Setting a policy by the admin API and the command line.

use serde_json::json;
use support::gateway::text;
use support::http::Scim;

use super::{app, on_both, person, told};
use crate::admin_api::Api;

const POLICY: &str = "/apps/booking/policy";

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_read_counted_and_changed_from_the_version_that_was_read() {
    on_both(async |gateway, _redis| {
        let contoso = Scim::new(&gateway.directory("contoso", "advisors"));
        person(&contoso, "mette", "Aarhus").await;
        gateway.directory("fabrikam", "advisors");
        app(&gateway, "booking", &[]);
        let key = text(&gateway.cli(&["api-key", "create", "--role", "operator"]), "key");
        let api = Api::new(&gateway.admin_url(), &key);

        let first = api.get(POLICY).await.expect(200);
        let everything = json!({"app": "booking", "tenants": null, "profiles": null, "attributes": null, "fields": null, "telling": false});
        assert_eq!(first.body, everything);
        let tag = first.header("etag").to_owned();
        let dry = json!({"tenants": ["fabrikam"], "dryRun": true});
        let counted = api.patch(POLICY, &dry, Some(&tag)).await.expect(200);
        assert_eq!(
            (&counted.body["removed"], &counted.body["added"], &counted.body["changed"]),
            (&json!(1), &json!(0), &json!(false)),
            "{}",
            counted.text
        );
        assert_eq!(api.get(POLICY).await.expect(200).body, everything, "only counted");

        let changed = api.patch(POLICY, &json!({"tenants": ["fabrikam"]}), Some(&tag)).await.expect(200);
        assert_eq!(changed.body["policy"]["tenants"], json!(["fabrikam"]));
        assert_ne!(changed.header("etag"), tag);
        api.patch(POLICY, &json!({"tenants": null}), Some(&tag)).await.expect(412);
        told(&gateway, "booking").await;
        let more = api.patch(POLICY, &json!({"fields": ["office"]}), None).await.expect(200);
        assert_eq!(more.body["policy"]["tenants"], json!(["fabrikam"]), "what is left out stays");
        assert_eq!(more.body["snapshot"], json!(true));

        for (body, field, part) in [
            (json!({"fields": ["shoe"]}), "fields", "no profile's record has a field \"shoe\""),
            (json!({"attributes": ["shoeSize"]}), "attributes", "no profile has an attribute \"shoeSize\""),
            (json!({"profiles": ["shoes"]}), "profile", "there is no profile \"shoes\""),
        ] {
            let refused = api.patch(POLICY, &body, None).await.expect(400);
            assert_eq!(refused.body["field"], field);
            assert!(refused.text.contains(part) || refused.body["detail"].to_string().contains(&part.replace('"', "\\\"")), "{}", refused.text);
        }
        api.patch(POLICY, &json!({"tenants": ["nobody"]}), None).await.expect(404);
        assert_eq!(api.get(POLICY).await.expect(200).body, more.body["policy"], "nothing was done");
        // The app's own manager may not say what it sees.
        let own = text(&gateway.cli(&["api-key", "create", "--role", "app-manager", "--app", "booking"]), "key");
        let own = Api::new(&gateway.admin_url(), &own);
        own.get(POLICY).await.expect(200);
        own.patch(POLICY, &json!({"tenants": null}), None).await.expect(403);
    })
    .await;
}
