//! The steps of a renewal: what ends when, over crashes, late uses and revocations.

use super::*;
use crate::network::AllowedNetworks;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minute)
}

fn uuid() -> Uuid {
    "019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3a".parse().expect("a UUID")
}

fn id(text: &str) -> TokenId {
    text.parse().expect("an id")
}

const OLD: &str = "000000000old";
const NEW: &str = "000000000new";

fn token(text: &str, used: Option<i64>) -> Token {
    Token {
        id: id(text),
        tenant: TenantId::from_uuid(uuid()),
        directory: DirectoryId::from_uuid(uuid()),
        label: None,
        created_at: at(-1_000),
        expires_at: Some(at(1_000_000)),
        revoked_at: None,
        last_used_at: used.map(at),
        last_used_from: None,
        last_four: "abcd".to_owned(),
        allowed_networks: AllowedNetworks::default(),
    }
}

fn renewal() -> Renewal {
    let place = (TenantId::from_uuid(uuid()), DirectoryId::from_uuid(uuid()));
    Renewal::new(RenewalId::from_uuid(uuid()), place, vec![id(OLD)], at(0))
}

const WAITS: Waits = Waits {
    quiet: TimeDelta::minutes(60),
    limit: TimeDelta::hours(72),
};

#[test]
fn the_id_of_a_job_is_no_path() {
    for good in ["scim", "scim.86b1f3a47d1a.0f6f", "a_b-c", &"x".repeat(200)] {
        assert_eq!(
            good.parse::<SyncJob>().map(|job| job.to_string()),
            Ok(good.to_owned())
        );
    }
    for bad in ["", ".", "..", "a/b", "a?b", "a%2fb", "-a", "ä", &"x".repeat(201)] {
        assert_eq!(bad.parse::<SyncJob>(), Err(SyncJobError), "{bad}");
    }
}

#[test]
fn the_token_in_use_is_due_when_it_ends_soon_and_no_other_one_is() {
    let continuity = Continuity {
        tenant: TenantId::from_uuid(uuid()),
        directory: DirectoryId::from_uuid(uuid()),
        entra_tenant: uuid(),
        service_principal: uuid(),
        job: "scim".parse().expect("an id"),
        base_address: String::new(),
        kept: BTreeMap::new(),
        before: TimeDelta::minutes(30),
        life: TimeDelta::days(365),
        set_at: at(0),
    };
    let ends = |text: &str, used: Option<i64>, end: Option<i64>| Token {
        expires_at: end.map(at),
        ..token(text, used)
    };
    let due = |tokens: &[Token]| due(&continuity, tokens, at(100)).map(|token| token.id);
    assert_eq!(due(&[]), None);
    assert_eq!(due(&[ends(OLD, Some(90), Some(131))]), None, "too early");
    assert_eq!(due(&[ends(OLD, Some(90), Some(130))]), Some(id(OLD)));
    assert_eq!(due(&[ends(OLD, None, Some(130))]), None, "nobody uses it");
    assert_eq!(due(&[ends(OLD, Some(90), Some(99))]), None, "it has ended");
    assert_eq!(due(&[ends(OLD, Some(90), None)]), None, "it has no end");
    let both = [ends(OLD, Some(80), Some(110)), ends(NEW, Some(90), Some(900))];
    assert_eq!(due(&both), None, "another one is in use");
    let both = [ends(OLD, Some(90), Some(110)), ends(NEW, None, Some(900))];
    assert_eq!(due(&both), Some(id(OLD)), "the other one is not");
}

#[test]
fn a_token_that_entra_cannot_have_is_revoked_and_one_that_it_may_have_ends_with_the_old_one() {
    let issued = renewal().issued(id(NEW), at(1));
    for before_the_write in [
        issued.clone(),
        issued.validated(at(2)),
        issued.writing(at(3)).not_written(),
    ] {
        let (again, revoke) = before_the_write.without_new_token();
        assert_eq!((again.step, again.new_token), (Step::Planned, None));
        assert_eq!((revoke, again.retiring), (Some(id(NEW)), vec![id(OLD)]));
    }
    let (again, revoke) = issued.validated(at(2)).writing(at(3)).without_new_token();
    assert_eq!(
        (again.step, again.new_token, again.write_began_at),
        (Step::Planned, None, None)
    );
    assert_eq!((revoke, again.retiring), (None, vec![id(OLD), id(NEW)]));
    assert_eq!(renewal().without_new_token(), (renewal(), None));
}

