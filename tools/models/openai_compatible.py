"""Chat models on any server that speaks OpenAI's chat completions: vLLM, llama.cpp, OpenAI itself.

The client hardly tries anything twice: whoever asks has a deadline and another mind. A request is
made again where the server refused a parameter that can be spared, and once within the call's time
after a 5xx, a broken connection, or a 429 or 503 that says to come back within two seconds.
"""

import os
from collections.abc import Mapping
from importlib.util import find_spec

from langchain_core.language_models import BaseChatModel

from tools.models.settings import ModelSettings, key_of
from twin.errors import BadInput, installing

DEFAULT_CALL_S = 60.0
"""Seconds after which a call is ended, where nobody says otherwise."""

DEFAULT_REPLY_BYTES = 8 * 2**20
"""Of a reply, unpacked, where nobody says otherwise. 32k tokens, an event each, are about 7 MB."""

INSTALL = installing("openai")
"""How the extra is installed that holds the client."""


def chat_model(
    settings: ModelSettings,
    *,
    environ: Mapping[str, str] | None = None,
    call_s: float = DEFAULT_CALL_S,
    reply_bytes: int = DEFAULT_REPLY_BYTES,
) -> BaseChatModel:
    """The model that `settings` describe, without pseudonyms; nobody is called yet.

    `environ` holds the key, `os.environ` if not given. A call ends after `call_s` seconds,
    and when its reply is larger than `reply_bytes`, unpacked.

    Raises:
        BadInput: the extra `openai` is not installed, or the environment has no key.
    """
    if any(find_spec(name) is None for name in ("langchain_openai", "openai", "httpx2")):
        raise BadInput(
            f'model "{settings.id}" needs the extra openai, which is not installed; install it '
            f"with {INSTALL}"
        )
    key = key_of(settings, os.environ if environ is None else environ)
    # Here, since it is an extra and takes a second to import.
    from tools.models.openai_client import OpenAICompatibleModel

    return OpenAICompatibleModel.on(settings, key, call_s, reply_bytes)
