"""All lists by their paths, from the packages that own them."""

from typing import Any

import clearing.listings
import dining.listings
import registry.listings
import settlement.listings
import terminals.listings
import waste.listings
from registry.lists.listing import Listing

LISTS: dict[str, Listing[Any]] = {
    **registry.listings.LISTS,
    **settlement.listings.LISTS,
    **dining.listings.LISTS,
    **terminals.listings.LISTS,
    **clearing.listings.LISTS,
    **waste.listings.LISTS,
}
