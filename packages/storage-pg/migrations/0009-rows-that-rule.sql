-- Programs hear of changed rows on the channel dlmskit: a notification is the name of the table, of security_settings and
-- client_secrets "security_settings" and the id of the meter; "end" and the id of a connection asks its process to end it.
CREATE FUNCTION tell_changed_table() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('dlmskit', TG_ARGV[0]);
    RETURN NULL;
END $$;

CREATE FUNCTION tell_changed_setting() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('dlmskit', 'security_settings ' || m.meter_id)
    FROM meter_security m WHERE m.security_settings_id = NEW.id;
    RETURN NULL;
END $$;

CREATE FUNCTION tell_changed_meter() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('dlmskit', 'security_settings ' || COALESCE(NEW.meter_id, OLD.meter_id));
    RETURN NULL;
END $$;

CREATE TRIGGER tell_changes AFTER INSERT OR UPDATE OR DELETE ON access_rights
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_table('access_rights');
CREATE TRIGGER tell_changes AFTER INSERT OR UPDATE OR DELETE ON client_associations
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_table('client_associations');
CREATE TRIGGER tell_changes AFTER INSERT OR UPDATE OR DELETE ON client_association_details
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_table('client_associations');
CREATE TRIGGER tell_changes AFTER INSERT OR UPDATE OR DELETE ON hdlc_settings
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_table('hdlc_settings');
CREATE TRIGGER tell_changes AFTER INSERT OR UPDATE OR DELETE ON communication_ports
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_table('communication_ports');
CREATE TRIGGER tell_changes AFTER INSERT OR UPDATE OR DELETE ON load_profile_templates
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_table('load_profile_templates');
CREATE TRIGGER tell_changes AFTER INSERT OR UPDATE OR DELETE ON power_quality_events_config
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_table('power_quality_events_config');

-- Only UPDATE: a row that is new is one that its meter has just written, or comes with its row of meter_security.
CREATE TRIGGER tell_changes AFTER UPDATE ON security_settings
    FOR EACH ROW EXECUTE FUNCTION tell_changed_setting();
CREATE TRIGGER tell_changes AFTER INSERT OR UPDATE OR DELETE ON meter_security
    FOR EACH ROW EXECUTE FUNCTION tell_changed_meter();
CREATE TRIGGER tell_changes AFTER INSERT OR UPDATE OR DELETE ON client_secrets
    FOR EACH ROW EXECUTE FUNCTION tell_changed_meter();
