"""What both transports hold to."""

from ipaddress import ip_address
from urllib.parse import urlsplit

CONNECT_TIMEOUT = 3.0  # seconds
READ_TIMEOUT = 5.0  # of silence
TOTAL_TIMEOUT = 8.0
LARGEST_BODY = 1_000_000  # bytes; 200 places of Open-Meteo take 80,000


def is_loopback(url: str) -> bool:
    """A proxy from the environment cannot reach the simulator on this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address("127.0.0.1" if host == "localhost" else host).is_loopback
    except ValueError:
        return False
