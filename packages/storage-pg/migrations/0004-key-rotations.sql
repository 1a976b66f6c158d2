-- New keys of a Security setup that are on their way to the meter: it may have them already, or not.
-- A NULL key is one that is not changed; the others are sealed as the keys of security_settings are.
CREATE TABLE pending_keys (
    security_settings_id INTEGER PRIMARY KEY REFERENCES security_settings(id) ON DELETE CASCADE,
    encryption_key BYTEA,
    authentication_key BYTEA,
    master_key BYTEA,
    broadcast_key BYTEA,
    since TIMESTAMP NOT NULL
);
