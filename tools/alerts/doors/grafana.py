"""The webhook of Grafana Alerting, version 1: the shape of Alertmanager's, with more keys.

Source: grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/
integrations/webhook-notifier/ (body, and the HMAC signature of grafana/grafana pull request
100960).
"""

from tools.alerts.doors.alertmanager import Alertmanager


class Grafana(Alertmanager):
    """Further keys ("orgId", "title", "values", "silenceURL", ...) are not read."""

    version = "1"
