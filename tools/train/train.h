/*
 * Makes a model of labelled bin files, and tells by cross-validation what it is worth.
 *
 * Folds keep hosts, families and captures apart: a host is trained on for fold k only when it is
 * not of fold k and shares neither family nor laid-in capture with a host of fold k.  The seed is
 * fixed: the same files give the same model.
 *
 * Errors:  a GError that names the file, line or option.
 * Threads: one.
 */
#ifndef TOOLS_TRAIN_TRAIN_H
#define TOOLS_TRAIN_TRAIN_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct train_input {
	const char *bins;   /* bin file */
	const char *labels; /* its labels.csv; sources.csv, folds.csv and other_half.txt beside it
	                       are read too */
};

struct train_options {
	const struct train_input *inputs;
	size_t input_count;
	const char *model;         /* NAME.model to write; NULL: none */
	const char *calibration;   /* file to write, from the windows of clean hosts out of their
	                              fold; NULL: none */
	const char *name;          /* of the model; NULL: the file's */
	const char *dump_features; /* CSV to write; NULL: none */
	const char *features; /* comma-separated patterns ("w5.*"); "-w5.x" takes away; NULL: those
	                         of the shipped model */
	unsigned without;     /* enum feature_needs: features that need it are left out */
	const char *c;        /* comma-separated values to try; NULL: a few */
	const char *gamma;    /* the same, in units of 1 / features */
	int held_fold;        /* hosts of this fold are left out of the model (-1: none) */
	unsigned machines; /* on different choices of windows, joined to one; those of the shipped
	                      model: TRAINING_MACHINES */
	unsigned
		vectors; /* of the joined machine, at most (FIT_VECTORS); 0: as many as there are */
	unsigned windows_per_host; /* trained on by one machine, at most (TRAINING_WINDOWS_PER_HOST)
	                            */
	unsigned seed;             /* of that choice */
	bool cross_validate;
	FILE *report; /* figures, as text */
};

/*
 * "sampling", "flags", "direction", "sizes", comma-separated, as enum feature_needs: what an
 * exporter does not tell. False: another word.
 */
bool train_read_needs(const char *text, unsigned *needs);

bool train_run(const struct train_options *options, GError **error);

#endif
