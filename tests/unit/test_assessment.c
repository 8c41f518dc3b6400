#include <glib.h>

#include "detector/assessment.h"

static void
shows_no_behaviour_below_its_threshold(void)
{
	struct assessment assessment = {
		.evidence_count = 1,
		.evidence = { { .behaviour = BEHAVIOUR_beacon,
		                .measured = 0.89,
		                .threshold = 0.9 } },
	};

	g_assert_false(assessment_shows_behaviour(&assessment));
}

static void
shows_a_behaviour_that_is_too_weak_for_a_verdict(void)
{
	struct assessment assessment = {
		.score = 0.1,
		.evidence_count = 2,
		.evidence = { { .behaviour = BEHAVIOUR_traffic_pattern,
		                .measured = 0.1,
		                .threshold = 2 },
		              { .behaviour = BEHAVIOUR_beacon,
		                .measured = 0.95,
		                .threshold = 0.9,
		                .strength = 0.1 } },
	};

	g_assert_true(assessment_shows_behaviour(&assessment));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/assessment/shows_no_behaviour_below_its_threshold",
	                shows_no_behaviour_below_its_threshold);
	g_test_add_func("/assessment/shows_a_behaviour_that_is_too_weak_for_a_verdict",
	                shows_a_behaviour_that_is_too_weak_for_a_verdict);
	return g_test_run();
}
