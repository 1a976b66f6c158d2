-- Key pairs of the Security setups (class 64): usage 0 digital signature, 1 key agreement, 2 TLS.
--   pending       made, and not in use before its certificate is there
--   private_key   the scalar, 32 octets on P-256, 48 on P-384; sealed under the key-encryption key as other keys are
--   public_key    x and y
CREATE TABLE key_pairs (
    meter_id VARCHAR(100) NOT NULL REFERENCES meters(meter_id) ON DELETE CASCADE,
    instance_id VARCHAR(23) NOT NULL,
    usage INTEGER NOT NULL CONSTRAINT key_pair_usage CHECK (usage IN (0, 1, 2)),
    pending BOOLEAN NOT NULL,
    private_key BYTEA NOT NULL,
    public_key BYTEA NOT NULL,
    PRIMARY KEY (meter_id, instance_id, usage, pending)
);

-- By what a Security setup finds a certificate. A row of certificates without details is for a user's own tools.
--   certificate_entity  0 server, 1 client, 2 certification authority, 3 other
--   certificate_usage   0 digital signature, 1 key agreement, 2 TLS, 3 other
--   issuer              the Name in DER
CREATE TABLE certificate_details (
    certificate_id INTEGER PRIMARY KEY REFERENCES certificates(id) ON DELETE CASCADE,
    meter_id VARCHAR(100) REFERENCES meters(meter_id) ON DELETE CASCADE,
    instance_id VARCHAR(23),
    certificate_entity INTEGER,
    certificate_usage INTEGER,
    serial_number BYTEA,
    issuer BYTEA,
    system_title BYTEA,
    CONSTRAINT one_certificate UNIQUE (meter_id, instance_id, serial_number, issuer)
);
