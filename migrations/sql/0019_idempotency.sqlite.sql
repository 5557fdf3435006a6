-- Answers to creations with an Idempotency-Key. The same table as 0019_idempotency.postgres.sql, which says why.
CREATE TABLE idempotency (
    caller text NOT NULL,
    key text NOT NULL,
    digest text NOT NULL,
    claim blob NOT NULL,
    created_at integer NOT NULL,
    claimed_until integer NOT NULL,
    answer text,
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at) WHERE created_at >= 0;

-- One index for each way to search the provisioning log.
CREATE INDEX provisioning_log_request ON provisioning_log (request_id, id);
CREATE INDEX provisioning_log_token ON provisioning_log (tenant_id, token_id, at, id) WHERE token_id <> '';
CREATE INDEX provisioning_log_status ON provisioning_log (tenant_id, status, at, id) WHERE status <> '';
CREATE INDEX provisioning_log_action ON provisioning_log (tenant_id, action, at, id) WHERE action <> '';
CREATE INDEX provisioning_log_directory ON provisioning_log (tenant_id, directory_id, at, id) WHERE at >= 0;
