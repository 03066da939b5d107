"""`make bench`: what Holdfast costs, beside nginx and the relay that one writes first.

Ends with 1 if an event was lost, repeated or out of order or a tool failed, never because of a
figure.
"""

import argparse
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import pages, table, tools
from bench.run import Run
from bench.scenarios import SCENARIOS
from bench.targets import TARGETS

TOOLS, PAGES = "tools", "pages"  # measured by themselves, in tools.py and pages.py
NOISY = 0.1  # of the cores: beyond it a single figure is worth little


def main() -> int:
    given = _arguments()
    complaints = _streams(given)
    if TOOLS in (given.only or [TOOLS]) and "holdfast" in (given.target or ["holdfast"]):
        complaints += tools.measured(given.quick)
    if PAGES in (given.only or [PAGES]) and "holdfast" in (given.target or ["holdfast"]):
        complaints += pages.measured(given.quick)
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


def _streams(given: argparse.Namespace) -> list[str]:
    """Measures the scenarios, prints the table, and gives what went wrong."""
    scenarios = [s for s in SCENARIOS if not given.only or s.name in given.only]
    if not scenarios:
        return []
    if given.quick:
        scenarios = [scenario.quick() for scenario in scenarios]
    kinds = [kind for kind in TARGETS if not given.target or kind.name in given.target]
    with TemporaryDirectory(prefix="holdfast-bench-") as folder:
        run = Run(scenarios, Path(folder), _say)
        run.measure(kinds)
    measured = [kind.name for kind in kinds if any(kind.name in r for r in run.results.values())]
    if not measured:
        return []
    print("\n" + table.head(measured))
    for scenario in scenarios:
        print("\n" + "\n".join(table.rows(scenario, measured, run.results[scenario.name])))
    print(f"\n{_noise(run)}\n{_verdict(run)}\n")
    return run.complaints


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [*(scenario.name for scenario in SCENARIOS), TOOLS, PAGES]
    parser.add_argument("--only", action="append", choices=names, help="again for more than one")
    targets = [kind.name for kind in TARGETS]
    parser.add_argument("--target", action="append", choices=targets, help="likewise")
    parser.add_argument("--quick", action="store_true", help="a fifth of it, with rough figures")
    return parser.parse_args()


def _say(text: str) -> None:
    print(text, end="", file=sys.stderr, flush=True)


def _noise(run: Run) -> str:
    most, where = max(run.noise)
    mean = sum(share for share, _ in run.noise) / len(run.noise)
    cores = len(run.cores.all)
    advice = " Trust ratios more than figures, and measure again." if most > NOISY else ""
    said = f"Others used {mean:.0%} of the {cores} cores in use, at most {most:.0%} ({where})."
    shared = "" if cores > 1 else " The target had no core of its own."
    return said + shared + advice


def _verdict(run: Run) -> str:
    events = sum(result.events for of in run.results.values() for result in of.values())
    if run.complaints:
        return f"{events:,} events, and not all is well."
    return f"{events:,} events: none lost, repeated or out of order."


def _stop(*_: object) -> None:
    sys.exit(1)  # so that what was started is stopped


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)
    sys.exit(main())
