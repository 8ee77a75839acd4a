"""The word and the colours of a minute: the same for all of a canteen, and known to the centre alone."""

from datetime import UTC, datetime, timedelta

from foundation.keys import KeyRing
from terminals.minute_words import COLOURS, WORDS, Minute, minute_of, minutes_of

NOON = datetime(2026, 11, 23, 4, 0, 30, tzinfo=UTC)


def test_all_of_a_minute_see_the_same_and_the_next_minute_is_another(keys: KeyRing) -> None:
    minute = minute_of(keys, 1007, NOON)
    assert minute == minute_of(keys, 1007, NOON + timedelta(seconds=29))
    assert (minute.since, minute.until) == (int(NOON.timestamp()) - 30, int(NOON.timestamp()) + 30)
    assert minutes_of(keys, 1007, NOON) == [minute, minute_of(keys, 1007, NOON + timedelta(minutes=1))]


def test_minutes_canteens_and_keys_differ(keys: KeyRing) -> None:
    other = KeyRing(keys.centre, bytes(32), keys.card_master)
    hours = [NOON + timedelta(minutes=n) for n in range(240)]

    def looks(minutes: list[Minute]) -> list[tuple[str, str]]:
        return [(one.word_zh, one.ground) for one in minutes]

    here = looks([minute_of(keys, 1007, at) for at in hours])
    there = looks([minute_of(keys, 1008, at) for at in hours])
    elsewhere = looks([minute_of(other, 1007, at) for at in hours])
    assert len(set(here)) > 180, "looks hardly come again within four hours"
    for others in (there, elsewhere, here[1:]):
        assert sum(one == two for one, two in zip(here, others, strict=False)) < 5


def test_words_are_two_characters_with_one_english_word_each() -> None:
    assert len(WORDS) == len({zh for zh, _ in WORDS}) == len({en for _, en in WORDS}) == 120
    assert all(len(zh) == 2 and all("\u4e00" <= c <= "\u9fff" for c in zh) for zh, _ in WORDS)
    assert all(en.replace(" ", "").isalpha() and en == en.lower() for _, en in WORDS)


def test_colours_can_be_read_from_a_metre_away() -> None:
    assert all(_contrast(*pair) >= 7 for pair in COLOURS)
    assert len({ground for ground, _ in COLOURS}) == len(COLOURS)


def _contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
