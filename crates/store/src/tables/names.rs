//! The names of parameters: a call binds each value under one of these.

use chrono::{DateTime, Utc};
use domain::credential::TokenId;
use domain::id::{AppId, DirectoryId, GroupId, RequestId, TenantId};
use domain::position::Position;
use scim::etag::Revision;
use sea_orm::Value;
use uuid::Uuid;

use crate::engine::parameter::{Ids, names};

names! {
    After(Uuid) = after;
    At(DateTime<Utc>) = at;
    AtPosition(Position) = position;
    AtRevision(Revision) = revision;
    /// The one that the row still has.
    RevisionBefore(Revision) = revision_before;
    Before(DateTime<Utc>) = before;
    Bytes(i64) = bytes;
    /// An OAuth client.
    ClientId(TokenId) = client;
    Consumers<'a>(&'a str) = group;
    /// Milliseconds since 1970.
    Created(i64) = created;
    CreatedAt(DateTime<Utc>) = created_at;
    Current<'a>(&'a str) = current;
    Days(i32) = days;
    /// What stands in a name's key instead of a name that another row has ([`super::keys::displaced_key`]).
    DisplacedKey(String) = shadow;
    Id(Uuid) = id;
    Identities(Ids) = identities;
    InDirectory(DirectoryId) = directory;
    InGroup(GroupId) = group;
    EnvironmentName<'a>(&'a str) = environment;
    FromNetwork(String) = network;
    Groups(Ids) = groups;
    JobKey<'a>(&'a str) = key;
    Key(Value) = key;
    /// The name of a key that signs access tokens.
    Kid<'a>(&'a str) = kid;
    Kind<'a>(&'a str) = kind;
    Limit(usize) = limit;
    Mark<'a>(&'a str) = mark;
    MemberCount(i64) = member_count;
    Members(Ids) = members;
    Millis(i64) = millis;
    Name<'a>(&'a str) = name;
    /// An epoch gets a greater number than this.
    Above(i64) = above;
    OfApp(AppId) = app;
    /// A chain of the audit log, whose rows the same setting opens as a tenant's.
    OfChain(Uuid) = tenant;
    OfRequest(RequestId) = request;
    OfTenant(TenantId) = tenant;
    /// The ids of rows of the outbox.
    OutboxRows(Vec<i64>) = events;
    /// The end of a place that a walk comes to.
    /// The new value; `None` clears the column.
    New<'a>(Option<&'a str>) = new;
    NewPlace(String) = new_place;
    Owner<'a>(&'a str) = owner;
    /// JSON.
    Payload(String) = payload;
    People(Ids) = people;
    /// Where a walk is.
    Place(String) = place;
    Profile<'a>(&'a str) = profile;
    /// The id inside a token or an app's credential.
    PublicId(TokenId) = id;
    RedisPassword<'a>(&'a str) = redis_password;
    Rows(Ids) = ids;
    /// The number of an app's release policy.
    OfRelease(i64) = release;
    /// The number of a row in its chain.
    Seq(i64) = seq;
    Skip(usize) = skip;
    StateName(&'static str) = state;
    Why<'a>(Option<&'a str>) = why;
}

/// The rows of a directory.
pub(crate) type DirectoryKey = (OfTenant, InDirectory);
