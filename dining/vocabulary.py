"""The words of menus and bookings; the catalogue says each in Chinese and English (``dining.<noun>.<word>``)."""

from enum import StrEnum


class DishKind(StrEnum):
    """What a dish is on a menu."""

    STAPLE = "staple"
    MEAT = "meat"
    MIXED = "mixed"
    VEGETABLE = "vegetable"
    COLD = "cold"
    SOUP = "soup"
    PASTRY = "pastry"
    FRUIT = "fruit"
    DRINK = "drink"
    OTHER = "other"


class Allergen(StrEnum):
    """The eight groups of food that a label names (GB/T 23779-2025, and GB 7718-2025 for packaged food)."""

    GLUTEN = "gluten"
    CRUSTACEANS = "crustaceans"
    FISH = "fish"
    EGGS = "eggs"
    PEANUTS = "peanuts"
    SOYBEANS = "soybeans"
    MILK = "milk"
    NUTS = "nuts"


class Mark(StrEnum):
    """Whom a dish suits."""

    VEGETARIAN = "vegetarian"
    HALAL = "halal"


class BookingState(StrEnum):
    """Of a diner's booking."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
