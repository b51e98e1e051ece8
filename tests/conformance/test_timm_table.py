"""timm's published table: every sixtieth row, and the families that need more than counting. `make truth` takes all."""

from __future__ import annotations

from importlib.util import find_spec
from types import ModuleType

import pytest

if find_spec("timm") is None:
    pytest.skip("timm is not installed", allow_module_level=True)

FUSED = (  # published after their training branches were folded into single layers
    "repvgg_a0 mobileone_s1 levit_128 levit_conv_128 ghostnetv3_050 repvit_m1 fastvit_t8 efficientvit_m0 shvit_s1"
).split()
NORMALISED = (
    "efficientnet_b0_gn convnext_atto nf_regnet_b0 cait_xxs24_224 swinv2_cr_tiny_224 maxvit_tiny_tf_224".split()
)
OTHER = {
    "convmixer_1024_20_ks9_p14": "fvcore has no handler for the convolutions",
    "vit_dwee_patch16_reg1_gap_256": "published with fused attention switched off",
    "ecaresnext50t_32x4d": "published with older code",
}


def test_every_sixtieth_row(agreement: ModuleType) -> None:
    """Parameters and fvcore's flops are the published ones, to the last digit."""
    rows = agreement.timm_rows()
    assert len(rows) == 1627
    assert [] == [result for result in map(agreement.compare_timm, rows[::60]) if not result.agrees]


@pytest.mark.parametrize("model", FUSED + NORMALISED)
def test_families_with_work_of_their_own(agreement: ModuleType, model: str) -> None:
    """Fused branches, and normalisations of all kinds: the same, to the last digit."""
    row = next(row for row in agreement.timm_rows() if row.model == model)
    assert agreement.TimmResult(row, row.params, row.gmacs) == agreement.compare_timm(row)


@pytest.mark.parametrize("model", OTHER)
def test_other_figures_have_a_cause(agreement: ModuleType, model: str) -> None:
    """Where the published figure is another, taking the cause into account gives it, to the last digit."""
    row = next(row for row in agreement.timm_rows() if row.model == model)
    result = agreement.compare_timm(row)
    assert (False, True) == (result.agrees, result.explained)
    assert result.cause.startswith(OTHER[model])
