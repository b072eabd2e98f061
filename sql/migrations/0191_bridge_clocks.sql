CREATE TABLE bridge_clocks (
    bridge  text             PRIMARY KEY CHECK (length(bridge) <= 128),
    off_s   double precision NOT NULL,
    since   timestamptz      NOT NULL,
    seen_at timestamptz      NOT NULL
);
COMMENT ON TABLE bridge_clocks IS 'Bridges and drop folders whose stamps of receipt disagree with Kafka''s and the workers'' clocks: by how much they are fast (s; negative: slow), since when, and when that was last seen.';
