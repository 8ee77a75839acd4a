"""Advisory locks of PostgreSQL in one table: no two uses may share a number.

SQL names the numbers literally; ``tests`` compare every use in the tree with this table.
"""

LOCKS = {
    7300: "migrating the database",
    7301: "the gate of a book's business day: charges share it, the closer has it alone",
    7310: "appending to the audit log",
    7320: "numbering a version of the block list",
    7330: "beginning a cycle",
    7340: "posting the bank's confirmations",
    7360: "reconciling",
    7370: "adding up a canteen's meals",
    7390: "changing regions, agencies and canteens",
}
"""First key -> what it is for; the second key is the book, the canteen, or 0."""
