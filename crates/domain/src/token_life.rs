//! What is to be told about a token before it ends, and what is odd about one that does not (ADR 0048). Pure.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::credential::{CredentialStatus, Token};

/// The days before a token's end on which people are told, the last one first. 0 is the end itself.
pub const NOTICE_DAYS: [i32; 6] = [0, 1, 3, 7, 14, 30];
/// A token that has never been used for so long is a finding: nobody pasted it, or it went somewhere else.
pub const NEVER_USED_AFTER: TimeDelta = TimeDelta::days(7);
/// A token that was used, and not for so long, is a finding.
pub const UNUSED_AFTER: TimeDelta = TimeDelta::days(60);
/// A token that ends within this time is a finding.
pub const ENDS_SOON: TimeDelta = TimeDelta::days(30);
/// People are told nothing of a token that lives for less than this: whoever makes such tokens renews them by a program.
const TOLD_OF: TimeDelta = TimeDelta::days(1);
/// How long after a token's end people are still told of it: the gateway may have been down on the day.
const TOLD_AFTER_END: TimeDelta = TimeDelta::days(7);

/// A step of a token towards its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoticeStep {
    /// One of [`NOTICE_DAYS`].
    pub days: i32,
    /// Whether people are told of it. Not of a step that lies before the token was made (a token for 10 days has no notice 30
    /// days before its end), nor of an end that is long past.
    pub is_told: bool,
}

/// The step that a token has reached and that was not noted yet; `noted` is the last one that was. Steps that were missed, while the
/// gateway was down, are left out.
pub fn notice_step(token: &Token, noted: Option<i32>, now: DateTime<Utc>) -> Option<NoticeStep> {
    let end = token.expires_at.filter(|_| token.revoked_at.is_none())?;
    let reached = |days: &i32| now >= end - TimeDelta::days(i64::from(*days));
    let days = NOTICE_DAYS.into_iter().find(reached)?;
    let is_new = noted.is_none_or(|noted| days < noted);
    let is_told = end - token.created_at >= TOLD_OF
        && end - TimeDelta::days(i64::from(days)) >= token.created_at
        && now < end + TOLD_AFTER_END;
    is_new.then_some(NoticeStep { days, is_told })
}

/// What an operator should look at about an active token.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::IntoStaticStr, strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Finding {
    /// Not used since it was issued, for [`NEVER_USED_AFTER`].
    NeverUsed,
    /// Last used before [`UNUSED_AFTER`].
    Unused,
    /// Ends within [`ENDS_SOON`].
    EndingSoon,
}

impl Finding {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word on the command line and in metrics.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The findings about a token; none about one that is not active.
pub fn findings(token: &Token, now: DateTime<Utc>) -> Vec<Finding> {
    if token.status(now) != CredentialStatus::Active {
        return Vec::new();
    }
    let use_of = match token.last_used_at {
        None => (now - token.created_at >= NEVER_USED_AFTER).then_some(Finding::NeverUsed),
        Some(last) => (now - last >= UNUSED_AFTER).then_some(Finding::Unused),
    };
    let end = token.expires_at.is_some_and(|end| end - now <= ENDS_SOON);
    use_of
        .into_iter()
        .chain(end.then_some(Finding::EndingSoon))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{DirectoryId, TenantId};
    use crate::network::AllowedNetworks;

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(day)
    }

    /// Made on the day 1000.
    fn token(life: Option<i64>) -> Token {
        let uuid = "019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3a".parse().expect("a UUID");
        Token {
            id: "000000000000".parse().expect("an id"),
            tenant: TenantId::from_uuid(uuid),
            directory: DirectoryId::from_uuid(uuid),
            label: None,
            created_at: day(1000),
            expires_at: life.map(|life| day(1000 + life)),
            revoked_at: None,
            last_used_at: None,
            last_used_from: None,
            last_four: "abcd".to_owned(),
            allowed_networks: AllowedNetworks::default(),
        }
    }

