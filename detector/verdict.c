#include "detector/verdict.h"

#include <string.h>

static const char *const kind_names[] = {
	[VERDICT_UNKNOWN] = "unknown",
	[VERDICT_NORMAL] = "normal",
	[VERDICT_INFECTED] = "infected",
};

static const char *const act_names[] = {
	[ACT_NONE] = "none",
	[ACT_DETECTED] = "detected",
	[ACT_UPDATED] = "updated",
	[ACT_CLEARED] = "cleared",
};

/* In the order of the bits of enum cannot_tell. */
static const char *const cannot_tell_names[] = { "sampled", "flags", "direction", "sizes",
	                                         "detail" };

const char *
verdict_name(enum verdict_kind kind)
{
	return kind_names[kind];
}

const char *
verdict_act_name(enum verdict_act act)
{
	return act_names[act];
}

bool
verdict_find(const char *name, enum verdict_kind *kind)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(kind_names); i++) {
		if (strcmp(kind_names[i], name) == 0) {
			*kind = (enum verdict_kind)i;
			return true;
		}
	}
	return false;
}

enum verdict_act
verdict_act_find(const char *name)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(act_names); i++) {
		if (strcmp(act_names[i], name) == 0)
			return (enum verdict_act)i;
	}
	return ACT_NONE;
}

static void
add_name(GString *text, const char *name, bool *first)
{
	if (!*first)
		g_string_append_c(text, ',');
	*first = false;
	g_string_append(text, name);
}

void
verdict_add_behaviours(GString *text, unsigned behaviours)
{
	bool first = true;

	for (unsigned i = 0; i < BEHAVIOUR_COUNT; i++) {
		if ((behaviours & (1u << i)) != 0)
			add_name(text, behaviour_name((enum behaviour)i), &first);
	}
}

unsigned
verdict_parse_behaviours(const char *text)
{
	g_auto(GStrv) names = g_strsplit(text, ",", -1);
	unsigned behaviours = 0;

	for (char **name = names; *name != NULL; name++) {
		enum behaviour behaviour;

		if (behaviour_find(*name, &behaviour))
			behaviours |= 1u << behaviour;
	}
	return behaviours;
}

void
verdict_add_cannot_tell(GString *text, unsigned cannot_tell)
{
	bool first = true;

	for (unsigned i = 0; i < G_N_ELEMENTS(cannot_tell_names); i++) {
		if ((cannot_tell & (1u << i)) != 0)
			add_name(text, cannot_tell_names[i], &first);
	}
}

unsigned
verdict_parse_cannot_tell(const char *text)
{
	g_auto(GStrv) names = g_strsplit(text, ",", -1);
	unsigned cannot_tell = 0;

	for (unsigned i = 0; i < G_N_ELEMENTS(cannot_tell_names); i++) {
		if (g_strv_contains((const char *const *)names, cannot_tell_names[i]))
			cannot_tell |= 1u << i;
	}
	return cannot_tell;
}

unsigned
verdict_strong_behaviours(const struct assessment *assessment)
{
	unsigned behaviours = 0;

	for (size_t i = 0; i < assessment->evidence_count; i++) {
		if (assessment->evidence[i].strength >= VERDICT_INFECTED_SCORE)
			behaviours |= 1u << assessment->evidence[i].behaviour;
	}
	return behaviours;
}
