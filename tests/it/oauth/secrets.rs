//! The life of clients and their secrets: three at most, rotation without a refused request, revocation at the next request.

use support::gateway::text;

use super::{ADVISORS, GRANT, access_token, client, form, on_both, scim, shown, token_request};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_has_three_usable_secrets_at_most_and_each_is_shown_once() {
    on_both(async |one, _| {
        one.directory("contoso", "advisors");
        let client = client(&one, "contoso", "advisors");
        let add = ["client", "add-secret", "--tenant", "contoso", client.id.as_str()];
        let mut secrets = vec![client.clone()];
        for _ in 0..2 {
            secrets.push(shown(&one.cli(&add)));
        }
        let output = one.try_cli(&add);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains("has 3 usable secrets, the most there may be"),
            "{said}"
        );
        for secret in &secrets {
            access_token(&one, secret).await;
        }
        let listed = one.cli(&["client", "list", "--tenant", "contoso"]);
        assert_eq!(listed[0]["clientId"], client.id);
        assert_eq!(listed[0]["secrets"].as_array().unwrap().len(), 3);
        for secret in &secrets {
            let hidden = secret.secret.split('_').nth(3).unwrap();
            assert!(!listed.to_string().contains(hidden));
            assert!(!one.log().contains(hidden));
        }
        let revoke = [
            "client",
            "revoke-secret",
            "--tenant",
            "contoso",
            &client.id,
            &secrets[1].secret,
        ];
        one.cli(&revoke);
        one.cli(&add);
        let gone = token_request(&one).basic_auth(&client.id, Some(&secrets[1].secret));
        form(gone, &[GRANT]).await.expect(401);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn additions_at_the_same_time_leave_three_usable_secrets() {
    on_both(async |one, _| {
        one.directory("contoso", "advisors");
        let client = client(&one, "contoso", "advisors");
        let add = ["client", "add-secret", "--tenant", "contoso", client.id.as_str()];
        let outputs: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = (0..8).map(|_| scope.spawn(|| one.try_cli(&add))).collect();
            running
                .into_iter()
                .map(|one| one.join().expect("an output"))
                .collect()
        });
        let (added, refused): (Vec<_>, Vec<_>) = outputs.iter().partition(|output| output.status.success());
        for output in refused {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(
                said.contains("has 3 usable secrets, the most there may be"),
                "{said}"
            );
        }
        assert_eq!(added.len(), 2);
        let listed = one.cli(&["client", "list", "--tenant", "contoso"]);
        assert_eq!(listed[0]["secrets"].as_array().unwrap().len(), 3);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_of_secrets_under_traffic_refuses_no_request() {
    on_both(async |one, other| {
        one.directory("contoso", "advisors");
        let first = client(&one, "contoso", "advisors");
        let stop = std::sync::atomic::AtomicBool::new(false);
        let present = std::sync::Mutex::new(access_token(&one, &first).await);
        let traffic = async {
            let mut count = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let token = present.lock().unwrap().clone();
                for gateway in [&one, &other] {
                    scim(gateway, ADVISORS, &token)
                        .get("/Users?count=1")
                        .await
                        .expect(200);
                    count += 1;
                }
            }
            count
        };
        let rotations = async {
            let mut old = first.clone();
            for _ in 0..3 {
                let add = ["client", "add-secret", "--tenant", "contoso", old.id.as_str()];
                let next = shown(&one.cli(&add));
                let token = access_token(&other, &next).await;
                let former = std::mem::replace(&mut *present.lock().unwrap(), token);
                // Whoever is on the way has arrived: then the old secret is taken back, and its tokens end.
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                one.cli(&[
                    "client",
                    "revoke-secret",
                    "--tenant",
                    "contoso",
                    &old.id,
                    &old.secret_id,
                ]);
                for gateway in [&one, &other] {
                    scim(gateway, ADVISORS, &former).get("/Users").await.expect(401);
                }
                old = next;
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        };
        let (count, ()) = tokio::join!(traffic, rotations);
        assert!(count > 10, "{count}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_revoked_is_refused_at_the_next_request_on_every_instance() {
    on_both(async |one, other| {
        one.directory("contoso", "advisors");
        let tenant = ["--tenant", "contoso"];
        let ends = [
            ("revoke", false),
            ("end-tokens", false),
            ("revoke-secret", true),
            ("revoke", false),
        ];
        for (verb, names_secret) in ends {
            let client = client(&one, "contoso", "advisors");
            let token = access_token(&one, &client).await;
            for gateway in [&one, &other, &one, &other] {
                scim(gateway, ADVISORS, &token).get("/Users").await.expect(200);
            }
            let mut words = vec!["client", verb, tenant[0], tenant[1], &client.id];
            if names_secret {
                words.push(&client.secret_id);
            }
            one.cli(&words);
            for gateway in [&other, &one] {
                scim(gateway, ADVISORS, &token).get("/Users").await.expect(401);
                let request = token_request(gateway).basic_auth(&client.id, Some(&client.secret));
                let answer = form(request, &[GRANT]).await;
                if verb == "end-tokens" {
                    let token = text(&answer.expect(200).body, "access_token");
                    scim(gateway, ADVISORS, &token).get("/Users").await.expect(200);
                } else {
                    answer.expect(401);
                }
            }
        }
        // All of a tenant's, with one command; and freezing says 503, which loses nothing.
        let client = client(&one, "contoso", "advisors");
        let token = access_token(&one, &client).await;
        one.cli(&["tenant", "freeze", "contoso"]);
        scim(&other, ADVISORS, &token).get("/Users").await.expect(503);
        one.cli(&["tenant", "unfreeze", "contoso"]);
        scim(&other, ADVISORS, &token).get("/Users").await.expect(200);
        let all = [
            "token",
            "revoke",
            "--all",
            "--tenant",
            "contoso",
            "--reason",
            "x",
            "--confirm",
            "contoso",
        ];
        let revoked = one.cli(&all);
        assert_eq!(revoked["revokedClients"], 3, "{revoked}");
        for gateway in [&other, &one] {
            scim(gateway, ADVISORS, &token).get("/Users").await.expect(401);
        }
    })
    .await;
}
