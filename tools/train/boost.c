#include "tools/train/boost.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	CLASSES = 64,    /* of a feature's values */
	LEAST_ROWS = 20, /* on each side of a limit */
	NODES = TREE_QUESTIONS + TREE_VALUES,
};

static const double rate = 0.1; /* of what a tree would say it says so much */
static const double shrink = 1; /* as much as this curvature of no opinion in each node */
static const double least_curvature = 1e-3;

struct sums {
	double gradient;
	double curvature;
	size_t rows;
};

/* Rows that the answers so far lead to, and what they would say within the bounds that their
 * neighbours set. */
struct node {
	struct sums all;
	double least;
	double greatest;
	double value;
};

struct boost {
	const struct fit_row *rows;
	size_t count;
	const struct fit_options *options;
	double *limits;   /* of each feature CLASSES - 1 rising ones; INFINITY: not used */
	uint8_t *classes; /* of each feature that of each row: limits below its value */
	int *signs;       /* of each feature: 1 greater in infected rows, -1 less, 0 neither */
	double *weights;
	double *scores;
	double *gradients;
	double *curvatures;
	uint8_t *places;    /* of each row: its node */
	uint32_t *members;  /* rows of a node */
	struct sums *table; /* of a node, by class */
	struct node nodes[NODES];
};

struct question {
	size_t feature; /* place among the options' */
	size_t limit;   /* classes up to it are at most the limit */
	double gain;    /* 0: nothing is gained by any */
	struct node sides[2];
};

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
row_value(const struct boost *boost, size_t feature, size_t row)
{
	return (double)boost->rows[row].features[boost->options->features[feature]];
}

/* Limits lie in the middle between different values, at most CLASSES - 1 evenly spread over rows.
 */
static void
lay_limits(const struct boost *boost, size_t feature, double *sorted)
{
	double *limits = boost->limits + feature * (CLASSES - 1);
	size_t found = 0;

	for (size_t row = 0; row < boost->count; row++)
		sorted[row] = row_value(boost, feature, row);
	qsort(sorted, boost->count, sizeof(sorted[0]), compare_doubles);
	for (size_t i = 1; i < CLASSES; i++) {
		size_t at = i * boost->count / CLASSES;

		while (at < boost->count && at > 0 && sorted[at] == sorted[at - 1])
			at++;
		if (at == 0 || at >= boost->count)
			continue;
		limits[found] = tree_sum_round((sorted[at - 1] + sorted[at]) / 2);
		found += found == 0 || limits[found - 1] < limits[found];
	}
	while (found < CLASSES - 1)
		limits[found++] = INFINITY;
}

static void
lay_classes(const struct boost *boost, size_t feature)
{
	const double *limits = boost->limits + feature * (CLASSES - 1);
	uint8_t *classes = boost->classes + feature * boost->count;

	for (size_t row = 0; row < boost->count; row++) {
		double value = row_value(boost, feature, row);
		uint8_t below = 0;

		while (below < CLASSES - 1 && limits[below] < value)
			below++;
		classes[row] = below;
	}
}

/* Pairs of an infected and another row in which the infected one has more, against those in which
 * it has less. */
static int
sign_of(const struct boost *boost, size_t feature)
{
	const uint8_t *classes = boost->classes + feature * boost->count;
	double counts[CLASSES][2] = { { 0 } };
	double below[2] = { 0, 0 }, more = 0;

	for (size_t row = 0; row < boost->count; row++)
		counts[classes[row]][boost->rows[row].infected]++;
	for (int i = 0; i < CLASSES; i++) {
		more += counts[i][true] * below[false] - counts[i][false] * below[true];
		below[false] += counts[i][false];
		below[true] += counts[i][true];
	}
	return (more > 0) - (more < 0);
}

/* Infected rows weigh as much together as the others do before their own weights; returns the sum's
 * base. */
static double
weigh_rows(const struct boost *boost)
{
	double infected = 0, masses[2] = { 0, 0 };

	for (size_t row = 0; row < boost->count; row++)
		infected += boost->rows[row].infected;
	for (size_t row = 0; row < boost->count; row++) {
		bool is_infected = boost->rows[row].infected;
		double even = is_infected ? ((double)boost->count - infected) / infected : 1;

		boost->weights[row] = even * boost->rows[row].weight;
		masses[is_infected] += boost->weights[row];
	}
	return log(masses[true] / masses[false]);
}

