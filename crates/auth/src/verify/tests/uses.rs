//! What is stored of a use of a credential, and how often.

use super::*;

#[tokio::test]
async fn uses_are_noted_once_a_minute_and_taken_once() {
    let (bench, token) = (bench(), issued(1));
    let mut record = record(&token);
    bench.call(&token, &record).await.unwrap();
    bench.call(&token, &record).await.unwrap();
    let first = Use {
        kind: CredentialKind::Token,
        id: token.id(),
        last: Some(LastUse {
            at: bench.clock.now(),
            from: ENTRA.into(),
        }),
        new_values: Memory {
            check: Some(hash::secret_check(token.reveal(), 1)),
            networks: vec![ENTRA.into()],
        },
    };
    assert_eq!(bench.verifier.take_uses(), [first]);
    record.token.last_used_at = Some(bench.clock.now());
    bench.call(&token, &record).await.unwrap();
    assert_eq!(bench.verifier.take_uses(), []);
    bench.clock.forward(60);
    bench.call(&token, &record).await.unwrap();
    let taken = bench.verifier.take_uses();
    assert_eq!((taken.len(), &taken[0].new_values), (1, &Memory::default()));

    // A clock that was set back an hour does not keep a use from being noted for an hour.
    record.token.last_used_at = Some(bench.clock.now());
    bench.clock.set_back(3_600);
    bench.call(&token, &record).await.unwrap();
    let last = bench.verifier.take_uses()[0].last.unwrap();
    assert_eq!(last.at, bench.clock.now());
}

#[tokio::test]
async fn a_network_is_told_when_it_is_new_and_again_after_an_hour() {
    let (bench, token) = (bench(), issued(1));
    let mut record = record(&token);
    let written = |bench: &Bench| {
        let networks = bench.verifier.take_uses().into_iter();
        networks
            .flat_map(|new| new.new_values.networks)
            .collect::<Vec<_>>()
    };
    record.token.last_used_at = Some(bench.clock.now());
    for (ip, pause, expected) in [
        (ENTRA, 0, vec![ENTRA.into()]),
        (ENTRA, 5, vec![]),
        ([192, 0, 2, 8], 5, vec![[192, 0, 2, 8].into()]),
        (ENTRA, 5, vec![]),
        (ENTRA, 3_600, vec![IpAddr::from(ENTRA)]),
    ] {
        bench.clock.forward(pause);
        let outcome = bench.call_from(ip, token.reveal(), Some(record.clone())).await;
        outcome.unwrap();
        assert_eq!(written(&bench), expected, "{ip:?} after {pause} s");
    }
}
