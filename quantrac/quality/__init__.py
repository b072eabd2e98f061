"""Quality control: one module per test, each a pure function of one reading and what is remembered of those before.

A test flags, it never changes or drops a value. A module with a test exposes it as ``TEST``; the conformance suite
finds it there. :mod:`quantrac.quality.chain` runs the tests over a sensor's readings as they arrive.

The flags are the primary flags of QARTOD, and the tests follow "Manual for Real-Time Quality Control of In-situ
Temperature and Salinity Data" (IOOS QARTOD, version 2.1, 2020), section 3.3, whose numbers each docstring names.
"""
