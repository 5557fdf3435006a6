//! The words of a notice: pure.

use chrono::{DateTime, Utc};
use domain::credential::TokenRecord;
use domain::environment::Environment;
use domain::portal::PortalPage;
use serde_json::{Value, json};

use super::{Other, Payload};

/// A notice about one token.
pub(super) struct Message<'a> {
    pub environment: Environment,
    pub record: &'a TokenRecord,
    pub end: DateTime<Utc>,
    pub notice: &'a Payload,
    pub now: DateTime<Utc>,
}

impl Message<'_> {
    /// The same for each repeat of a notice, so that whoever gets one twice can tell.
    pub fn id(&self) -> String {
        format!("{}.{}", self.record.token.id, self.notice.days)
    }

    /// One line.
    pub fn subject(&self) -> String {
        let (token, profile) = (&self.record.token, &self.record.directory.profile);
        format!(
            "[Usher {}] Token …{} of {}/{profile} {}",
            self.environment,
            token.last_four,
            self.record.tenant_name,
            self.when()
        )
    }

    /// `ends in 14 days`.
    fn when(&self) -> String {
        let left = self.end - self.now;
        // A part of a day counts as a day: a token that ends in 13 days and 23 hours ends in 14 days.
        let days = left.num_days() + i64::from(left.subsec_nanos() != 0 || left.num_seconds() % 86_400 != 0);
        match days {
            _ if self.end <= self.now => "has ended".to_owned(),
            1 => "ends within a day".to_owned(),
            days => format!("ends in {days} days"),
        }
    }

    /// What it is about and what to do.
    pub fn text(&self) -> String {
        let (token, tenant) = (&self.record.token, &self.record.tenant_name);
        let (profile, provider) = (&self.record.directory.profile, self.record.directory.provider);
        let label = token
            .label
            .as_ref()
            .map(|label| format!(", \"{label}\""))
            .unwrap_or_default();
        let verb = if self.end <= self.now { "ended" } else { "ends" };
        let used = match (token.last_used_at, token.last_used_from) {
            (None, _) => "It was never used.".to_owned(),
            (Some(at), None) => format!("It was last used on {}.", moment(at)),
            (Some(at), Some(from)) => format!("It was last used on {}, from {from}.", moment(at)),
        };
        let other = match self.notice.other {
            Other::Endless => "Another token of this directory is good for longer.".to_owned(),
            Other::Until(end) => format!("Another token of this directory is good until {}.", moment(end)),
            Other::None if self.end <= self.now => {
                "This directory has no other token: its requests are answered 401, and nobody is provisioned.".to_owned()
            }
            Other::None => {
                "This directory has no token that is good for longer. From then on its requests are answered 401, and nobody is \
                 provisioned."
                    .to_owned()
            }
        };
        format!(
            "The secret token …{four} (id {id}{label}) of tenant {tenant}, directory {profile}, environment {environment}, {verb} on \
             {end}.\n{used}\n{other}\n\nWhat to do:\n\
             1. usher token rotate --tenant {tenant} --profile {profile}\n\
             \x20  shows a new token; the old one goes on working until its end.\n\
             2. {at} paste it as the secret token, and test the connection.\n\
             3. usher token list --tenant {tenant}\n\
             \x20  shows when the new one was first used.\n",
            four = token.last_four,
            id = token.id,
            environment = self.environment,
            end = moment(self.end),
            at = provider.at(PortalPage::Credentials),
        )
    }

    /// For programs. `text` is what chat services show.
    pub fn json(&self) -> Value {
        let token = &self.record.token;
        json!({
            "type": "usher.token.ending.v1",
            "id": self.id(),
            "environment": self.environment,
            "tenant": self.record.tenant_name,
            "profile": self.record.directory.profile,
            "tokenId": token.id,
            "lastFour": token.last_four,
            "label": token.label,
            "days": self.notice.days,
            "expiresAt": self.end,
            "lastUsedAt": token.last_used_at,
            "replaced": self.notice.other != Other::None,
            "text": format!("{}\n\n{}", self.subject(), self.text()),
        })
    }
}

fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use chrono::TimeDelta;
    use domain::credential::{CredentialState, SecretHash, Token};
    use domain::id::{DirectoryId, TenantId};
    use domain::network::AllowedNetworks;
    use domain::tenant::{Directory, Provider, Switch};

    use super::*;
    use crate::notices::Channel;

    fn record() -> TokenRecord {
        let uuid = "019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3a".parse().expect("a UUID");
        let (tenant, directory) = (TenantId::from_uuid(uuid), DirectoryId::from_uuid(uuid));
        let created_at = DateTime::UNIX_EPOCH;
        TokenRecord {
            token: Token {
                id: "3pX9Kd2Qa7Lm".parse().expect("an id"),
                tenant,
                directory,
                label: Some("for Entra".to_owned()),
                created_at,
                expires_at: Some(DateTime::UNIX_EPOCH + TimeDelta::days(365)),
                revoked_at: None,
                last_used_at: Some(DateTime::UNIX_EPOCH + TimeDelta::days(350)),
                last_used_from: Some(IpAddr::from([192, 0, 2, 7])),
                last_four: "wxyz".to_owned(),
                allowed_networks: AllowedNetworks::default(),
            },
            hash: SecretHash {
                phc: "the hash".to_owned(),
                version: 1,
            },
            directory: Directory {
                id: directory,
                tenant,
                profile: "advisors".parse().expect("a profile"),
                provider: Provider::Entra,
                switch: Switch::On,
                extension: None,
                created_at,
                frozen_at: None,
            },
            tenant_name: "contoso".parse().expect("a name"),
            external_tenant_id: None,
            tenant_frozen_at: None,
            state: CredentialState::default(),
        }
    }

    fn message<R>(other: Other, left: TimeDelta, read: impl FnOnce(Message<'_>) -> R) -> R {
        let record = record();
        let end = record.token.expires_at.expect("an end");
        let notice = Payload {
            token: record.token.id.to_string(),
            days: 14,
            channel: Channel::Mail,
            other,
        };
        read(Message {
            environment: Environment::Test,
            record: &record,
            end,
            notice: &notice,
            now: end - left,
        })
    }

    #[test]
    fn the_subject_says_which_token_and_when() {
        for (left, when) in [
            (TimeDelta::days(14), "ends in 14 days"),
            (
                TimeDelta::days(14) - TimeDelta::milliseconds(1),
                "ends in 14 days",
            ),
            (TimeDelta::hours(25), "ends in 2 days"),
            (TimeDelta::days(1), "ends within a day"),
            (TimeDelta::hours(1), "ends within a day"),
            (TimeDelta::zero(), "has ended"),
            (TimeDelta::hours(-5), "has ended"),
        ] {
            let subject = message(Other::None, left, |one| one.subject());
            assert_eq!(
                subject,
                format!("[Usher test] Token …wxyz of contoso/advisors {when}")
            );
        }
    }

    #[test]
    fn the_text_says_what_happens_and_what_to_do() {
        let text = message(Other::None, TimeDelta::days(14), |one| one.text());
        assert_eq!(
            text,
            "The secret token …wxyz (id 3pX9Kd2Qa7Lm, \"for Entra\") of tenant contoso, directory advisors, environment test, ends on \
             1971-01-01 00:00 UTC.\n\
             It was last used on 1970-12-17 00:00 UTC, from 192.0.2.7.\n\
             This directory has no token that is good for longer. From then on its requests are answered 401, and nobody is \
             provisioned.\n\
             \n\
             What to do:\n\
             1. usher token rotate --tenant contoso --profile advisors\n\
             \x20  shows a new token; the old one goes on working until its end.\n\
             2. In Entra, open Provisioning > Admin Credentials and paste it as the secret token, and test the connection.\n\
             3. usher token list --tenant contoso\n\
             \x20  shows when the new one was first used.\n"
        );
        let end = DateTime::UNIX_EPOCH + TimeDelta::days(700);
        let text = message(Other::Until(end), TimeDelta::zero(), |one| one.text());
        assert!(text.contains("ended on 1971-01-01 00:00 UTC."), "{text}");
        assert!(
            text.contains("Another token of this directory is good until 1971-12-02 00:00 UTC."),
            "{text}"
        );
    }

    #[test]
    fn a_program_gets_what_people_read_and_no_hash() {
        let json = message(Other::Endless, TimeDelta::days(14), |one| one.json());
        assert_eq!(json["id"], "3pX9Kd2Qa7Lm.14");
        assert_eq!((&json["days"], &json["replaced"]), (&json!(14), &json!(true)));
        assert_eq!(json["expiresAt"], "1971-01-01T00:00:00Z");
        assert!(!json.to_string().contains("the hash"), "{json}");
    }
}
