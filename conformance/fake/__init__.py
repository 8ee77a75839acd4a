"""A centre for a terminal maker's desk: the real messages, and a ledger in memory."""
