/*
 * Options Data Records: what an Exporter tells of itself.  Taken are samplers (elements 34, 48 to
 * 50, 302 to 311) by domain, by sampler and by interface, and the boot time (160).  The rest is
 * counted and passed over.  What IPFIX tells in domain 0 of another one, named by element 149,
 * holds for both.
 *
 * Threads: one, that of the decoder.
 */
#ifndef COLLECTOR_OPTIONS_DATA_H
#define COLLECTOR_OPTIONS_DATA_H

#include "collector/message.h"
#include "common/wire_reader.h"

/* Reads all records of an options Data Set. */
void options_data_read(struct message *message, const struct export_template *known,
                       struct wire_reader set);

#endif
