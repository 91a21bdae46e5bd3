"""How a call of a model server fails, as one tree; no text in it holds the server's key.

ModelCallFailed             anything that goes wrong between us and the server
├── ModelUnreachable        no connection, or it broke
├── ModelTimedOut           the call did not end in time
├── ModelUnauthorised       the key is missing, wrong or not enough (401, 403)
├── ModelUnknown            the server does not serve that model, or that path (404)
├── ModelRateLimited        too many requests, or no money left (429)
├── ModelRefusedRequest     the server does not take this request (other 4xx, and redirects)
├── ModelServerBroken       the server failed (5xx)
├── ModelGarbled            what came back is not what the protocol says
└── ModelReplyTooLarge      what came back is larger, deeper or more than what is read
"""

from twin.errors import NoctuaError


class ModelCallFailed(NoctuaError):
    """A call of a model server brought no message."""


class ModelUnreachable(ModelCallFailed):
    """There is no connection to the server, or it broke."""


class ModelTimedOut(ModelCallFailed):
    """The call did not end in the time that it had."""


class ModelUnauthorised(ModelCallFailed):
    """The server does not accept the key."""


class ModelUnknown(ModelCallFailed):
    """The server does not serve the model, or not at this address."""


class ModelRateLimited(ModelCallFailed):
    """The server wants fewer requests."""


class ModelRefusedRequest(ModelCallFailed):
    """The server does not take the request."""


class ModelServerBroken(ModelCallFailed):
    """The server failed."""


class ModelGarbled(ModelCallFailed):
    """The reply is not what the protocol says."""


class ModelReplyTooLarge(ModelCallFailed):
    """The reply is larger, deeper or of more parts than what is read of one."""
