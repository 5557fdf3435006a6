-- Token continuity. The same tables as 0021_token_continuity.postgres.sql, which says why.
CREATE TABLE token_continuity (
    tenant_id blob NOT NULL,
    directory_id blob NOT NULL,
    entra_tenant blob NOT NULL,
    service_principal blob NOT NULL,
    sync_job text NOT NULL,
    base_address text NOT NULL,
    kept text NOT NULL,
    before_ms integer NOT NULL,
    life_ms integer NOT NULL,
    set_at integer NOT NULL,
    PRIMARY KEY (tenant_id, directory_id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id)
);
CREATE UNIQUE INDEX token_continuity_app ON token_continuity (entra_tenant, service_principal);

CREATE TABLE token_renewal (
    tenant_id blob NOT NULL,
    directory_id blob NOT NULL,
    id blob NOT NULL,
    step text NOT NULL,
    retiring text NOT NULL,
    new_token text,
    planned_at integer NOT NULL,
    issued_at integer,
    validated_at integer,
    write_began_at integer,
    written_at integer,
    used_at integer,
    ended_at integer,
    told_at integer,
    attempts integer NOT NULL,
    last_error text,
    version integer NOT NULL,
    PRIMARY KEY (tenant_id, directory_id, id),
    FOREIGN KEY (tenant_id, directory_id) REFERENCES directory (tenant_id, id)
);
CREATE UNIQUE INDEX token_renewal_one ON token_renewal (tenant_id, directory_id) WHERE ended_at IS NULL;
CREATE INDEX token_renewal_open ON token_renewal (id) WHERE ended_at IS NULL;