    /// The steps that are told over a token's life, looked at each `every` days, and how long before the end.
    fn told(token: &Token, every: i64) -> Vec<(i32, i64)> {
        let (mut noted, mut told) = (None, Vec::new());
        for at in (0..800).step_by(usize::try_from(every).expect("a number")) {
            let now = day(1000 + at);
            if let Some(step) = notice_step(token, noted, now) {
                noted = Some(step.days);
                if step.is_told {
                    let left = token.expires_at.expect("an end") - now;
                    told.push((step.days, left.num_days()));
                }
            }
        }
        told
    }

    #[test]
    fn each_step_is_told_once_on_its_day() {
        let expected = [(30, 30), (14, 14), (7, 7), (3, 3), (1, 1), (0, 0)];
        assert_eq!(told(&token(Some(365)), 1), expected);
    }

    #[test]
    fn missed_steps_are_left_out_and_the_present_one_is_told() {
        // Looked at on days 320, 340, 360 and 380 of 365.
        assert_eq!(told(&token(Some(365)), 20), [(30, 25), (7, 5)]);
        assert_eq!(told(&token(Some(365)), 366), [(0, -1)]);
    }

    #[test]
    fn a_step_before_the_token_was_made_is_not_told() {
        assert_eq!(told(&token(Some(10)), 1), [(7, 7), (3, 3), (1, 1), (0, 0)]);
        assert_eq!(told(&token(Some(1)), 1), [(1, 1), (0, 0)]);
    }

    #[test]
    fn nothing_is_told_of_a_token_of_some_hours() {
        let mut short = token(Some(1));
        short.expires_at = Some(short.created_at + TimeDelta::hours(10));
        let step = notice_step(&short, None, short.created_at + TimeDelta::hours(11));
        assert_eq!(step.map(|step| (step.days, step.is_told)), Some((0, false)));
    }

    #[test]
    fn an_old_token_that_a_rotation_lets_end_is_told_from_there_on() {
        let mut old = token(Some(365));
        old.expires_at = Some(day(1107));
        let step = |noted, at| notice_step(&old, noted, day(at)).map(|step| (step.days, step.is_told));
        assert_eq!(step(None, 1100), Some((7, true)));
        assert_eq!(step(Some(7), 1100), None);
        assert_eq!(step(Some(7), 1104), Some((3, true)));
    }

    #[test]
    fn an_end_long_past_and_a_token_without_one_are_told_of_no_more() {
        let at = |token: &Token, at| notice_step(token, None, day(at));
        let step = NoticeStep {
            days: 0,
            is_told: false,
        };
        assert_eq!(at(&token(Some(10)), 1017), Some(step));
        assert_eq!(at(&token(None), 9000), None);
        let mut revoked = token(Some(10));
        revoked.revoked_at = Some(day(1005));
        assert_eq!(at(&revoked, 1009), None);
    }

    #[test]
    fn findings_are_about_active_tokens_that_nobody_uses_or_that_end_soon() {
        let found = |token: &Token, at: i64| {
            findings(token, day(1000 + at))
                .into_iter()
                .map(Finding::as_str)
                .collect::<Vec<_>>()
        };
        let fresh = token(Some(365));
        assert_eq!(found(&fresh, 6), [] as [&str; 0]);
        assert_eq!(found(&fresh, 7), ["never_used"]);
        assert_eq!(found(&fresh, 335), ["never_used", "ending_soon"]);
        assert_eq!(found(&fresh, 365), [] as [&str; 0], "it has ended");
        let mut used = token(None);
        used.last_used_at = Some(day(1010));
        assert_eq!(found(&used, 69), [] as [&str; 0]);
        assert_eq!(found(&used, 70), ["unused"]);
        used.revoked_at = Some(day(1020));
        assert_eq!(found(&used, 70), [] as [&str; 0]);
    }
}
