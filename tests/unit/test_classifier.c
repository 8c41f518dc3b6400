#include <glib.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>

#include "detector/classifier.h"
#include "detector/shipped_file.h"

/* Two features, one support vector of each class. */
static const char machine_text[] =
	"svm_type c_svc\nkernel_type rbf\ngamma 0.5\nnr_class 2\ntotal_sv 2\nrho 0.25\n"
	"label -1 1\nnr_sv 1 1\nSV\n2 1:1 2:-1 \n-2 1:0.5 \n";
/* w5.flows_out has its quantiles at 0, 1, ... 20; w1.packets_in has one value for half of them. */
static const char meta_text[] =
	"[model]\nformat=1\nname=two vectors\nmachines=a.model\n"
	"[features]\nnames=w5.flows_out;w1.packets_in\n"
	"w5.flows_out=0;1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;17;18;19;20\n"
	"w1.packets_in=7;7;7;7;7;7;7;7;7;7;7;11;12;13;14;15;16;17;18;19;40\n";

/* Of one contact by its flows alone: like that of infected hosts from four flows on. */
static const char contacts_machine_text[] =
	"svm_type c_svc\nkernel_type rbf\ngamma 0.5\nnr_class 2\ntotal_sv 2\nrho 0\n"
	"label 1 -1\nnr_sv 1 1\nSV\n1 1:3.4641016151377544 \n-1 1:0 \n";
static const char contacts_meta_text[] =
	"[model]\nformat=1\nname=contacts\nmachines=b.model\n"
	"[features]\nnames=w5.new_flows\n"
	"w5.new_flows=0;0.1;0.2;0.3;0.4;0.5;0.6;0.7;0.8;0.9;1;1.1;1.2;1.3;1.4;1.5;1.6;1.7;1.8;1.9;2\n";

struct folder {
	char *path;
	char *model;
};

static void
write_model(struct folder *folder, const char *meta, const char *machine)
{
	g_autofree char *meta_path = g_build_filename(folder->path, "a.meta", NULL);

	g_assert_true(g_file_set_contents(meta_path, meta, -1, NULL));
	g_assert_true(g_file_set_contents(folder->model, machine, -1, NULL));
}

static void
set_up(struct folder *folder, gconstpointer data)
{
	(void)data;
	folder->path = g_dir_make_tmp("classifier-XXXXXX", NULL);
	folder->model = g_build_filename(folder->path, "a.model", NULL);
	write_model(folder, meta_text, machine_text);
}

static void
tear_down(struct folder *folder, gconstpointer data)
{
	g_autofree char *meta_path = g_build_filename(folder->path, "a.meta", NULL);
	g_autofree char *contacts_meta = g_build_filename(folder->path, "b.meta", NULL);
	g_autofree char *contacts_model = g_build_filename(folder->path, "b.model", NULL);

	(void)data;
	g_remove(contacts_meta);
	g_remove(contacts_model);
	g_remove(meta_path);
	g_remove(folder->model);
	g_rmdir(folder->path);
	g_free(folder->model);
	g_free(folder->path);
}

static void
decides_as_the_formula_says(struct folder *folder, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Classifier) classifier = classifier_load(folder->model, &error);
	double features[FEATURE_COUNT] = { 0 };
	double a, b, expected;

	(void)data;
	g_assert_no_error(error);
	features[feature_find("w5.flows_out")] = 2.5;
	features[feature_find("w1.packets_in")] = 7;
	a = sqrt(12) * 2.5 / 20;
	b = sqrt(12) * 5 / 20; /* the middle of eleven equal quantiles */
	/* libsvm's first class is -1: the sign turns. */
	expected = -(2 * exp(-0.5 * (pow(a - 1, 2) + pow(b + 1, 2))) -
	             2 * exp(-0.5 * (pow(a - 0.5, 2) + b * b)) - 0.25);
	g_assert_cmpfloat_with_epsilon(classifier_decide(classifier, features), expected, 1e-12);
	g_assert_cmpfloat(classifier_difference(classifier, features), <, 1e-12);
	g_assert_true(classifier_is_dense(classifier));
	g_assert_cmpuint(classifier_support_vectors(classifier), ==, 2);
	g_assert_cmpuint(classifier_sampling_most(classifier), ==, 1);
	g_assert_cmpstr(classifier_name(classifier), ==, "two vectors");
}

