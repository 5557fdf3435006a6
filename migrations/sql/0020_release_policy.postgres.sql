-- Release policies (ADR 0050).
--
-- feed.policy is JSON (domain::release_policy::ReleasePolicy); NULL releases everything. policy_before is a JSON list of the scopes
-- before, while an app is being told what has come and gone, and policy_place how far that is. outbox.app_id: an event for the feed of
-- this app alone.

ALTER TABLE feed ADD COLUMN policy text;
ALTER TABLE feed ADD COLUMN policy_revision bigint NOT NULL DEFAULT 0;
ALTER TABLE feed ADD COLUMN policy_before text;
ALTER TABLE feed ADD COLUMN policy_place text;

ALTER TABLE outbox ADD COLUMN app_id uuid;
