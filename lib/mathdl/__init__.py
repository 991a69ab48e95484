"""The shared library of *Theorems That Run*.

Three parts that never mix: `mathdl.theory` holds what the theorems predict, the computing
modules (`kernels`, `norms`, `sampling`, ...) hold what the computer finds, and `mathdl.book`
holds what a page needs to set the two side by side.
"""

__version__ = "0.1.0"
