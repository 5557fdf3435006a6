-- The first schema, for SQLite 3.42 and later. The same tables as 0001_foundation.postgres.sql, which says why.
--
-- What differs: identifiers are 16-byte blobs (look with hex(id)); there is no row-level security, so the WHERE and the
-- composite keys are the locks; AUTOINCREMENT keeps the ids of outbox and provisioning_log from being used twice after
-- pruning. journal_mode, synchronous and foreign_keys are set per connection by store::connect::sqlite.

CREATE TABLE tenant (
    id blob NOT NULL PRIMARY KEY,
    name text NOT NULL UNIQUE,
    external_tenant_id text,
    created_at integer NOT NULL
);

CREATE TABLE directory (
    tenant_id blob NOT NULL REFERENCES tenant (id),
    id blob NOT NULL,
    profile text NOT NULL,
    provider text NOT NULL,
    switch text NOT NULL,
    created_at integer NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, profile)
);

-- hash is an argon2id PHC string; hash_version steps when the secret behind the same id is replaced.
CREATE TABLE token (
    tenant_id blob NOT NULL,
    id text NOT NULL UNIQUE,
    directory_id blob NOT NULL,
    label text,
    last_four text NOT NULL,
    hash text NOT NULL,
    hash_version integer NOT NULL,
    created_at integer NOT NULL,
    expires_at integer,
    revoked_at integer,
    last_used_at integer,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id)
);

-- The columns after document are its match keys (store::table::keys): what a filter can be answered by.
CREATE TABLE identity (
    tenant_id blob NOT NULL,
    id blob NOT NULL,
    directory_id blob NOT NULL,
    revision integer NOT NULL,
    document text NOT NULL,
    user_name_key text NOT NULL,
    external_id text,
    work_email text,
    display_name text,
    created_at integer NOT NULL,
    modified_at integer NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (directory_id, user_name_key, tenant_id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id)
);
CREATE INDEX identity_external_id ON identity (directory_id, external_id);
CREATE INDEX identity_work_email ON identity (directory_id, work_email);
CREATE INDEX identity_display_name ON identity (directory_id, display_name);
CREATE INDEX identity_order ON identity (directory_id, created_at, id);

-- One writer: ids are in commit order here. On PostgreSQL they are not, so nobody may read "id > the last one I saw"
-- (docs/reference/events.md). Readers go by feed_event.pos on both.
CREATE TABLE outbox (
    tenant_id blob NOT NULL,
    id integer PRIMARY KEY AUTOINCREMENT,
    directory_id blob NOT NULL,
    identity_id blob NOT NULL,
    sequence integer NOT NULL,
    event_id blob NOT NULL,
    event_type text NOT NULL,
    source text NOT NULL,
    body text NOT NULL,
    created_at integer NOT NULL,
    stamped integer NOT NULL DEFAULT 0
);
CREATE INDEX outbox_unstamped ON outbox (id) WHERE NOT stamped;

CREATE TABLE app (
    id blob NOT NULL PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created_at integer NOT NULL
);

CREATE TABLE app_credential (
    id text NOT NULL PRIMARY KEY,
    app_id blob NOT NULL REFERENCES app (id),
    hash text NOT NULL,
    hash_version integer NOT NULL,
    created_at integer NOT NULL,
    expires_at integer,
    revoked_at integer
);

-- head: the last position given out. published: the last position known to be in the app's queue (for metrics and
-- pruning; correctness never reads it).
CREATE TABLE feed (
    app_id blob NOT NULL PRIMARY KEY REFERENCES app (id),
    head integer NOT NULL,
    published integer NOT NULL,
    created_at integer NOT NULL
);

-- Positions and ids only; the event itself is behind the outbox's policies.
CREATE TABLE feed_event (
    app_id blob NOT NULL REFERENCES feed (app_id),
    pos integer NOT NULL,
    tenant_id blob NOT NULL,
    outbox_id integer NOT NULL,
    PRIMARY KEY (app_id, pos)
);
CREATE INDEX feed_event_outbox ON feed_event (outbox_id);

-- How far each consumer group has come, and when it came by each acknowledged position.
CREATE TABLE feed_group (
    app_id blob NOT NULL REFERENCES feed (app_id),
    grp text NOT NULL,
    pos integer NOT NULL,
    at integer NOT NULL,
    PRIMARY KEY (app_id, grp)
);
CREATE TABLE feed_ack (
    app_id blob NOT NULL REFERENCES feed (app_id),
    grp text NOT NULL,
    pos integer NOT NULL,
    at integer NOT NULL,
    PRIMARY KEY (app_id, grp, pos)
);

-- user_name_key is user_name folded as the match keys are: what a search looks for.
CREATE TABLE provisioning_log (
    tenant_id blob NOT NULL,
    id integer PRIMARY KEY AUTOINCREMENT,
    directory_id blob NOT NULL,
    at integer NOT NULL,
    request_id blob NOT NULL,
    identity_id blob,
    external_id text,
    user_name text,
    user_name_key text,
    action text NOT NULL,
    status text NOT NULL,
    code text,
    detail text,
    event_id blob,
    outbox_id integer,
    changed text NOT NULL,
    token_id text NOT NULL,
    trace_id text
);
CREATE INDEX provisioning_log_identity ON provisioning_log (tenant_id, identity_id, id);
CREATE INDEX provisioning_log_external_id ON provisioning_log (tenant_id, external_id, id);
CREATE INDEX provisioning_log_user_name ON provisioning_log (tenant_id, user_name_key, id);

-- Who does a job that one process is enough for; expiry by the database's clock.
CREATE TABLE lease (
    name text NOT NULL PRIMARY KEY,
    owner text NOT NULL,
    expires_at integer NOT NULL
);
