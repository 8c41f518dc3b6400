"""Datagrams of one flow each, in the field sets that makers of exporters publish, built from values.

A field is (element, octets) or (element, octets, enterprise).  What is known of the flow goes into the fields that
tell it; every other field is filled with octets of its own, which nobody may take for something else.
"""
import struct

from exports import NOW, UPTIME_MS, Flow, address, netflow5, uptime_of

VARIABLE = 65535
REVERSE = 29305
BOOT_MS = NOW * 1000 - UPTIME_MS

VENDORS_9 = {
    "cisco-ios": [(8, 4), (12, 4), (15, 4), (10, 2), (14, 2), (2, 4), (1, 4), (22, 4), (21, 4), (7, 2), (11, 2), (6, 1),
                  (4, 1), (5, 1), (16, 2), (17, 2), (9, 1), (13, 1)],
    "cisco-fnf": [(4, 1), (8, 4), (12, 4), (7, 2), (11, 2), (61, 1), (10, 4), (5, 1), (6, 2), (14, 4), (1, 8), (2, 8),
                  (22, 4), (21, 4), (95, 4)],
    "cisco-fnf-absolute": [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (10, 4), (14, 4), (152, 8), (153, 8), (1, 4),
                           (2, 4), (6, 1)],
    "cisco-xr-ipv6": [(27, 16), (28, 16), (31, 4), (64, 4), (62, 16), (10, 4), (14, 4), (2, 4), (1, 4), (22, 4), (21, 4),
                      (7, 2), (11, 2), (4, 1), (6, 1), (5, 1), (48, 2), (89, 1)],
    "cisco-asa-teardown": [(148, 4), (8, 4), (7, 2), (10, 2), (12, 4), (11, 2), (14, 2), (4, 1), (176, 1), (177, 1),
                           (225, 4), (226, 4), (227, 2), (228, 2), (233, 1), (33002, 2), (323, 8), (152, 8), (231, 4),
                           (232, 4), (298, 4), (299, 4), (33000, 12), (33001, 12), (40000, 20)],
    "juniper-jflow": [(8, 4), (12, 4), (5, 1), (4, 1), (7, 2), (11, 2), (32, 2), (10, 4), (58, 2), (9, 1), (13, 1),
                      (16, 4), (17, 4), (15, 4), (6, 1), (14, 4), (1, 8), (2, 8), (22, 4), (21, 4), (52, 1), (53, 1),
                      (136, 1), (60, 1), (61, 1)],
    "mikrotik": [(21, 4), (22, 4), (2, 4), (1, 4), (10, 4), (14, 4), (8, 4), (12, 4), (4, 1), (7, 2), (11, 2), (15, 4),
                 (13, 1), (9, 1), (5, 1), (6, 1), (56, 6), (80, 6), (225, 4), (226, 4), (227, 2), (228, 2)],
    "mikrotik-ipv6": [(21, 4), (22, 4), (2, 4), (1, 4), (10, 4), (14, 4), (27, 16), (28, 16), (4, 1), (7, 2), (11, 2),
                      (62, 16), (30, 1), (29, 1), (5, 1), (6, 1), (31, 4), (64, 4)],
    "palo-alto": [(1, 8), (2, 8), (4, 1), (5, 1), (6, 1), (7, 2), (8, 4), (10, 4), (11, 2), (12, 4), (14, 4), (21, 4),
                  (22, 4), (61, 1), (148, 8), (346, 4), (56701, 32), (56702, 64)],
    "softflowd": [(8, 4), (12, 4), (21, 4), (22, 4), (1, 4), (2, 4), (10, 4), (14, 4), (7, 2), (11, 2), (4, 1), (6, 1),
                  (60, 1), (5, 1)],
    "softflowd-ipv6": [(27, 16), (28, 16), (21, 4), (22, 4), (1, 4), (2, 4), (10, 4), (14, 4), (7, 2), (11, 2), (4, 1),
                       (6, 1), (60, 1), (5, 1)],
    "nprobe": [(8, 4), (12, 4), (15, 4), (10, 4), (14, 4), (2, 4), (1, 4), (22, 4), (21, 4), (7, 2), (11, 2), (6, 1),
               (4, 1), (5, 1), (16, 4), (17, 4), (9, 1), (13, 1), (57590, 2)],
    "huawei-netstream": [(8, 4), (12, 4), (15, 4), (10, 4), (14, 4), (2, 4), (1, 4), (22, 4), (21, 4), (7, 2), (11, 2),
                         (6, 1), (4, 1), (5, 1), (16, 4), (17, 4), (9, 1), (13, 1), (18, 4), (61, 1), (89, 1)],
    "fortigate": [(1, 8), (2, 8), (22, 4), (21, 4), (7, 2), (11, 2), (10, 4), (14, 4), (4, 1), (65, 2), (95, 9), (89, 1),
                  (136, 1), (61, 1), (8, 4), (12, 4)],
    "ubiquiti": [(10, 4), (14, 4), (21, 4), (22, 4), (1, 8), (2, 8), (8, 4), (12, 4), (7, 2), (11, 2), (9, 1), (13, 1),
                 (4, 1), (6, 1), (5, 1), (61, 1), (70, 3), (71, 3)],
}