#[test]
fn the_old_token_ends_only_when_the_new_one_is_used_and_the_old_one_is_not() {
    let written = renewal()
        .issued(id(NEW), at(1))
        .validated(at(2))
        .writing(at(3))
        .written(at(4));
    let next_of = |renewal: &Renewal, tokens: &[Token], now| next(renewal, tokens, WAITS, at(now));
    let tokens = |old: Option<i64>, new: Option<i64>| [token(OLD, old), token(NEW, new)];
    // Entra's own try is before the write.
    assert_eq!(next_of(&written, &tokens(Some(5), Some(2)), 10), Next::Wait);
    assert_eq!(next_of(&written, &tokens(Some(5), None), 10), Next::Wait);
    assert_eq!(next_of(&written, &tokens(Some(5), Some(6)), 10), Next::Used);
    let used = written.used(at(10));
    assert_eq!(
        next_of(&used, &tokens(Some(5), Some(6)), 69),
        Next::Wait,
        "a cycle may go on"
    );
    assert_eq!(
        next_of(&used, &tokens(Some(5), Some(6)), 70),
        Next::Retire(vec![id(OLD)])
    );
    assert_eq!(
        next_of(&used, &tokens(Some(30), Some(80)), 89),
        Next::Wait,
        "the old one was used again"
    );
    assert_eq!(
        next_of(&used, &tokens(Some(30), Some(80)), 90),
        Next::Retire(vec![id(OLD)])
    );
    // The old one has ended by itself meanwhile.
    let revoked = Token {
        revoked_at: Some(at(20)),
        ..token(OLD, Some(5))
    };
    assert_eq!(
        next_of(&used, &[revoked, token(NEW, Some(6))], 70),
        Next::Retire(vec![])
    );
}

#[test]
fn people_are_told_once_when_the_expected_use_does_not_come_and_nothing_ends() {
    let written = renewal().issued(id(NEW), at(1)).writing(at(3)).written(at(4));
    let (late, tokens) = (4 + 72 * 60, [token(OLD, Some(4_000)), token(NEW, Some(2))]);
    let next_of = |renewal: &Renewal, now| next(renewal, &tokens, WAITS, at(now));
    assert_eq!(next_of(&written, late - 1), Next::Wait);
    assert_eq!(next_of(&written, late), Next::Tell(NEVER_USED));
    let told = written.told(at(late), NEVER_USED);
    assert_eq!(next_of(&told, late + 1), Next::Wait);
    let in_use = [token(OLD, Some(4_000)), token(NEW, Some(late + 2))];
    assert_eq!(
        next(&told, &in_use, WAITS, at(late + 3)),
        Next::Used,
        "it goes on when it comes after all"
    );

    let used = written.used(at(10));
    let both = [token(OLD, Some(10 + 72 * 60)), token(NEW, Some(6))];
    assert_eq!(
        next(&used, &both, WAITS, at(10 + 72 * 60)),
        Next::Tell(STILL_USED)
    );
}

#[test]
fn the_old_token_stays_when_the_new_one_was_revoked() {
    let written = renewal().issued(id(NEW), at(1)).writing(at(3)).written(at(4));
    let revoked = Token {
        revoked_at: Some(at(20)),
        ..token(NEW, Some(15))
    };
    for renewal in [written.clone(), written.used(at(10))] {
        let tokens = [token(OLD, Some(5)), revoked.clone()];
        assert_eq!(next(&renewal, &tokens, WAITS, at(1_000)), Next::Stop(NEW_ENDED));
    }
    for ended in [written.retired(at(30)), written.stopped(at(30), "x"), renewal()] {
        assert_eq!(next(&ended, &[token(OLD, None)], WAITS, at(9_000)), Next::Wait);
    }
}
