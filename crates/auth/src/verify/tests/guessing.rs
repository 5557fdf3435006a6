//! Guesses: their cost, and that they never cause the right secret to be refused.

use super::*;
use proptest::prelude::*;

const ELSEWHERE: [u8; 4] = [198, 51, 100, 1];

/// A token of the time before fast checks, never used since: the database remembers nothing of it.
fn old_token() -> (Bench, Issued, TokenRecord) {
    let (bench, token) = (bench(), issued(1));
    let record = record(&token);
    (bench, token, record)
}

/// A token as it is issued today.
fn new_token() -> (Bench, Issued, TokenRecord) {
    let (bench, token, record) = old_token();
    bench.remember_issued(&token);
    (bench, token, record)
}

#[tokio::test]
async fn guesses_at_a_token_are_told_without_argon2() {
    let (mut bench, token, record) = new_token();
    for round in 0..2 {
        for number in 10..60 {
            let guess = bench.call(&guess(1, number), &record).await;
            assert_eq!(id(guess), unauthorized(Reason::WrongSecret));
        }
        let stats = bench.verifier.stats();
        assert_eq!((stats.runs, stats.refusals["wrong_secret"]), (0, 50), "{round}");
        assert_eq!(
            id(bench.call(&token, &record).await),
            Ok(token.id()),
            "the right secret, from the same network and in the same second"
        );
        bench.restart();
    }
}

#[tokio::test]
async fn a_token_older_than_the_fast_check_has_one_after_its_first_use() {
    let (bench, token, record) = old_token();
    let wrong = bench.call(&guess(1, 9), &record).await;
    assert_eq!(id(wrong), unauthorized(Reason::WrongSecret));
    bench.call(&token, &record).await.unwrap();
    bench.write_down();
    for number in 10..60 {
        let wrong = bench.call(&guess(1, number), &record).await;
        assert_eq!(id(wrong), unauthorized(Reason::WrongSecret));
    }
    assert_eq!(bench.verifier.stats().runs, 2);
}

#[tokio::test]
async fn a_check_of_another_hash_version_says_nothing() {
    let (bench, token, mut record) = new_token();
    record.hash.version = 2;
    assert_eq!(
        id(bench.call(&token, &record).await),
        Ok(token.id()),
        "by argon2 alone"
    );
    let new_values = &bench.verifier.take_uses()[0].new_values;
    assert_eq!(new_values.check, Some(hash::secret_check(token.reveal(), 2)));
}

#[tokio::test]
async fn a_wrong_secret_is_hashed_once_and_a_new_hash_version_asks_again() {
    let (bench, token, mut record) = old_token();
    for _ in 0..10 {
        let wrong = bench.call(&guess(1, 9), &record).await;
        assert_eq!(id(wrong), unauthorized(Reason::WrongSecret));
    }
    assert_eq!(bench.verifier.stats().runs, 1);
    record.hash = SecretHash {
        phc: hash::hash(&guess(1, 9)).unwrap(),
        version: 2,
    };
    let now_right = bench.call(&guess(1, 9), &record).await;
    assert_eq!(id(now_right), Ok(token.id()));
}

#[tokio::test]
async fn guessing_never_refuses_the_right_secret_of_an_old_token() {
    for ip in [ELSEWHERE, ENTRA] {
        let (bench, token, record) = old_token();
        for number in 10..40 {
            let wrong = bench.call(&guess(1, number), &record).await;
            assert_eq!(id(wrong), unauthorized(Reason::WrongSecret));
        }
        let right = bench.call_from(ip, token.reveal(), Some(record.clone())).await;
        assert_eq!(id(right), Ok(token.id()), "{ip:?}");
    }
}

#[tokio::test]
async fn an_id_of_one_kind_says_nothing_of_the_other_kind() {
    let (bench, token, record) = old_token();
    let nothing = async || Memory::default();
    let app = issue(CredentialKind::App, Environment::Test, &[1; RANDOM]);
    assert_eq!(app.id(), token.id());
    for _ in 0..30 {
        let line = format!("Bearer {}", app.reveal());
        let presented = bench
            .verifier
            .precheck(CredentialKind::App, [line.as_bytes()], ENTRA.into());
        let presented = presented.await.unwrap();
        let judged =
            bench
                .verifier
                .verify(presented, None::<AppCredentialRecord>, bench.clock.now(), nothing);
        let judged = judged.await.map(|_| ());
        assert_eq!(judged, unauthorized(Reason::UnknownId));
        assert_eq!(id(bench.call(&token, &record).await), Ok(token.id()));
    }
}

