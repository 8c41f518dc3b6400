/*
 * Learns a sum of small trees: each is fitted to what those before it leave of the logistic loss
 * (gradient boosting with second derivatives), at limits between quantiles of the rows.
 *
 * Trees are monotone: by each feature alone it is told whether it is greater in infected rows, and
 * where it is, no tree says less of a row because it is greater.  What a few captures do by chance,
 * or for where they were made, is learnt less so.
 *
 * The same rows give the same trees.
 *
 * Threads: pure functions of the rows.
 */
#ifndef TOOLS_TRAIN_BOOST_H
#define TOOLS_TRAIN_BOOST_H

#include <stddef.h>

#include "detector/tree_sum.h"
#include "tools/train/fit.h"

enum { BOOST_TREES = 100 };

/* Of the features of `options`; rows weigh what they say, and both classes the same but for that.
 */
struct tree_sum boost_fit(const struct fit_row *rows, size_t count,
                          const struct fit_options *options);

/* The mean of sums, each of which is cleared, times `scale`. */
struct tree_sum boost_join(struct tree_sum *sums, size_t count, double scale);

#endif
