-- One row: one process that has the store open. It lives while alive_until (real time, UTC) is ahead and a session of that
-- application_name is there; it moves alive_until while it runs.
--   process  the application_name of its sessions
--   address  where it is reached, as it was opened with
CREATE TABLE processes (
    process VARCHAR(63) PRIMARY KEY,
    address VARCHAR(1000),
    alive_until TIMESTAMP NOT NULL
);

-- VOLATILE: each call sees what is committed by then, not what was when the statement around it began.
CREATE FUNCTION process_lives(name TEXT) RETURNS BOOLEAN LANGUAGE sql VOLATILE AS $$
    SELECT EXISTS (SELECT FROM processes p WHERE p.process = name AND p.alive_until > (clock_timestamp() AT TIME ZONE 'UTC'))
        AND EXISTS (SELECT FROM pg_stat_activity a WHERE a.application_name = name)
$$;

-- Which process has a meter, and what changes with nearly every commit. A row outlives its meter, so that an epoch is never used twice.
--   process          NULL: nobody; nobody either when that process does not live
--   epoch            grows each time that another process takes the meter; a commit names it
--   commits          grows with every commit: who has waited for the row knows by it that what it read is old
--   clock_offset_ms  what the meter's clock shows minus the simulated time of day
--   ran_up_to        up to which instant of its clock the meter did what it does by itself
CREATE TABLE meter_leases (
    meter_id VARCHAR(100) PRIMARY KEY,
    process VARCHAR(63),
    epoch BIGINT NOT NULL,
    commits BIGINT NOT NULL DEFAULT 0,
    clock_offset_ms BIGINT NOT NULL DEFAULT 0,
    ran_up_to TIMESTAMP
);
-- Room for the next version of a row on its own page.
ALTER TABLE meter_leases SET (fillfactor = 70);

-- The meters of one template, computed from an index each. secret: 32 octets, 8 more when sealed (key_sealing, 0002).
CREATE TABLE fleets (
    template VARCHAR(200) PRIMARY KEY,
    secret BYTEA NOT NULL,
    seed VARCHAR(200) NOT NULL,
    manufacturer VARCHAR(3) NOT NULL,
    commissioned_at TIMESTAMP NOT NULL,
    derivation INTEGER NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

-- Up to which instant one part of a fleet did what it does by itself.
CREATE TABLE fleet_progress (
    template VARCHAR(200) NOT NULL REFERENCES fleets(template) ON DELETE CASCADE,
    shard VARCHAR(100) NOT NULL,
    ran_up_to TIMESTAMP NOT NULL,
    PRIMARY KEY (template, shard)
);

-- A profile is one of a logical device.
ALTER TABLE capture_records ADD COLUMN logical_device INTEGER NOT NULL DEFAULT 1;
CREATE INDEX capture_records_of_profile ON capture_records (meter_id, logical_device, instance_id, at, id);
DROP INDEX capture_records_in_time;