static void
derive(const struct boost *boost)
{
	for (size_t row = 0; row < boost->count; row++) {
		double share = 1 / (1 + exp(-boost->scores[row]));

		boost->gradients[row] = boost->weights[row] * (share - boost->rows[row].infected);
		boost->curvatures[row] = boost->weights[row] * share * (1 - share);
	}
}

static void
add_sums(struct sums *into, const struct sums *other, int sign)
{
	into->gradient += sign * other->gradient;
	into->curvature += sign * other->curvature;
	into->rows = sign > 0 ? into->rows + other->rows : into->rows - other->rows;
}

/* Fills the table of one feature. */
static void
fill_table(const struct boost *boost, size_t feature, size_t members)
{
	const uint8_t *classes = boost->classes + feature * boost->count;

	memset(boost->table, 0, CLASSES * sizeof(*boost->table));
	for (size_t i = 0; i < members; i++) {
		uint32_t row = boost->members[i];
		struct sums *sums = &boost->table[classes[row]];

		sums->gradient += boost->gradients[row];
		sums->curvature += boost->curvatures[row];
		sums->rows++;
	}
}

/* What the node says best, within its bounds. */
static void
settle_value(struct node *node)
{
	double value = -node->all.gradient / (node->all.curvature + shrink);

	node->value = fmin(fmax(value, node->least), node->greatest);
}

/* How much of the loss is left. */
static double
loss(const struct node *node)
{
	return node->all.gradient * node->value;
}

static bool
is_allowed(const struct node sides[2], int sign)
{
	for (int i = 0; i < 2; i++) {
		if (sides[i].all.rows < LEAST_ROWS || sides[i].all.curvature < least_curvature)
			return false;
	}
	return sign * (sides[1].value - sides[0].value) >= 0;
}

/* A limit of the feature that the table is of, better than the best so far. */
static void
try_feature(const struct boost *boost, const struct node *node, size_t feature,
            struct question *best)
{
	struct node sides[2] = { *node, *node };

	sides[0].all = (struct sums){ 0 };
	for (size_t limit = 0; limit < CLASSES - 1; limit++) {
		double gain;

		if (boost->table[limit].rows == 0)
			continue;
		add_sums(&sides[0].all, &boost->table[limit], 1);
		add_sums(&sides[1].all, &boost->table[limit], -1);
		settle_value(&sides[0]);
		settle_value(&sides[1]);
		gain = loss(node) - loss(&sides[0]) - loss(&sides[1]);
		if (gain <= best->gain || !is_allowed(sides, boost->signs[feature]))
			continue;
		*best = (struct question){ feature, limit, gain, { sides[0], sides[1] } };
	}
}

/* What is said on one side must not come to what is said on the other by later questions. */
static void
bound_sides(struct question *question, int sign)
{
	struct node *sides = question->sides;
	double middle = (sides[0].value + sides[1].value) / 2;

	if (sign == 0)
		return;
	sides[sign > 0 ? 0 : 1].greatest = middle;
	sides[sign > 0 ? 1 : 0].least = middle;
}

static struct question
best_question(const struct boost *boost, const struct node *node, size_t members)
{
	struct question best = { .gain = 0 };

	for (size_t feature = 0;
	     node->all.rows >= 2 * (size_t)LEAST_ROWS && feature < boost->options->feature_count;
	     feature++) {
		fill_table(boost, feature, members);
		try_feature(boost, node, feature, &best);
	}
	if (best.gain > 0)
		bound_sides(&best, boost->signs[best.feature]);
	return best;
}

/* Asks at a node and gives its rows to the two behind it; without a question all go one way, and
 * both say what it says. */
static void
part(struct boost *boost, int at, struct small_tree *tree)
{
	struct node *node = &boost->nodes[at];
	struct question question;
	const uint8_t *classes;
	size_t members = 0;

	for (uint32_t row = 0; row < boost->count; row++) {
		if (boost->places[row] == at)
			boost->members[members++] = row;
	}
	question = best_question(boost, node, members);
	if (question.gain <= 0) {
		question = (struct question){ .limit = CLASSES, .sides = { *node, *node } };
		question.sides[1].all = (struct sums){ 0 };
	}
	tree->asked[at] = boost->options->features[question.feature];
	tree->limits[at] =
		question.gain > 0 ? boost->limits[question.feature * (CLASSES - 1) + question.limit]
				  : tree_sum_round(FLT_MAX);
	classes = boost->classes + question.feature * boost->count;
	for (size_t i = 0; i < members; i++) {
		uint32_t row = boost->members[i];

		boost->places[row] = (uint8_t)(2 * at + (classes[row] <= question.limit ? 1 : 2));
	}
	memcpy(&boost->nodes[2 * at + 1], question.sides, sizeof(question.sides));
}

