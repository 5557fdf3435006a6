-- Token continuity (ADR 0051): a new token is written into the customer's Entra app, and the old one ends when the new one is in use.
--
-- token_continuity: the directories whose customers consented, and where their Entra app is. kept: what is written beside address and
-- secret, a JSON object. before_ms: how long before a token's end a renewal begins; life_ms: how long a new token is valid. One Entra
-- app belongs to one directory: two that write into it would take it from each other.
CREATE TABLE token_continuity (
    tenant_id uuid NOT NULL,
    directory_id uuid NOT NULL,
    entra_tenant uuid NOT NULL,
    service_principal uuid NOT NULL,
    sync_job text NOT NULL,
    base_address text NOT NULL,
    kept text NOT NULL,
    before_ms bigint NOT NULL,
    life_ms bigint NOT NULL,
    set_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, directory_id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id)
);
CREATE UNIQUE INDEX token_continuity_app ON token_continuity (entra_tenant, service_principal);

-- token_renewal: each renewal with the time of each of its steps; no secret. retiring: the ids of the tokens that end when the new one
-- is in use, with blanks between them. write_began_at: from then on Entra may have new_token. version rises with each change. A
-- directory has at most one renewal that has not ended.
CREATE TABLE token_renewal (
    tenant_id uuid NOT NULL,
    directory_id uuid NOT NULL,
    id uuid NOT NULL,
    step text NOT NULL,
    retiring text NOT NULL,
    new_token text,
    planned_at bigint NOT NULL,
    issued_at bigint,
    validated_at bigint,
    write_began_at bigint,
    written_at bigint,
    used_at bigint,
    ended_at bigint,
    told_at bigint,
    attempts integer NOT NULL,
    last_error text,
    version integer NOT NULL,
    PRIMARY KEY (tenant_id, directory_id, id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id)
);
CREATE UNIQUE INDEX token_renewal_one ON token_renewal (tenant_id, directory_id) WHERE ended_at IS NULL;
CREATE INDEX token_renewal_open ON token_renewal (id) WHERE ended_at IS NULL;

-- As for token; the jobs look across tenants. The form is 0004's.
ALTER TABLE token_continuity ENABLE ROW LEVEL SECURITY;
ALTER TABLE token_continuity FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON token_continuity
    USING ((SELECT nullif(current_setting('usher.tenant', true), '')::uuid) IS NOT DISTINCT FROM tenant_id);
CREATE POLICY usage ON token_continuity FOR SELECT
    USING ((SELECT current_setting('usher.door', true)) = 'usage');
ALTER TABLE token_renewal ENABLE ROW LEVEL SECURITY;
ALTER TABLE token_renewal FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON token_renewal
    USING ((SELECT nullif(current_setting('usher.tenant', true), '')::uuid) IS NOT DISTINCT FROM tenant_id);
CREATE POLICY usage ON token_renewal FOR SELECT
    USING ((SELECT current_setting('usher.door', true)) = 'usage');
