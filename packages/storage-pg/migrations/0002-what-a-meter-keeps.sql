-- What a meter keeps beyond the tables of 0001. All TIMESTAMP columns hold UTC.

-- One row: one meter. meter_id is the user's name for it, by which the tables below know it.
--   system_title        8 octets; seed: what its simulated data are computed from; template: the name of its template
--   commissioned_at     when it began to count
CREATE TABLE meters (
    id SERIAL PRIMARY KEY,
    meter_id VARCHAR(100) NOT NULL CONSTRAINT one_meter UNIQUE,
    serial VARCHAR(100) NOT NULL,
    logical_device_name VARCHAR(16) NOT NULL CONSTRAINT one_logical_device_name UNIQUE,
    system_title BYTEA NOT NULL CONSTRAINT one_system_title UNIQUE,
    seed VARCHAR(200) NOT NULL,
    template VARCHAR(200) NOT NULL,
    commissioned_at TIMESTAMP NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);
-- The order of meter_id in UTF-8 octets, whatever the database's collation: pages of a list are in it.
CREATE UNIQUE INDEX meters_in_order ON meters (meter_id COLLATE "C");

-- Invocation counters up to reserved_up_to were handed out and are never handed out again; the last hand-out began at reserved_from.
-- A row outlives its meter, so that a meter of the same name never repeats a counter. Never lower a number here.
CREATE TABLE invocation_counters (
    meter_id VARCHAR(100) NOT NULL,
    key_id VARCHAR(200) NOT NULL,
    reserved_from BIGINT NOT NULL,
    reserved_up_to BIGINT NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (meter_id, key_id),
    CONSTRAINT counter_of_32_bits CHECK (reserved_from >= 0 AND reserved_from <= reserved_up_to AND reserved_up_to <= 4294967295)
);

-- The highest counter that was accepted from a peer under a key of the meter: an equal or lower one is a replay.
CREATE TABLE peer_counters (
    meter_id VARCHAR(100) NOT NULL,
    key_id VARCHAR(200) NOT NULL,
    peer VARCHAR(50) NOT NULL,
    counter BIGINT NOT NULL CONSTRAINT peer_counter_of_32_bits CHECK (counter BETWEEN 0 AND 4294967295),
    PRIMARY KEY (meter_id, key_id, peer)
);

-- One row, once keys are sealed under a key-encryption key (AES key wrap): a known text, wrapped, by which the key is known again.
CREATE TABLE key_sealing (
    single BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (single),
    check_value BYTEA NOT NULL,
    created_at TIMESTAMP NOT NULL
);

-- Which Security setup of which meter a row of security_settings is.
--   policy_bits    version 1 policy, where the object is of version 1: it then rules over security_policy
--   broadcast_key  global broadcast encryption key, sealed as the others
--   key_version    counts the key changes, from 1
CREATE TABLE meter_security (
    security_settings_id INTEGER PRIMARY KEY REFERENCES security_settings(id) ON DELETE CASCADE,
    meter_id VARCHAR(100) NOT NULL REFERENCES meters(meter_id) ON DELETE CASCADE,
    instance_id VARCHAR(23) NOT NULL,
    policy_bits INTEGER,
    broadcast_key BYTEA,
    key_version INTEGER NOT NULL DEFAULT 1,
    CONSTRAINT one_security_setup UNIQUE (meter_id, instance_id)
);

-- Keys that were replaced: what name they had, with which key_version they were used, until when.
CREATE TABLE former_keys (
    id SERIAL PRIMARY KEY,
    security_settings_id INTEGER NOT NULL REFERENCES security_settings(id) ON DELETE CASCADE,
    name VARCHAR(30) NOT NULL,
    key_version INTEGER NOT NULL,
    key BYTEA NOT NULL,
    until TIMESTAMP NOT NULL
);
CREATE INDEX former_keys_of ON former_keys (security_settings_id);

