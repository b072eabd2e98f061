"""Grafana dashboards as code, one a module, and their provisioning."""
