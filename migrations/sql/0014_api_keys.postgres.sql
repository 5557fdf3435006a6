-- API keys: what automation calls the admin API with (ADR 0045).
--
-- role or rights, one of the two: a role grants what its version of the program says, rights are single words with a blank
-- between them. scope is 'all', 'tenant', 'directory' or 'app'; scope_id the tenant's or app's id, profile that of the
-- directory. The column is not called tenant_id, because a key is no tenant's row: it belongs to the deployment, as
-- app_credential does, and there is no policy on it. networks: where it may be used from, with a blank between them; empty
-- for anywhere.
CREATE TABLE api_key (
    id text PRIMARY KEY,
    label text,
    role text,
    rights text,
    scope text NOT NULL,
    scope_id uuid,
    profile text,
    networks text NOT NULL,
    last_four text NOT NULL,
    hash text NOT NULL,
    hash_version integer NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    revoked_at bigint,
    last_used_at bigint,
    CHECK ((role IS NULL) <> (rights IS NULL)),
    CHECK ((scope = 'all') = (scope_id IS NULL)),
    CHECK ((scope = 'directory') = (profile IS NOT NULL))
);
