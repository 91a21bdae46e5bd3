"""What each monitoring system sends: one file for each, with its reader.

A further one is one more file here and one more line in DOORS.
"""

from collections.abc import Mapping

from tools.alerts.doors.alertmanager import Alertmanager
from tools.alerts.doors.generic import Generic
from tools.alerts.doors.grafana import Grafana
from tools.alerts.doors.vmalert import Vmalert
from tools.alerts.reading import Door

DOORS: Mapping[str, type[Door]] = {
    "alertmanager": Alertmanager,
    "grafana": Grafana,
    "vmalert": Vmalert,
    "generic": Generic,
}
"""By the name under which alerts.yaml says what a door reads."""