static char *
replaced(const char *text, const char *what, const char *with)
{
	g_auto(GStrv) parts = g_strsplit(text, what, 2);

	g_assert_nonnull(parts[1]);
	return g_strjoinv(with, parts);
}

/* A model that looks at single contacts too. */
static Classifier *
load_with_contacts(struct folder *folder, const char *weight, GError **error)
{
	g_autofree char *contacts_meta = g_build_filename(folder->path, "b.meta", NULL);
	g_autofree char *contacts_model = g_build_filename(folder->path, "b.model", NULL);
	g_autofree char *keys =
		g_strconcat("format=1\ncontacts=b.model\ncontacts_weight=", weight, NULL);
	g_autofree char *meta = replaced(meta_text, "format=1", keys);

	write_model(folder, meta, machine_text);
	g_assert_true(g_file_set_contents(contacts_meta, contacts_meta_text, -1, NULL));
	g_assert_true(g_file_set_contents(contacts_model, contacts_machine_text, -1, NULL));
	return classifier_load(folder->model, error);
}

static void
adds_what_the_most_suspicious_contact_says(struct folder *folder, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Classifier) classifier = load_with_contacts(folder, "0.5", &error);
	struct contact_shape contacts[3] = { 0 };
	double x = sqrt(12) * 1.8 / 2;

	(void)data;
	g_assert_no_error(error);
	g_assert_true(classifier_asks_contacts(classifier));
	contacts[0].values[CONTACT_FLOWS] = 1.5;
	contacts[1].values[CONTACT_FLOWS] = 1.8;
	contacts[2].values[CONTACT_FLOWS] = 0.2;
	g_assert_cmpfloat_with_epsilon(classifier_decide_contacts(classifier, contacts, 3),
	                               0.5 * (exp(-0.5 * pow(x - sqrt(12), 2)) - exp(-0.5 * x * x)),
	                               1e-12);
}

/* As one machine more: half of the value is theirs. */
static void
takes_trees_for_one_machine_more(struct folder *folder, gconstpointer data)
{
	static const char trees[] =
		"[trees]\nbase=1\nfeatures=beacon_most\nasked=0;0;0;0;0;0;0;0;0;0;0;0;0;0;0\n"
		"limits=0.5;0.5;0.5;0.5;0.5;0.5;0.5;0.5;0.5;0.5;0.5;0.5;0.5;0.5;0.5\n"
		"values=1;0;0;0;0;0;0;0;0;0;0;0;0;0;0;4\n";
	g_autofree char *meta = g_strconcat(meta_text, trees, NULL);
	double features[FEATURE_COUNT] = { 0 };
	double alone = 0;

	(void)data;
	features[feature_find("beacon_most")] = 0.6;
	for (int with = 0; with < 2; with++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(Classifier) classifier = NULL;

		write_model(folder, with ? meta : meta_text, machine_text);
		classifier = classifier_load(folder->model, &error);
		g_assert_no_error(error);
		g_assert_cmpint(classifier_features(classifier).beacon, ==, with);
		g_assert_cmpint((classifier_needs(classifier) & NEEDS_UNSAMPLED) != 0, ==, true);
		if (with)
			g_assert_cmpfloat_with_epsilon(classifier_decide(classifier, features),
			                               (alone + 1 + 4) / 2, 1e-12);
		else
			alone = classifier_decide(classifier, features);
	}
}

static void
takes_nothing_away_for_harmless_contacts(struct folder *folder, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(Classifier) classifier = load_with_contacts(folder, "0.5", &error);
	struct contact_shape contact = { .values = { [CONTACT_FLOWS] = 0.2 } };

	(void)data;
	g_assert_no_error(error);
	g_assert_cmpfloat(classifier_decide_contacts(classifier, &contact, 1), ==, 0);
	g_assert_cmpfloat(classifier_decide_contacts(classifier, &contact, 0), ==, 0);
}

