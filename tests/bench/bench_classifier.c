/*
 * What a decision of the shipped model costs, and how far it lies from libsvm's own.
 */
#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "detector/classifier.h"
#include "detector/shipped_file.h"
#include "tests/bench/bench.h"

enum { ROWS = 64 };

struct decisions {
	Classifier *classifier;
	double rows[ROWS][FEATURE_COUNT];
	double sum; /* so that nothing is left out */
};

static uint64_t
decide(void *context)
{
	struct decisions *decisions = context;

	for (int i = 0; i < ROWS; i++)
		decisions->sum += classifier_decide(decisions->classifier, decisions->rows[i]);
	return ROWS;
}

int
main(void)
{
	static struct decisions decisions;
	g_autoptr(GError) error = NULL;
	g_autofree char *path = shipped_file("default.model", &error);
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	double greatest = 0;

	if (path != NULL)
		decisions.classifier = classifier_load(path, &error);
	if (decisions.classifier == NULL) {
		fprintf(stderr, "%s\n", error->message);
		return EXIT_FAILURE;
	}
	for (int i = 0; i < ROWS; i++) {
		for (int k = 0; k < FEATURE_COUNT; k++)
			decisions.rows[i][k] =
				exp(g_rand_double_range(random, -4, 4)) * (g_rand_int(random) % 3);
		greatest = fmax(greatest,
		                classifier_difference(decisions.classifier, decisions.rows[i]));
	}
	bench_run("classifier decision", decide, &decisions);
	printf("%zu support vectors, dense: %s, greatest difference from libsvm: %g\n",
	       classifier_support_vectors(decisions.classifier),
	       classifier_is_dense(decisions.classifier) ? "yes" : "no", greatest);
	classifier_free(decisions.classifier);
	return EXIT_SUCCESS;
}
