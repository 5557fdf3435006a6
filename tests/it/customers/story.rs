//! The steps of one guide, from Test Connection to the leaver's deletion.

use serde_json::{Value, json};
use support::gateway::{Directory, Gateway};
use support::http::{Answer, Feed, Scim};
use support::sim::{Source, test_connection};

use super::guides::Guide;

const SOURCE: &str = include_str!("../../fixtures/customers/source.json");

struct Story<'a> {
    guide: &'a Guide,
    dialect: &'static str,
    directory: Directory,
    scim: Scim,
    source: Source,
    content: Value,
    mapping: String,
}

/// Runs the steps.
pub async fn tell(gateway: &Gateway, guide: &Guide, dialect: &'static str) {
    let tenant = format!("{}-{dialect}", guide.profile);
    let app = gateway.app(&tenant);
    let directory = gateway.directory(&tenant, guide.profile);
    if let Some(extension) = guide.extension {
        let file = gateway.folder().join(&format!("{tenant}.extension.toml"));
        std::fs::write(&file, extension).expect("a file");
        let file = file.display().to_string();
        let place = ["--tenant", &tenant, "--profile", guide.profile, "--file", &file];
        gateway.cli(&[&["directory", "extension", "set"][..], &place].concat());
    }
    let content: Value = serde_json::from_str(SOURCE).expect("JSON");
    let source = Source::of(&content);
    let mapping = source.file().with_file_name("mapping.json");
    std::fs::write(&mapping, guide.mapping).expect("a file");
    let mut story = Story {
        guide,
        dialect,
        scim: Scim::new(&directory),
        directory,
        source,
        content,
        mapping: mapping.display().to_string(),
    };
    let (status, said) = test_connection(&story.directory).await;
    assert_eq!(status, 0, "Test Connection: {said}");
    story.joiners().await;
    let group = story.group().await;
    story.mover().await;
    story.nothing_new_after_a_restart(&app_feed(&app)).await;
    story.leaver_and_return(group.as_deref()).await;
    story.purge(group.as_deref()).await;
    story.own_rule().await;
    let feed = app_feed(&app);
    feed.settled_head().await;
    let told = events_of_the_first(&feed.all().await, &story);
    assert_eq!(
        told,
        [
            "created",
            "updated",
            "deactivated",
            "reactivated",
            "deactivated",
            "deleted"
        ],
        "{}, {dialect}",
        guide.profile
    );
}

fn app_feed(app: &support::gateway::App) -> Feed {
    Feed::new(app)
}

/// The events of the person who joins, moves, leaves, returns and is purged.
fn events_of_the_first(events: &[(u64, Value)], story: &Story<'_>) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut first: Option<String> = None;
    for (_, event) in events {
        let kind = event["type"].as_str().unwrap_or_default();
        let Some(word) = kind
            .strip_prefix("usher.identity.")
            .and_then(|kind| kind.strip_suffix(".v1"))
        else {
            continue;
        };
        assert_eq!(event["profile"], story.guide.profile);
        let whose = event["subject"].as_str().unwrap_or_default().to_owned();
        let name = &event["data"]["identity"]["userName"];
        if first.is_none() && *name == story.user_name(0) {
            first = Some(whose.clone());
        }
        if first.as_ref() == Some(&whose) {
            words.push(word.to_owned());
        }
    }
    words
}

