"""All benchmarks in one run, and one table from it: `make bench`."""

import argparse
import os
import sys
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch and jax are imported
os.environ["MATHDL_STATIC"] = "1"  # no progress bars


def pin() -> None:
    """Stay on one core, the last one that this process may use."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def main() -> None:
    """Measure every goal side by side with its rivals, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--quick", action="store_true", help="tiny work, to see that it runs")
    parser.add_argument("--output", type=Path, help="where the table goes")
    options = parser.parse_args()
    pin()
    import torch

    from benchmarks import gpu, norms_and_curvature, results, training

    torch.set_num_threads(1)
    if options.device == "cuda":
        if not torch.cuda.is_available():
            raise SystemExit("--device cuda asks for a GPU that PyTorch does not find here.")
        rows = gpu.rows(options.quick)
    else:
        print("Training ...", file=sys.stderr)
        rows = training.rows(options.quick)
        print("Norms and curvature ...", file=sys.stderr)
        rows += norms_and_curvature.rows(options.quick)
    page = results.page(rows, results.provenance(options.device))
    print(page)
    if options.quick:
        print("The work was tiny: this says that it runs, not how fast.", file=sys.stderr)
    elif options.output:
        options.output.write_text(page, encoding="utf-8")
        print(f"Written to {options.output}.", file=sys.stderr)


if __name__ == "__main__":
    main()