-- The LLS password or HLS secret of a client, at the Association instance_id. Sealed: its length, the secret, zeros; then wrapped.
CREATE TABLE client_secrets (
    meter_id VARCHAR(100) NOT NULL REFERENCES meters(meter_id) ON DELETE CASCADE,
    client_id INTEGER NOT NULL,
    instance_id VARCHAR(23) NOT NULL,
    secret BYTEA NOT NULL,
    PRIMARY KEY (meter_id, client_id, instance_id)
);

-- Where a row of client_associations is offered; template NULL is all of them.
CREATE TABLE client_association_details (
    association_id INTEGER PRIMARY KEY REFERENCES client_associations(id) ON DELETE CASCADE,
    template VARCHAR(200),
    logical_device INTEGER NOT NULL,
    instance_id VARCHAR(23) NOT NULL
);

-- Which meter, client and process a row of active_connections is of; process names the store that opened it.
CREATE TABLE connection_details (
    connection_id INTEGER PRIMARY KEY REFERENCES active_connections(id) ON DELETE CASCADE,
    meter_id VARCHAR(100) REFERENCES meters(meter_id) ON DELETE SET NULL,
    client_id INTEGER,
    process VARCHAR(50) NOT NULL
);
CREATE UNIQUE INDEX one_session ON active_connections (session_id);
CREATE INDEX connections_open ON active_connections (status) WHERE status IN ('ACTIVE', 'IDLE');
CREATE INDEX connections_of_association ON active_connections (association_id);
CREATE INDEX connections_of_meter ON connection_details (meter_id);

-- Attributes that were written: the overlay of a meter on its template. encoded is the A-XDR encoding of the Data.
CREATE TABLE attribute_values (
    meter_id VARCHAR(100) NOT NULL REFERENCES meters(meter_id) ON DELETE CASCADE,
    logical_device INTEGER NOT NULL,
    class_id INTEGER NOT NULL,
    instance_id VARCHAR(23) NOT NULL,
    attribute_id INTEGER NOT NULL,
    encoded BYTEA NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    PRIMARY KEY (meter_id, logical_device, class_id, instance_id, attribute_id)
);

-- Rows of event logs (instance_id: the logical name of the log). encoded is the A-XDR encoding of what was captured with the event.
CREATE TABLE event_records (
    id BIGSERIAL PRIMARY KEY,
    meter_id VARCHAR(100) NOT NULL REFERENCES meters(meter_id) ON DELETE CASCADE,
    instance_id VARCHAR(23) NOT NULL,
    at TIMESTAMP NOT NULL,
    code INTEGER NOT NULL,
    encoded BYTEA NOT NULL
);
CREATE INDEX event_records_in_time ON event_records (meter_id, instance_id, at, id);

-- Rows captured into profile buffers (instance_id: the Profile generic), beyond what the generator computes.
CREATE TABLE capture_records (
    id BIGSERIAL PRIMARY KEY,
    meter_id VARCHAR(100) NOT NULL REFERENCES meters(meter_id) ON DELETE CASCADE,
    instance_id VARCHAR(23) NOT NULL,
    at TIMESTAMP NOT NULL,
    encoded BYTEA NOT NULL
);
CREATE INDEX capture_records_in_time ON capture_records (meter_id, instance_id, at, id);

-- Who holds a PROCESSING row of message_queue: lease is a number of its own for each claim, lease_until is real time (UTC).
CREATE SEQUENCE message_lease;
CREATE TABLE message_leases (
    message_id INTEGER PRIMARY KEY REFERENCES message_queue(id) ON DELETE CASCADE,
    lease BIGINT NOT NULL,
    lease_until TIMESTAMP NOT NULL,
    last_error VARCHAR(1000)
);
CREATE INDEX messages_due ON message_queue (priority, scheduled_time) WHERE status = 'PENDING';
CREATE INDEX messages_taken ON message_queue (status) WHERE status = 'PROCESSING';

CREATE INDEX access_rights_of_object ON access_rights (object_id);
