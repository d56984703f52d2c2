-- The cloud's end of the post, and what it delivered: orders down, positions, losses, states.
CREATE TABLE outgoing (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  agent_id   text NOT NULL,
  claim_id   text,
  payload    jsonb NOT NULL,
  created_at timestamptz NOT NULL,
  epoch      int8,
  seq        int8,
  acked_at   timestamptz,
  CHECK ((epoch IS NULL) = (seq IS NULL))
);
COMMENT ON TABLE outgoing IS 'Messages to an edge, whole (v and kind included); numbered and committed before they are first sent.';
CREATE UNIQUE INDEX outgoing_numbered ON outgoing (agent_id, epoch, seq) WHERE seq IS NOT NULL;
CREATE INDEX outgoing_unacked ON outgoing (agent_id, id) WHERE acked_at IS NULL;

CREATE TABLE link_position (
  agent_id text NOT NULL REFERENCES agent,
  leg      text NOT NULL CHECK (leg IN ('up', 'down')),
  stream   text NOT NULL,
  position jsonb NOT NULL,
  PRIMARY KEY (agent_id, leg, stream)
) WITH (fillfactor = 50);
COMMENT ON TABLE link_position IS 'How far each stream was received; moves in the same transaction as the effects.';

CREATE TABLE link_loss (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  agent_id  text NOT NULL REFERENCES agent,
  leg       text NOT NULL,
  stream    text NOT NULL,
  epoch     int8 NOT NULL,
  first_seq int8 NOT NULL,
  last_seq  int8 NOT NULL,
  reason    text NOT NULL,
  at        timestamptz NOT NULL
);
COMMENT ON TABLE link_loss IS 'Numbers that the sender said will never come, and why (tombstones).';
CREATE INDEX link_loss_agent ON link_loss (agent_id, at);

CREATE TABLE parked (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at            timestamptz NOT NULL,
  enterprise_id text NOT NULL REFERENCES enterprise,
  agent_id      text NOT NULL REFERENCES agent,
  stream        text NOT NULL,
  epoch         int8 NOT NULL,
  seq           int8 NOT NULL,
  code          text NOT NULL,
  reason        text NOT NULL,
  payload       bytea NOT NULL
);
COMMENT ON TABLE parked IS 'Messages that the contract or the registry refused: kept, counted, visible to their enterprise.';
CREATE INDEX parked_enterprise ON parked (enterprise_id, id);

CREATE TABLE state_history (
  machine_id  text NOT NULL REFERENCES machine,
  at          timestamptz NOT NULL,
  state       text NOT NULL,
  mode        text NOT NULL,
  origin      text NOT NULL,
  quality     text NOT NULL,
  stamped     text,
  epoch       int8 NOT NULL,
  seq         int8 NOT NULL,
  received_at timestamptz NOT NULL,
  PRIMARY KEY (machine_id, epoch, seq)
);
COMMENT ON TABLE state_history IS 'Each change of a machine''s state, once; (epoch, seq) is the number that the post gave it.';
CREATE INDEX state_history_when ON state_history (machine_id, at);

CREATE TABLE gap (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  machine_id text NOT NULL REFERENCES machine,
  start_at   timestamptz NOT NULL,
  end_at     timestamptz NOT NULL,
  reason     text NOT NULL,
  epoch      int8 NOT NULL,
  seq        int8 NOT NULL,
  received_at timestamptz NOT NULL,
  UNIQUE (machine_id, epoch, seq)
);
COMMENT ON TABLE gap IS 'Between these times changes may have happened that nobody could see.';