VENDORS_10 = {
    "cisco": [(4, 1), (8, 4), (12, 4), (7, 2), (11, 2), (61, 1), (10, 4), (14, 4), (1, 8), (2, 8), (152, 8), (153, 8),
              (136, 1), (12232, 4, 9)],
    "juniper-inline": [(8, 4), (12, 4), (5, 1), (4, 1), (7, 2), (11, 2), (32, 2), (10, 4), (58, 2), (9, 1), (13, 1),
                       (16, 4), (17, 4), (15, 4), (6, 1), (14, 4), (52, 1), (53, 1), (136, 1), (61, 1), (1, 8), (2, 8),
                       (152, 8), (153, 8)],
    "juniper-inline-ipv6": [(27, 16), (28, 16), (5, 1), (4, 1), (7, 2), (11, 2), (139, 2), (10, 4), (58, 2), (30, 1),
                            (29, 1), (16, 4), (17, 4), (62, 16), (6, 1), (14, 4), (1, 8), (2, 8), (152, 8), (153, 8),
                            (136, 1)],
    "mikrotik": [(160, 8), (21, 4), (22, 4), (2, 8), (1, 8), (10, 4), (14, 4), (8, 4), (12, 4), (4, 1), (7, 2), (11, 2),
                 (15, 4), (5, 1), (6, 1), (56, 6), (80, 6)],
    "yaf": [(152, 8), (153, 8), (85, 8), (85, 8, REVERSE), (86, 8), (86, 8, REVERSE), (8, 4), (12, 4), (7, 2), (11, 2),
            (4, 1), (136, 1), (21, 4, 6871), (40, 2, 6871), (10, 4), (14, 4)],
    "yaf-reduced": [(152, 8), (153, 8), (85, 4), (86, 4), (8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (136, 1),
                    (33, 2, 6871)],
    "nprobe": [(8, 4), (12, 4), (10, 4), (14, 4), (2, 8), (1, 8), (152, 8), (153, 8), (7, 2), (11, 2), (6, 1), (4, 1),
               (118, 2, 35632), (188, VARIABLE, 35632)],
    "ipfixprobe": [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (152, 8), (153, 8), (1, 8), (1, 8, REVERSE), (2, 8),
                   (2, 8, REVERSE), (6, 1), (6, 1, REVERSE), (56, 6), (80, 6), (888, VARIABLE, 8057)],
    "vmware": [(60, 1), (8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 8), (2, 8), (152, 8), (153, 8), (61, 1), (10, 4),
               (14, 4), (6, 2), (351, 8), (880, 1, 6876), (890, 2, 6876)],
    "openbsd-pflow": [(8, 4), (12, 4), (10, 4), (14, 4), (2, 8), (1, 8), (152, 8), (153, 8), (7, 2), (11, 2), (5, 1),
                      (4, 1)],
    "huawei": [(8, 4), (12, 4), (4, 1), (7, 2), (11, 2), (5, 1), (6, 1), (10, 4), (14, 4), (1, 8), (2, 8), (150, 4),
               (151, 4), (16, 4), (17, 4), (61, 1)],
    "odd-widths": [(8, 4), (4, 1), (1, 3), (12, 4), (2, 5), (7, 2), (11, 2), (152, 8), (153, 8), (6, 1)],
}

BIFLOWS = {"yaf", "ipfixprobe", "cisco-asa-teardown"}


def numbers(flow):
    """What the elements of IANA tell of the flow, where that is a number."""
    return {1: flow.octets, 85: flow.octets, 231: flow.octets, 2: flow.packets, 86: flow.packets, 298: flow.packets,
            4: flow.protocol, 6: flow.flags, 7: flow.ports[0], 11: flow.ports[1], 10: 11, 14: 12,
            21: uptime_of(flow.end_ms), 22: uptime_of(flow.start_ms), 152: flow.start_ms, 153: flow.end_ms,
            323: flow.end_ms, 150: flow.start_ms // 1000, 151: flow.end_ms // 1000, 160: BOOT_MS, 61: 0, 136: 3,
            176: 0, 177: 0, 32: 0, 139: 0, 233: 2, 232: flow.octets + 1, 299: flow.packets + 1, 60: 4}


def encode_field(flow, element, octets, enterprise=0):
    if octets == VARIABLE:
        return bytes([5]) + b"kenchi"[:5]
    if enterprise == REVERSE:
        return ((flow.octets if element in (1, 85) else flow.packets if element in (2, 86) else 0) + 1).to_bytes(octets, "big")
    if enterprise == 0 and element in (8, 27):
        return address(flow.source)
    if enterprise == 0 and element in (12, 28):
        return address(flow.destination)
    if enterprise == 0 and element in numbers(flow):
        return numbers(flow)[element].to_bytes(octets, "big")
    return bytes((element + i) % 200 + 5 for i in range(octets))


def template(set_id, template_id, template_fields):
    body = struct.pack("!HH", template_id, len(template_fields))
    for element, octets, *enterprise in template_fields:
        body += struct.pack("!HH", element | (0x8000 if enterprise else 0), octets)
        body += b"".join(struct.pack("!I", number) for number in enterprise)
    return struct.pack("!HH", set_id, 4 + len(body)) + body


def data(template_id, template_fields, flow):
    body = b"".join(encode_field(flow, *field) for field in template_fields)
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", template_id, 4 + len(body)) + body


def messages(version, domain, template_fields, flow):
    """The Template in a datagram of its own, then the flow."""
    for sequence, body in enumerate((template(0 if version == 9 else 2, 300, template_fields),
                                     data(300, template_fields, flow))):
        if version == 9:
            yield struct.pack("!HHIIII", 9, 1, UPTIME_MS, NOW, sequence, domain) + body
        else:
            yield struct.pack("!HHIII", 10, 16 + len(body), NOW, 0, domain) + body


def flow_of(number, name):
    ipv6 = name.endswith("ipv6")
    return Flow(f"2001:db8::{number:x}" if ipv6 else f"10.1.0.{number}",
                f"2001:db8:1::{number:x}" if ipv6 else f"198.51.100.{number}", (20000 + number, 443), 6,
                70000 + number, 50 + number, NOW * 1000 - 8000 - number * 1000, NOW * 1000 - 3000, 0x1b)


def all_vendors():
    """(name, protocol version, flow, datagrams) of each."""
    number = 0
    for version, vendors in ((9, VENDORS_9), (10, VENDORS_10)):
        for name, template_fields in vendors.items():
            number += 1
            flow = flow_of(number, name)
            yield name, version, flow, list(messages(version, 1000 + number, template_fields, flow))
    flow = flow_of(number + 1, "netflow5")
    yield "netflow5", 5, flow, [netflow5([flow])]
