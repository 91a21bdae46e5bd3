"""Log lines as a router writes them, after Cisco IOS XR's message formats."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

_BENIGN = (
    "sshd_child_handler[{pid}]: %SECURITY-SSHD-6-INFO_SUCCESS : Successfully authenticated user "
    "'collector' from '192.0.2.{n}' on 'vty0'(cipher 'aes128-gcm@openssh.com', mac 'none')",
    "ntpd[{pid}]: %IP-IP_NTP-5-SYNC_LOSS : Synchronization lost : 192.0.2.{n} : The association "
    "was removed",
    "envmon[{pid}]: %PLATFORM-ENVMON-6-FANTRAY_SPEED : Fan tray {m} speed adjusted to {n} percent",
    "snmpd[{pid}]: %SNMP-SNMP-4-AUTH_FAIL : Received snmp request on unknown community from "
    "192.0.2.{n}",
    "bgp[{pid}]: %ROUTING-BGP-5-ADJCHANGE : neighbor 198.51.100.{n} Up (VRF: CUST-{m}) "
    "(AS: 64{n:03})",
    "l2vpn_mgr[{pid}]: %L2-L2VPN_PW-3-UPDOWN : Pseudowire with address 198.51.100.{n}, id {pid}, "
    "state is Up",
)


def interface_name(slot: int) -> str:
    """The name of a router's interface: slots follow the order of its links in the topology."""
    return f"HundredGigE0/0/0/{slot}"


def router_address(node: int) -> str:
    """The loopback of the node with that index."""
    return f"10.255.{node // 256}.{node % 256}"


def link_line(time_s: float, interface: str, *, up: bool) -> str:
    """The interface changed state."""
    state = "Up" if up else "Down"
    return _line(
        time_s,
        f"ifmgr[351]: %PKT_INFRA-LINK-3-UPDOWN : Interface {interface}, changed state to {state}",
    )


def adjacency_line(time_s: float, interface: str, neighbour: str, reason: str, *, up: bool) -> str:
    """The OSPF adjacency changed state."""
    change = "LOADING to FULL, Loading Done" if up else f"FULL to DOWN, Neighbor Down: {reason}"
    return _line(
        time_s,
        "ospf[1013]: %ROUTING-OSPF-5-ADJCHG : "
        f"Process 1, Nbr {neighbour} on {interface} in area 0 from {change}, vrf default",
    )


def commit_line(time_s: float, user: str, label: str, number: int) -> str:
    """A configuration was committed."""
    return _line(
        time_s,
        "config[65740]: %MGBL-CONFIG-6-DB_COMMIT : "
        f"Configuration committed by user '{user}'. Use 'show configuration commit changes "
        f"{1000000000 + number}' to view the changes. Label: '{label}'",
    )


def benign_line(time_s: float, numbers: np.random.Generator) -> str:
    """A line that means nothing for the network's health."""
    pattern: Sequence[str] = _BENIGN
    text = pattern[int(numbers.integers(len(pattern)))].format(
        pid=int(numbers.integers(1000, 65000)),
        n=int(numbers.integers(1, 250)),
        m=int(numbers.integers(0, 20)),
    )
    return _line(time_s, text)


def _line(time_s: float, text: str) -> str:
    stamp = datetime.fromtimestamp(time_s, UTC)
    clock = f"{stamp:%b} {stamp.day:2d} {stamp:%H:%M:%S}.{stamp.microsecond // 1000:03d} UTC"
    return f"RP/0/RP0/CPU0:{clock}: {text}"