static void
grow(struct boost *boost, struct small_tree *tree)
{
	struct node *root = &boost->nodes[0];

	derive(boost);
	memset(boost->places, 0, boost->count);
	*root = (struct node){ .least = -INFINITY, .greatest = INFINITY };
	for (size_t row = 0; row < boost->count; row++) {
		struct sums one = { boost->gradients[row], boost->curvatures[row], 1 };

		add_sums(&root->all, &one, 1);
	}
	settle_value(root);
	for (int at = 0; at < TREE_QUESTIONS; at++)
		part(boost, at, tree);
	for (int i = 0; i < TREE_VALUES; i++)
		tree->values[i] = rate * boost->nodes[TREE_QUESTIONS + i].value;
	for (size_t row = 0; row < boost->count; row++)
		boost->scores[row] += tree->values[boost->places[row] - TREE_QUESTIONS];
}

static void
boost_open(struct boost *boost)
{
	size_t features = boost->options->feature_count;
	g_autofree double *sorted = g_new(double, boost->count + 1);

	boost->limits = g_new(double, features *(CLASSES - 1));
	boost->classes = g_new(uint8_t, features * boost->count);
	boost->weights = g_new(double, boost->count);
	boost->scores = g_new(double, boost->count);
	boost->gradients = g_new(double, boost->count);
	boost->curvatures = g_new(double, boost->count);
	boost->places = g_new(uint8_t, boost->count);
	boost->members = g_new(uint32_t, boost->count);
	boost->table = g_new(struct sums, CLASSES);
	boost->signs = g_new(int, features);
	for (size_t feature = 0; feature < features; feature++) {
		lay_limits(boost, feature, sorted);
		lay_classes(boost, feature);
		boost->signs[feature] = sign_of(boost, feature);
	}
}

static void
boost_close(struct boost *boost)
{
	g_free(boost->limits);
	g_free(boost->classes);
	g_free(boost->weights);
	g_free(boost->scores);
	g_free(boost->gradients);
	g_free(boost->curvatures);
	g_free(boost->places);
	g_free(boost->members);
	g_free(boost->table);
	g_free(boost->signs);
}

static bool
has_both_kinds(const struct fit_row *rows, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (rows[i].infected != rows[0].infected)
			return true;
	}
	return false;
}

struct tree_sum
boost_fit(const struct fit_row *rows, size_t count, const struct fit_options *options)
{
	struct boost boost = { .rows = rows, .count = count, .options = options };
	struct tree_sum sum = { 0 };

	if (!has_both_kinds(rows, count))
		return sum;
	boost_open(&boost);
	sum.base = weigh_rows(&boost);
	sum.trees = g_new(struct small_tree, BOOST_TREES);
	for (size_t row = 0; row < count; row++)
		boost.scores[row] = sum.base;
	while (sum.count < BOOST_TREES)
		grow(&boost, &sum.trees[sum.count++]);
	boost_close(&boost);
	return sum;
}

struct tree_sum
boost_join(struct tree_sum *sums, size_t count, double scale)
{
	struct tree_sum joined = { 0 };
	double weight = scale / (double)MAX(count, 1);

	for (size_t i = 0; i < count; i++)
		joined.count += sums[i].count;
	joined.trees = g_new(struct small_tree, joined.count + 1);
	joined.count = 0;
	for (size_t i = 0; i < count; i++) {
		joined.base += weight * sums[i].base;
		for (size_t j = 0; j < sums[i].count; j++) {
			struct small_tree *tree = &joined.trees[joined.count++];

			*tree = sums[i].trees[j];
			for (int k = 0; k < TREE_VALUES; k++)
				tree->values[k] = tree_sum_round(weight * tree->values[k]);
		}
		tree_sum_clear(&sums[i]);
	}
	return joined;
}
