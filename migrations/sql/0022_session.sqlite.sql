-- Sessions of people who logged in. The same table as 0022_session.postgres.sql, which says why.
CREATE TABLE session (
    hash text NOT NULL PRIMARY KEY,
    person text NOT NULL,
    created_at integer NOT NULL,
    seen_at integer NOT NULL,
    ends_at integer NOT NULL,
    address text NOT NULL,
    agent text NOT NULL
);
CREATE INDEX session_person ON session (person);
CREATE INDEX session_end ON session (ends_at) WHERE ends_at >= 0;
