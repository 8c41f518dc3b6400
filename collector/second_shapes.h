/*
 * Where in its life the octets of a flow record lie, by what it tells of itself and of the other
 * direction: a shape of enum host_touch_shape, from a table that was learned from packets
 * (second_shape_table.def).  Pure function.
 */
#ifndef COLLECTOR_SECOND_SHAPES_H
#define COLLECTOR_SECOND_SHAPES_H

#include "collector/flow_record.h"
#include "common/host_bin.h"

/* For a record that lies in one minute; one that was sampled is even, and one of TCP
 * without flags. */
enum host_touch_shape second_shape_of(const struct flow_record *record);

#endif
