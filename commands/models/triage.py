"""``quantrac models teach-triage``: weights of the triage from simulated scenarios and recorded water."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quantrac import __version__
from quantrac.errors import QuantracError
from quantrac.terminal import say

if TYPE_CHECKING:
    from models.pipeline.pipeline import Fitted
    from models.series import Series
    from models.training.triage_weights import Reliability, Sample

_EAGER = 1.0
"""Log-odds by which a second copy of each pipeline alarms earlier: more of the doubtful incidents to learn from."""
_LEAST_SEEDS = 2
_BESIDE, _SIZE_BESIDE = (901, 902, 903), (5, 28)
"""Seeds, stations and days of the simulated water beside the recorded."""
_OUT = Path("models/data/triage.json")


def teach_triage(
    *,
    out: Annotated[Path, typer.Option("--out", help="The readable file of weights that is written.")] = _OUT,
    seed: Annotated[int, typer.Option("--seed", help="First of the seeds that are learnt from.")] = 101,
    seeds: Annotated[int, typer.Option("--seeds", min=_LEAST_SEEDS, help="How many seeds are learnt from.")] = 4,
    stations: Annotated[int, typer.Option("--stations", min=1, help="Stations a seed.")] = 6,
    days: Annotated[int, typer.Option("--days", min=8, help="Days a station.")] = 42,
    data: Annotated[
        Path | None, typer.Option("--data", help="Recorded water to teach on as well: a folder for each family.")
    ] = None,
    without: Annotated[str, typer.Option("--without", help="With --data: leave this site out, to judge on it.")] = "",
) -> None:
    """Learn how the triage weighs its evidence, from simulated scenarios and recorded water, and write the weights.

    Half of the seeds teach a pipeline, its alarms in the other half (and those of a pipeline that was taught nothing)
    teach the triage, and the other way round; a further seed says how honest the probabilities are. With --data what
    stations without an artefact alarm in recorded water, with events of our own recipe, moves these weights.

    Example: quantrac models teach-triage --data benchmarks --without lro/MainStreet --out weights.json
    """
    from commands.models.views import progress
    from models.protocol import TriageClass
    from models.training.triage_weights import blended, fit_triage, reliability, weighed_by_group

    if without and data is None:
        raise QuantracError("--without leaves out a site of recorded water: name its folder by --data as well.")
    numbers = list(range(seed, seed + seeds))
    recorded: list[Sample] = []
    with progress() as tell:
        if data is not None:
            recorded = _recorded(data, without, tell)
        simulated, judged = _samples(numbers, (stations, days), tell)
        counts = Counter(s.cls for s in (*recorded, *simulated) if s.last)
        more = "" if data is None else f" --data {data.name}" + f" --without {without}" * bool(without)
        provenance = {
            "command": f"quantrac models teach-triage --seed {seed} --seeds {seeds} --stations {stations} --days {days}"
            + more,
            "recorded": sorted({s.group for s in recorded} - {""}),
            "seeds": numbers,
            "judged_on_seed": seed + seeds,
            "code_version": __version__,
            "incidents": {str(c): counts[c] for c in TriageClass if counts[c]},
        }
        tell("weights")
        model = fit_triage(simulated, provenance)
        if recorded:
            model = blended(model, fit_triage(weighed_by_group(recorded), provenance))
    out.write_text(model.as_json(), encoding="utf-8")
    for taught in (False, True):
        chosen = [s for s in judged if s.taught is taught]
        if chosen:
            _tell(reliability(model, chosen, taught=taught), "with" if taught else "without")
    say(f"Written: {out}, from {sum(counts.values())} incidents.")


def _recorded(data: Path, without: str, tell: Callable[[str], None]) -> list[Sample]:
    """Return the incidents of recorded water, and of a few simulated stations beside it, of no site."""
    from commands.models.exam import simulated
    from models.evaluation.incidents import samples_of
    from models.evaluation.recorded import recorded
    from models.pipeline.pipeline import Fitted

    untaught = Fitted.untaught()
    out: list[Sample] = []
    for series in recorded(data, without):
        tell(series.name)
        out += samples_of(untaught, series, silences=False)
    if not out:
        raise QuantracError(f"{data} holds no recorded water: give the folder that has one for each family.")
    for number in _BESIDE:
        tell(f"scenarios of seed {number}")
        for series in simulated(number, *_SIZE_BESIDE):
            out += [replace(s, group="") for s in samples_of(untaught, series, silences=False)]
    return out


def _samples(
    numbers: Sequence[int], size: tuple[int, int], tell: Callable[[str], None]
) -> tuple[list[Sample], list[Sample]]:
    from commands.models.exam import simulated
    from models.training.fitting import fit

    made: dict[int, tuple[Series, ...]] = {}
    for number in [*numbers, max(numbers) + 1]:
        tell(f"scenarios of seed {number}")
        made[number] = simulated(number, *size)
    untaught = fit([])
    learnt: list[Sample] = []
    judged: list[Sample] = []
    middle = len(numbers) // 2
    for teaching, asked in ((numbers[:middle], numbers[middle:]), (numbers[middle:], numbers[:middle])):
        tell(f"pipeline of seeds {teaching}")
        taught = fit([s for n in teaching for s in made[n]])
        eager = replace(taught, threshold=taught.threshold - _EAGER)
        for number in asked:
            tell(f"alarms of seed {number}")
            learnt += _incidents((untaught, taught, eager), made[number])
        if teaching == numbers[:middle]:
            judged += _incidents((untaught, taught), made[max(numbers) + 1])
    return learnt, judged


def _incidents(pipelines: Sequence[Fitted], made: Sequence[Series]) -> list[Sample]:
    from models.evaluation.incidents import samples_of

    return [s for one in made for fitted in pipelines for s in samples_of(fitted, one, silences=True)]


def _tell(r: Reliability, word: str) -> None:
    say(
        f"{word} a second stage: {r.incidents:.0f} incidents, class right {r.accuracy:.3f}, "
        f"Brier score of P(pollution) {r.brier:.4f}"
    )
    for said, was, weight in r.bins:
        say(f"  said {said:.2f}: was {was:.2f} ({weight:.1f} incidents)")
