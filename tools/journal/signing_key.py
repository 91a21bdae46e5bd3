"""The key that signs the journal: a file of its own, which only its owner may read.

Signatures are HMAC-SHA256 (RFC 2104): whoever holds the key can make them, so they prove that a row
was written by a process that held it, and not which person did.
"""

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from twin.errors import BadInput

KEY_FILE = "signing.key"
"""In the state directory, unless it is kept elsewhere."""

KEY_BYTES = 32

_OTHERS = 0o077


class SigningKey:
    """Makes and compares signatures. `id`: names the key, and says nothing about it."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self.id = hashlib.sha256(b"noctua signing key\0" + secret).hexdigest()[:16]

    def sign(self, what: str, *values: object) -> str:
        """The signature, in hexadecimal, of `values` as a `what`: no other kind of thing has it."""
        return self.digest(what, values).hex()

    def digest(self, what: str, values: object) -> bytes:
        """As `sign`, 32 bytes."""
        # Somebody who altered a row may have left a type that JSON lacks.
        text = json.dumps([what, values], default=repr)
        return hmac.digest(self._secret, text.encode(), "sha256")

    def holds(self, signature: str, what: str, *values: object) -> bool:
        """Whether `signature` is that of `values`."""
        # Compared as bytes: a text with other characters than ASCII would raise.
        made = self.sign(what, *values).encode()
        return hmac.compare_digest(signature.encode("utf-8", "replace"), made)


def load_key(file: Path) -> SigningKey | None:
    """The key in `file`, None if there is no such file.

    Raises:
        BadInput: it cannot be read, is no key, others may read it, or it is somebody else's.
    """
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInput(f"{file}: the signing key cannot be read ({error.strerror})") from error
    with os.fdopen(descriptor, "rb") as opened:
        status = os.fstat(descriptor)
        secret = opened.read(KEY_BYTES + 1)
    if status.st_mode & _OTHERS:
        raise BadInput(f"{file}: others may read the signing key; chmod 600 {file}")
    if status.st_uid not in (os.geteuid(), 0):
        raise BadInput(
            f"{file}: the signing key belongs to user {status.st_uid}, who can sign with it; it "
            f"has to belong to user {os.geteuid()}, who runs this, or to root"
        )
    if len(secret) != KEY_BYTES:
        raise BadInput(
            f"{file}: is no signing key of {KEY_BYTES} bytes; put the right one in its place"
        )
    return SigningKey(secret)


def make_key(file: Path) -> SigningKey:
    """A new key in `file`, with mode 0600; the one that is there, if there is one.

    Raises:
        BadInput: it cannot be made, or what is there is no key.
    """
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as opened:
            opened.write(secrets.token_bytes(KEY_BYTES))
            opened.flush()
            os.fsync(opened.fileno())
        try:
            # Of two processes that make one at once, both use that of the first.
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise BadInput(f"{file}: the signing key cannot be made ({error.strerror})") from error
    made = load_key(file)
    if made is None:
        raise BadInput(f"{file}: the signing key was removed while it was made; try again")
    return made
