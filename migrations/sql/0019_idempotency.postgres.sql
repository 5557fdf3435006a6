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
