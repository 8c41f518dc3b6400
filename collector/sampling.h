/*
 * Sampling: what Exporters announce of their samplers, and undoing it in the records.
 *
 * Decoders write what was announced into flow_record.sampling_interval; the counters stay as they were sent until
 * sampling_scale() multiplies them.  So a dump shows raw counters.
 */
#ifndef COLLECTOR_SAMPLING_H
#define COLLECTOR_SAMPLING_H

#include <stdint.h>

#include "collector/flow_record.h"

/*
 * Multiplies octets, packets and sizes (saturating) by the record's sampling interval, or by `override` when it is not
 * 0, and marks the record FLOW_SCALED.  Records that are marked already, or whose interval is not known, stay as they are.
 */
void sampling_scale(struct flow_batch *batch, uint32_t override);

#endif
