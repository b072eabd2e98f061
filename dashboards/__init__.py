"""Grafana dashboards as code, one a module, and their provisioning.

Reading order: ``overview`` is a dashboard, built of ``panels`` over the model in ``grafana``, with the SQL of
``queries`` and the names of ``words``; ``catalogue`` lists all dashboards. ``provisioning`` brings them to a running
Grafana with their ``datasource``, ``files`` lays them out for one that reads them at its start.
"""
