/*
 * Structured data (RFC 6313) that tells of a flow's packets: lists of packet sizes, and
 * sub-Templates with TCP flags and packet statistics.  Everything else in lists is passed over by
 * its length.
 *
 * Octets are checked before they are read; false: they are malformed, and what was read until then
 * stays.
 */
#ifndef COLLECTOR_STRUCTURED_DATA_H
#define COLLECTOR_STRUCTURED_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector/flow_record.h"
#include "collector/told_sizes.h"

struct observation_domain;

bool structured_data_read_basic_list(const uint8_t *octets, size_t length, struct told_sizes *told);

bool structured_data_read_sub_template_list(const struct observation_domain *domain,
                                            const uint8_t *octets, size_t length,
                                            struct told_sizes *told, struct flow_record *record);

bool structured_data_read_multi_list(const struct observation_domain *domain, const uint8_t *octets,
                                     size_t length, struct told_sizes *told,
                                     struct flow_record *record);

#endif