static void
refuses_a_weight_below_zero(struct folder *folder, gconstpointer data)
{
	g_autoptr(GError) error = NULL;

	(void)data;
	g_assert_null(load_with_contacts(folder, "-1", &error));
	g_assert_nonnull(strstr(error->message, "contacts_weight"));
}

static void
names_what_is_wrong(struct folder *folder, gconstpointer data)
{
	static const struct {
		bool meta;
		const char *what, *with, *message;
	} damages[] = {
		{ true, "w5.flows_out", "w5.flows_of", "unknown feature 'w5.flows_of'" },
		{ true, "w1.packets_in=7;", "w1.packets_in=", "key [features] w1.packets_in" },
		{ true, "w1.packets_in=7;", "w1.packets_in=nan;", "w1.packets_in" },
		{ true, "w1.packets_in=7;7", "w1.packets_in=8;7", "must be finite and rise" },
		{ true, "\nw1.packets_in=", "\nw1.packets_out=", "w1.packets_in" },
		{ true, "format=1", "format=2", "format" },
		{ true, "machines=a.model", "machines=b.model", "b.model" },
		{ true, "format=1", "format=1\ncontacts=c.model", "c.meta" },
		{ false, "gamma 0.5", "gamma nan", "line 3" },
		{ false, "kernel_type rbf", "kernel_type linear", "line 2" },
		{ false, "rho 0.25\n", "", "line 8" },
		{ false, "total_sv 2", "total_sv 3", "line 8" },
		{ false, "-2 1:0.5 \n", "", "as many support vectors" },
		{ false, "2:-1", "3:-1", "line 10" },
		{ false, "2:-1", "1:-1", "line 10" },
		{ false, "1:0.5", "1:inf", "line 11" },
		{ false, "label -1 1", "label 0 1", "line 7" },
	};

	(void)data;
	for (size_t i = 0; i < G_N_ELEMENTS(damages); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *text = replaced(damages[i].meta ? meta_text : machine_text,
		                                 damages[i].what, damages[i].with);

		write_model(folder, damages[i].meta ? text : meta_text,
		            damages[i].meta ? machine_text : text);
		g_assert_null(classifier_load(folder->model, &error));
		g_assert_nonnull(error);
		if (strstr(error->message, damages[i].message) == NULL)
			g_error("'%s' does not tell of '%s'", error->message, damages[i].message);
		g_assert_nonnull(strstr(error->message, folder->path));
	}
}

static void
agrees_with_libsvm_on_the_shipped_model(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = shipped_file("default.model", &error);
	g_autoptr(Classifier) classifier = classifier_load(path, &error);
	double features[FEATURE_COUNT];

	g_assert_no_error(error);
	g_assert_true(classifier_is_dense(classifier));
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < FEATURE_COUNT; i++)
			features[i] = g_test_rand_double_range(-2, 12);
		g_assert_cmpfloat(classifier_difference(classifier, features), <, 1e-9);
	}
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/classifier/decides_as_the_formula_says", struct folder, NULL, set_up,
	           decides_as_the_formula_says, tear_down);
	g_test_add("/classifier/adds_what_the_most_suspicious_contact_says", struct folder, NULL,
	           set_up, adds_what_the_most_suspicious_contact_says, tear_down);
	g_test_add("/classifier/takes_trees_for_one_machine_more", struct folder, NULL, set_up,
	           takes_trees_for_one_machine_more, tear_down);
	g_test_add("/classifier/takes_nothing_away_for_harmless_contacts", struct folder, NULL,
	           set_up, takes_nothing_away_for_harmless_contacts, tear_down);
	g_test_add("/classifier/refuses_a_weight_below_zero", struct folder, NULL, set_up,
	           refuses_a_weight_below_zero, tear_down);
	g_test_add("/classifier/names_what_is_wrong", struct folder, NULL, set_up,
	           names_what_is_wrong, tear_down);
	g_test_add_func("/classifier/agrees_with_libsvm_on_the_shipped_model",
	                agrees_with_libsvm_on_the_shipped_model);
	return g_test_run();
}
