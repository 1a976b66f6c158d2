-- The state of the meters of one template at one instant (taken_at: of the machine). state belongs to the program: the simulated time of
-- day, for example. Removed when keys are sealed for the first time, since the rows contain the keys as they were.
CREATE TABLE snapshots (
    id SERIAL PRIMARY KEY,
    template VARCHAR(200) NOT NULL,
    taken_at TIMESTAMP NOT NULL,
    state TEXT NOT NULL
);

-- The rows of a snapshot: the name of the table, and the row as JSON. Counters, used keys and identities of meters are not among them.
CREATE TABLE snapshot_rows (
    snapshot_id INTEGER NOT NULL REFERENCES snapshots(id) ON DELETE CASCADE,
    of_table VARCHAR(63) NOT NULL,
    contents JSONB NOT NULL
);
CREATE INDEX snapshot_rows_of ON snapshot_rows (snapshot_id, of_table);
