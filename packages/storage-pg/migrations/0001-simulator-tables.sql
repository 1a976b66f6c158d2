-- The tables that the simulator was asked to keep, as they were written, and obis_codes, which they refer to.
--
-- All TIMESTAMP columns hold UTC. created_at is written by the store; a row that is added by hand in a session of another
-- time zone gets that zone's time from DEFAULT CURRENT_TIMESTAMP, and is only off in created_at.
--
-- A row that cannot be read (NULL where a value belongs, a number out of range, a name that is not known) is reported with
-- table, id and column. It is never changed or deleted for that.

-- One row: one COSEM object of a template; all meters of the template have it.
--   template        the name of the template
--   logical_device  the logical device (server SAP) that holds it
--   class_id, version, logical_name  as in the object list; logical_name is "1.0.1.8.0.255"
--   name            what people call it
CREATE TABLE obis_codes (
    id SERIAL PRIMARY KEY,
    template VARCHAR(200) NOT NULL,
    logical_device INTEGER NOT NULL,
    class_id INTEGER NOT NULL,
    version INTEGER NOT NULL,
    logical_name VARCHAR(23) NOT NULL,
    name VARCHAR(200),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT one_object UNIQUE (template, logical_device, class_id, logical_name)
);

-- security_settings: one row is one Security setup object of one meter; meter_security (0002) says of which.
--   security_policy  the version 0 enumeration: 0 nothing, 1 authenticated, 2 encrypted, 3 both. The bits of version 1 are in meter_security.
--   encryption_key   global unicast encryption key; authentication_key; master_key: the key-encryption key of the meter.
--                    16 octets (suites 0, 1) or 32 (suite 2); 8 more when sealed (key_sealing, 0002)
--   global_key_change_interval  seconds
-- certificates: X.509, DER. entity_id is meters.id (DEVICE), the client's SAP (CLIENT) or 0 (AUTHORITY).
CREATE TABLE security_settings (
    id SERIAL PRIMARY KEY,
    security_policy INTEGER NOT NULL,
    security_suite INTEGER NOT NULL,
    encryption_key BYTEA,
    authentication_key BYTEA,
    master_key BYTEA,
    global_key_change_interval INTEGER,
    last_key_change TIMESTAMP,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT valid_security_policy CHECK (security_policy IN (0, 1, 2, 3))
);

CREATE TABLE certificates (
    id SERIAL PRIMARY KEY,
    entity_id INTEGER NOT NULL,
    certificate_type VARCHAR(20),
    certificate_data BYTEA,
    valid_from TIMESTAMP,
    valid_until TIMESTAMP,
    status VARCHAR(10),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT valid_cert_type CHECK (certificate_type IN ('DEVICE', 'AUTHORITY', 'CLIENT'))
);