impl Story<'_> {
    fn objects(&mut self) -> &mut Vec<Value> {
        self.content[self.guide.objects].as_array_mut().expect("a list")
    }

    fn user_name(&self, number: usize) -> Value {
        let attribute = if self.guide.profile == "employees" {
            "employeeId"
        } else {
            "userPrincipalName"
        };
        serde_json::from_str::<Value>(SOURCE).expect("JSON")[self.guide.objects][number][attribute].clone()
    }

    async fn cycle(&self, more: &[&str]) -> Value {
        self.source.rewrite(&self.content);
        let app = if self.guide.objects == "rooms" {
            "rooms"
        } else {
            "advisors"
        };
        let mut args = vec!["--mapping", &self.mapping, "--dialect", self.dialect];
        args.extend(more);
        let (_, summary) = self.source.cycle(app, &self.directory, &args).await;
        summary
    }

    /// A cycle in which everything succeeds.
    async fn smooth(&self, more: &[&str]) -> Value {
        let summary = self.cycle(more).await;
        assert_eq!(
            summary["failed"],
            0,
            "{}: {:?}",
            self.guide.profile,
            self.source.log("advisors")
        );
        summary
    }

    async fn found(&self, number: usize) -> Answer {
        let filter = format!("userName eq {}", self.user_name(number));
        self.scim.find(&filter).await.expect(200)
    }

    async fn one(&self, number: usize) -> Value {
        let found = self.found(number).await;
        assert_eq!(found.total(), 1, "{}", found.text);
        found.body["Resources"][0].clone()
    }

    async fn joiners(&mut self) {
        let summary = self.smooth(&[]).await;
        assert_eq!(summary["created"], 3, "{summary}");
        let second = self.one(1).await;
        assert_eq!(second["active"], json!(true));
        assert_eq!(second["userName"], self.user_name(1));
        if self.guide.manager {
            let first = self.one(0).await;
            let enterprise = &second["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"];
            assert_eq!(enterprise["manager"]["value"], first["id"], "{second}");
        }
    }

    /// A group with the first and the third person, in the form of this dialect; the third is removed again.
    async fn group(&self) -> Option<String> {
        if !self.guide.groups {
            let none = self
                .scim
                .get("/Groups?filter=displayName+eq+%22x%22")
                .await
                .expect(200);
            assert_eq!(none.total(), 0);
            return None;
        }
        let query = "/Groups?excludedAttributes=members&filter=displayName+eq+%22North%22";
        assert_eq!(self.scim.get(query).await.expect(200).total(), 0);
        let body = json!({
            "schemas": [
                "urn:ietf:params:scim:schemas:core:2.0:Group",
                "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
            ],
            "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
            "displayName": "North",
            "meta": {"resourceType": "Group"},
        });
        let made = self.scim.post("/Groups", &body).await.expect(201);
        assert_eq!(made.body["members"], json!([]), "{}", made.text);
        let id = made.id();
        let (one, three) = (self.one(0).await["id"].clone(), self.one(2).await["id"].clone());
        let legacy = self.dialect == "legacy";
        let add = if legacy { "Add" } else { "add" };
        let both = json!([{"$ref": null, "value": one}, {"$ref": null, "value": three}]);
        self.patch_group(&id, json!([{"op": add, "path": "members", "value": both}]))
            .await;
        let remove = if legacy {
            json!({"op": "Remove", "path": "members", "value": [{"$ref": null, "value": three}]})
        } else {
            let path = format!("members[value eq {three}]");
            json!({"op": "remove", "path": path})
        };
        self.patch_group(&id, json!([remove])).await;
        assert_eq!(self.members(&id).await, [one]);
        Some(id)
    }

    async fn patch_group(&self, id: &str, operations: Value) {
        let body =
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
        self.scim.patch(&format!("/Groups/{id}"), &body).await.expect(204);
    }

    async fn members(&self, id: &str) -> Vec<Value> {
        let group = self.scim.get(&format!("/Groups/{id}")).await.expect(200);
        let members = group.body["members"].as_array().cloned().unwrap_or_default();
        members.iter().map(|member| member["value"].clone()).collect()
    }

    async fn mover(&mut self) {
        let (attribute, shows) = self.guide.mover;
        let value = if attribute == "extensionAttribute2" {
            json!("7")
        } else {
            json!("Moved @ 5")
        };
        self.objects()[0][attribute] = value;
        let summary = self.smooth(&[]).await;
        assert_eq!(summary["updated"], 1, "{summary}");
        let moved = self.one(0).await;
        let expected = if attribute == "extensionAttribute2" {
            json!(7)
        } else {
            json!("Moved @ 5")
        };
        assert_eq!(moved.pointer(shows), Some(&expected), "{shows} in {moved}");
    }

    /// After "Restart provisioning" Entra compares with the values it sent: no change, no event.
    async fn nothing_new_after_a_restart(&self, feed: &Feed) {
        let before = feed.settled_head().await;
        let summary = self.smooth(&["--restart"]).await;
        assert_eq!(
            (&summary["created"], &summary["disabled"], &summary["deleted"]),
            (&json!(0), &json!(0), &json!(0)),
            "{summary}"
        );
        assert_eq!(
            feed.settled_head().await,
            before,
            "{}: {summary}",
            self.guide.profile
        );
    }

    async fn leaver_and_return(&mut self, group: Option<&str>) {
        self.objects()[0]["assigned"] = json!(false);
        assert_eq!(self.smooth(&[]).await["disabled"], 1);
        let left = self.one(0).await;
        assert_eq!(left["active"], json!(false), "inactive, and still found");
        if let Some(group) = group {
            assert_eq!(
                self.members(group).await,
                [left["id"].clone()],
                "kept while inactive"
            );
        }
        self.objects()[0]["assigned"] = json!(true);
        self.smooth(&[]).await;
        assert_eq!(self.one(0).await["active"], json!(true));
    }

    async fn purge(&mut self, group: Option<&str>) {
        let id = self.one(0).await["id"].as_str().unwrap_or_default().to_owned();
        self.objects()[0]["isSoftDeleted"] = json!(true);
        self.smooth(&[]).await;
        self.objects().remove(0);
        assert_eq!(self.smooth(&[]).await["deleted"], 1);
        self.scim.get(&format!("/Users/{id}")).await.expect(404);
        assert_eq!(self.found(0).await.total(), 0);
        if let Some(group) = group {
            assert_eq!(
                self.members(group).await,
                Vec::<Value>::new(),
                "gone from the group"
            );
            self.scim.delete(&format!("/Groups/{group}")).await.expect(204);
            self.scim.get(&format!("/Groups/{group}")).await.expect(404);
        }
    }

    /// The rule that only this guide has.
    async fn own_rule(&mut self) {
        if let Some((attribute, names)) = self.guide.required {
            let mut incomplete =
                serde_json::from_str::<Value>(SOURCE).expect("JSON")[self.guide.objects][2].clone();
            incomplete["objectId"] = json!("60f1bb27-2e1e-402d-bcc4-ec9995640099");
            incomplete["userPrincipalName"] = json!("incomplete@contoso.example");
            incomplete[attribute] = Value::Null;
            self.objects().push(incomplete);
            let summary = self.cycle(&[]).await;
            assert_eq!(summary["failed"], 1, "{summary}");
            let log = self.source.log(if self.guide.objects == "rooms" {
                "rooms"
            } else {
                "advisors"
            });
            let said = log.iter().map(Value::to_string).collect::<Vec<_>>().join("\n");
            for name in names {
                assert!(
                    said.contains(&name.replace('"', "\\\\\\\""))
                        || said.contains(&name.replace('"', "\\\"")),
                    "{name} in {said}"
                );
            }
        }
        if let Some(path) = self.guide.refused {
            let mut body = json!({
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
                "userName": "00999",
                "emails": [{"type": "work", "value": "x@contoso.example"}],
            });
            body[path] = json!("not taken here");
            let refused = self.scim.post("/Users", &body).await.expect(400);
            let detail = refused.body["detail"].as_str().unwrap_or_default();
            assert!(
                detail.contains(path) && detail.contains("delete the line"),
                "{detail}"
            );
        }
    }
}
