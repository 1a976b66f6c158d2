-- One row: which database this is, and what was put ahead because it was an older copy of itself.
--   origin   what is another when the database is a copy: cluster, timeline and database of a server; a file of a PGlite folder.
--            NULL: nothing tells
--   floor    no invocation counter below it is given under a key that has no row in invocation_counters
--   fences   how often counters were put ahead
CREATE TABLE store_origin (
    only_row BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    origin VARCHAR(200),
    floor BIGINT NOT NULL DEFAULT 0 CONSTRAINT floor_of_32_bits CHECK (floor BETWEEN 0 AND 4294967295),
    fences INTEGER NOT NULL DEFAULT 0
);

-- Connections that are over, those first that are over for the longest time.
CREATE INDEX connections_over ON active_connections (last_activity) WHERE status = 'DISCONNECTED';

-- Grows with each change of a row: of the counters under dedicated keys (key_id begins with 'dedicated key ') the latest are kept.
ALTER TABLE peer_counters ADD COLUMN number BIGSERIAL;
