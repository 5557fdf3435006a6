-- A deletion of a person, room or group is one statement (ADR 0038). When it waits for another transaction that makes the resource a
-- member of a group, it does not see the new row, which was committed after the statement began. So the end of the deletion looks
-- again, and refuses it as a foreign key would; the gateway then runs it again and locks the row first. A function that is
-- VOLATILE, as this one, sees what has been committed until each of its statements begins.
CREATE FUNCTION refuse_deletion_of_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM membership m WHERE m.directory_id = OLD.directory_id AND m.member_id = OLD.id AND m.member_kind <> ''
        AND NOT (m.tenant_id IS DISTINCT FROM OLD.tenant_id) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the resource is still a member of a group' USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER refuse_deletion_of_member AFTER DELETE ON identity FOR EACH ROW EXECUTE FUNCTION refuse_deletion_of_member();
CREATE TRIGGER refuse_deletion_of_member AFTER DELETE ON groups FOR EACH ROW EXECUTE FUNCTION refuse_deletion_of_member();
