"""`python -m chaos`: play many seeds side by side, or replay one.

A failing seed is printed with what does not hold; `python -m chaos --seed N` plays it alone.
"""

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from chaos.driver import play


def main() -> int:
    """Play; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many (default %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="play this one alone")
    # A seed waits for two thirds of its time.
    parser.add_argument("--jobs", type=int, default=3 * (os.cpu_count() or 1), help="at once")
    options = parser.parse_args()
    if options.seed is not None:
        seeds = range(options.seed, options.seed + 1)
    else:
        seeds = range(options.first, options.first + options.seeds)
    began, failed, scenes = time.monotonic(), 0, Counter[str]()
    with ProcessPoolExecutor(min(options.jobs, len(seeds))) as processes:
        for seed, outcome in zip(seeds, processes.map(play, seeds, chunksize=5), strict=True):
            scenes += outcome.scenes
            if outcome.broken:
                failed += 1
                print(f"seed {seed}: {outcome.broken}", flush=True)
    print(", ".join(f"{name}: {number}" for name, number in sorted(scenes.items())))
    seconds = time.monotonic() - began
    rate = len(seeds) / seconds
    print(f"{len(seeds)} seeds, {failed} failed, {seconds:.0f} s, {rate:.1f} seeds/s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
