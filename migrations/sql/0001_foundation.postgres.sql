-- The first schema, for PostgreSQL 14 and later.
--
-- Words: docs/architecture.md. Times are milliseconds since 1970 in UTC (bigint): both databases keep the same
-- value, so a time never changes between a write and the next read. Documents and event bodies are text, not
-- jsonb: the bytes and the order of keys stay as they were sent.
--
-- Primary keys begin with tenant_id wherever a row belongs to a tenant, and foreign keys are composite: a row cannot refer to
-- another tenant's row, and a table can be sharded by tenant_id. Append-only histories (outbox, provisioning_log)
-- hold no foreign key to what they tell of: they outlive it.
--
-- Row-level security is the second lock behind the WHERE that every statement carries:
--   usher.tenant = '<uuid>'    opens the rows of one tenant; set (locally, for one transaction) by store::TenantTx.
--   usher.token  = '<id>'      opens, for reading, the one token row with that id. It is the only way to find a row
--                              before the tenant is known: whoever presents a token id learns that row and nothing
--                              else. The same statement then sets usher.tenant to that row's tenant and reads the
--                              directory through the ordinary tenant policy. This is narrower than a SECURITY DEFINER
--                              function: no code runs with the owner's rights.
--   usher.door = 'outbox'      opens outbox and provisioning_log across tenants: the stamper, the feeds, pruning.
--   usher.door = 'usage'       opens token across tenants: the batch that notes when tokens were last used.
-- Unset means no rows. FORCE makes the policies hold for the tables' owner too, so that a deployment with one role is
-- protected as well; only superusers and roles with BYPASSRLS pass by (the server warns at start).

CREATE TABLE tenant (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    external_tenant_id text,
    created_at bigint NOT NULL
);

CREATE TABLE directory (
    tenant_id uuid NOT NULL REFERENCES tenant (id),
    id uuid NOT NULL,
    profile text NOT NULL,
    provider text NOT NULL,
    switch text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, profile)
);

-- hash is an argon2id PHC string; hash_version steps when the secret behind the same id is replaced.
CREATE TABLE token (
    tenant_id uuid NOT NULL,
    id text NOT NULL UNIQUE,
    directory_id uuid NOT NULL,
    label text,
    last_four text NOT NULL,
    hash text NOT NULL,
    hash_version integer NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint,
    last_used_at bigint,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id)
);

-- The columns after document are its match keys (store::table::keys): what a filter can be answered by. Their indexes
-- begin with directory_id alone, which says the tenant too. With (tenant_id, directory_id, key) PostgreSQL multiplies the
-- odds of both, expects one row of any such prefix, and may take another key's index and read the whole directory: seen
-- on tables not yet analysed, and to be expected wherever there are many tenants.
CREATE TABLE identity (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    directory_id uuid NOT NULL,
    revision bigint NOT NULL,
    document text NOT NULL,
    user_name_key text NOT NULL,
    external_id text,
    work_email text,
    display_name text,
    created_at bigint NOT NULL,
    modified_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (directory_id, user_name_key, tenant_id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id)
);
CREATE INDEX identity_external_id ON identity (directory_id, external_id);
CREATE INDEX identity_work_email ON identity (directory_id, work_email);
CREATE INDEX identity_display_name ON identity (directory_id, display_name);
CREATE INDEX identity_order ON identity (directory_id, created_at, id);

-- id is drawn at insert, not at commit: nobody may read "id > the last one I saw" (docs/reference/events.md). Readers
-- go by feed_event.pos, which the stamper gives out under the lock of feed.head.
CREATE TABLE outbox (
    tenant_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    directory_id uuid NOT NULL,
    identity_id uuid NOT NULL,
    sequence bigint NOT NULL,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    source text NOT NULL,
    body text NOT NULL,
    created_at bigint NOT NULL,
    stamped boolean NOT NULL DEFAULT false,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 80);
CREATE INDEX outbox_unstamped ON outbox (id) WHERE NOT stamped;

CREATE TABLE app (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    created_at bigint NOT NULL
);

CREATE TABLE app_credential (
    id text PRIMARY KEY,
    app_id uuid NOT NULL REFERENCES app (id),
    hash text NOT NULL,
    hash_version integer NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    revoked_at bigint
);

-- head: the last position given out. published: the last position known to be in the app's queue (for metrics and
-- pruning; correctness never reads it).
CREATE TABLE feed (
    app_id uuid PRIMARY KEY REFERENCES app (id),
    head bigint NOT NULL,
    published bigint NOT NULL,
    created_at bigint NOT NULL
) WITH (fillfactor = 50);

-- Positions and ids only; the event itself is behind the outbox's policies.
CREATE TABLE feed_event (
    app_id uuid NOT NULL REFERENCES feed (app_id),
    pos bigint NOT NULL,
    tenant_id uuid NOT NULL,
    outbox_id bigint NOT NULL,
    PRIMARY KEY (app_id, pos)
);
CREATE INDEX feed_event_outbox ON feed_event (outbox_id);

-- How far each consumer group has come, and when it came by each acknowledged position.
CREATE TABLE feed_group (
    app_id uuid NOT NULL REFERENCES feed (app_id),
    grp text NOT NULL,
    pos bigint NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (app_id, grp)
);
CREATE TABLE feed_ack (
    app_id uuid NOT NULL REFERENCES feed (app_id),
    grp text NOT NULL,
    pos bigint NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (app_id, grp, pos)
);

-- user_name_key is user_name folded as the match keys are: what a search looks for.
CREATE TABLE provisioning_log (
    tenant_id uuid NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    directory_id uuid NOT NULL,
    at bigint NOT NULL,
    request_id uuid NOT NULL,
    identity_id uuid,
    external_id text,
    user_name text,
    user_name_key text,
    action text NOT NULL,
    status text NOT NULL,
    code text,
    detail text,
    event_id uuid,
    outbox_id bigint,
    changed text NOT NULL,
    token_id text NOT NULL,
    trace_id text,
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX provisioning_log_identity ON provisioning_log (tenant_id, identity_id, id);
CREATE INDEX provisioning_log_external_id ON provisioning_log (tenant_id, external_id, id);
CREATE INDEX provisioning_log_user_name ON provisioning_log (tenant_id, user_name_key, id);

-- Who does a job that one process is enough for; expiry by the database's clock.
CREATE TABLE lease (
    name text PRIMARY KEY,
    owner text NOT NULL,
    expires_at bigint NOT NULL
);

ALTER TABLE directory ENABLE ROW LEVEL SECURITY;
ALTER TABLE directory FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON directory USING (tenant_id::text = current_setting('usher.tenant', true));

ALTER TABLE token ENABLE ROW LEVEL SECURITY;
ALTER TABLE token FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON token USING (tenant_id::text = current_setting('usher.tenant', true));
CREATE POLICY presented ON token FOR SELECT USING (id = current_setting('usher.token', true));
CREATE POLICY usage ON token USING (current_setting('usher.door', true) = 'usage');

ALTER TABLE identity ENABLE ROW LEVEL SECURITY;
ALTER TABLE identity FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON identity USING (tenant_id::text = current_setting('usher.tenant', true));

ALTER TABLE outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON outbox USING (tenant_id::text = current_setting('usher.tenant', true));
CREATE POLICY outbox ON outbox USING (current_setting('usher.door', true) = 'outbox');

ALTER TABLE provisioning_log ENABLE ROW LEVEL SECURITY;
ALTER TABLE provisioning_log FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON provisioning_log USING (tenant_id::text = current_setting('usher.tenant', true));
CREATE POLICY outbox ON provisioning_log USING (current_setting('usher.door', true) = 'outbox');
