-- API keys. The same table as 0014_api_keys.postgres.sql, which says why.
CREATE TABLE api_key (
    id text PRIMARY KEY,
    label text,
    role text,
    rights text,
    scope text NOT NULL,
    scope_id blob,
    profile text,
    networks text NOT NULL,
    last_four text NOT NULL,
    hash text NOT NULL,
    hash_version integer NOT NULL,
    created_at integer NOT NULL,
    expires_at integer NOT NULL,
    revoked_at integer,
    last_used_at integer,
    CHECK ((role IS NULL) <> (rights IS NULL)),
    CHECK ((scope = 'all') = (scope_id IS NULL)),
    CHECK ((scope = 'directory') = (profile IS NOT NULL))
);
