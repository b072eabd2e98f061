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
from quantrac.terminal import say

if TYPE_CHECKING:
    from models.series import Series
    from models.training.triage_weights import Reliability, Sample

_EAGER = 1.0
"""Log-odds by which a second copy of each pipeline alarms earlier: more of the doubtful incidents to learn from."""
_OUT = Path("models/data/triage.json")


def teach_triage(
    out: Annotated[Path, typer.Option("--out", help="The readable file of weights that is written.")] = _OUT,
    seed: Annotated[int, typer.Option("--seed", help="First of the seeds that are learnt from.")] = 101,
    seeds: Annotated[int, typer.Option("--seeds", min=2, help="How many seeds are learnt from; one more judges.")] = 12,
    stations: Annotated[int, typer.Option("--stations", min=1, help="Stations a seed.")] = 6,
    days: Annotated[int, typer.Option("--days", min=8, help="Days a station.")] = 42,
) -> None:
    """Learn how the triage weighs its evidence, from simulated scenarios, and write the weights.

    Half of the seeds teach a pipeline, its alarms in the other half (and those of a pipeline that was taught nothing)
    teach the triage, and the other way round; a further seed says how honest the probabilities are.

    Example: quantrac models teach-triage --out models/data/triage.json
    """
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


def _samples(
    folder: Path, numbers: Sequence[int], size: tuple[int, int], tell: Callable[[str], None]
) -> tuple[list[Sample], list[Sample]]:
    from commands.models.scenarios import write_scenarios
    from models.evaluation.families import family_named
    from models.pipeline.configs import STATION_DEFAULT
    from models.training.fitting import fit
    from models.training.triage_weights import samples_of

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