-- access_rights: client_id (the client's SAP) has access_level (the access mode of the Blue Book) on the attributes n whose
--   bit n - 1 is set in attribute_mask, and on the methods likewise in method_mask. Several rows for one object and client add up.
CREATE TABLE access_rights (
    id SERIAL PRIMARY KEY,
    object_id INTEGER REFERENCES obis_codes(id),
    client_id INTEGER,
    access_level INTEGER,
    attribute_mask BIGINT,
    method_mask BIGINT,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- client_associations: what a client may open. Which template, logical device and Association object: client_association_details (0002);
--   a row without details is for all templates, logical device 1, Association 0.0.40.0.0.255.
--   client_id             the client's SAP
--   authentication_level  authentication mechanism 0 to 7
--   context_name          "logical-name", "logical-name-with-ciphering", ...
--   conformance           the 24 bits of the conformance block as an integer, bit 0 of the standard first (get 16, set 8, action 1)
--   max_receive_pdu_size, max_send_pdu_size  octets, as seen from the meter; 0 is no limit
-- active_connections: who is connected, and who was. Which meter, client and process: connection_details (0002).
--   What a dead process left ACTIVE or IDLE becomes DISCONNECTED when the next one opens the store.
CREATE TABLE client_associations (
    id SERIAL PRIMARY KEY,
    client_id INTEGER,
    authentication_level INTEGER,
    context_name VARCHAR(100),
    conformance INTEGER,
    max_receive_pdu_size INTEGER,
    max_send_pdu_size INTEGER,
    dlms_version INTEGER,
    quality_of_service INTEGER,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE active_connections (
    id SERIAL PRIMARY KEY,
    association_id INTEGER REFERENCES client_associations(id),
    connection_time TIMESTAMP,
    last_activity TIMESTAMP,
    ip_address VARCHAR(45),
    port INTEGER,
    session_id VARCHAR(50),
    status VARCHAR(20),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT valid_status CHECK (status IN ('ACTIVE', 'IDLE', 'DISCONNECTED'))
);

-- hdlc_settings: device_address is the lower HDLC address; field lengths in octets; inter_octet_timeout in ms;
--   inactivity_timeout in seconds, 0 is never.
-- communication_ports: where the simulator listens. TCP, UDP: port_number, 0 is any; SERIAL: the number of the device,
--   parity NONE, EVEN, ODD, MARK or SPACE, flow_control NONE, RTS_CTS or XON_XOFF.
CREATE TABLE hdlc_settings (
    id SERIAL PRIMARY KEY,
    device_address INTEGER,
    window_size_transmit INTEGER,
    window_size_receive INTEGER,
    max_info_field_len_transmit INTEGER,
    max_info_field_len_receive INTEGER,
    inter_octet_timeout INTEGER,
    inactivity_timeout INTEGER,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE communication_ports (
    id SERIAL PRIMARY KEY,
    port_type VARCHAR(20),
    port_number INTEGER,
    baud_rate INTEGER,
    data_bits INTEGER,
    stop_bits INTEGER,
    parity VARCHAR(10),
    flow_control VARCHAR(20),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT valid_port_type CHECK (port_type IN ('SERIAL', 'TCP', 'UDP'))
);

-- message_queue: what is to be pushed. Higher priority first (NULL is 0), then the oldest scheduled_time that is due (NULL is at once).
--   retry_count counts failed attempts. A row is PROCESSING while a worker has the lease in message_leases (0002); after the lease
--   it is due again. A row without message_type, payload or destination is never taken, and stays.
CREATE TABLE message_queue (
    id SERIAL PRIMARY KEY,
    message_type VARCHAR(50),
    priority INTEGER,
    payload BYTEA,
    destination VARCHAR(100),
    retry_count INTEGER DEFAULT 0,
    status VARCHAR(20),
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    scheduled_time TIMESTAMP,
    completed_time TIMESTAMP,
    CONSTRAINT valid_status CHECK (status IN ('PENDING', 'PROCESSING', 'SENT', 'FAILED'))
);

-- load_profile_templates: base_load, peak_load in kW. variation_pattern is
--   {"version": 1, "shape": [24, 48 or 96 values from 0 (base) to 1 (peak), from local midnight], "jitter": 0 to 1}
-- power_quality_events_config: probability of one event on one day, durations in seconds, magnitudes in percent of the nominal value,
--   affected_phases of L1, L2, L3.
CREATE TABLE load_profile_templates (
    id SERIAL PRIMARY KEY,
    template_name VARCHAR(100),
    season VARCHAR(20),
    day_type VARCHAR(20),
    interval_minutes INTEGER,
    base_load DECIMAL(10,3),
    peak_load DECIMAL(10,3),
    variation_pattern JSONB,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT valid_season CHECK (season IN ('SUMMER', 'WINTER', 'MONSOON', 'SPRING', 'AUTUMN')),
    CONSTRAINT valid_day_type CHECK (day_type IN ('WEEKDAY', 'WEEKEND', 'HOLIDAY'))
);

CREATE TABLE power_quality_events_config (
    id SERIAL PRIMARY KEY,
    event_type VARCHAR(50),
    probability DECIMAL(5,4),
    min_duration INTEGER,
    max_duration INTEGER,
    min_magnitude DECIMAL(10,3),
    max_magnitude DECIMAL(10,3),
    affected_phases VARCHAR(10)[],
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT valid_event_type CHECK (
        event_type IN (
            'VOLTAGE_SAG', 'VOLTAGE_SWELL', 'INTERRUPTION',
            'FREQUENCY_VARIATION', 'VOLTAGE_UNBALANCE',
            'HARMONIC_DISTORTION'
        )
    )
);
