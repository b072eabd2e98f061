"""``quantrac models teach-triage``: weights of the triage from simulated scenarios."""

from __future__ import annotations

import tempfile
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
    from models.series import Series
    from models.training.triage_weights import Reliability, Sample

_EAGER = 1.0
"""Log-odds by which a second copy of each pipeline alarms earlier: more of the doubtful incidents to learn from."""
_LEAST_SEEDS = 2
_OUT = Path("models/data/triage.json")


def teach_triage(
    *,
    out: Annotated[Path, typer.Option("--out", help="The readable file of weights that is written.")] = _OUT,
    seed: Annotated[int, typer.Option("--seed", help="First of the seeds that are learnt from.")] = 101,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How many seeds are learnt from.")] = 12,
    stations: Annotated[int, typer.Option("--stations", min=1, help="Stations a seed.")] = 6,
    days: Annotated[int, typer.Option("--days", min=8, help="Days a station.")] = 42,
    data: Annotated[
        Path | None, typer.Option("--data", help="Recorded water to teach on as well: a folder for each family.")
    ] = None,
    onto: Annotated[Path, typer.Option("--onto", help="With --data: weights to go on from.")] = _OUT,
    without: Annotated[str, typer.Option("--without", help="With --data: leave this site out, to judge on it.")] = "",
) -> None:
    """Learn how the triage weighs its evidence, from simulated scenarios, and write the weights.

    Half of the seeds (at least two) teach a pipeline, its alarms in the other half (and those of a pipeline that was
    taught nothing) teach the triage, and the other way round; a further seed says how honest the probabilities are.
    With --data what stations without an artefact alarm in recorded water, with events of our own recipe, moves given
    weights.

    Example: quantrac models teach-triage --data benchmarks --without lro/MainStreet --out weights.json
    """
    if data is not None:
        _teach_on_recorded(data, onto, without, numbers=range(seed, seed + seeds), size=(stations, days), out=out)
        return
    if seeds < _LEAST_SEEDS:
        raise QuantracError("Without --data two seeds at least are needed: one half teaches what alarms in the other.")
    from commands.models.views import progress
    from models.protocol import TriageClass
    from models.training.triage_weights import fit_triage, reliability

    numbers = list(range(seed, seed + seeds))
    with progress() as tell, tempfile.TemporaryDirectory() as folder:
        learnt, judged = _samples(Path(folder), numbers, (stations, days), tell)
        counts = Counter(str(s.cls) for s in learnt if s.last)
        size = f"--stations {stations} --days {days}"
        provenance = {
            "command": f"quantrac models teach-triage --seed {seed} --seeds {seeds} {size}",
            "seeds": numbers,
            "judged_on_seed": seed + seeds,
            "code_version": __version__,
            "incidents": {str(c): counts[str(c)] for c in TriageClass if counts[str(c)]},
        }
        tell("weights")
        model = fit_triage(learnt, provenance)
    out.write_text(model.as_json(), encoding="utf-8")
    for taught in (False, True):
        chosen = [s for s in judged if s.taught is taught]
        if chosen:
            _tell(reliability(model, chosen, taught=taught), "with" if taught else "without")
    say(f"Written: {out}")


def _teach_on_recorded(
    data: Path, onto: Path, without: str, *, numbers: Sequence[int], size: tuple[int, int], out: Path
) -> None:
    from commands.models.exam import simulated
    from commands.models.views import progress
    from models.evaluation.incidents import at_a_station
    from models.evaluation.recorded import recorded
    from models.pipeline.configs import STATION_DEFAULT
    from models.pipeline.pipeline import Fitted
    from models.training.triage_weights import RECORDED_SHARE, blended, fit_triage, weighed_by_group
    from models.triage.incident import TriageModel

    before = TriageModel.from_json(onto.read_text("utf-8"), str(onto))
    untaught = Fitted.untaught(STATION_DEFAULT)
    learnt: list[Sample] = []
    with progress() as tell:
        for series in recorded(data, without):
            tell(series.name)
            learnt += at_a_station(untaught, series)
        sites = sorted({s.group for s in learnt})
        for number in numbers:
            tell(f"scenarios of seed {number}")
            for series in simulated(number, *size):
                learnt += [replace(s, group="") for s in at_a_station(untaught, series)]
        if not sites:
            raise QuantracError(f"{data} holds no recorded water: give the folder that has one for each family.")
        counts = Counter(str(s.cls) for s in learnt if s.last)
        provenance = {
            "command": f"quantrac models teach-triage --data {data.name} --onto {onto.name} --seed {numbers[0]} "
            f"--seeds {len(numbers)} --stations {size[0]} --days {size[1]}" + f" --without {without}" * bool(without),
            "recorded": sites,
            "seeds": list(numbers),
            "stations_and_days": list(size),
            "share_of_recorded": RECORDED_SHARE,
            "incidents": dict(sorted(counts.items())),
            "code_version": __version__,
            "onto": dict(before.provenance),
        }
        tell("weights")
        model = blended(before, fit_triage(weighed_by_group(learnt), provenance))
    out.write_text(model.as_json(), encoding="utf-8")
    say(f"Written: {out}, from {sum(counts.values())} incidents of {len(sites)} sites and {len(numbers)} seeds.")


def _samples(
    folder: Path, numbers: Sequence[int], size: tuple[int, int], tell: Callable[[str], None]
) -> tuple[list[Sample], list[Sample]]:
    from commands.models.scenarios import write_scenarios
    from models.evaluation.families import family_named
    from models.evaluation.incidents import samples_of
    from models.pipeline.configs import STATION_DEFAULT
    from models.training.fitting import fit

    family, config = family_named("scenarios"), STATION_DEFAULT
    made: dict[int, tuple[Series, ...]] = {}
    for number in [*numbers, max(numbers) + 1]:
        tell(f"scenarios of seed {number}")
        write_scenarios(folder / str(number), number, *size, lambda _: None)
        made[number] = family.load(folder / str(number))
    untaught = fit([], config)
    learnt: list[Sample] = []
    judged: list[Sample] = []
    middle = len(numbers) // 2
    for teaching, asked in ((numbers[:middle], numbers[middle:]), (numbers[middle:], numbers[:middle])):
        tell(f"pipeline of seeds {teaching}")
        taught = fit([s for n in teaching for s in made[n]], config)
        eager = replace(taught, threshold=taught.threshold - _EAGER)
        for number in asked:
            tell(f"alarms of seed {number}")
            learnt += [s for one in made[number] for s in samples_of((untaught, taught, eager), one)]
        if teaching == numbers[:middle]:
            judged += [s for one in made[max(numbers) + 1] for s in samples_of((untaught, taught), one)]
    return learnt, judged


def _tell(r: Reliability, word: str) -> None:
    say(
        f"{word} a second stage: {r.incidents:.0f} incidents, class right {r.accuracy:.3f}, "
        f"Brier score of P(pollution) {r.brier:.4f}"
    )
    for said, was, weight in r.bins:
        say(f"  said {said:.2f}: was {was:.2f} ({weight:.1f} incidents)")
