-- Links of messages with which an incident is taken: what is kept of each is its hash.
CREATE TABLE incident_links (
    digest      bytea            PRIMARY KEY CHECK (octet_length(digest) = 32),
    incident_id bigint           NOT NULL REFERENCES incidents (id),
    person      text COLLATE "C" NOT NULL REFERENCES people (code),
    created_at  timestamptz      NOT NULL,
    expires_at  timestamptz      NOT NULL,
    used_at     timestamptz,
    CHECK (expires_at > created_at)
);
COMMENT ON TABLE incident_links IS 'Single use: used_at. The key that signs a link is in a file, not here.';
CREATE INDEX incident_links_incident ON incident_links (incident_id);
