-- What ingest, dispatch and settlement need beyond the schema they share.

-- A batch of samples that is written again after a crash must change nothing.
DROP INDEX sample_when;
CREATE UNIQUE INDEX sample_once ON sample (machine_id, signal, at);

-- Every start of an agent adds an epoch; apart from the position, it is not rewritten with each message.
ALTER TABLE link_position ADD COLUMN past jsonb NOT NULL DEFAULT '[]';
COMMENT ON COLUMN link_position.past IS 'Epochs before the current one, each with its last committed number.';

-- The last value of a moment wins.
GRANT UPDATE ON sample TO ts_ingest;
