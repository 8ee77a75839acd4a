"""Weigh-ins at the fake centre."""

from datetime import date, datetime, timedelta
from uuid import UUID

from conformance.fake.messages import Messages, Work
from foundation.calendar import ZONE
from foundation.problems import CONFLICT, INVALID, NOT_ALLOWED, Problem
from terminals.messages import TerminalMessage
from terminals.models import TerminalKind
from waste.weighing.schemas import FoodFactor, ScaleRecorded, ScaleWeighIn, ScaleWeighIns

BACKDATED_MAX = timedelta(days=14)
USUAL_FROM = 10

FOODS = [
    FoodFactor("rice", date(2025, 1, 1), "米饭", "rice, cooked", 1_780, "fake centre"),
    FoodFactor("pork", date(2025, 1, 1), "猪肉", "pork", 12_300, "fake centre"),
]


class Scales(Messages):
    """What scales send."""

    def _must_be_scale(self, message: TerminalMessage) -> None:
        if message.session.kind != TerminalKind.SCALE:
            raise Problem(NOT_ALLOWED, "weighing.not_a_scale")

    def weigh(self, work: Work, _: tuple[str, ...]) -> ScaleRecorded:
        """Record weigh-ins, all or none."""
        message = self._message(work)
        asked = self._read(work, ScaleWeighIns)
        self._must_be_scale(message)
        today = datetime.now(ZONE).date()
        given: dict[UUID, ScaleWeighIn] = {}
        for one in asked.weigh_ins:
            if one.weigh_in_id in given:
                raise Problem(INVALID, "weighing.number_twice", weigh_in_id=one.weigh_in_id)
            if not today - BACKDATED_MAX <= one.business_date <= today:
                first = today - BACKDATED_MAX
                raise Problem(
                    INVALID, "weighing.date_out_of_range", business_date=one.business_date, first=first, last=today
                )
            if one.food is not None and one.food not in {food.food for food in FOODS}:
                raise Problem(INVALID, "weighing.unknown_food", food=one.food)
            given[one.weigh_in_id] = one
            if self._weigh_ins.get(one.weigh_in_id, one) != one:
                raise Problem(CONFLICT)
        new = given.keys() - self._weigh_ins.keys()
        far = [number for number in given if number in new and self._is_far_from_usual(given[number])]
        self._weigh_ins |= given
        return ScaleRecorded("recorded", len(given), len(new), far)

    def _is_far_from_usual(self, weighed: ScaleWeighIn) -> bool:
        """As waste/weighing/sql/weigh_ins.sql judges it, once ten weights of this meal and stream are known."""
        like = (one for one in self._weigh_ins.values() if (one.meal, one.stream) == (weighed.meal, weighed.stream))
        known = [one.weight_g for one in like if one.weight_g > 0]
        if len(known) < USUAL_FROM:
            return False
        return weighed.weight_g > 5 * max(known) or 0 < 50 * weighed.weight_g < min(known)

    def foods(self, work: Work, _: tuple[str, ...]) -> list[FoodFactor]:
        """Kinds of food."""
        self._must_be_scale(self._message(work))
        return FOODS
