"""What was saved against a baseline: a pure formula."""

from dataclasses import dataclass

COST_PER_KG_FEN = 1_200
"""Assumed for a kitchen that has not set its cost of a kilogram of food."""
CO2E_G_PER_KG = 3_000
"""For periods without waste, which have no factor of their own (WRAP: more than 3 kg CO2e per kg)."""


@dataclass(frozen=True, slots=True)
class Saved:
    """Waste avoided against the baseline's rate; negative when there was more waste."""

    waste_g: int
    cost_fen: int
    co2e_g: int


def saved(
    baseline_grams_per_cover: float, covers: int, waste_g: int, cost_per_kg_fen: int, co2e_g_per_kg: int
) -> Saved:
    """Savings of a period: (baseline g per cover x covers - waste g), with its cost and CO2e."""
    less_g = round(baseline_grams_per_cover * covers) - waste_g
    return Saved(less_g, less_g * cost_per_kg_fen // 1000, less_g * co2e_g_per_kg // 1000)
