/*
 * Load: as many short flows as wanted, of as many hosts as wanted, for measuring what a record
 * costs. Each host calls one server after the other at an even pace; seven of ten are answered.
 */
#ifndef TOOLS_FLOWGEN_LOAD_H
#define TOOLS_FLOWGEN_LOAD_H

#include <glib.h>

#include "tools/flowgen/traffic.h"

enum { LOAD_HOSTS_MOST = 4000000 };

/* An array of struct conversation, by the order of their beginning.  Hosts are 10.0.0.0 and on. */
GArray *load_make(const struct traffic_config *config, unsigned flows);

#endif
