-- Whose message a row of message_queue is. The meter protects it each time that it is sent; the object (logical_device, class_id,
-- instance_id) hears what becomes of it; client_id is the client it is for. A message without a row here is sent as it is.
CREATE TABLE message_sources (
    message_id INTEGER PRIMARY KEY REFERENCES message_queue(id) ON DELETE CASCADE,
    meter_id VARCHAR(100) NOT NULL,
    logical_device INTEGER,
    class_id INTEGER,
    instance_id VARCHAR(23),
    client_id INTEGER
);
