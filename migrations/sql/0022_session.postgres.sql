-- Sessions of people who logged in (ADR 0052). hash: SHA-256 of the cookie, which is nowhere else. person: as the audit log names them; what
-- they may do is not here, but read at every request. seen_at: the last request, to the minute. ends_at: the end at the latest.
CREATE TABLE session (
    hash text NOT NULL PRIMARY KEY,
    person text NOT NULL,
    created_at bigint NOT NULL,
    seen_at bigint NOT NULL,
    ends_at bigint NOT NULL,
    address text NOT NULL,
    agent text NOT NULL
);
CREATE INDEX session_person ON session (person);
CREATE INDEX session_end ON session (ends_at) WHERE ends_at >= 0;
