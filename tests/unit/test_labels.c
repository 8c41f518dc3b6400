#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "tools/train/labels.h"

static const char labels_text[] = "host,from_ms,to_ms,label,family,capture,behaviour,note\n"
				  "10.0.0.1,1000,5000,normal,,-,,before infection\n"
				  "10.0.0.1,5001,9000,infected,cerber,c-1,scan,\"two, words\"\n"
				  "10.0.0.2,1000,9000,normal,,campus,,\n"
				  "10.0.0.2,4000,9000,normal,,b-1,,benign implant: a piece\n"
				  "10.0.0.3,1000,9000,unverified,,campus,,\n"
				  "10.0.0.4,1000,9000,normal,,campus,,\n"
				  "10.1.0.0/16,1000,9000,unverified,,campus,,\n";
static const char sources_text[] =
	"host,set,capture,orig_host,orig_label,family,start_ms,end_ms,flows\n"
	"10.0.0.1,campus,campus,x,bg,,0,9000,5\n"
	"10.0.0.1,lab,c-1,x,infected,cerber,5001,6000,5\n"
	"10.0.0.2,campus,campus,x,bg,,0,9000,5\n"
	"10.0.0.2,lab,b-1,x,normal,,4000,4500,5\n";

static GHashTable *
read_texts(const char *labels, const char *sources, const char *folds, const char *other_half,
           GError **error)
{
	g_autofree char *folder = g_dir_make_tmp("labels-XXXXXX", NULL);
	const char *names[] = { "labels.csv", "sources.csv", "folds.csv", "other_half.txt" };
	const char *texts[] = { labels, sources, folds, other_half };
	g_autofree char *path = g_build_filename(folder, names[0], NULL);
	GHashTable *hosts;

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *file = g_build_filename(folder, names[i], NULL);

		if (texts[i] != NULL)
			g_assert_true(g_file_set_contents(file, texts[i], -1, NULL));
	}
	hosts = labels_read(path, error);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *file = g_build_filename(folder, names[i], NULL);

		g_remove(file);
	}
	g_rmdir(folder);
	return hosts;
}

static const struct labelled_host *
host(GHashTable *hosts, const char *text)
{
	struct host_address address;

	g_assert_true(host_address_parse(text, &address));
	return g_hash_table_lookup(hosts, &address);
}

static void
tells_malware_benign_implants_and_clean_hosts_apart(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GHashTable) hosts =
		read_texts(labels_text, sources_text, "host,fold\n10.0.0.1,3\n", NULL, &error);
	const struct labelled_host *malware, *benign;

	g_assert_no_error(error);
	g_assert_cmpuint(g_hash_table_size(hosts), ==, 4);
	malware = host(hosts, "10.0.0.1");
	g_assert_cmpint(malware->role, ==, ROLE_MALWARE);
	g_assert_true(malware->scans);
	g_assert_cmpstr(malware->family, ==, "cerber");
	g_assert_cmpint(malware->fold, ==, 3);
	g_assert_cmpint(malware->start_ms, ==, 5001);
	g_assert_cmpint(malware->active_to_ms, ==, 6000);
	g_assert_cmpint(malware->clean_ms, ==, 4000);
	benign = host(hosts, "10.0.0.2");
	g_assert_cmpint(benign->role, ==, ROLE_BENIGN_IMPLANT);
	g_assert_cmpstr(benign->implant, ==, "b-1");
	g_assert_cmpint(benign->active_from_ms, ==, 4000);
	g_assert_cmpint(benign->active_to_ms, ==, 4500);
	g_assert_cmpint(benign->fold, ==, FOLD_NONE);
	g_assert_cmpint(host(hosts, "10.0.0.4")->role, ==, ROLE_CLEAN);
	g_assert_cmpint(host(hosts, "10.0.0.3")->role, ==, ROLE_UNVERIFIED);
}

static void
leaves_the_other_half_out(void)
{
	g_autoptr(GHashTable) hosts =
		read_texts(labels_text, NULL, NULL, "10.0.0.1\n10.0.0.4\n", NULL);

	g_assert_cmpuint(g_hash_table_size(hosts), ==, 2);
	g_assert_nonnull(host(hosts, "10.0.0.2"));
}

static void
names_the_line_that_is_wrong(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(read_texts(
		"host,from_ms,to_ms,label,family,capture,behaviour,note\nx,1,2,normal,,,,\n", NULL,
		NULL, NULL, &error));
	g_assert_nonnull(strstr(error->message, "line 2"));
}

static void
knows_who_shares_a_capture_whichever_of_them_it_was_laid_on(void)
{
	static const char labels[] = "host,from_ms,to_ms,label,family,capture,behaviour,note\n"
				     "10.0.0.1,1000,9000,normal,,campus,,\n"
				     "10.0.0.1,4000,9000,normal,,b-1,,benign implant: a piece\n"
				     "10.0.0.2,1000,9000,normal,,-,,a chain of captures\n"
				     "10.0.0.3,1000,9000,normal,,campus,,\n";
	static const char sources[] =
		"host,set,capture,orig_host,orig_label,family,start_ms,end_ms,flows\n"
		"10.0.0.1,campus,campus,x,bg,,0,9000,5\n"
		"10.0.0.1,lab,b-1,x,normal,,4000,4500,5\n"
		"10.0.0.2,lab,b-2,x,normal,,1000,1500,5\n"
		"10.0.0.2,lab,b-1,x,normal,,2000,2500,5\n"
		"10.0.0.3,campus,campus,x,bg,,0,9000,5\n";
	g_autoptr(GError) error = NULL;
	g_autoptr(GHashTable) hosts = read_texts(labels, sources, NULL, NULL, &error);

	g_assert_no_error(error);
	g_assert_true(labels_share_capture(host(hosts, "10.0.0.1"), host(hosts, "10.0.0.2")));
	g_assert_true(labels_share_capture(host(hosts, "10.0.0.2"), host(hosts, "10.0.0.1")));
	/* The network that all of them live in is no such capture. */
	g_assert_false(labels_share_capture(host(hosts, "10.0.0.1"), host(hosts, "10.0.0.3")));
	g_assert_false(labels_share_capture(host(hosts, "10.0.0.2"), host(hosts, "10.0.0.3")));
}

int
main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/labels/tells_malware_benign_implants_and_clean_hosts_apart",
	                tells_malware_benign_implants_and_clean_hosts_apart);
	g_test_add_func("/labels/leaves_the_other_half_out", leaves_the_other_half_out);
	g_test_add_func("/labels/knows_who_shares_a_capture_whichever_of_them_it_was_laid_on",
	                knows_who_shares_a_capture_whichever_of_them_it_was_laid_on);
	g_test_add_func("/labels/names_the_line_that_is_wrong", names_the_line_that_is_wrong);
	return g_test_run();
}
