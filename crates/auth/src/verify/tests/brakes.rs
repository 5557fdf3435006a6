//! The brakes on those who guess: what is not hashed, and who is not held up.

use super::*;

#[tokio::test]
async fn an_unknown_id_is_read_once_in_a_while() {
    let (bench, token) = (bench(), issued(1));
    let presented = bench.present_from(ENTRA, token.reveal()).unwrap();
    let judged = bench.verifier.verify(&presented, None, bench.clock.now()).await;
    assert_eq!(id(judged), unauthorized(Reason::UnknownId));
    let again = bench
        .present_from(ENTRA, token.reveal())
        .map(|presented| presented.id().to_owned());
    assert_eq!(again, unauthorized(Reason::UnknownId), "without a read");
}

#[tokio::test]
async fn a_wrong_secret_is_hashed_once_and_a_new_hash_version_asks_again() {
    let (bench, token) = (bench(), issued(1));
    let mut record = record(&token);
    for _ in 0..10 {
        assert_eq!(
            id(bench.call(&guess(1, 9), &record).await),
            unauthorized(Reason::WrongSecret)
        );
    }
    assert_eq!(bench.verifier.stats().runs, 1);
    record.hash = SecretHash {
        phc: hash::hash(&guess(1, 9)).unwrap(),
        version: 2,
    };
    assert_eq!(
        id(bench.call(&guess(1, 9), &record).await),
        Ok(token.id().to_owned())
    );
}

#[tokio::test]
async fn after_five_wrong_secrets_a_minute_further_ones_are_not_hashed() {
    let (bench, token) = (bench(), issued(1));
    let record = record(&token);
    for number in 10..15 {
        assert_eq!(
            id(bench.call(&guess(1, number), &record).await),
            unauthorized(Reason::WrongSecret)
        );
    }
    for number in 15..30 {
        assert_eq!(
            id(bench.call(&guess(1, number), &record).await),
            unauthorized(Reason::Suspected)
        );
    }
    let stats = bench.verifier.stats();
    assert_eq!(
        (
            stats.runs,
            stats.refusals["wrong_secret"],
            stats.refusals["suspected"]
        ),
        (5, 5, 15)
    );
    bench.clock.forward(61);
    assert_eq!(id(bench.call(&token, &record).await), Ok(token.id().to_owned()));
}

#[tokio::test]
async fn guessing_at_an_id_does_not_lock_out_its_owner() {
    let (bench, token) = (bench(), issued(1));
    let mut record = record(&token);
    bench.call(&token, &record).await.unwrap();
    for number in 10..30 {
        bench.call(&guess(1, number), &record).await.unwrap_err();
    }
    assert_eq!(
        id(bench.call(&token, &record).await),
        Ok(token.id().to_owned()),
        "from the verdict cache"
    );
    // The verdict is gone (another hash version stands for its end), the guessing goes on: still let in, by a hash.
    record.hash.version = 2;
    assert_eq!(
        id(bench.call(&token, &record).await),
        Ok(token.id().to_owned()),
        "hashed in spite of the brake"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn parallel_guesses_cannot_overdraw_and_a_full_queue_is_busy() {
    let bench = Arc::new(bench_with(Limits {
        argon2_threads: 1,
        argon2_queue: 2,
        ..Limits::default()
    }));
    let tokens: Vec<Issued> = (0..20).map(issued).collect();
    let one = record(&tokens[0]);
    let guesses: Vec<_> = (100..140)
        .map(|number| {
            let (bench, record) = (Arc::clone(&bench), one.clone());
            tokio::spawn(async move { id(bench.call(&guess(0, number), &record).await) })
        })
        .collect();
    for guess in guesses {
        let refusal = guess.await.unwrap().unwrap_err();
        assert!(
            [
                Refusal::Busy,
                Refusal::Unauthorized(Reason::WrongSecret),
                Refusal::Unauthorized(Reason::Suspected)
            ]
            .contains(&refusal),
            "{refusal:?}"
        );
    }
    assert!(bench.verifier.stats().runs <= 5, "{:?}", bench.verifier.stats());

    // Twenty genuine tokens at once on a pool of one with two places: some are told to come back, none is a 401.
    let records: Vec<_> = tokens.iter().map(record).collect();
    let calls: Vec<_> = tokens[1..]
        .iter()
        .zip(&records[1..])
        .map(|(token, record)| {
            let (bench, token, record) = (Arc::clone(&bench), token.clone(), record.clone());
            tokio::spawn(async move { id(bench.call(&token, &record).await) })
        })
        .collect();
    let mut busy = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => {}
            Err(Refusal::Busy) => busy += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(busy > 0, "the queue has an end");
    assert_eq!(bench.verifier.stats().waiting, 0);
}

#[tokio::test]
async fn an_address_that_makes_up_ids_is_braked_and_good_tokens_behind_it_are_not() {
    let limits = Limits {
        failures_per_address: Allowance {
            burst: 10,
            every: Duration::from_secs(1),
        },
        ..Limits::default()
    };
    let (bench, good) = (bench_with(limits), issued(250));
    let record = record(&good);
    bench.call(&good, &record).await.unwrap();
    for seed in 0..10 {
        let outcome = bench.call_from(ENTRA, issued(seed).reveal(), None).await;
        assert_eq!(id(outcome), unauthorized(Reason::UnknownId));
    }
    let throttled = Refusal::Throttled {
        retry_after: Duration::from_secs(1),
    };
    assert_eq!(
        id(bench.call_from(ENTRA, issued(99).reveal(), None).await),
        Err(throttled)
    );
    assert_eq!(id(bench.call(&good, &record).await), Ok(good.id().to_owned()));
    let elsewhere = bench
        .call_from([198, 51, 100, 1], issued(98).reveal(), None)
        .await;
    assert_eq!(id(elsewhere), unauthorized(Reason::UnknownId));
    bench.clock.forward(1);
    let later = bench.call_from(ENTRA, issued(97).reveal(), None).await;
    assert_eq!(id(later), unauthorized(Reason::UnknownId));
}

#[tokio::test]
async fn one_wrong_token_repeated_by_a_customer_brakes_nobody_behind_the_same_address() {
    let bench = bench();
    let misconfigured = issued(1);
    for _ in 0..1_000 {
        let outcome = bench.call_from(ENTRA, misconfigured.reveal(), None).await;
        assert_eq!(id(outcome), unauthorized(Reason::UnknownId));
    }
    let neighbour = issued(2);
    let record = record(&neighbour);
    assert_eq!(
        id(bench.call(&neighbour, &record).await),
        Ok(neighbour.id().to_owned())
    );
}
