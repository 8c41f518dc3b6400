/* Assessments made from a few values. */
#ifndef TESTS_SUPPORT_ASSESSMENTS_H
#define TESTS_SUPPORT_ASSESSMENTS_H

#include "detector/assessment.h"

enum { ASSESSMENTS_MINUTE = 29000000 }; /* where their time begins, in minutes since 1970 */

/* Of 10.0.0.`host` at the end of minute `minute`, with enough traffic and no evidence. */
struct assessment assessments_quiet(unsigned host, unsigned minute);

/* The same with one behaviour of that strength, shown by one peer; measured 750, threshold 40,
 * usual 3. */
struct assessment assessments_scan(unsigned host, unsigned minute, double strength);

/* Adds a further behaviour, of that strength. */
void assessments_add(struct assessment *assessment, enum behaviour behaviour, double strength);

#endif
