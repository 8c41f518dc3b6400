#include "detector/assessment.h"

#include <string.h>

static const struct {
	const char *name;
	const char *title;
	const char *unit;
	int severity;
} behaviours[BEHAVIOUR_COUNT] = {
#define BEHAVIOUR(name, title, unit, severity, meaning)                                            \
	[BEHAVIOUR_##name] = { #name, title, unit, severity },
#include "schemas/behaviours.def"
#undef BEHAVIOUR
};

const char *
behaviour_name(enum behaviour behaviour)
{
	return behaviours[behaviour].name;
}

const char *
behaviour_title(enum behaviour behaviour)
{
	return behaviours[behaviour].title;
}

const char *
behaviour_unit(enum behaviour behaviour)
{
	return behaviours[behaviour].unit;
}

int
behaviour_severity(enum behaviour behaviour)
{
	return behaviours[behaviour].severity;
}

bool
behaviour_find(const char *name, enum behaviour *behaviour)
{
	for (unsigned i = 0; i < BEHAVIOUR_COUNT; i++) {
		if (strcmp(behaviours[i].name, name) == 0) {
			*behaviour = (enum behaviour)i;
			return true;
		}
	}
	return false;
}

bool
assessment_shows_behaviour(const struct assessment *assessment)
{
	for (size_t i = 0; i < assessment->evidence_count; i++) {
		const struct evidence *evidence = &assessment->evidence[i];

		if (evidence->measured >= evidence->threshold)
			return true;
	}
	return false;
}
