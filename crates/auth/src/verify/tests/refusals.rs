//! What is refused, and for which reason.

use super::*;

#[tokio::test]
async fn what_cannot_open_anything_is_refused_without_a_hash() {
    let (bench, token) = (bench(), issued(1));
    let mut revoked = record(&token);
    revoked.token.revoked_at = Some(bench.clock.now());
    assert_eq!(
        id(bench.call(&guess(1, 9), &revoked).await),
        unauthorized(Reason::Revoked)
    );
    assert_eq!(
        id(bench.call_from(ENTRA, token.reveal(), None).await),
        unauthorized(Reason::UnknownId)
    );
    assert_eq!(bench.verifier.stats().runs, 0);
}

#[tokio::test]
async fn an_unusable_hash_is_a_refusal_and_no_guess() {
    let (bench, token) = (bench(), issued(1));
    let mut record = record(&token);
    record.hash.phc = record.hash.phc.replace("m=19456", "m=1945600");
    for _ in 0..10 {
        assert_eq!(
            id(bench.call(&token, &record).await),
            unauthorized(Reason::BadHash)
        );
    }
}

#[tokio::test]
async fn an_empty_stored_hash_matches_nothing() {
    let (bench, token) = (bench(), issued(1));
    let mut record = record(&token);
    record.hash.phc = String::new();
    assert_eq!(
        id(bench.call(&token, &record).await),
        unauthorized(Reason::BadHash)
    );
}

#[tokio::test]
async fn a_right_token_at_the_wrong_url_is_refused_like_any_other() {
    let (bench, token) = (bench(), issued(1));
    let place = async |record: &TokenRecord, tenant, profile| {
        let verified = bench.verify_from(ENTRA, token.reveal(), Some(record.clone()));
        let admitted = verified.await.unwrap().admit(TenantUrl { tenant, profile });
        admitted.map(|caller| caller.token_id)
    };
    let mut record = record(&token);
    let own = Ok(token.id());
    assert_eq!(place(&record, None, None).await, own);
    assert_eq!(place(&record, None, Some("advisors")).await, own);
    assert_eq!(place(&record, Some("contoso"), Some("advisors")).await, own);
    for (tenant, profile) in [
        (None, Some("rooms")),
        (Some("fabrikam"), Some("advisors")),
        (Some("fabrikam"), None),
    ] {
        let refusal = place(&record, tenant, profile).await.unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "right token, wrong URL: it opens \"advisors\" of tenant \"contoso\"; paste that directory's own Tenant URL"
        );
    }
    record.directory.switch = Switch::Off;
    let off = place(&record, None, None).await;
    assert_eq!(off.unwrap_err().code(), "directory_off");
    // Frozen wins over off, and a wrong URL over both.
    record.directory.frozen_at = Some(bench.clock.now());
    let frozen = place(&record, None, None).await;
    assert_eq!(frozen.unwrap_err().code(), "frozen");
    let (of_directory, of_tenant) = (None, record.directory.frozen_at.take());
    (record.directory.frozen_at, record.tenant_frozen_at) = (of_directory, of_tenant);
    let frozen = place(&record, None, None).await.unwrap_err();
    assert_eq!(
        frozen.to_string(),
        "directory \"advisors\" of tenant \"contoso\" is frozen: `usher directory unfreeze` or `usher tenant unfreeze` ends it"
    );
    let elsewhere = place(&record, Some("fabrikam"), None).await;
    assert_eq!(elsewhere.unwrap_err().code(), "wrong_directory");
}

#[tokio::test]
async fn a_token_is_refused_from_a_network_that_it_is_not_for() {
    let (bench, token) = (bench(), issued(1));
    let mut record = record(&token);
    let call =
        async |ip, record: &TokenRecord| id(bench.call_from(ip, token.reveal(), Some(record.clone())).await);
    assert_eq!(call(ENTRA, &record).await, Ok(token.id()));
    record.token.allowed_networks = "198.51.100.0/24 203.0.113.0/24".parse().unwrap();
    assert_eq!(
        call(ENTRA, &record).await,
        unauthorized(Reason::Network(ENTRA.into()))
    );
    assert_eq!(
        call([198, 51, 100, 255], &record).await,
        Ok(token.id()),
        "right before, from elsewhere"
    );
    // Before the secret: no guess is made from there.
    let runs = bench.verifier.stats().runs;
    let wrong = bench
        .call_from(ENTRA, issued(2).reveal(), Some(record.clone()))
        .await;
    assert_eq!(id(wrong), unauthorized(Reason::Network(ENTRA.into())));
    assert_eq!(bench.verifier.stats().runs, runs);
    let text = Reason::Network(ENTRA.into()).to_string();
    assert!(
        text.starts_with("this credential may not be used from 192.0.2.7: `usher token list`"),
        "{text}"
    );
    assert_eq!(Reason::Network(ENTRA.into()).code(), "network");
}
