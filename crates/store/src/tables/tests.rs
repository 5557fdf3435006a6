//! Every statement is built for both databases and names what it binds, and nothing else; no service is needed for that.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use domain::audit::{Action, Chain};
use domain::id::{DirectoryId, IdentityId, RequestId, TenantId};
use domain::log::{LogAction, LogStatus};
use uuid::Uuid;

use super::audit::{AuditPlace, AuditQuery};
use super::log::{self, LogPlace, LogQuery};
use super::{
    api_key, app, audit, client, client_secret, continuity, credential_memory, deployment, directory,
    directory_oauth, epoch, fan_out, feed, feed_heads, group, idempotency, identity, job, lease, membership,
    new_feed, oauth_key, outbox, person, prune, release, renewal, session, snapshot, tenant, token,
};
use crate::engine::parameter::Bind;
use crate::engine::statement::Statement;
use crate::settings::Backend;
use crate::store;

const BOTH: [Backend; 2] = [Backend::Postgres, Backend::Sqlite];

/// A statement of any parameters.
trait Built: Sync {
    fn faults(&self) -> Vec<String>;
}

impl<P: Bind, R> Built for Statement<P, R> {
    fn faults(&self) -> Vec<String> {
        Self::faults(self)
    }
}

/// The statements of files, by the names of both.
macro_rules! statements {
    ($($file:ident: $($name:ident)*;)*) => {
        &[$($((concat!(stringify!($file), "::", stringify!($name)), &$file::$name as &dyn Built)),*),*]
    };
}

static ALL: &[(&str, &dyn Built)] = statements! {
    api_key: ALL BY_ID INSERT LIMIT NOTE_USE REVOKE;
    app: ALL BY_NAME CREDENTIALS CREDENTIAL_BY_ID DELETE DELETE_ACKS DELETE_CREDENTIALS DELETE_EVENTS DELETE_FEED DELETE_GROUPS INSERT INSERT_CREDENTIAL LIMIT_CREDENTIAL PASSWORDS REVOKE_CREDENTIAL;
    audit: BEGIN HEAD HEADS INSERT LOCK_HEAD MOVE_HEAD PAGE;
    client: ALL END_TOKENS INSERT LOCK RECORD REVOKE REVOKE_ALL;
    client_secret: ALL BY_ID INSERT NOTE_USE REVOKE;
    continuity: AFTER DELETE INSERT OF_DIRECTORY;
    deployment: ADOPT CLAIM DRAW LAST_ROW READ;
    directory: ALL BY_PROFILE CHANGE FREEZE INSERT UNFREEZE;
    directory_oauth: BY_NAME READ WRITE;
    epoch: END_TAKE_OVER NOTE_SNAPSHOT RENEW RENEW_ALL RENEW_BY_HAND;
    fan_out: FAN_OUT FEEDS WAITING;
    feed: ACK ACKS ALL BY_APP GROUPS HEAD PAGE SET_DELIVERED SET_PUBLISHED SET_STATE;
    feed_heads: NOTIFY;
    group: BY_ID BY_NAME CREATE DELETE LOCK_BY_ID LOCK_BY_NAME NAME_TAKEN SAVE;
    idempotency: ANSWER CLAIM GIVE_BACK PRUNE READ;
    identity: BY_EXTERNAL_ID BY_ID BY_NAME CREATE DELETE LOCK_BY_ID LOCK_BY_NAME NAME_TAKEN SAVE;
    job: ADD AGAIN ALL BURY CLAIM CLAIMED DONE DUE_KINDS FAIL FAILED GIVE_BACK MEND POSTPONE RETRY;
    lease: RELEASE TAKE;
    log: DELIVERIES INSERT OF_REQUEST;
    membership: ADD AMONG CLEAR GROUPS_OF KNOWN KNOWN_KEPT PAGE POSITION REMOVE;
    credential_memory: DEPLOYMENT_KEY KNOWN OPEN_USAGE READ WRITE;
    new_feed: BACKFILL BACKFILL_SOME INSERT LOCK_FEEDS SET_HEAD;
    oauth_key: ALL DELETE INSERT SIGNING;
    outbox: HEADS LAG OPEN_OUTBOX OPEN_OUTBOX_IN_ORDER STAMP UNSTAMPED;
    person: BY_EXTERNAL_ID BY_MAIL BY_USER_NAME;
    prune: PRUNE_ACKS PRUNE_FEEDS PRUNE_LOG PRUNE_OUTBOX;
    release: COUNT END LOCK_GROUPS LOCK_IDENTITIES MOVE SET TELL WALK;
    renewal: BY_ID INSERT OF_DIRECTORY SAVE UNENDED;
    session: BY_HASH END END_ALL INSERT NOTE_USE PRUNE;
    snapshot: GROUPS IDENTITIES TENANT;
    store: PING;
    tenant: ALL BY_NAME FREEZE INSERT OPEN UNFREEZE;
    token: AFTER ALL BY_ID CHECK INSERT LIMIT NOTE_NOTICE NOTE_USE RECORD REVOKE REVOKE_ALL;
};