#[tokio::test]
async fn made_up_ids_are_told_as_such_however_many_and_nobody_else_is_held_up() {
    let bench = bench();
    for round in 0..4 {
        for seed in 0..=250 {
            let outcome = bench.call_from(ENTRA, issued(seed).reveal(), None).await;
            assert_eq!(id(outcome), unauthorized(Reason::UnknownId), "{round}");
        }
    }
    let newcomer = issued(255);
    let record = record(&newcomer);
    assert_eq!(
        id(bench.call(&newcomer, &record).await),
        Ok(newcomer.id()),
        "from the same network"
    );
    let unknown = bench.call_from(ENTRA, newcomer.reveal(), None).await;
    assert_eq!(id(unknown), unauthorized(Reason::UnknownId));
    assert_eq!(id(bench.call(&newcomer, &record).await), Ok(newcomer.id()));
}

#[tokio::test]
async fn reading_records_for_strangers_is_bounded_and_the_known_wait_for_nobody() {
    let bench = bench_with(Limits {
        lookups: 1,
        lookup_queue: 0,
        ..Limits::default()
    });
    let token = issued(1);
    bench.call(&token, &record(&token)).await.unwrap();
    let reading = bench.present_from(ENTRA, issued(2).reveal()).await.unwrap();
    let stranger = bench.present_from(ELSEWHERE, issued(3).reveal()).await;
    assert_eq!(stranger.err(), Some(Refusal::Busy));
    bench.call(&token, &record(&token)).await.unwrap();
    drop(reading);
    bench.present_from(ELSEWHERE, issued(3).reveal()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_full_queue_is_busy_and_gives_way_to_who_passed_the_fast_check() {
    let bench = Arc::new(bench_with(Limits {
        argon2_threads: 1,
        argon2_queue: 2,
        ..Limits::default()
    }));
    let (old, new) = (issued(0), issued(1));
    bench.remember_issued(&new);
    // Hashed before the flood: made between two guesses, a record would take as long as a guess is checked, and none
    // would wait.
    let (old_record, new_record) = (Arc::new(record(&old)), record(&new));
    let guesses: Vec<_> = (100..140)
        .map(|number| {
            let (bench, record) = (Arc::clone(&bench), Arc::clone(&old_record));
            tokio::spawn(async move { id(bench.call(&guess(0, number), &record).await) })
        })
        .collect();
    let right = id(bench.call(&new, &new_record).await);
    assert_eq!(right, Ok(new.id()), "in the middle of the flood");
    let mut busy = 0;
    for guess in guesses {
        match guess.await.unwrap().unwrap_err() {
            Refusal::Busy => busy += 1,
            Refusal::Unauthorized(Reason::WrongSecret) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(busy > 0, "the queue has an end");
    assert_eq!(bench.verifier.stats().waiting, 0);
}

#[tokio::test]
async fn a_network_a_credential_was_used_from_is_known_after_a_restart() {
    let (mut bench, token, record) = old_token();
    bench.call(&token, &record).await.unwrap();
    bench.restart();
    let memory = bench.memory(CredentialKind::Token, token.id());
    assert_eq!(memory.networks, [IpAddr::from(ENTRA)]);
    assert_eq!(memory.check, Some(hash::secret_check(token.reveal(), 1)));
}

#[tokio::test]
async fn a_limit_lasts_as_long_as_it_says_however_the_machines_clock_is_set() {
    for set_back in [0, 3_600, -3_600] {
        let (bench, token, record) = old_token();
        let presented = bench.present_from(ENTRA, token.reveal()).await.unwrap();
        let suspected = || {
            let (inner, guess) = (&bench.verifier.inner, presented.attempt.guess());
            inner.guesses.check(&guess, inner.clock.monotonic()).err()
        };
        for number in 10..15 {
            assert_eq!(suspected(), None);
            bench.call(&guess(1, number), &record).await.unwrap_err();
        }
        bench.clock.set_back(set_back);
        assert_eq!(suspected(), Some(Duration::from_secs(12)), "{set_back}");
        bench.clock.forward(12);
        assert_eq!(suspected(), None, "{set_back}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever strangers send from wherever, whatever happens to the clock and the process: the right secret opens.
    #[test]
    fn the_right_secret_always_opens(
        remembered in any::<bool>(),
        steps in prop::collection::vec((0_u8..8, 0_u8..3, 10_u8..60), 1..25),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (mut bench, token, record) = if remembered { new_token() } else { old_token() };
            for (action, network, number) in steps {
                let ip = [192, 0, 2, network];
                match action {
                    0..=3 => {
                        let wrong = bench.call_from(ip, guess(1, number).reveal(), Some(record.clone())).await;
                        assert_eq!(id(wrong), unauthorized(Reason::WrongSecret));
                    }
                    4 => {
                        let unknown = bench.call_from(ip, issued(number).reveal(), None).await;
                        assert_eq!(id(unknown), unauthorized(Reason::UnknownId));
                    }
                    5 => bench.clock.set_back(i64::from(number) * 600 - 18_000),
                    6 => bench.clock.forward(u64::from(number)),
                    _ => bench.restart(),
                }
            }
            // Not before: its first use would spare it everything after.
            let right = bench.call_from([192, 0, 2, 0], token.reveal(), Some(record.clone())).await;
            assert_eq!(id(right), Ok(token.id()));
        });
    }
}
