"""Tells this machine's own names and addresses from others. Pure."""

import ipaddress


def is_loopback(host: str) -> bool:
    """True for names and addresses of this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