#[test]
fn every_statement_names_what_it_binds_and_nothing_else() {
    let faults = ALL.iter().flat_map(|(name, statement)| {
        let faults = statement.faults().into_iter();
        faults.map(move |fault| format!("{name}: {fault}"))
    });
    assert_eq!(faults.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn every_statement_in_the_source_is_built_above() {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut declared = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                declared.extend(declared_in(&path));
            }
        }
    }
    let built: BTreeSet<String> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(declared, built);
}

fn declared_in(path: &PathBuf) -> Vec<String> {
    let file = path.file_stem().expect("a name").to_string_lossy();
    let text = std::fs::read_to_string(path).expect("a source file");
    let statics = text
        .split("static ")
        .skip(1)
        .filter_map(|rest| rest.split_once(':'));
    let statements = statics.filter(|(_, rest)| {
        let mut letters = rest.chars().filter(|letter| !letter.is_whitespace());
        "Statement<".chars().all(|letter| letters.next() == Some(letter))
    });
    statements.map(|(name, _)| format!("{file}::{name}")).collect()
}

#[test]
fn a_search_of_the_log_names_what_it_binds_whatever_it_asks_for() {
    let id = Uuid::nil();
    for asked in 0..2048_u16 {
        let on = |bit: u8| asked & (1 << bit) != 0;
        let query = LogQuery {
            directory: on(0).then(|| DirectoryId::from_uuid(id)),
            external_id: on(1).then(|| "x".to_owned()),
            user_name: on(2).then(|| "u".to_owned()),
            resource: on(3).then(|| IdentityId::from_uuid(id).into()),
            status: on(4).then_some(LogStatus::Failure),
            since: on(5).then(chrono::DateTime::default),
            after: on(6).then(|| LogPlace {
                at: chrono::DateTime::default(),
                number: 7,
            }),
            until: on(7).then(chrono::DateTime::default),
            action: on(8).then_some(LogAction::Create),
            request: on(9).then(|| RequestId::from_uuid(id)),
            token: on(10).then(|| "000000000000".parse().expect("an id")),
            limit: 20,
        };
        for database in BOTH {
            let search = log::search(database, TenantId::from_uuid(id), &query).expect("its own names");
            // In the order of time, a place is two values.
            let is_strong = on(1) || on(2) || on(3) || on(9);
            let is_weak = on(0) || on(4) || on(8) || on(10);
            let by_time = !is_strong && (is_weak || on(5) || on(7));
            let expected = 2 + asked.count_ones() as usize + usize::from(by_time && on(6));
            assert_eq!(search.values.len(), expected);
        }
    }
}

#[test]
fn a_search_of_the_audit_log_names_what_it_binds_whatever_it_asks_for() {
    for asked in 0..64_u8 {
        let on = |bit: u8| asked & (1 << bit) != 0;
        let query = AuditQuery {
            actor: on(0).then(|| "system".to_owned()),
            action: on(1).then_some(Action::TokenIssue),
            target: on(2).then(|| "token:x".to_owned()),
            since: on(3).then(chrono::DateTime::default),
            until: on(4).then(chrono::DateTime::default),
            after: on(5).then_some(AuditPlace { at: 7, seq: 7 }),
            limit: 20,
        };
        for database in BOTH {
            let search = audit::search(database, Chain::Platform, &query).expect("its own names");
            // In the order of time, a place is two values.
            let by_time = on(5) && (on(3) || on(4)) && !on(0) && !on(1) && !on(2);
            let expected = 2 + asked.count_ones() as usize + usize::from(by_time);
            assert_eq!(search.values.len(), expected);
        }
    }
}
