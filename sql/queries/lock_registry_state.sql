SELECT version FROM registry_state FOR UPDATE
