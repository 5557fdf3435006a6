-- What a creation through the admin API was asked for with an Idempotency-Key, and its answer (ADR 0049). No secret is in it: of
-- the key and of the request there are digests, of the answer everything but what is shown once.
--
-- caller: who asked, as the audit log names it. claim: the request that does it, until claimed_until; answer is written by the
-- transaction that creates, so a row with an answer is a creation that was made.
CREATE TABLE idempotency (
    caller text NOT NULL,
    key text NOT NULL,
    digest text NOT NULL,
    claim uuid NOT NULL,
    created_at bigint NOT NULL,
    claimed_until bigint NOT NULL,
    answer text,
    PRIMARY KEY (caller, key)
);
CREATE INDEX idempotency_age ON idempotency (created_at) WHERE created_at >= 0;

-- Each way to search the provisioning log has one index (ADR 0029). The weak conditions carry the time, so that "failures since
-- yesterday, newest first" reads these rows alone. A request is also looked up without naming its tenant.
CREATE INDEX provisioning_log_request ON provisioning_log (request_id, id);
CREATE INDEX provisioning_log_token ON provisioning_log (tenant_id, token_id, at, id) WHERE token_id <> '';
CREATE INDEX provisioning_log_status ON provisioning_log (tenant_id, status, at, id) WHERE status <> '';
CREATE INDEX provisioning_log_action ON provisioning_log (tenant_id, action, at, id) WHERE action <> '';
CREATE INDEX provisioning_log_directory ON provisioning_log (tenant_id, directory_id, at, id) WHERE at >= 0;

-- usher.door = 'people' opens the keys of identities, and which directory they are of, across tenants: an operator looks for a person
-- whose tenant is not known.
CREATE POLICY people ON identity FOR SELECT USING ((SELECT current_setting('usher.door', true)) = 'people');
CREATE POLICY people ON directory FOR SELECT USING ((SELECT current_setting('usher.door', true)) = 'people');
