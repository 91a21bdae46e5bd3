"""How often, and for how long, one incident is worked on."""

MOST_ATTEMPTS = 3
"""Plans that one incident may have committed, refused or rejected before a person takes over."""

MOST_PLANS = 8
"""Plans of one incident, refused ones included; remedies run out before."""

MOST_ORDERS = 3
"""Orders to the field in one incident."""

RELIEF_S = 900.0
"""How often remedies are searched again while a repair is awaited and services are hurt: as long as
the steps of the demand that remedies are judged for."""

POLL_S = 60.0
"""How often it is looked whether a repair is done."""

LONGEST_REPAIR_S = 24 * 3600.0
"""A repair that takes longer than a day is a person's to chase (assumed)."""
