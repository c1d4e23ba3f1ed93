"""What is reached on this machine only: whatever leaves it needs TLS, and more."""

from __future__ import annotations

import ipaddress


def is_loopback(host: str) -> bool:
    """Tell whether only this machine answers to ``host``; of names, that is known of ``localhost`` alone."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
