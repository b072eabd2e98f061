"""The workers: raw records from Kafka, through decoding, quality control, model and judgement, into one transaction.

To read in this order:

1. ``app``, ``records``: the Faust app with its one agent, and the raw records that it hands on.
2. ``processor``: one batch, one transaction; what follows are its steps.
3. ``decoding``, ``batch``, ``tally``: what records say, what a batch comes to at each station, and the accounts of it.
4. ``states``, ``scoring``, ``artefact_choice``, ``sequence_numbers``, ``catalogue``: held between batches.
5. ``paging``, ``sharing``, ``delays``: alerts with their notifications, what others read from Kafka, the delays.
6. ``sweep``: what no reading triggers: closed hours and days, silent stations.
7. ``worker``, ``lag``, ``watchdog``: the process around it, which ends itself when it has gone deaf.
8. ``nightly``, ``trainer``: a process of its own, which has the stations' models trained anew.
"""
