"""The books: what was accepted and what became of it, per source and minute of receipt.

accepted = stored + duplicate + invalid + blocked + suppressed + in flight, where every term but
the last is counted in the same commit as the step it describes, and *in flight* is what the raw log
holds beyond refine's position plus what the events log holds beyond the store's.
"""

ACCEPTED = "accepted"
REFINED = "refined"
DUPLICATE = "duplicate"
INVALID = "invalid"
BLOCKED = "blocked"
SUPPRESSED = "suppressed"
STORED = "stored"

OUTCOMES = (ACCEPTED, REFINED, DUPLICATE, INVALID, BLOCKED, SUPPRESSED, STORED)

REFINE_GROUP = "refine"
STORE_GROUP = "store"
