/*
 * Packets out of a pcapng file, one after the other.
 *
 * libpcap reads such files too, but not those whose interfaces differ in link type or snapshot
 * length, nor those of several sections written in different byte orders: what mergecap makes of
 * two captures, and what is captured on two interfaces at once.
 *
 * Source: draft-ietf-opsawg-pcapng.  Read are Section Header, Interface Description, Enhanced,
 * Simple and (obsolete) Packet Blocks; all others are passed over by their length.
 *
 * Bounds:    blocks of at most 16 MiB, 4096 interfaces in a section.
 * Ownership: a packet's octets are the file's, valid until the next call.
 * Errors:    what is damaged or cut short is an error, which does not name the file.
 * Threads:   one.
 */
#ifndef COLLECTOR_PCAPNG_FILE_H
#define COLLECTOR_PCAPNG_FILE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "collector/captured_packet.h"

typedef struct PcapngFile PcapngFile;

/* Does a file that begins with these four octets look like one? */
bool pcapng_begins(const uint8_t octets[static 4]);

/* Reads from `file`, which stays the caller's. */
PcapngFile *pcapng_file_new(FILE *file);
void pcapng_file_free(PcapngFile *pcapng); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PcapngFile, pcapng_file_free)

/* Reads on to the first interface, if that has not been met, and tells its link type.  False: there
 * is none, with or without `error`. */
bool pcapng_file_link_type(PcapngFile *pcapng, uint16_t *link_type, GError **error);

/* False: the end, or, when `error` is set, damage. */
bool pcapng_file_next(PcapngFile *pcapng, struct captured_packet *packet, GError **error);

#endif
