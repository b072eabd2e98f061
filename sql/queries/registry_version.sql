SELECT version FROM registry_state
