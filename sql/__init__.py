"""What others see of the database: the migrations' runner, and stores with one method per need.

To read in this order:

1. ``migrations/*.sql`` is the schema (``schema.sql`` is all of it, generated); ``runner`` applies it.
2. ``statements``, ``connections``, ``storable``: the queries of ``queries/*.sql`` by name, psycopg's errors as
   ``StoreError``, text as PostgreSQL can hold it.
3. ``worker_store``: the transaction of a worker's batch. It has one store for each area: ``progress_store``,
   ``state_store``, ``sequence_store``, ``readings_store``, ``accounting_store``, ``presence_store``, ``alert_store``,
   ``model_store``, ``bucket_store``.
4. ``outbox_store``, ``alert_desk``: what the notifier and the officers do.
5. ``catalogue``: stations, limits and rules, in and out.
6. ``reports``, ``delays``: what officers and operators ask, as the reader role.
7. ``fresh_start``: for demonstrations.
"""
