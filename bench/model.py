"""The anomaly model alone: rows of ten sensors in the stream and in batch, beside bare loops over the same rows."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count, islice

import numpy as np

from models.pipeline.pipeline import Fitted, Scorer, push_together, warm
from models.protocol import TriageClass
from models.series import Event, Floats, Series
from models.snapshots import pack, unpack
from models.training.fitting import fit

SENSORS = 10
STATIONS = 30
"""Held at once, to see what memory a station takes."""
TOGETHER = 150
"""Stations of a batch, a row of each: they are scored in one call."""
_TAUGHT_ROWS = 4000
_EVENT_EVERY, _EVENT_ROWS = 400, 30


def measure_model(rows: int, repeats: int) -> dict[str, object]:
    """Return the figures of the model; times are processor times, the least of ``repeats`` runs."""
    began = time.perf_counter()
    warm()
    warmed_s = time.perf_counter() - began
    taught = fit([_series(_TAUGHT_ROWS, 0)])
    novelty = replace(taught, stage=None)
    series = _series(rows, 1)
    pass_s = _least(lambda: _bare_pass(series.values), repeats)
    loop_s = _least(lambda: _bare_loop(series.values), repeats)
    stream_s, plain_stream_s = (_least(_stream(f, series), repeats) for f in (taught, novelty))
    batch_s, plain_batch_s = (_least(partial(_batch, f, series), repeats) for f in (taught, novelty))
    snapshot, resident = _memory(taught, series)
    return {
        "model_ms_per_row": round(1e3 * stream_s / rows, 3),
        "model_ms_per_row_without_second_stage": round(1e3 * plain_stream_s / rows, 3),
        "model_row_over_bare_row": round(stream_s / loop_s),
        "model_batch_rows_per_s": round(rows / batch_s),
        "model_batch_rows_per_s_without_second_stage": round(rows / plain_batch_s),
        "model_batch_over_bare_pass": round(batch_s / pass_s),
        "model_snapshot_kb": round(snapshot / 1000),
        "model_memory_kb": round(resident / 1000),
        "model_warm_s": round(warmed_s, 1),
    }


def _series(rows: int, seed: int) -> Series:
    """Return random walks with steps of several sensors, every second of them pollution, the others faults."""
    rng = np.random.default_rng(seed)
    times = np.datetime64("2026-01-01", "ns") + np.arange(rows) * np.timedelta64(300, "s")
    values = 50 + np.cumsum(rng.normal(size=(rows, SENSORS)), axis=0) * 0.1 + rng.normal(size=(rows, SENSORS))
    labels, events = np.zeros(rows, dtype=np.bool_), []
    for number, first in enumerate(range(_EVENT_EVERY, rows - _EVENT_ROWS, _EVENT_EVERY)):
        last = first + _EVENT_ROWS - 1
        labels[first : last + 1] = True
        values[first : last + 1, : 1 + 3 * (number % 2)] += 20
        cls = TriageClass.POLLUTION if number % 2 else TriageClass.FAULT
        events.append(Event(times[first], times[last], cls.value, (), cls))
    return Series("bench", times, tuple(f"s{j}" for j in range(SENSORS)), values, labels, tuple(events))


def _least(work: Callable[[], object], repeats: int) -> float:
    """Return the least processor time of several runs: what else the machine does only adds to it."""
    times = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def _stream(fitted: Fitted, series: Series) -> Callable[[], None]:
    """Return work that scores as many rows as the series has, in batches of a row of each station."""
    scorers = [_learnt(fitted, series) for _ in range(TOGETHER)]
    step, batches = np.timedelta64(300, "s"), len(series.times) // TOGETHER
    numbers = count(1)

    def work() -> None:
        for i in islice(numbers, batches):
            times, values = series.times[-1:] + i * step, series.values[i % batches :][:1]
            push_together([(scorer, times, values) for scorer in scorers])

    return work


def _learnt(fitted: Fitted, series: Series) -> Scorer:
    scorer = Scorer(fitted, series.columns)
    scorer.push(series.times, series.values)
    return scorer


def _batch(fitted: Fitted, series: Series) -> None:
    Scorer(fitted, series.columns).push(series.times, series.values)


def _bare_pass(values: Floats) -> Floats:
    """Return the least that a batch could say: how far each value is from its sensor's mean, in scatters."""
    return np.asarray(np.abs(values - values.mean(axis=0)) / values.std(axis=0))


def _bare_loop(values: Floats) -> float:
    """Do the least that a stream could do: take each row, and say one number."""
    return sum(float(values[i : i + 1].max()) for i in range(len(values)))


def _memory(fitted: Fitted, series: Series) -> tuple[int, float]:
    """Return the bytes of a station's snapshot, and of what it holds in memory."""
    snapshot = pack("bench", 1, _learnt(fitted, series).state())
    tracemalloc.start()
    held = []
    for _ in range(STATIONS):
        scorer = Scorer(fitted, series.columns)
        scorer.set_state(unpack("bench", 1, snapshot))
        scorer.push(series.times[-1:] + np.timedelta64(300, "s"), series.values[-1:])
        held.append(scorer)
    resident, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return len(snapshot), resident / len(held)
