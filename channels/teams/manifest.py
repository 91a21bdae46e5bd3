"""What the app is made of in Teams."""

from typing import Any

from channels.teams.settings import TeamsSettings

PERMISSION = "ChannelMessage.Read.Group"
"""To look for a message that may have been posted before a death."""


def manifest(settings: TeamsSettings) -> dict[str, Any]:
    """The manifest of the app, which is packed with its two pictures.

    Source: learn.microsoft.com/microsoft-365/extensibility/schema, version 1.16.
    """
    version = "1.16"
    schema = "https://developer.microsoft.com/json-schemas/teams"
    about = "Incidents as threads, and plans as cards that the right people answer"
    page = "https://noc.example"
    return {
        "$schema": f"{schema}/v{version}/MicrosoftTeams.schema.json",
        "manifestVersion": version,
        "version": "1.0.0",
        "id": settings.app,
        "developer": {
            "name": "Noctua",
            "websiteUrl": page,
            "privacyUrl": page,
            "termsOfUseUrl": page,
        },
        "name": {"short": "Noctua"},
        "description": {"short": about, "full": about},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": "#1f2937",
        "bots": [
            {
                "botId": settings.app,
                "scopes": ["team"],
                "supportsFiles": False,
                "isNotificationOnly": False,
            }
        ],
        "webApplicationInfo": {"id": settings.app},
        "authorization": {
            "permissions": {"resourceSpecific": [{"name": PERMISSION, "type": "Application"}]}
        },
        "validDomains": [],
    }
