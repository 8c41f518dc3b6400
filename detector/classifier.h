/*
 * The classifier: one or several C-SVC machines of libsvm over features by name, and a sum of small
 * trees where there is one (detector/tree_sum.h), their decision values averaged.
 *
 * A model is a side file, NAME.meta (GKeyFile text), and the machines that it names, beside it, in
 * libsvm's own format:
 *
 *   [model]      format=1, name, machines=NAME.model;..., sampling_most (greatest sampling interval
 *                it was trained for), center and spread (struct value_usual); where single contacts
 *                are looked at, contacts_weight and contacts=NAME.model: another model, of one
 *                contact's rows w5.new_*
 *   [features]   names, and under each name its quantiles (detector/scaler.h)
 *   [trees]      one machine more, of trees (detector/tree_sum.h), where there are any
 *   [provenance] free text: where it comes from
 *   [figures]    what the pattern alone was measured to reach; not read
 *
 * Machines are evaluated densely, in lanes, and checked against svm_predict_values() when they are
 * loaded; where the two differ, libsvm itself is asked.
 *
 * Errors:  a GError that names the file and its line or key.  A file that is damaged is refused,
 *          never half used.
 * Threads: a loaded classifier is only read.
 */
#ifndef DETECTOR_CLASSIFIER_H
#define DETECTOR_CLASSIFIER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "detector/evidence.h"
#include "detector/feature_vector.h"

typedef struct Classifier Classifier;

/* `path` is NAME.model or NAME.meta. */
Classifier *classifier_load(const char *path, GError **error);
void classifier_free(Classifier *classifier); /* NULL is allowed */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Classifier, classifier_free)

/* Above zero: more like the infected windows of the training. */
double classifier_decide(const Classifier *classifier, const double features[static FEATURE_COUNT]);

/*
 * What the most suspicious of a window's contacts adds to that value: its own decision value,
 * weighed, where it is above zero.
 */
bool classifier_asks_contacts(const Classifier *classifier);
double classifier_decide_contacts(const Classifier *classifier,
                                  const struct contact_shape *contacts, size_t count);

/* The groups of features that it looks at: the others need not be computed. */
struct feature_choice classifier_features(const Classifier *classifier);

const char *classifier_name(const Classifier *classifier);
size_t classifier_support_vectors(const Classifier *classifier);
unsigned classifier_sampling_most(const Classifier *classifier);

/* enum feature_needs: what all its features together need of the exporter. */
unsigned classifier_needs(const Classifier *classifier);
const struct value_usual *classifier_usual(const Classifier *classifier);
bool classifier_is_dense(const Classifier *classifier);

/* How far the dense decision lies from libsvm's at these features: for tests and the check at
 * loading. */
double classifier_difference(const Classifier *classifier,
                             const double features[static FEATURE_COUNT]);

#endif
