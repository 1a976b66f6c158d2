-- The order in which messages are claimed, and when the next is due: a long queue is not sorted for each claim.
DROP INDEX messages_due;
CREATE INDEX message_order ON message_queue (
    (COALESCE(priority, 0)) DESC, (COALESCE(scheduled_time, created_at, TIMESTAMP 'epoch')), id
) WHERE status = 'PENDING';
CREATE INDEX message_next ON message_queue ((COALESCE(scheduled_time, created_at, TIMESTAMP 'epoch'))) WHERE status = 'PENDING';
