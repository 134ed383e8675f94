"""The only place that calls HiGHS: one thread, fixed seed, counted limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import Any

from krmfn.placement_resolver.solving.model import Row
from krmfn.placement_resolver.solving.problem import Limits


def installed() -> bool:
    """Say whether HiGHS can be used."""
    from importlib.util import find_spec

    return find_spec("highspy") is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a run of HiGHS found.

    Attributes:
        values: per column; empty when there is no solution.
        bound: what no solution of the rows exceeds; inf when the run ended before.
        feasible: False when the rows are proven to have no solution.
        complete: whether no limit ended the run.
        nodes: branch-and-bound nodes.
    """

    values: Sequence[float]
    bound: float
    feasible: bool = True
    complete: bool = True
    nodes: int = 0


class Highs:
    """A model inside HiGHS, to which rows may be added; goals are maximised."""

    def __init__(
        self,
        upper: Sequence[float],
        rows: Sequence[Row],
        fractions: Sequence[int],
        limits: Limits,
    ) -> None:
        import highspy
        import numpy as np

        self._np, self._highspy = np, highspy
        self._limits = limits
        self._columns = np.arange(len(upper), dtype=np.int32)
        self._highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, setting in {
            "output_flag": False,
            "threads": 1,
            "random_seed": 0,
            "simplex_iteration_limit": limits.iterations,
            "mip_max_nodes": limits.nodes,
            # Dives find better solutions sooner than these, which nothing countable bounds.
            "mip_heuristic_effort": 0.0,
            "mip_heuristic_run_rens": False,
            "mip_heuristic_run_rins": False,
            "mip_heuristic_run_root_reduced_cost": False,
        }.items():
            self._highs.setOptionValue(option, setting)
        self._highs.passModel(self._model(upper, rows))
        self._integral = False
        self._fractions = np.array(fractions, dtype=np.int32)
        self._given = len(rows)

    def _model(self, upper: Sequence[float], rows: Sequence[Row]) -> Any:
        np, lp = self._np, self._highspy.HighsLp()
        lp.num_col_, lp.num_row_ = len(upper), len(rows)
        lp.sense_ = self._highspy.ObjSense.kMaximize
        lp.col_cost_ = np.zeros(len(upper))
        lp.col_lower_ = np.zeros(len(upper))
        lp.col_upper_ = np.array(upper, dtype=float)
        lp.row_lower_ = np.array([row.lower for row in rows], dtype=float)
        lp.row_upper_ = np.array([row.upper for row in rows], dtype=float)
        matrix = lp.a_matrix_
        matrix.format_ = self._highspy.MatrixFormat.kRowwise
        matrix.start_ = np.cumsum([0, *(len(row.terms) for row in rows)])
        matrix.index_ = np.array([column for row in rows for column in row.terms], dtype=np.int32)
        matrix.value_ = np.array([term for row in rows for term in row.terms.values()])
        return lp

    def add(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        np = self._np
        for row in rows:
            index = np.array(list(row.terms), dtype=np.int32)
            terms = np.array(list(row.terms.values()), dtype=float)
            self._highs.addRow(row.lower, row.upper, len(index), index, terms)

    def bound(self, columns: Sequence[int], lower: float, upper: float) -> None:
        """Change the bounds of columns."""
        np, size = self._np, len(columns)
        ends = np.full(size, lower), np.full(size, upper)
        self._highs.changeColsBounds(size, np.array(columns, dtype=np.int32), *ends)

    def relax(self, row: int, *, to: float) -> None:
        """Change the lower bound of a row, counted from the first added one."""
        self._highs.changeRowBounds(self._given + row, to, inf)

    def linear(self, goal: Sequence[float]) -> Answer:
        """Maximise a goal over the rows, fractions allowed."""
        self._prepare(goal, integral=False)
        self._highs.run()
        status, known = self._highs.getModelStatus(), self._highspy.HighsModelStatus
        if status == known.kInfeasible:
            return Answer((), -inf, feasible=False)
        if status != known.kOptimal:
            return Answer((), inf)
        return Answer(self._values(), self._highs.getInfo().objective_function_value)

    def integer(self, goal: Sequence[float], gap: float, start: Sequence[float]) -> Answer:
        """Maximise a goal over the rows in whole numbers, from a solution, to a relative gap."""
        self._prepare(goal, integral=True)
        self._highs.setOptionValue("mip_rel_gap", gap)
        solution = self._highspy.HighsSolution()
        solution.col_value = list(start)
        self._highs.setSolution(solution)
        interrupt = self._stop_after(self._limits.effort // (1 + self._highs.getNumNz()))
        self._highs.run()
        self._highs.cbMipInterrupt -= interrupt
        status, known = self._highs.getModelStatus(), self._highspy.HighsModelStatus
        if status == known.kInfeasible:
            return Answer((), -inf, feasible=False)
        info = self._highs.getInfo()
        found = abs(info.objective_function_value) < inf and self._highs.getSolution().value_valid
        return Answer(
            self._values() if found else (),
            info.mip_dual_bound,
            complete=status == known.kOptimal,
            nodes=max(int(info.mip_node_count), 0),
        )

    def _stop_after(self, checks: int) -> Any:
        """Stop branch and bound when it has asked so often whether to stop.

        It asks at fixed points of its work, at the root too, where it counts no nodes.
        """
        asked = count(1)

        def interrupt(event: Any) -> None:
            if next(asked) > checks:
                event.interrupt()

        self._highs.cbMipInterrupt += interrupt
        return interrupt

    def _prepare(self, goal: Sequence[float], *, integral: bool) -> None:
        np, kinds = self._np, self._highspy.HighsVarType
        size = len(self._columns)
        self._highs.changeColsCost(size, self._columns, np.array(goal, dtype=float))
        if integral != self._integral:
            kind = np.array([kinds.kInteger if integral else kinds.kContinuous] * size)
            kind[self._fractions] = kinds.kContinuous
            self._highs.changeColsIntegrality(size, self._columns, kind)
            self._integral = integral

    def _values(self) -> Sequence[float]:
        return list(self._highs.getSolution().col_value)
