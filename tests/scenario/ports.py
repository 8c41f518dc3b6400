"""Ports of 127.0.0.1: one that is free, and whether a program has read all that came to one."""
import socket


def free_port(kind):
    """For programs that cannot be told port 0; somebody else may take it until they have bound it."""
    with socket.socket(socket.AF_INET, kind) as trial:
        trial.bind(("127.0.0.1", 0))
        return trial.getsockname()[1]


def waiting_octets(port):
    """What a program has not yet read of a UDP port; None: nobody listens."""
    with open("/proc/net/udp") as file:
        for line in file.readlines()[1:]:
            fields = line.split()
            if int(fields[1].split(":")[1], 16) == port:
                return int(fields[4].split(":")[1], 16)
    return None
