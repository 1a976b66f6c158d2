-- Keys of one APDU that a client has used (wrapped or agreed), or the transaction-id of an APDU that was signed and no more: an APDU that
-- brings one again is a replay. Only of associations that give no fresh challenge (mechanisms 0 and 1). The latest 16384 of each
-- (meter, client, association) are kept. Rows outlive their meter, so that a meter of the same name takes no old request.
--   digest  what the key is known by; the key cannot be computed from it
--   number  counts the keys of an association in the order in which they were used
CREATE TABLE used_keys (
    meter_id VARCHAR(100) NOT NULL,
    client_id INTEGER NOT NULL,
    instance_id VARCHAR(23) NOT NULL,
    digest VARCHAR(120) NOT NULL,
    number BIGINT NOT NULL,
    PRIMARY KEY (digest, meter_id, client_id, instance_id)
);
CREATE UNIQUE INDEX used_keys_in_order ON used_keys (meter_id, client_id, instance_id, number);
