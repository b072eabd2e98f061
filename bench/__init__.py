"""How fast the whole path is, beside the bare limit of the database in the same run: ``make bench``.

Reading order: ``__main__`` has every measurement of the path, on a stage of :mod:`local.stage` with the stations of
``province``; ``bare_copy`` is the limit beside it, ``feed`` fills the raw topic for the worker alone, ``meter`` samples
memory and processor time. ``model`` measures the anomaly model without servers.
"""
