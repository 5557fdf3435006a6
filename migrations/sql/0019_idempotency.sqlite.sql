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
