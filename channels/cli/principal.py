"""Who uses the command line."""

import os
import pwd

from twin.nouns.principal import FLAG, OS_USER, Principal


def os_user() -> Principal:
    """The user whom this process runs as; the environment cannot name another."""
    return Principal(name=user_name(os.getuid()), provider=OS_USER)


def principal(named: str) -> Principal:
    """The person whom `--by` names, or the user of this process where it names nobody."""
    return Principal(name=named, provider=FLAG) if named.strip() else os_user()


def user_name(uid: int) -> str:
    """The name of a user, "user 1000" where the system has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
