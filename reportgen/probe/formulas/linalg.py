"""Fourier transforms, factorisations and solvers.

A transform of n complex points counts 5 n log2 n FLOPs, of n real ones half of that: Cooley and Tukey's radix 2, and
what FFTW's benchmarks go by. Factorisations of dense matrices count the terms of highest order of the standard
algorithms: Golub and Van Loan, Matrix Computations, 4th edition, sections 3.2 (LU), 4.2 (Cholesky), 5.2 (QR); LAPACK
Working Note 41 has the same. What iterates until it has converged (eigenvalues, singular values) or looks at values for
its order (the matrix exponential) has no formula.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import log2, prod
from typing import Any

from torch import Tensor

from reportgen.probe.formulas.base import factor, formula


def _transform(points: int, sizes: Sequence[int], per_point: float) -> int:
    """``points`` in all, of which each goes through transforms of these sizes."""
    return round(per_point * points * log2(max(prod(sizes), 1)))


@formula("_fft_c2c")
def _complex_transform(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    x = args[0]
    return _transform(x.numel(), [x.shape[dim] for dim in args[1]], 5)


@formula("_fft_r2c")
def _real_transform(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
    x = args[0]
    return _transform(x.numel(), [x.shape[dim] for dim in args[1]], 2.5)


@formula("_fft_c2r")
def _transform_to_real(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return _transform(out.numel(), [out.shape[dim] for dim in args[1]], 2.5)


def _batched(flops: Callable[[int, int], int], *names: str) -> None:
    """Registers what a factorisation of one (rows, columns) matrix costs, for each of a batch in the first argument."""

    def batched(args: Sequence[Any], _kwargs: Mapping[str, Any], _out: Any) -> int:
        matrix = args[0]
        rows, columns = matrix.shape[-2:]
        return int(prod(matrix.shape[:-2]) * flops(rows, columns) * factor(matrix))

    formula(*names)(batched)


def _lu(rows: int, columns: int) -> int:
    long, short = max(rows, columns), min(rows, columns)
    return long * short**2 - short**3 // 3


def _qr(rows: int, columns: int) -> int:
    """Householder's: R, and Q of as many columns as the shorter side has."""
    long, short = max(rows, columns), min(rows, columns)
    return 2 * (2 * long * short**2 - 2 * short**3 // 3)


_batched(_lu, "linalg_lu", "linalg_lu_factor_ex", "_linalg_det", "_linalg_slogdet")
_batched(lambda n, _: n**3 // 3, "linalg_cholesky_ex", "cholesky", "linalg_ldl_factor_ex")
_batched(lambda n, _: 2 * n**3, "linalg_inv_ex")
_batched(lambda n, _: 2 * n**3 // 3, "cholesky_inverse")
_batched(_qr, "linalg_qr")
_batched(lambda rows, columns: _qr(rows, columns) // 2, "geqrf", "linalg_householder_product")


def _substitution(matrix: Tensor, right: Tensor, triangles: int) -> int:
    """Forward or backward substitution: n² FLOPs a triangle for each right-hand side."""
    return triangles * int(right.numel() * matrix.shape[-1]) * factor(matrix)


@formula("linalg_solve_triangular")
def _triangular(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return _substitution(args[0], out, 1)


@formula("triangular_solve")
def _old_triangular(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Any) -> int:
    return _substitution(args[1], out[0], 1)


@formula("linalg_lu_solve", "linalg_ldl_solve")
def _factored(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return _substitution(args[0], out, 2)


@formula("cholesky_solve", "_cholesky_solve_helper")
def _cholesky_solve(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Tensor) -> int:
    return _substitution(args[1], out, 2)


@formula("_linalg_solve_ex")
def _solve(args: Sequence[Any], _kwargs: Mapping[str, Any], out: Any) -> int:
    """LU, then two substitutions."""
    matrix = args[0]
    n = int(matrix.shape[-1])
    batch = int(prod(matrix.shape[:-2]))
    return batch * (2 * n**3 // 3) * factor(matrix) + _substitution(matrix, out[0], 2)
